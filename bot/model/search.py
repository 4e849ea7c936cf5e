"""What somebody looks for in the archive, independent of the database that finds it."""

import re
import unicodedata
from dataclasses import dataclass

MOST_TERMS = 12
"""More words make no question clearer, only its answer slower."""

# Thai, Lao, Tibetan, Burmese, Khmer, kana and Han
_WITHOUT_SPACES = re.compile(
    "[\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)
# letters that are no other letter with a mark, but are typed as one
_PLAIN = str.maketrans({"ł": "l", "đ": "d", "ð": "d", "ı": "i", "ø": "o", "æ": "ae", "œ": "oe", "þ": "th", "ħ": "h"})
_BEFORE_HOST = re.compile(r"^(?:https?://)?(?:www\.)?(?=[^\s/]+\.)", re.IGNORECASE)
_PART = re.compile(r'"([^"]*)"?|(\S+)')


@dataclass(frozen=True, slots=True)
class Term:
    """Words that stand side by side; with `is_prefix` the last of them may go on."""

    words: tuple[str, ...]
    is_prefix: bool = False


def folded(text: str) -> str:
    """The words of a text as they are compared: without case, accents and punctuation, a space apart.

    Where words are written without spaces, each letter is one: what stands side by side is found as a phrase.
    """
    if not text.isascii():
        text = unicodedata.normalize("NFKD", text.casefold().translate(_PLAIN))
        text = "".join(char for char in text if not unicodedata.combining(char))
        text = _WITHOUT_SPACES.sub(r" \g<0> ", text)
    return " ".join("".join(char if char.isalnum() else " " for char in text.casefold()).split())


def terms_of(query: str, *, completing: bool = False) -> tuple[Term, ...]:
    """What a query asks for: words, "words side by side", and begin* of words; empty where it names none.

    completing: somebody is still typing, so the last word may go on.
    """
    terms = []
    for found in list(_PART.finditer(query))[:MOST_TERMS]:
        raw = _BEFORE_HOST.sub("", found[1] if found[1] is not None else found[2])
        words = tuple(folded(raw).split())
        if words:
            is_open = completing and found.end() == len(query) and not query.endswith('"')
            terms.append(Term(words, is_prefix=is_open or (found[2] is not None and raw.endswith("*"))))
    return tuple(terms)
