"""All rules, put together once: for the app, for tests and for benchmarks."""

from collections.abc import Collection
from datetime import timedelta

from bot.clock import Clock
from bot.metrics import Metrics
from bot.ports import Announcer, HubCaller, IssueAsker, IssueSource, LinkFollower
from bot.services import (
    Announcements,
    Archive,
    Audiences,
    Cards,
    Channels,
    Chores,
    Credits,
    Explanations,
    Floods,
    Gateway,
    Guilds,
    Interactions,
    Issues,
    Outbox,
    Polls,
    Privacy,
    Push,
    Queue,
    Retention,
    Services,
    Sources,
    Submissions,
    Subscriptions,
    WebSub,
)
from bot.services.announcing.floods import FLOOD
from bot.services.announcing.posting import ANNOUNCING
from bot.services.delivery.cards import REFRESH
from bot.services.delivery.kinds import Kind
from bot.services.delivery.notices import NOTICE
from bot.services.delivery.standing import Standing
from bot.services.members.polls import POLL
from bot.services.members.submissions import DEFAULT_LIMITS, REVIEW, Limits
from bot.services.reading.quotas import DEFAULT_QUOTAS, Quotas
from bot.services.retention import HISTORY_DAYS
from bot.store import Store
from bot.store.secret_box import SecretBox

KINDS = (*ANNOUNCING, FLOOD, NOTICE, POLL, REFRESH, REVIEW)
"""Every kind of message; `bot.client.LOOKS` says how those look that are messages of their own."""


def build(
    store: Store,
    *,
    clock: Clock,
    metrics: Metrics,
    secrets: SecretBox,
    announcer: Announcer,
    reader: IssueSource,
    caller: HubCaller,
    incarnation: str,
    alone: bool,
    interval: timedelta,
    fetch_timeout: timedelta = timedelta(seconds=20),
    follower: LinkFollower | None = None,
    asker: IssueAsker | None = None,
    quotas: Quotas = DEFAULT_QUOTAS,
    limits: Limits = DEFAULT_LIMITS,
    history: timedelta = timedelta(days=HISTORY_DAYS),
    public_url: str | None = None,
    standing: Standing | None = None,
    kinds: Collection[Kind] = KINDS,
) -> Services:
    """The rules over this store, with what they need from outside.

    incarnation: names this process. alone: no other one works on the database, so that claims of earlier processes are
    void at the start. interval: between two readings of a source. history: how long finished deliveries are kept.
    public_url: where hubs and platforms call, if they may. standing: whether this process still counts among the
    living; always, where it is None.
    """
    return Services(
        announcements=Announcements(store),
        archive=Archive(store),
        audiences=Audiences(store),
        cards=Cards(store, announcer=announcer, clock=clock, kinds=kinds),
        channels=Channels(store, announcer=announcer),
        chores=Chores(store, clock=clock),
        credits=Credits(store, clock=clock),
        explanations=Explanations(store),
        floods=Floods(store),
        gateway=Gateway(store, clock=clock, metrics=metrics),
        guilds=Guilds(store, quotas=quotas),
        interactions=Interactions(store, clock=clock),
        issues=Issues(store),
        outbox=Outbox(
            store,
            announcer=announcer,
            clock=clock,
            incarnation=incarnation,
            alone=alone,
            metrics=metrics,
            kinds=kinds,
            standing=standing,
        ),
        polls=Polls(store, clock=clock),
        privacy=Privacy(store),
        push=Push(store, clock=clock, secrets=secrets, public_url=public_url, quotas=quotas),
        queue=Queue(store),
        retention=Retention(store, clock=clock, kinds=kinds, history=history),
        sources=Sources(
            store,
            reader=reader,
            secrets=secrets,
            clock=clock,
            interval=interval,
            announcer=announcer,
            quotas=quotas,
            follower=follower,
            asker=asker,
            metrics=metrics,
            alone=alone,
            incarnation=incarnation,
            fetch_timeout=fetch_timeout,
        ),
        submissions=Submissions(store, secrets=secrets, limits=limits),
        subscriptions=Subscriptions(
            store,
            reader=reader,
            secrets=secrets,
            clock=clock,
            interval=interval,
            quotas=quotas,
            alone=alone,
            incarnation=incarnation,
        ),
        websub=WebSub(
            store,
            caller=caller,
            clock=clock,
            secrets=secrets,
            public_url=public_url,
            quotas=quotas,
            alone=alone,
            incarnation=incarnation,
        ),
    )
