"""The rules. They know no Discord, no HTTP and no SQL; each rule is one transaction."""

from dataclasses import dataclass

from bot.services.announcements import Announcements
from bot.services.guilds import Guilds
from bot.services.issues import Issues
from bot.services.outbox import Outbox
from bot.services.sources import Sources

__all__ = ["Announcements", "Guilds", "Issues", "Outbox", "Services", "Sources"]


@dataclass(frozen=True, slots=True)
class Services:
    """All rules, handed to commands and buttons."""

    announcements: Announcements
    guilds: Guilds
    issues: Issues
    outbox: Outbox
    sources: Sources
