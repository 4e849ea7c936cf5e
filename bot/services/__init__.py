"""The rules. They know no Discord, no HTTP and no SQL; each rule is one transaction."""

from dataclasses import dataclass

from bot.services.announcements import Announcements
from bot.services.channels import Channels
from bot.services.explanations import Explanations
from bot.services.gateway import Gateway
from bot.services.guilds import Guilds
from bot.services.issues import Issues
from bot.services.outbox import Outbox
from bot.services.sources import Sources

__all__ = ["Announcements", "Channels", "Explanations", "Gateway", "Guilds", "Issues", "Outbox", "Services", "Sources"]


@dataclass(frozen=True, slots=True)
class Services:
    """All rules, handed to commands and buttons."""

    announcements: Announcements
    channels: Channels
    explanations: Explanations
    gateway: Gateway
    guilds: Guilds
    issues: Issues
    outbox: Outbox
    sources: Sources
