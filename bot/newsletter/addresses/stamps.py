"""What a newsletter puts into the addresses of others to be known by (`?ref=weekly.example`), told by context.

A parameter of an everyday name may as well say which page it is (`?ref=v2-beta`). It is a stamp where its value is the
newsletter's own host or name, or the same on most links of an issue. A stamp is cut from what is shown; two links that
differ in it stay two.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from urllib.parse import unquote, urlsplit

from bot.newsletter.addresses.chrome import Own, host_in
from bot.newsletter.addresses.links import EVERYDAY, MERGE_FIELD, link_key, without_everyday
from bot.newsletter.rules import rule

_MAY_STAMP = rule(
    rf"[?&](?:{'|'.join(map(re.escape, sorted(EVERYDAY)))})=[^&#]",
    "an address with a parameter of an everyday name that says something",
    source="https://www.rfc-editor.org/rfc/rfc3986#section-3.4",
    specimens=tuple(f"/loaf?a=1&{name}=x" for name in EVERYDAY),
    others=("/loaf?ref=", "/loaf?preference=x", "/loaf?href=x", "/ref=x", "/loaf?a=1#ref=x"),
    flags=re.IGNORECASE,
)
_LETTERS = rule(
    r"[\W_]+",
    "what stands between letters and digits",
    source="https://docs.python.org/3/library/re.html#regular-expression-syntax",
    specimens=(" ", "_", " & ", "’"),
    others=("loaf", "7", "ü"),
    how="fullmatch",
)
_SHORTEST_NAME = 3
_ON_SEVERAL = 3
_BEHIND_A_NAME = ("newsletter", "news", "email", "mail")

Cut = tuple[str, str]


def cut_stamps(links: Iterable[Cut], own: Own) -> dict[str, Cut]:
    """Of links (shown address and key), those with a stamp: address -> address and key without it."""
    told = dict(links)
    stamped = {url: fields for url in told if _MAY_STAMP.search(url) and (fields := _everyday_fields(url))}
    if not stamped:
        return {}
    common = _common({key: url for url, key in told.items()}, stamped, own)
    cut: dict[str, Cut] = {}
    for url, fields in stamped.items():
        stamps = {field for field in fields if _folded(field) in common or _is_named(field, own)}
        clean = _without(url, stamps) if stamps else url
        key = link_key(clean) if stamps else None
        if key is not None:
            cut[url] = clean, key
    pages: dict[str, set[str]] = defaultdict(set)
    for url, (_, key) in cut.items():
        pages[key].add(told[url])
    return {url: each for url, each in cut.items() if len(pages[each[1]]) == 1}


def without_own_stamp(url: str | None, own: Own) -> str | None:
    """The address without what names the newsletter itself."""
    if url is None or not _MAY_STAMP.search(url):
        return url
    return _without(url, {field for field in _everyday_fields(url) if _is_named(field, own)})


def _everyday_fields(url: str) -> list[str]:
    """The fields of everyday names, as written, which say something."""
    return [
        field
        for field in urlsplit(url).query.split("&")
        if field.partition("=")[2] and field.partition("=")[0].lower() in EVERYDAY and not MERGE_FIELD.search(field)
    ]


def _common(urls: Mapping[str, str], stamped: Mapping[str, list[str]], own: Own) -> set[str]:
    """The fields, folded, that stand on most pages to which an issue links, at more sites than one."""
    pages: set[str] = set()
    carrying: dict[str, set[str]] = defaultdict(set)
    for key, url in urls.items():
        if own.owns(host_in(key)):
            continue
        page = without_everyday(key)
        pages.add(page)
        for field in stamped.get(url, ()):
            carrying[_folded(field)].add(page)
    return {
        field
        for field, where in carrying.items()
        if len(where) >= _ON_SEVERAL and len(where) > len(pages) / 2 and len({host_in(page) for page in where}) > 1
    }


def _is_named(field: str, own: Own) -> bool:
    """The value is the newsletter's host, or its name in any spelling."""
    value = unquote(field.partition("=")[2]).replace("+", " ").strip().casefold()
    host = re.sub(r"\A(?:https?://)?(?:www\.)?", "", value).rstrip("/")
    if "." in host and own.owns(host):
        return True
    name = _LETTERS.sub("", value)
    names = {_LETTERS.sub("", each.casefold()) for each in (*own.names, *own.titles)}
    return any(
        len(each) >= _SHORTEST_NAME and name.removeprefix(each) in {"", *_BEHIND_A_NAME} and name.startswith(each)
        for each in names
    )


def _folded(field: str) -> str:
    name, _, value = field.partition("=")
    return f"{name.lower()}={unquote(value)}"


def _without(url: str, fields: set[str]) -> str:
    parts = urlsplit(url)
    return parts._replace(query="&".join(each for each in parts.query.split("&") if each not in fields)).geturl()
