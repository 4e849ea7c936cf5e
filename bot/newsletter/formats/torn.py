"""Feeds that break off: their whole items, and none of the torn one."""

import re

from bot.errors import UnreadableError

_CLOSED_ITEM = re.compile(rb"</(?:[\w.-]+:)?(?:item|entry)\s*>", re.IGNORECASE)
_CLOSED_ROOT = re.compile(rb"</(?:[\w.-]+:)?(?:rss|feed|rdf)\s*>", re.IGNORECASE)
_CLOSED_CHANNEL = re.compile(rb"</(?:[\w.-]+:)?channel\s*>", re.IGNORECASE)
_OPEN_ITEM = re.compile(rb"<(?:[\w.-]+:)?(?:item|entry)[\s>]", re.IGNORECASE)
_ROOT = re.compile(rb"<((?:[\w.-]+:)?(?:rss|feed|rdf))[\s>]", re.IGNORECASE)
_SPECIAL = re.compile(rb"<!\[CDATA\[|\]\]>|<!--|-->")


def whole_items(content: bytes) -> tuple[bytes, bool]:
    """The feed up to its last whole item, closed properly, and whether it was cut off at all.

    Raises UnreadableError where no item is whole.
    """
    if _CLOSED_ROOT.search(content, max(0, len(content) - 4_096)) or not _ROOT.search(content):
        return content, False
    marks = [(found.start(), found[0]) for found in _SPECIAL.finditer(content)]
    inside = b""
    spans: list[tuple[int, int]] = []
    begin = 0
    for position, mark in marks:
        if not inside and mark in {b"<![CDATA[", b"<!--"}:
            inside, begin = mark, position
        elif (inside == b"<![CDATA[" and mark == b"]]>") or (inside == b"<!--" and mark == b"-->"):
            spans.append((begin, position))
            inside = b""
    if inside:
        spans.append((begin, len(content)))
    end = 0
    number = 0
    for closing in _CLOSED_ITEM.finditer(content):
        while number < len(spans) and spans[number][1] < closing.start():
            number += 1
        if number == len(spans) or closing.start() < spans[number][0]:
            end = closing.end()
    if not end:
        if _OPEN_ITEM.search(content) or inside or content.rstrip()[-1:] != b">":
            raise UnreadableError("unreadable-torn")
        return content, False
    root = _ROOT.search(content)
    name = root[1] if root else b"rss"
    closers = (b"</channel>" if name.lower().endswith(b"rss") else b"") + b"</" + name + b">"
    # the list of items is closed: what is missing is nothing that would come later
    torn = _CLOSED_CHANNEL.search(content, end) is None
    return content[:end] + closers, torn
