"""beehiiv: the poll table torn open by Markdown renderers, the feed's footer, the page's data script, its clicks."""

import json
import re
from urllib.parse import SplitResult

from bot.newsletter.packed import from_base64, json_field, segments
from bot.newsletter.platforms.paying import PIECE, SUBSCRIBER
from bot.newsletter.platforms.platform import Platform, TornPoll, Tracker
from bot.newsletter.rules import rule
from bot.newsletter.text import storable

_CAPTION = rule(
    r"<div class=([\"'])image__source\1[^>]{0,300}>\s{0,50}<span class=([\"'])image__source_text\2[^>]{0,300}>"
    r"((?:[^<]|<(?!div)){0,2000}?)</span>\s{0,50}</div>",
    "what beehiiv writes under a picture",
    source="tests/corpus/beehiiv-captions.html",
    specimens=('<div class="image__source"><span class="image__source_text"><p>Fog, by B</p></span></div>',),
    others=('<div class="image"><span class="image__source_text">Fog</span></div>',),
)
_FOOT = rule(
    r"to participate in polls\b",
    "the last row of beehiiv's table for a poll",
    source="tests/corpus/beehiiv-clicks.md",
    specimens=(
        "|[Login](https://a.example/login) or [Subscribe](https://a.example/subscribe) to participate in polls.|",
    ),
    others=("to participate in pollsters' work", "to take part in polls"),
)
_OPTION = rule(  # what is escaped begins none, and is looked at once
    r"\\(?s:.)|\[((?>(?:[^\[\]\\\n]|\\.|\\\n)+))\]\([^()\s]*\)",
    "an option of a torn poll, or an escaped letter before one",
    source="tests/corpus/beehiiv-clicks.md",
    specimens=("[Rye](/login)", r"\[", r"[A \[dark\] loaf](https://a.example/login)"),
    others=("[Rye]", "(Rye)"),
)
_FRAME = rule(
    r"\|?\s*:?-{2,}:?\s*\|[\s|:-]*\Z|[\s|]*\Z",
    "a line of a Markdown table that only frames it",
    source="https://github.github.com/gfm/#tables-extension-",
    specimens=("|:---|", "||", "| :--- | --- |", ""),
    others=("|Rye|", "a --- b"),
    how="match",
)
_UNESCAPED = rule(
    r"\\([!-/:-@\[-`{-~])",
    "an escaped letter of Markdown",
    source="https://spec.commonmark.org/0.31.2/#backslash-escapes",
    specimens=(r"\*", r"\["),
    others=(r"\a", "*"),
)
_OFFERS = rule(
    rf"(?:^|[^\w\s]\s*)(?:subscribe to .{{1,80}}? to|upgrade to) (?:read|unlock) the rest\b(?! of (?!this\b|the ))"
    rf"|(?:subscribe|become a (?:paid|paying) {SUBSCRIBER}) to get access to (?:the rest of )?this {PIECE}\b",
    "where a post of beehiiv's breaks off for those who do not pay",
    source="tests/corpus/beehiiv-paywalled.md",
    specimens=(
        "Subscribe to Stillness Plus to read the rest.",
        "Become a paying subscriber of Stillness Plus to get access to this post and other subscriber-only content.",
        "Upgrade to read the rest.",
    ),
    others=(
        "Upgrade to read the rest of your life in colour.",
        "I subscribe to The Atlantic to read the rest of their essays.",
        "Become a paying member to get access to the archive.",
    ),
    flags=re.IGNORECASE | re.MULTILINE,
)
_OWN_PAGES = rule(
    r"(?:\?|/(?:privacy|tou)\b|$)",
    "what beehiiv's own site is linked to for, behind its host",
    source="tests/corpus/beehiiv-feed.xml",
    specimens=("", "?utm_campaign=a", "/privacy", "/tou"),
    others=("/blog/bread", "/toucan"),
    how="match",
)
_MAX_LINES = 60
_BEHIND = " \t\n\v\f\r\xa0*-\\"


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


def _destination(parts: SplitResult) -> str | None:
    named = segments(parts)
    if named[:2] == ["v2", "clicks"]:
        # a JSON Web Token: header.claims.signature; the claims carry `url`
        return json_field(from_base64(named[2].split(".")[1]), "url")
    if named[:1] == ["clicks"]:
        # the older form: each character shifted by 19, the result is hexadecimal JSON
        shifted = from_base64(named[1])
        return json_field(bytes.fromhex("".join(chr(byte - 19) for byte in shifted)), "url")
    return None


PLATFORM = Platform(
    marks=("beehiiv__", "web-header", "dream-post"),
    furniture=(".beehiiv__footer", "#web-header", ".dream-post-header"),
    text_at=("#content-blocks", ".rendered-post", ".dream-post-content-doc"),
    opened=with_captions,
    page_body=page_body,
    take_torn_polls=take_torn_polls,
    ends=(_OFFERS,),
    called=("beehiiv",),
    sources=("beehiiv",),
    domains=("beehiiv.com",),
    common_hosts=("beehiiv.com",),
    refers_at=("beehiiv.com",),
    furniture_hosts=("magic.beehiiv.com",),
    furniture_at={"beehiiv.com": _OWN_PAGES},
    trackers={"beehiiv": Tracker(_destination, frozenset({"v2", "clicks"}))},
)
