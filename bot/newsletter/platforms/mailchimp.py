"""Mailchimp: everybody's archives on its servers, and the clicks of Mandrill."""

from urllib.parse import SplitResult

from bot.newsletter.packed import from_base64, json_field, parameter
from bot.newsletter.platforms.platform import Platform, Tracker
from bot.newsletter.rules import rule

_SERVER = rule(
    r"us\d+\.(?:campaign-archive|list-manage|forward-to-friend)\d*\.com\Z",
    "a server on which many newsletters have their archives",
    source="tests/corpus/mailchimp-archive.html",
    specimens=("us7.campaign-archive.com", "us1.list-manage.com", "us1.campaign-archive2.com"),
    others=("crumbs.us1.list-manage.com", "campaign-archive.com"),
    how="match",
)
_OWN_PAGES = rule(
    r"/(?:email-referral|legal)\b",
    "what Mailchimp's own site is linked to for, behind its host",
    source="https://mailchimp.com/legal/",
    specimens=("/email-referral/?aid=1", "/legal/privacy"),
    others=("", "/resources/bread", "/legality"),
    how="match",
)
_ACTS = rule(
    r"list-manage\d*\.com/(?:profile|unsubscribe)\b|^(?:[\w-]+\.)*forward-to-friend\d*\.com\b"
    r"|\.campaign-archive\d*\.com/(?:home|feed)\b",
    "to change a subscription, to forward a mail, or a newsletter's own archive",
    source="https://mailchimp.com/help/about-forwarded-campaigns-and-unsubscribes/",
    specimens=(
        "foo.us1.list-manage.com/profile?u=1&id=2",
        "us1.forward-to-friend.com/forward?u=1",
        "us1.campaign-archive.com/home/?u=1&id=3",
    ),
    others=("foo.us1.list-manage.com/track/click?u=1&id=3", "us1.campaign-archive.com/?u=1&id=2"),
)


def _destination(parts: SplitResult) -> str | None:
    payload = parameter(parts.query, "p")
    inner = json_field(from_base64(payload), "p") if payload else None
    return json_field(inner.encode(), "url") if inner else None


PLATFORM = Platform(
    called=("mailchimp",),
    domains=("campaign-archive.com",),
    shared_paths={"mailchi.mp": 1},
    common_servers=(_SERVER,),
    furniture_at={"mailchimp.com": _OWN_PAGES},
    acts=(_ACTS,),
    fields_at=dict.fromkeys(("list-manage.com", "campaign-archive.com", "mailchi.mp"), frozenset({"e"})),
    trackers={"mandrillapp": Tracker(_destination)},
)
