"""Rules of the reader: expressions that judge what newsletters write, each with its reason and with specimens.

What a newsletter's furniture, its sponsors' labels or its trackers look like is nobody's specification: somebody saw
it. So each such expression says what it means, where that is told or was seen, and on what it must and must not
match. A test tries all of them; an entry without specimens is refused.
"""

import re
from dataclasses import dataclass
from typing import Literal

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
