"""What stands before the text of a Markdown file between two lines of `---`, as site generators write it.

Read are the plain lines `name: value` and lists of words, which is what archives of newsletters have there; a value of
any other form is left out. It is no YAML, and need not be: nothing in it can do anything.
"""

import re
from dataclasses import dataclass
from datetime import datetime

from bot.newsletter.dates import moment_of

MAX_LINES = 200
_FIELD = re.compile(r"([A-Za-z][\w-]*):(?:[ \t]+(.*))?$")
_ITEM = re.compile(r"\s*-[ \t]+(.+)$")
_LIST = re.compile(r"\[(.*)\]$")
_KNOWN = {
    "title", "subtitle", "description", "summary", "author", "authors", "date", "published", "publishdate", "pubdate",
    "published_at", "canonical_url", "url", "link", "layout", "tags", "slug", "draft", "categories", "permalink",
    "visibility",
}  # fmt: skip
_BEYOND = (">", "|", "{", "&", "*")  # blocks, maps, anchors of YAML
_NO_PROSE = " \t#]}-\"'"  # what a line begins with that belongs to something else, or is more than this reads
_NOTHING = {"null", "~"}
_YES = {"true", "yes", "on", "1"}
_NO = {"false", "no", "off", "0"}
_PAID = {"paid", "tiers"}  # of Ghost's ways to say who may read a post
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """What a file says of itself; empty or None where it says nothing."""

    title: str = ""
    subtitle: str = ""
    authors: tuple[str, ...] = ()
    published_at: datetime | None = None
    url: str = ""
    is_draft: bool = False
    is_paid: bool = False


def take_front_matter(source: str) -> tuple[FrontMatter, str]:
    """The front matter and the text after it; nothing and the whole text where there is none."""
    lines = source.split("\n", MAX_LINES + 1)
    if not lines or lines[0].rstrip() != "---":
        return FrontMatter(), source
    end = next((number for number, line in enumerate(lines[1:], 1) if line.rstrip() in {"---", "..."}), None)
    fields = _fields(lines[1:end]) if end is not None else {}
    if end is None or not _KNOWN & fields.keys():
        return FrontMatter(), source  # a rule across the page, not the beginning of anything
    found = FrontMatter(
        title=_first(fields, "title"),
        subtitle=_first(fields, "subtitle", "description", "summary"),
        authors=tuple(fields.get("authors") or fields.get("author") or ()),
        published_at=_moment(_first(fields, "date", "published", "publishdate", "pubdate", "published_at")),
        url=next(
            (url for url in (_first(fields, name) for name in ("canonical_url", "url", "link")) if "://" in url), ""
        ),
        is_draft=_first(fields, "draft").lower() in _YES or _first(fields, "published").lower() in _NO,
        is_paid=_first(fields, "visibility").lower() in _PAID,
    )
    return found, "\n".join(lines[end + 1 :])


def _fields(lines: list[str]) -> dict[str, list[str]]:
    """What is written there, by lower-case names; nothing where a line is prose."""
    fields: dict[str, list[str]] = {}
    current: list[str] | None = None
    for line in lines:
        if (item := _ITEM.match(line)) and current is not None:
            current.append(_plain(item[1]))
        elif field := _FIELD.match(line.rstrip()):
            value = (field[2] or "").strip()
            listed = _LIST.match(value)
            given = listed[1].split(",") if listed else [value]
            current = fields.setdefault(field[1].lower(), [])
            current += [_plain(each) for each in given if each.strip()]
        elif not line.strip() or line[0] in _NO_PROSE or ":" in line:
            current = None
        else:
            return {}
    return {name: [value for value in values if value] for name, values in fields.items()}


def _plain(value: str) -> str:
    value = value.strip()
    if value.startswith(_BEYOND) or value.lower() in _NOTHING:
        return ""
    quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "\"'"
    return value[1:-1] if quoted else value


def _first(fields: dict[str, list[str]], *names: str) -> str:
    return next((fields[name][0] for name in names if fields.get(name)), "")


def _moment(value: str) -> datetime | None:
    day = _DATE.match(value)
    return moment_of(value) or (moment_of(day[0]) if day else None)
