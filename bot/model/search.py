"""What somebody looks for in the archive, independent of the database that finds it."""

import re
import unicodedata
from dataclasses import dataclass

MOST_TERMS = 12
"""More words make no question clearer, only its answer slower."""

_PART = re.compile(r'"([^"]*)"?|(\S+)')


@dataclass(frozen=True, slots=True)
class Term:
    """Words that stand side by side; with `is_prefix` the last of them may go on."""

    words: tuple[str, ...]
    is_prefix: bool = False


def folded(text: str) -> str:
    """The words of a text as they are compared: without case, accents and punctuation, a space apart."""
    if not text.isascii():
        text = "".join(char for char in unicodedata.normalize("NFKD", text) if not unicodedata.combining(char))
    return " ".join("".join(char if char.isalnum() else " " for char in text.casefold()).split())


def terms_of(query: str, *, completing: bool = False) -> tuple[Term, ...]:
    """What a query asks for: words, "words side by side", and begin* of words; empty where it names none.

    completing: somebody is still typing, so the last word may go on.
    """
    terms = []
    for found in list(_PART.finditer(query))[:MOST_TERMS]:
        raw = found[1] if found[1] is not None else found[2]
        words = tuple(folded(raw).split())
        if words:
            is_open = completing and found.end() == len(query) and not query.endswith('"')
            terms.append(Term(words, is_prefix=is_open or (found[2] is not None and raw.endswith("*"))))
    return tuple(terms)
