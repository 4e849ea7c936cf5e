"""The rules. They know no Discord, no HTTP and no SQL; each rule is one transaction."""

from dataclasses import dataclass

from bot.services.announcements import Announcements
from bot.services.archive import Archive
from bot.services.audiences import Audiences
from bot.services.cards import Cards
from bot.services.channels import Channels
from bot.services.chores import Chores
from bot.services.credits import Credits
from bot.services.explanations import Explanations
from bot.services.floods import Floods
from bot.services.gateway import Gateway
from bot.services.guilds import Guilds
from bot.services.interactions import Interactions
from bot.services.issues import Issues
from bot.services.outbox import Outbox
from bot.services.polls import Polls
from bot.services.privacy import Privacy
from bot.services.push import Push
from bot.services.queue import Queue
from bot.services.sources import Sources
from bot.services.submissions import Submissions
from bot.services.subscriptions import Subscriptions
from bot.services.websub import WebSub

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
    sources: Sources
    submissions: Submissions
    subscriptions: Subscriptions
    websub: WebSub
