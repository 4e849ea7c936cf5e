"""The rules over a real store, with the edge played by doubles."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from bot.metrics import Metrics
from bot.model.guild import FirstAnnouncement
from bot.model.issue import Issue
from bot.model.member import Act, Actor
from bot.ports import IssueSource
from bot.services import Outbox, Services, Sources, Subscriptions
from bot.services.building import KINDS, build
from bot.services.reading.storing import sort_out, store_piece
from bot.store import Store
from bot.store import sources as source_rows
from bot.store.secret_box import SecretBox
from tests.doubles import AskedHub, AskedPages, Channel, MovedClock, QuietBell, Shelf, sample_issue

GUILD, CHANNEL = 7001, 8001
ADMIN = Actor(member_id=9001, manages_messages=True, manages_server=True)
FEED = "https://news.example/feed"


only_postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
"""For what several processes do to each other."""


@dataclass
class Desk:
    """Everything a test of the rules needs."""

    services: Services
    store: Store
    clock: MovedClock
    bell: QuietBell
    shelf: Shelf
    channel: Channel
    key_file: Path
    metrics: Metrics
    interactions: Iterator[int]
    hub: AskedHub
    pages: AskedPages
    first: FirstAnnouncement = FirstAnnouncement.NEWEST

    async def subscribe(self, guild_id: int = GUILD, channel_id: int = CHANNEL, url: str = FEED) -> None:
        await self.services.guilds.remember(guild_id, name=f"Server {guild_id}")
        await self.services.subscriptions.subscribe(
            Act(guild_id, ADMIN, next(self.interactions)), url=url, channel_id=channel_id, first=self.first
        )

    async def move(self, channel_id: int, *, guild_id: int = GUILD, interaction_id: int | None = None) -> None:
        """Announce everything that the server reads in another channel."""
        read = (await self.services.guilds.status(guild_id)).sources
        await self.services.guilds.move_announcements(
            Act(guild_id, ADMIN, interaction_id or next(self.interactions)),
            channel_id,
            source_ids=[source.source_id for source in read],
        )

    async def look_again(self) -> None:
        """While sources are read: until it was looked anew for what is due."""
        url = f"https://{len(self.shelf.is_read)}.look-again.example/feed"
        self.shelf.is_read[url] = asyncio.Event()
        await self.subscribe(url=url)
        await self.shelf.is_read[url].wait()

    async def read(self) -> None:
        """Let the poll interval pass, whatever the source's slot in it, and read what is due."""
        self.clock.move(timedelta(minutes=16))
        await self.services.sources.read_due()

    async def publish(self, *issues: Issue) -> None:
        """Let these come out one after the other, without time passing: many at once would be held as a flood."""
        for number in range(len(issues)):
            self.shelf.lay_out(*issues[: number + 1])
            async with self.store.write() as transaction:
                for source in await source_rows.all_sources(transaction):
                    await source_rows.make_due(transaction, source.source_id)
            await self.services.sources.read_due()

    async def imported(self, *issues: Issue, undated_at: datetime | None = None) -> None:
        """Let the operator have imported these into the only source's archive."""
        now = self.clock.now()
        async with self.store.write() as transaction:
            [source] = await source_rows.all_sources(transaction)
            found = await sort_out(transaction, source, issues, is_listed=False)
            await store_piece(
                transaction,
                source,
                found.items,
                undated_at=undated_at or now,
                is_listed=False,
                stage=None,
            )

    async def titles_sent(self) -> list[str]:
        await self.services.outbox.deliver_due()
        return [announcement.issue.title for _, announcement in self.channel.messages.values()]

    async def held_up(self, count: int, *tasks: asyncio.Task[Any]) -> None:
        """On PostgreSQL, until so many transactions wait for others, or one of the tasks is done without waiting."""
        waiting = text(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        while not any(task.done() for task in tasks):
            async with self.store.read() as transaction:
                if (await transaction.execute(waiting)).scalar_one() >= count:
                    return

    def sources(self, reader: IssueSource | None = None, **options: Any) -> Sources:
        """The rules of reading once more, on the same database: another process, or another operator's settings."""
        return Sources(
            self.store,
            reader=reader or self.shelf,
            secrets=SecretBox(self.key_file),
            clock=self.clock,
            interval=timedelta(minutes=10),
            metrics=self.metrics,
            announcer=self.channel,
            **{"asker": self.pages, **options},
        )

    def subscriptions(self, reader: IssueSource | None = None, **options: Any) -> Subscriptions:
        """The rules of subscribing once more, as those of reading."""
        return Subscriptions(
            self.store,
            reader=reader or self.shelf,
            secrets=SecretBox(self.key_file),
            clock=self.clock,
            interval=timedelta(minutes=10),
            **options,
        )

    def outbox(self, *, incarnation: str, alone: bool = True, **options: Any) -> Outbox:
        """Another process on the same database."""
        parts = {"announcer": self.channel, "clock": self.clock, "metrics": self.metrics, "kinds": KINDS, **options}
        return Outbox(self.store, incarnation=incarnation, alone=alone, **parts)


@pytest.fixture
async def desk(store: Store, clock: MovedClock, bell: QuietBell, tmp_path: Path) -> Desk:
    shelf, channel, metrics = Shelf(sample_issue(1)), Channel(), Metrics()
    key_file, hub, pages = tmp_path / "keys" / "secret.key", AskedHub(), AskedPages()
    await store.identify()
    services = build(
        store,
        clock=clock,
        metrics=metrics,
        secrets=SecretBox(key_file),
        announcer=channel,
        reader=shelf,
        caller=hub,
        asker=pages,
        incarnation="first",
        alone=True,
        interval=timedelta(minutes=10),
        public_url="https://desk.example",
    )
    return Desk(services, store, clock, bell, shelf, channel, key_file, metrics, count(900_000), hub, pages)
