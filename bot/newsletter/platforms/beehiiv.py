"""beehiiv: the poll table torn open by Markdown renderers, the feed's footer, the page's data script."""

import json
import re

from bot.newsletter.text import storable

TornPoll = tuple[str, list[str]]

MARKS = ("beehiiv__", "web-header", "dream-post")
UNWANTED = ".beehiiv__footer,#web-header,.dream-post-header"

_CAPTION = re.compile(
    r"<div class=([\"'])image__source\1[^>]{0,300}>\s{0,50}<span class=([\"'])image__source_text\2[^>]{0,300}>"
    r"((?:[^<]|<(?!div)){0,2000}?)</span>\s{0,50}</div>"
)
_FOOT = re.compile(r"to participate in polls\b")
# what is escaped begins none, and is looked at once
_OPTION = re.compile(r"\\(?s:.)|\[((?>(?:[^\[\]\\\n]|\\.|\\\n)+))\]\([^()\s]*\)")
_FRAME = re.compile(r"\|?\s*:?-{2,}:?\s*\|[\s|:-]*\Z|[\s|]*\Z")
_MAX_LINES = 60
_BEHIND = " \t\n\v\f\r\xa0*-\\"
_UNESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")


def with_captions(source: str) -> str:
    """The HTML with what stands under a picture written as its caption."""
    return _CAPTION.sub(r"<figcaption>\3</figcaption>", source) if "image__source_text" in source else source


def take_torn_polls(source: str) -> tuple[str, list[TornPoll]]:
    """A Markdown document without beehiiv's poll tables, and the questions they held with their options, as written.

    The table has one column: an empty head, `|:---|`, the question as a heading, the options as a list that renderers
    tear out of the cell (or side by side), and a row "[Login] or [Subscribe] to participate in polls.".
    """
    if "to participate in polls" not in source:
        return source, []
    lines = source.split("\n")
    polls: list[TornPoll] = []
    kept: list[str] = []
    for line in lines:
        kept.append(line)
        if not _FOOT.search(line):
            continue
        start = _table_start(kept)
        if start is None:
            continue
        found = _poll_of([*kept[start:-1], line.partition("[Login]")[0] if "[Login]" in line else ""])
        if found is not None:
            polls.append(found)
            del kept[start:]
            kept.append("")
    return "\n".join(kept), polls


def _table_start(lines: list[str]) -> int | None:
    """The line where the table above the last line begins."""
    for number in range(len(lines) - 2, max(len(lines) - _MAX_LINES, -1), -1):
        line = lines[number].strip()
        if line and not line.strip("| ") and "|" in line:
            return number
    return None


def _poll_of(lines: list[str]) -> TornPoll | None:
    body = "\n".join(line for line in lines if not _FRAME.match(line.strip()) or not line.strip())
    options = [found for found in _OPTION.finditer(body) if found[1]]
    if len(options) < 2:
        return None
    question = body[: options[0].start()].replace("\\\n", " ").replace("|", " ")
    question = re.sub(r"^\s*#{1,6}\s*", "", _plain(question.strip())).rstrip(_BEHIND)
    return (question, [_plain(option[1]) for option in options]) if question else None


def _plain(text: str) -> str:
    return _UNESCAPED.sub(r"\1", text)


def page_body(source: str) -> str | None:
    """The post's HTML out of the data script of a beehiiv page (2023-24), or None."""
    start = source.find("window.__remixContext")
    if start < 0:
        return None
    start = source.find("{", start)
    if start < 0:
        return None
    try:
        data, _ = json.JSONDecoder().raw_decode(source, start)
    except (ValueError, RecursionError):
        return None
    bodies = sorted(_bodies(data), key=len)
    return storable(bodies[-1]) if bodies else None


def _bodies(data: object) -> list[str]:
    """Every `gatedHTML` or `html` text of the route data."""
    found: list[str] = []
    waiting = [data]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            for name, inner in value.items():
                if name in {"gatedHTML", "html"} and isinstance(inner, str) and "<" in inner:
                    found.append(inner)
                elif isinstance(inner, (dict, list)):
                    waiting.append(inner)
        elif isinstance(value, list):
            waiting.extend(value)
    return found
