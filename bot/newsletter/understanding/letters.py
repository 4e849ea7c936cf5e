"""What is compared of texts that were laid out differently."""


def letters_of(text: str) -> str:
    """Letters and digits alone, in small: excerpts lose list marks and line breaks, or gain them."""
    return "".join(filter(str.isalnum, text.casefold()))
