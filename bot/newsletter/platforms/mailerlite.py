"""MailerLite: what stands under its mails."""

from bot.newsletter.platforms.platform import Platform
from bot.newsletter.rules import rule

_OWN_PAGES = rule(
    r"/(?:legal|privacy-policy|terms-of-service)\b",
    "what MailerLite's own site is linked to for, behind its host",
    source="https://www.mailerlite.com/legal",
    specimens=("/legal/terms-of-service", "/privacy-policy"),
    others=("", "/blog/bread", "/legality"),
    how="match",
)

PLATFORM = Platform(
    called=("mailerlite",),
    domains=("mailerlite.com",),
    furniture_at={"mailerlite.com": _OWN_PAGES},
)
