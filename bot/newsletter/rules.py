"""Rules of the reader: expressions that judge what newsletters write, each with its reason and with specimens.

What a newsletter's furniture, its sponsors' labels or its trackers look like is nobody's specification: somebody saw
it. So each such expression says what it means, where that is told or was seen, and on what it must and must not
match. A test tries all of them; an entry without specimens is refused.
"""

import re
from dataclasses import dataclass
from re import _parser  # type: ignore[attr-defined]  # how an expression is taken apart is told nowhere else
from typing import Any, Literal

How = Literal["search", "match", "fullmatch"]


@dataclass(frozen=True, slots=True)
class Rule:
    """An expression with its reason.

    means: what a text is that it matches, in a few words. source: the address of a vendor's page or a specification,
    or the file of a corpus, or the newsletters, where it was seen. specimens: it must match each; others: none of
    these, which look alike. how: by which method of the expression.
    """

    pattern: re.Pattern[str]
    means: str
    source: str
    specimens: tuple[str, ...]
    others: tuple[str, ...]
    how: How

    def matches(self, text: str) -> bool:
        """The rule says so of this text."""
        found: re.Match[str] | None = getattr(self.pattern, self.how)(text)
        return found is not None


RULES: list[Rule] = []
"""All rules of the modules that were imported."""


def rule(
    pattern: str,
    means: str,
    *,
    source: str,
    specimens: tuple[str, ...],
    others: tuple[str, ...],
    flags: int = 0,
    how: How = "search",
) -> re.Pattern[str]:
    """The compiled expression, entered among `RULES`; arguments as in `Rule`, `flags` as in `re.compile`."""
    compiled = re.compile(pattern, flags)
    RULES.append(Rule(compiled, means, source, specimens, others, how))
    return compiled


def joined(*patterns: re.Pattern[str]) -> re.Pattern[str]:
    """One expression that finds what any of these does. All have the same flags."""
    (flags,) = {pattern.flags for pattern in patterns}
    return re.compile("|".join(pattern.pattern for pattern in patterns), flags)


def needed_words(*patterns: re.Pattern[str]) -> tuple[str, ...]:
    """Words of which any text has one in which one of the patterns finds something: to look for them first is faster.

    They are in small letters, and to be looked for in such, where a pattern ignores case. Raises ValueError for a
    pattern that needs none.
    """
    found: set[str] = set()
    for pattern in patterns:
        words = _words_of(_parser.parse(pattern.pattern, pattern.flags), is_small=bool(pattern.flags & re.IGNORECASE))
        if not words:
            raise ValueError(pattern.pattern)
        found |= words
    return tuple(sorted(word for word in found if not any(other in word for other in found - {word})))


def _words_of(parts: Any, *, is_small: bool) -> frozenset[str]:
    """The words of which what these parts match one after the other has one; none where nothing is known."""
    runs = [""]
    best: frozenset[str] = frozenset()
    for kind, value in parts:
        words: frozenset[str] = frozenset()
        match str(kind):
            case "LITERAL":
                runs[-1] += chr(value).lower() if is_small else chr(value)
                continue
            case "SUBPATTERN":
                words = _words_of(value[-1], is_small=is_small)
            case "ATOMIC_GROUP":
                words = _words_of(value, is_small=is_small)
            case "BRANCH":
                each = [_words_of(branch, is_small=is_small) for branch in value[1]]
                words = frozenset().union(*each) if all(each) else words
            case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT" if value[0] > 0:
                words = _words_of(value[2], is_small=is_small)
        runs.append("")
        best = max(best, words, key=_worth)
    return max([best, *[frozenset({run}) for run in runs if run]], key=_worth)


def _worth(words: frozenset[str]) -> int:
    """How few texts have one of them: as few as have the shortest."""
    return min(map(len, words), default=0)
