"""The rules. They know no Discord, no HTTP and no SQL; each rule is one transaction."""

from dataclasses import dataclass

from bot.services.announcing.announcements import Announcements
from bot.services.announcing.floods import Floods
from bot.services.archive import Archive
from bot.services.chores import Chores
from bot.services.delivery.cards import Cards
from bot.services.delivery.channels import Channels
from bot.services.delivery.outbox import Outbox
from bot.services.explanations import Explanations
from bot.services.gateway import Gateway
from bot.services.guilds import Guilds
from bot.services.interactions import Interactions
from bot.services.issues import Issues
from bot.services.members.audiences import Audiences
from bot.services.members.credits import Credits
from bot.services.members.polls import Polls
from bot.services.members.privacy import Privacy
from bot.services.members.queue import Queue
from bot.services.members.submissions import Submissions
from bot.services.reading.push import Push
from bot.services.reading.sources import Sources
from bot.services.reading.subscriptions import Subscriptions
from bot.services.reading.websub import WebSub
from bot.services.retention import Retention

__all__ = [
    "Announcements",
    "Archive",
    "Audiences",
    "Cards",
    "Channels",
    "Chores",
    "Credits",
    "Explanations",
    "Floods",
    "Gateway",
    "Guilds",
    "Interactions",
    "Issues",
    "Outbox",
    "Polls",
    "Privacy",
    "Push",
    "Queue",
    "Retention",
    "Services",
    "Sources",
    "Submissions",
    "Subscriptions",
    "WebSub",
]


@dataclass(frozen=True, slots=True)
class Services:
    """All rules, handed to commands and buttons."""

    announcements: Announcements
    archive: Archive
    audiences: Audiences
    cards: Cards
    channels: Channels
    chores: Chores
    credits: Credits
    explanations: Explanations
    floods: Floods
    gateway: Gateway
    guilds: Guilds
    interactions: Interactions
    issues: Issues
    outbox: Outbox
    polls: Polls
    privacy: Privacy
    push: Push
    queue: Queue
    retention: Retention
    sources: Sources
    submissions: Submissions
    subscriptions: Subscriptions
    websub: WebSub
