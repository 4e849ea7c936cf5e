"""Ghost: cards for sign-up and related posts. Its call-to-action cards are what newsletters sell to sponsors."""

import re

from bot.model.guild import GHOST_API
from bot.newsletter.platforms.platform import Cards, Platform
from bot.newsletter.rules import rule

_PUBLIC_END = rule(
    r"<!--\s*members-only\s*-->",
    "where the public part of a post of Ghost's ends",
    source="https://ghost.org/help/public-preview/",
    specimens=("<!--members-only-->", "<!-- members-only -->"),
    others=("members-only", "<!--members only-->"),
    flags=re.IGNORECASE,
)
_GATED = rule(
    r"<!--kg-gated-block:begin(?=[^<>]{0,500}status:-free)(?![^<>]{0,500}nonMember:true)[^<>]{0,500}>"
    r"(?:.*?<!--kg-gated-block:end-->|.*)",
    "a card of Ghost's for those who pay alone",
    source="https://github.com/TryGhost/Ghost",
    specimens=('<!--kg-gated-block:begin nonMember:false memberSegment:"status:-free" --><p>x</p>',),
    others=(
        '<!--kg-gated-block:begin nonMember:true memberSegment:"status:-free" --><p>x</p>',
        '<!--kg-gated-block:begin nonMember:false memberSegment:"status:free" --><p>x</p>',
    ),
    flags=re.DOTALL,
)
_OWN_PAGES = rule(
    r"/(?:privacy|terms)\b",
    "what Ghost's own site is linked to for, behind its host",
    source="https://ghost.org/privacy/",
    specimens=("/privacy", "/terms/"),
    others=("", "/changelog", "/docs/privacy"),
    how="match",
)
_VOTES = rule(
    r"#/feedback/\d",
    "a vote on a post, under a mail of Ghost's",
    source="https://ghost.org/help/audience-feedback/",
    specimens=("blog.example/#/feedback/64a/1/?uuid=1&key=2",),
    others=("blog.example/feedback/64a", "blog.example/#/feedback/"),
)
_PORTAL = rule(
    r"#/portal",
    "where readers of a site of Ghost's join or sign in",
    source="https://ghost.org/help/portal-settings/",
    specimens=("blog.example#/portal/signup", "blog.example/#/portal"),
    others=("blog.example/portal",),
    flags=re.IGNORECASE,
)
_LEADS_ON = rule(
    r"/r/[0-9a-f]{8}\Z",
    "what Ghost counts the clicks on, under the site's own host",
    source="mails of newsletters on Ghost",
    specimens=("/r/1a2b3c4d",),
    others=("/r/news", "/r/1a2b3c4d/x"),
    how="match",
)

_READERS_LINK = rule(
    r"(?:\A|&)m=[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?:&|\Z)",
    "the reader in a link of a mail of Ghost",
    source="https://github.com/TryGhost/Ghost/pull/25946",
    specimens=("m=0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0", "a=1&m=0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0&b=2"),
    others=("m=1", "am=0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0", "m=0f1e2d3c"),
)
_READER = rule(
    r"(?=(?:.*&)?uuid=[0-9a-f-]{36}(?:&|\Z))(?=(?:.*&)?key=[0-9a-f]{64}(?:&|\Z))",
    "the reader and their key in a link of Ghost",
    source="https://github.com/TryGhost/Ghost/pull/14625",
    specimens=(
        f"uuid=0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0&key={'0f' * 32}",
        f"a=1&key={'0f' * 32}&uuid=0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0",
    ),
    others=(f"key={'0f' * 32}", "uuid=0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0", "uuid=1&key=2"),
    how="match",
)
_LONGEST_HOME = 1_000
_LABEL = "kg-cta-sponsor-label"
_HEADINGS = ",".join(f".kg-card h{level}" for level in range(1, 7))


def api_of(generator: str, home: str | None) -> str | None:
    """The Content API of a site whose feed names Ghost as what made it; None for others."""
    if home is None or len(home) > _LONGEST_HOME or not generator.startswith("Ghost "):
        return None
    return f"{home.rstrip('/')}{GHOST_API}"


def cards_in(source: str) -> Cards | None:
    """What is to be known of a document's cards; None where it has none."""
    if "kg-card" not in source:
        return None
    return Cards(_HEADINGS, label=f".{_LABEL}" if _LABEL in source else "", sponsored="kg-cta-card")


def without_gated(source: str) -> str:
    """The text without the cards for those who pay."""
    return _GATED.sub("", source) if "<!--kg-gated" in source else source


def public_part(source: str) -> str:
    """The text up to the end of its public part. In a feed and on a page it is cut there by Ghost itself."""
    return _PUBLIC_END.split(source, maxsplit=1)[0] if "<!--" in source else source


def _fields_of_readers(path: str, query: str) -> tuple[str, ...]:
    named = ("uuid", "key") if "uuid=" in query and _READER.match(query) else ()
    return (*named, "m") if path[:3].lower() == "/r/" and _READERS_LINK.search(query) else named


PLATFORM = Platform(
    marks=("kg-card", "gh-post", "ghost.org", "ghost.io"),
    furniture=(".kg-signup-card", ".gh-subscribe", ".kg-toggle-card-icon", ".kg-cta-sponsor-label"),
    text_at=(".gh-content", ".post-full-content"),
    paid=(".gh-post-upgrade-cta",),
    cards_in=cards_in,
    without_gated=without_gated,
    public_part=public_part,
    api_of=api_of,
    called=("ghost",),
    domains=("ghost.io",),
    furniture_at={"ghost.org": _OWN_PAGES},
    acts=(_VOTES,),
    joins_at=(_PORTAL,),
    fields_of_readers=_fields_of_readers,
    leads_on=(_LEADS_ON,),
)
