"""Whose a host is: the domain that was registered, by the public suffix list (publicsuffix.org).

The list is read when the first host is looked up, and each host once.
"""

from functools import cache, lru_cache
from typing import TYPE_CHECKING

from bot.newsletter import platforms

if TYPE_CHECKING:
    from publicsuffixlist import PublicSuffixList

_DIGITS = "0123456789"
_PRIVATE = "// ===BEGIN PRIVATE DOMAINS==="

# where many publish, each under a name of their own, and of which the list says nothing
_SHARED = """tumblr.com typepad.com livejournal.com getrevue.co curated.co sendfox.com hashnode.dev micro.blog
    squarespace.com weebly.com notion.so railway.app glitch.me neocities.org tistory.com typeform.com gumroad.com
    itch.io circle.so super.site amazonaws.com patreon.com posthaven.com svbtle.com canalblog.com over-blog.com
    jimdofree.com pallet.com strikingly.com mystrikingly.com mataroa.blog cocolog-nifty.com blog.gov.uk"""


@lru_cache(4_096)  # issues of one newsletter share most of their hosts
def domain_of(host: str) -> str:
    """What somebody registered or was given: `bakery.co.uk` for news.bakery.co.uk, `jo.substack.com` as it is.

    `host` may have a port, as in a link's key. Empty for an address in numbers, a machine of one's own (localhost) and
    a suffix: those belong to nobody in particular.
    """
    host = host.partition(":")[0]
    if not host or host[-1].isdigit() or host[0] == "[":
        return ""
    asked = _in_letters(host)
    icann, private = _lists()
    domain = private.suffix(asked) or icann.suffix(asked)
    return ".".join(host.split(".")[-1 - domain.count(".") :]) if domain else ""


@lru_cache(4_096)
def name_of(host: str) -> str:
    """The label a publication is known by: `bakery` for news.bakery.co.uk and for bakery.substack.com.

    Empty where none was given: for substack.com itself, and where there is no domain.
    """
    domain = domain_of(host)
    return "" if not domain or _lists()[1].is_public(domain) else domain.partition(".")[0]


def is_given(domain: str) -> bool:
    """It was not registered, but given by a company under its own: jo.substack.com, jo.github.io."""
    return _lists()[1].suffix(_in_letters(domain)) is not None


@lru_cache(4_096)
def site_of(host: str) -> str:
    """The name of a site, whatever its country: `google` for www.google.co.uk, `kit-mail` for click.kit-mail3.com.

    What lives under one company's domain is that company's here: `substack` for jo.substack.com.
    """
    name = (_lists()[0].suffix(host.partition(":")[0]) or host).partition(".")[0]
    return name.rstrip(_DIGITS) or name


def _in_letters(host: str) -> str:
    """`münchen.example` for `xn--mnchen-3ya.example`: the list is kept in one of the two writings."""
    if "xn--" not in host:
        return host
    try:
        return host.encode().decode("idna")
    except UnicodeError:
        return host


@cache
def _lists() -> "tuple[PublicSuffixList, PublicSuffixList]":
    """The suffixes of registries, and those under which companies let others publish."""
    from publicsuffixlist import PSLFILE, PublicSuffixList

    with open(PSLFILE, encoding="utf-8") as file:  # noqa: PTH123 - it is told as a string
        icann, _, private = file.read().partition(_PRIVATE)
    shared = [*private.splitlines(), *platforms.DOMAINS, *_SHARED.split()]
    return (
        PublicSuffixList(icann.splitlines(), accept_encoded_idn=False),
        PublicSuffixList(shared, accept_encoded_idn=False, accept_unknown=False),
    )
