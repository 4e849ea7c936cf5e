"""A site of Ghost's over a real store: by its feed, by its API, from one to the other, and back."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
from sqlalchemy import select

from bot.errors import NotFoundError, RefusedError, UnreadableError
from bot.fetch import Fetcher
from bot.model.guild import FirstAnnouncement, Source
from bot.model.member import Act, Actor
from bot.services import Sources, Subscriptions
from bot.services.reading.ladder import LOOK_UP_AFTER
from bot.services.reading.subscriptions import Outcome, Subscribed
from bot.sources.asking import HttpIssueAsker
from bot.sources.beehiiv import BeehiivSource
from bot.sources.feed import FeedSource
from bot.sources.ghost import GhostSource
from bot.store import sources as source_rows
from bot.store.tables import sources
from bot.web.push import serve_push
from sandbox.ghost import KEY, Ghost, serve_ghost
from tests.services.conftest import ADMIN, CHANNEL, GUILD, Desk
from tests.web.test_push import free_port


@dataclass
class Newsroom:
    """A server that reads a site."""

    desk: Desk
    ghost: Ghost
    sources: Sources
    subscriptions: Subscriptions

    async def subscribe(self, url: str, key: str | None = None) -> Subscribed:
        await self.desk.services.guilds.remember(GUILD, name="Server")
        return await self.subscriptions.subscribe(
            self.act(), url=url, key=key, channel_id=CHANNEL, first=FirstAnnouncement.NEWEST
        )

    def act(self) -> Act:
        return Act(GUILD, ADMIN, next(self.desk.interactions))

    async def read(self) -> None:
        async with self.desk.store.write() as transaction:
            for source in await source_rows.all_sources(transaction):
                await source_rows.make_due(transaction, source.source_id)
        await self.sources.read_due()

    async def all_sources(self) -> list[Source]:
        async with self.desk.store.read() as transaction:
            return list(await source_rows.all_sources(transaction))


@pytest.fixture
async def room(desk: Desk) -> AsyncIterator[Newsroom]:
    async with (
        serve_ghost() as ghost,
        Fetcher(timeout_seconds=5, max_bytes=1_000_000, allow_private_addresses=True) as fetcher,
    ):
        feeds = FeedSource(fetcher, pause_seconds=0)
        reader = GhostSource(BeehiivSource(feeds, clock=desk.clock), feeds)
        for number in range(1, 4):
            ghost.write(number)
        asker = HttpIssueAsker(fetcher, reader, pause_seconds=0)
        yield Newsroom(desk, ghost, desk.sources(reader, asker=asker), desk.subscriptions(reader))


async def test_going_from_the_feed_to_the_api_announces_nothing_again(room: Newsroom) -> None:
    await room.subscribe(room.ghost.feed)
    await room.read()
    await room.subscribe(f"{room.ghost.url}/", KEY)
    by_feed, by_api = await room.all_sources()
    assert (by_feed.url, by_api.url) == (room.ghost.feed, room.ghost.api)
    await room.read()
    assert await room.desk.titles_sent() == ["Issue 3"]
    await room.desk.services.subscriptions.unsubscribe(room.act(), by_feed.source_id)
    room.ghost.write(4)
    await room.read()
    assert await room.desk.titles_sent() == ["Issue 3", "Issue 4"]


async def test_of_a_site_that_is_added_by_its_feed_its_api_is_named_until_it_is_read(room: Newsroom) -> None:
    by_feed = await room.subscribe(f"{room.ghost.url}/")
    assert (by_feed.source.url, by_feed.api_url) == (room.ghost.feed, room.ghost.api)
    by_api = await room.subscribe(room.ghost.feed, KEY)
    assert (by_api.source.url, by_api.api_url) == (room.ghost.api, None), "the key opens the API and nothing else"
    await room.read()
    assert await room.desk.titles_sent() == ["Issue 3"]
    await room.desk.services.subscriptions.unsubscribe(room.act(), by_feed.source.source_id)
    again = await room.subscribe(room.ghost.feed)
    assert (again.outcome, again.api_url) == (Outcome.ADDED, None)


async def test_another_key_is_tried_before_it_takes_the_place_of_the_old_one(room: Newsroom) -> None:
    await room.subscribe(room.ghost.api, KEY)
    await room.read()
    [source] = await room.all_sources()
    assert source.has_key
    room.ghost.key = "a" * 26
    for _ in range(3):
        await room.read()
    [source] = await room.all_sources()
    assert source.rung_url == room.ghost.feed
    change_key = room.subscriptions.change_key
    with pytest.raises(UnreadableError, match="ghost-key-refused"):
        await change_key(room.act(), source.source_id, key="b" * 26)
    with pytest.raises(RefusedError, match="setup-source-no-key"):
        await change_key(room.act(), source.source_id, key="  ")
    with pytest.raises(NotFoundError):
        await change_key(room.act(), source.source_id + 1, key="a" * 26)
    with pytest.raises(RefusedError, match="only-administrators"):
        await change_key(Act(GUILD, Actor(9), next(room.desk.interactions)), source.source_id, key="a" * 26)
    assert (await change_key(room.act(), source.source_id, key=f" {'a' * 26} ")).has_new_key
    room.ghost.write(4, visibility="paid")
    await room.sources.read_due()
    [source] = await room.all_sources()
    assert (source.rung_url, source.last_problem) == (None, None)
    assert (await room.desk.services.issues.show(GUILD, "Issue 4")).issue.paywalled
    assert not (await change_key(room.act(), source.source_id, key="a" * 26)).has_new_key


async def test_the_feed_is_the_next_rung_of_the_ladder_and_the_way_back_announces_nothing(room: Newsroom) -> None:
    await room.subscribe(room.ghost.api, KEY)
    await room.read()
    room.ghost.key = "0" * 26
    for _ in range(2):
        await room.read()
    [source] = await room.all_sources()
    assert source.rung_url == room.ghost.feed
    room.ghost.write(4)
    await room.read()
    assert await room.desk.titles_sent() == ["Issue 3", "Issue 4"]
    room.ghost.key = KEY
    room.desk.clock.move(2 * LOOK_UP_AFTER)
    await room.read()
    [source] = await room.all_sources()
    assert source.rung_url is None
    assert await room.desk.titles_sent() == ["Issue 3", "Issue 4"]


async def test_an_unpublished_post_is_struck_after_one_reading(room: Newsroom) -> None:
    await room.subscribe(room.ghost.api, KEY)
    await room.read()
    await room.desk.titles_sent()
    room.ghost.unpublish(3)
    await room.read()
    assert (await room.desk.services.issues.show(GUILD, "Issue 3")).issue.is_withdrawn
    room.ghost.write(3, status="published")
    await room.read()
    assert not (await room.desk.services.issues.show(GUILD, "Issue 3")).issue.is_withdrawn
    assert await room.desk.titles_sent() == ["Issue 3"]


async def withdrawn(room: Newsroom) -> list[str]:
    """The titles of what is struck."""
    shown = [await room.desk.services.issues.show(GUILD, f"Issue {number}") for number in sorted(room.ghost.posts)]
    return [each.issue.title for each in shown if each.issue.is_withdrawn]


async def test_posts_amid_others_that_are_unpublished_are_struck_after_one_reading(room: Newsroom) -> None:
    for number in range(4, 10):
        room.ghost.write(number)
    await room.subscribe(room.ghost.api, KEY)
    await room.read()
    for number in (3, 4, 6, 7, 9):
        room.ghost.unpublish(number)
    room.ghost.write(10)
    await room.read()
    assert await withdrawn(room) == ["Issue 3", "Issue 4", "Issue 6", "Issue 7", "Issue 9"]
    room.ghost.write(6, status="published")
    await room.read()
    assert await withdrawn(room) == ["Issue 3", "Issue 4", "Issue 7", "Issue 9"]


async def test_the_first_post_of_a_young_site_is_struck_too(room: Newsroom) -> None:
    await room.subscribe(room.ghost.api, KEY)
    await room.read()
    room.ghost.unpublish(1)
    await room.read()
    assert await withdrawn(room) == ["Issue 1"], "less than a page is all that there is"


async def test_what_the_feed_of_a_site_misses_amid_others_still_takes_three_readings(room: Newsroom) -> None:
    await room.subscribe(room.ghost.feed)
    await room.read()
    room.ghost.unpublish(2)
    for _ in range(2):
        await room.read()
        assert await withdrawn(room) == []
    await room.read()
    assert await withdrawn(room) == ["Issue 2"]


async def test_what_the_api_lists_no_more_is_struck_only_where_it_says_so(room: Newsroom) -> None:
    for number in range(4, 16):
        room.ghost.write(number)
    await room.subscribe(room.ghost.api, KEY)
    await room.read()
    room.ghost.write(16)  # Issue 1 leaves the page, as old ones do
    room.ghost.write(8, moved_to=0)  # and so does this one, whose editor dates it back
    for _ in range(4):
        await room.read()
    assert await withdrawn(room) == []
    room.ghost.unpublish(12)
    room.ghost.trouble = 503  # for a post alone
    await room.read()
    assert await withdrawn(room) == []
    room.ghost.trouble = None
    room.desk.clock.move(timedelta(hours=1))
    await room.read()
    assert await withdrawn(room) == ["Issue 12"]


@pytest.mark.parametrize("answer", [b'{"posts": []}', b'{"posts": [{"id": "', b"[]", b""], ids=repr)
async def test_an_answer_that_lists_nothing_strikes_nothing(room: Newsroom, answer: bytes) -> None:
    await room.subscribe(room.ghost.api, KEY)
    await room.read()
    room.ghost.instead = answer
    for _ in range(4):
        await room.read()
    assert await withdrawn(room) == []


async def test_a_webhook_lets_a_post_be_read_at_once_and_is_deleted_when_its_address_is_gone(room: Newsroom) -> None:
    secret = "honey and wax, 24 jars"
    await room.subscribe(room.ghost.api, KEY)
    await room.read()
    [source] = await room.all_sources()
    push = room.desk.services.push
    opened = await push.open(room.act(), source.source_id, secret=secret)
    port = await free_port()
    room.ghost.hooks = [(f"http://127.0.0.1:{port}/hooks/{opened.address.rpartition('/')[2]}", secret)]
    async with serve_push("127.0.0.1", port, push=push, websub=room.desk.services.websub):
        room.desk.clock.move(timedelta(minutes=2))
        room.ghost.write(4)
        assert await room.ghost.call("post.published", 4, at=room.desk.clock.now()) == [202]
        await room.sources.read_due()
        assert await room.desk.titles_sent() == ["Issue 3", "Issue 4"]
        room.desk.clock.move(timedelta(minutes=2))
        room.ghost.unpublish(4)
        assert await room.ghost.call("post.unpublished", 4, at=room.desk.clock.now()) == [202]
        await room.sources.read_due()
        assert (await room.desk.services.issues.show(GUILD, "Issue 4")).issue.is_withdrawn
        assert await room.ghost.call("post.edited", 4, at=room.desk.clock.now() - timedelta(hours=1)) == [403]
        await push.close(room.act(), source.source_id)
        assert await room.ghost.call("post.edited", 4, at=room.desk.clock.now()) == [410]
    assert room.ghost.hooks == []


async def test_the_key_is_kept_sealed_and_stands_in_no_address(room: Newsroom) -> None:
    await room.subscribe(f"{room.ghost.api}posts/?limit=5&key={KEY}")
    async with room.desk.store.read() as transaction:
        [row] = (await transaction.execute(select(sources))).all()
    assert row.url == room.ghost.api
    assert KEY.encode() not in row.secret
    assert KEY not in repr(row)


async def test_a_private_site_is_said_to_be_one_until_a_key_opens_its_api(room: Newsroom) -> None:
    room.ghost.is_private = True
    for address in (room.ghost.feed, f"{room.ghost.url}/"):
        with pytest.raises(UnreadableError, match="site-private"):
            await room.subscribe(address)
    with pytest.raises(UnreadableError, match="ghost-key-refused"):
        await room.subscribe(f"{room.ghost.url}/", "0" * 26)
    await room.subscribe(f"{room.ghost.url}/", KEY)
    await room.read()
    assert await room.desk.titles_sent() == ["Issue 3"]


async def test_a_feed_that_became_private_is_told_as_such(room: Newsroom) -> None:
    await room.subscribe(room.ghost.feed)
    await room.read()
    room.ghost.is_private = True
    await room.read()
    [source] = await room.all_sources()
    assert source.last_problem is not None
    assert source.last_problem.message_id == "site-private"
