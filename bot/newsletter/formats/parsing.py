"""feedparser, bounded: what of it takes more time than a feed is long, for this whole process.

It is a module of the form that `xml.sax.make_parser` asks for, so that feedparser takes its XML parser from here.
"""

import io
import re
from collections.abc import Mapping
from functools import cache
from html.entities import html5
from itertools import islice
from typing import Any
from xml.sax.expatreader import ExpatParser

from bot.errors import UnreadableError
from bot.newsletter.addresses.links import is_no_address

_MAX_AUTHOR = 2_000
_MOST_NAMESPACES = 100
_MOST_ATTRIBUTES = 60
_LONGEST_BASE = 2_000
_WHOLE = 1 << 30
_AMPERSAND = re.compile(
    rb"<!\[CDATA\[.*?(?:\]\]>|\Z)|<!--.*?(?:-->|\Z)|&((?:#(?:[0-9]+|x[0-9a-fA-F]+);|[A-Za-z][A-Za-z0-9]*;)|)", re.DOTALL
)
_FIRST_ELEMENT = re.compile(rb"<\w")


def parsed(content: bytes) -> Any:
    """Feedparser's result for an XML feed in UTF-8, with relative addresses as far as bases are written in it.

    `guid_is_address` of an item says that its guid is one. Raises UnreadableError where feedparser fails.
    """
    import feedparser

    _bound()
    try:
        # its sanitiser and its resolver walk every body once more; `bot.newsletter.markup.canonical` does both jobs
        return feedparser.parse(
            io.BytesIO(_with_whole_entities(_without_blank_lines_in_front(content))),
            response_headers={"content-type": "application/xml; charset=utf-8"},
            sanitize_html=False,
            resolve_relative_uris=False,
        )
    except MemoryError:
        raise  # says nothing about the feed's form
    except Exception as error:  # feedparser lets its parsers' errors through on inputs nobody foresaw
        raise UnreadableError("unreadable-feed") from error


class _Parser(ExpatParser):
    def start_element_ns(self, name: str, attrs: Mapping[str, str]) -> None:
        """Feedparser looks for each attribute of an element among all of them."""
        super().start_element_ns(name, dict(islice(attrs.items(), _MOST_ATTRIBUTES)))


def create_parser() -> ExpatParser:
    """Expat that is given the document at once: what spans several portions it reads anew with each (before 2.6)."""
    return _Parser(bufsize=_WHOLE)


def _without_blank_lines_in_front(content: bytes) -> bytes:
    """Feedparser looks for declarations from each of them on, through all the others."""
    first = _FIRST_ELEMENT.search(content)
    if first is None:
        return content
    lines = [line.strip() for line in content[: first.start()].splitlines()]
    return b"\n".join([*filter(None, lines), content[first.start() :]])


def _with_whole_entities(content: bytes) -> bytes:
    """`AT&amp;T` for `AT&T`: what no entity begins is itself. It makes the feed ill-formed, and then loses letters.

    What stands in CDATA or a comment is meant as it is, and a document may have entities of its own.
    """
    if b"&" not in content or b"<!ENTITY" in content:
        return content
    return _AMPERSAND.sub(_escaped, content)


def _escaped(found: re.Match[bytes]) -> bytes:
    name = found[1]
    if name is None or name[:1] == b"#" or name.decode() in html5:
        return found[0]
    return b"&amp;" + found[0][1:]


@cache
def _bound() -> None:
    """Replace the methods of feedparser that have no bound; each takes the square of what it is given."""
    from feedparser import api, mixin

    parser = mixin._FeedParserMixin  # noqa: SLF001 - the least that can be replaced, here and below
    track_namespace = parser.track_namespace
    end_guid_anyhow = parser._end_guid  # noqa: SLF001
    joined, joined_anyhow = mixin.make_safe_absolute_uri, mixin._urljoin  # noqa: SLF001

    def sync_author_detail(self: Any, key: str = "author") -> None:
        """It looks for an e-mail address, holds the whole process meanwhile, and knows endings of four letters."""
        context = self._get_context()
        people = context.get(f"{key}s")
        said = context.get(key)
        if people and not people[-1] and isinstance(said, str):
            people[-1]["name"] = said[:_MAX_AUTHOR]

    def add_tag(self: Any, *_: Any) -> None:
        """Each category would be compared with all before it; nobody asks for them."""
        self._get_context().setdefault("tags", [])

    def track_few_namespaces(self: Any, prefix: str | None, uri: str) -> None:
        """An element of an unknown one is looked for in all of them."""
        if len(self.namespaces_in_use) < _MOST_NAMESPACES:
            track_namespace(self, prefix, uri)

    def joined_if_short(base: str, rel: str | None = None) -> str:
        """Bases within bases make an address that grows with each, and one is joined with whatever is below it."""
        address: str = joined(base, rel)
        return address if len(address) <= _LONGEST_BASE else base

    def resolve(self: Any, address: str) -> str:
        """A word for no address is none, wherever it would lead from the base that is written."""
        return "" if is_no_address(address) else str(joined_anyhow(self.baseuri or "", address))

    def end_guid(self: Any) -> None:
        """It keeps whether a guid is an address only for items without another one."""
        is_address = bool(self.guidislink)
        end_guid_anyhow(self)
        self._save("guid_is_address", is_address)

    parser._end_guid = parser._end_id = end_guid  # noqa: SLF001
    parser.resolve_uri = resolve
    parser._sync_author_detail = sync_author_detail  # noqa: SLF001
    parser._add_tag = add_tag  # noqa: SLF001
    parser.track_namespace = track_few_namespaces
    mixin.make_safe_absolute_uri = mixin._urljoin = joined_if_short  # noqa: SLF001
    api.PREFERRED_XML_PARSERS[:] = [__name__]
