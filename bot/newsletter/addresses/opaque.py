"""Trackers and shorteners that tell only by asking where a link leads: which may be asked, and what came of it.

Asked may be only what is the same address for every reader. Where the address itself stands for one reader (SendGrid,
MailerLite, HubSpot, Klaviyo and others that name nothing else), asking would say that this reader pressed it; such
links stay as they are. What says who reads besides is taken off first.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from urllib.parse import SplitResult, urlsplit

from bot.model.issue import Issue, Link, Section
from bot.newsletter.addresses.chrome import Own, is_action, is_chrome
from bot.newsletter.addresses.links import read_link
from bot.newsletter.addresses.readable import readable_address
from bot.newsletter.addresses.stamps import cut_stamps
from bot.newsletter.rules import rule

_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_WEEKLY = rule(
    r"/link/\d+/(?:web|rss)\Z",
    "the path of a link of an issue, the same for everybody who reads it on the web or in a feed",
    source="newsletters with links of this form",
    specimens=("/link/12345/web", "/link/12345/rss"),
    others=("/link/12345/0f1e2d3c", "/link/12345/email", "/link/web", "/issues/12/web"),
    how="match",
)
_LINKEDIN = rule(
    r"/[\w/-]{3,40}\Z",
    "the path of a short link of LinkedIn",
    source="newsletters with links of this form",
    specimens=("/e3xYz-_9", "/p/e3xYz"),
    others=("/ab", "/a.html", "/"),
    how="match",
)
_SLINK = rule(
    r"/slink\Z",
    "the path of a link that LinkedIn counts",
    source="newsletters with links of this form",
    specimens=("/slink",),
    others=("/slinky", "/in/mia", "/slink/x"),
    how="match",
)
_REDIRECT = rule(
    rf"/redirect/{_UUID}\Z",
    "the path of a link of an issue on Substack",
    source="newsletters of the shared corpora",
    specimens=("/redirect/0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0",),
    others=("/redirect/2/eyJlIjoi", "/redirect/0f1e2d3c", "/p/0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"),
    how="match",
)
_CLICK = rule(
    r"/track/click\Z",
    "the path of a link that Mailchimp counts",
    source="newsletters with links of this form",
    specimens=("/track/click",),
    others=("/track/click/x", "/track/open.php", "/unsubscribe"),
    how="match",
)
_SHORT = rule(
    r"/[\w-]{3,40}/?\Z",
    "the path of a short link: one word",
    source="https://dev.bitly.com/api-reference/",
    specimens=("/3xYz-_9", "/abc/"),
    others=("/ab", "/a.html", "/abc/def", "/"),
    how="match",
)
_ASKABLE: dict[str, re.Pattern[str]] = {
    "t.co": _SHORT,
    "bit.ly": _SHORT,
    "lnkd.in": _LINKEDIN,
    "ow.ly": _SHORT,
    "buff.ly": _SHORT,
    "dlvr.it": _SHORT,
    "tinyurl.com": _SHORT,
    "is.gd": _SHORT,
    "linkedin.com": _SLINK,
    "links.tldrnewsletter.com": _SHORT,
    "substack.com": _REDIRECT,
    "link.sbstck.com": _REDIRECT,
    "list-manage.com": _CLICK,
    "javascriptweekly.com": _WEEKLY,
    "nodeweekly.com": _WEEKLY,
    "rubyweekly.com": _WEEKLY,
    "golangweekly.com": _WEEKLY,
    "postgresweekly.com": _WEEKLY,
    "frontendfoc.us": _WEEKLY,
    "react.statuscode.com": _WEEKLY,
}
"""By host without `www.` (for `list-manage.com`, any below it): the path of what is the same for every reader."""

_KEPT: dict[str, frozenset[str]] = {
    "list-manage.com": frozenset({"u", "id"}),
    "linkedin.com": frozenset({"code"}),
}
"""Of these the parameters say where it leads; everything else, and every other host's, says who or from where."""


def to_ask(url: str) -> str | None:
    """The address at which may be asked where this link leads, without whoever reads it; None for any other link."""
    try:
        parts = urlsplit(url)
        host = _host_of(parts)
        path = _ASKABLE.get(host)
        if parts.scheme not in {"http", "https"} or path is None or not path.match(parts.path) or parts.port:
            return None
    except ValueError:
        return None
    kept = _KEPT.get(host, frozenset())
    query = "&".join(field for field in parts.query.split("&") if field.partition("=")[0] in kept)
    if kept and {field.partition("=")[0] for field in query.split("&")} != kept:
        return None
    return parts._replace(netloc=parts.netloc.rpartition("@")[2].lower(), query=query, fragment="").geturl()


def _host_of(parts: SplitResult) -> str:
    host = (parts.hostname or "").removeprefix("www.")
    return "list-manage.com" if host.endswith(".list-manage.com") else host


def asked_for(issue: Issue) -> list[str]:
    """What may be asked about the links of an issue, each once."""
    return list(dict.fromkeys(address for link in issue.links if (address := to_ask(link.url)) is not None))


def with_destinations(issue: Issue, destination_of: Callable[[str], str | None]) -> Issue:
    """The issue with its links as they lead on, as far as that is known; what turns out to act, to invite or to be the
    newsletter's own is no content.
    """
    own = Own()
    own.add_site(issue.url)
    sections = tuple(
        Section(
            section.title,
            tuple(led for link in section.links if (led := _led(link, destination_of, own)) is not None),
        )
        for section in issue.sections
    )
    if sections == issue.sections:
        return issue
    cut = cut_stamps([(link.url, link.key) for section in sections for link in section.links], own)
    sections = tuple(
        replace(section, links=tuple(_without_stamp(link, cut) for link in section.links)) for section in sections
    )
    return replace(issue, sections=sections)


def _without_stamp(link: Link, cut: Mapping[str, tuple[str, str]]) -> Link:
    if link.url not in cut:
        return link
    url, key = cut[link.url]
    return replace(link, url=url, key=key, alias=link.key)


def _led(link: Link, destination_of: Callable[[str], str | None], own: Own) -> Link | None:
    address = to_ask(link.url)
    destination = destination_of(address) if address is not None else None
    if destination is None:
        return link
    read = read_link(destination)
    if read is None or is_action(read[1]) or is_chrome(read[1], link.text, own):
        return None
    url, key = read
    title = readable_address(key) if link.title == readable_address(link.key) else link.title
    return replace(link, url=url, key=key, title=title, alias=None)
