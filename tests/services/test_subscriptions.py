"""Which newsletters a server reads: what is understood of an address, and what is refused."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select

from bot.errors import DeliveryError, RefusedError, UnreadableError
from bot.model.guild import Source
from bot.model.member import Act, Actor
from bot.ports import Reading
from bot.services.building import KINDS
from bot.services.reading.subscriptions import Outcome, Subscribed, split_credentials
from bot.services.retention import UNREAD_DAYS, Retention
from bot.store import retention as retention_rows
from bot.store.tables import sources
from tests.doubles import sample_issue
from tests.services.conftest import ADMIN, CHANNEL, FEED, GUILD, Desk, only_postgresql
from tests.statements import READ, Gate, around


async def subscribed(
    desk: Desk,
    *,
    url: str,
    channel_id: int | None = None,
    key: str | None = None,
    actor: Actor = ADMIN,
    interaction_id: int | None = None,
) -> Subscribed:
    await desk.services.guilds.remember(GUILD, name="Server")
    return await desk.services.subscriptions.subscribe(
        Act(GUILD, actor, interaction_id or next(desk.interactions)), url=url, channel_id=channel_id, key=key
    )


async def test_other_credentials_make_another_source(desk: Desk) -> None:
    await desk.subscribe(url="https://a:one@news.example/feed")
    await desk.subscribe(guild_id=GUILD + 1, url="https://b:two@news.example/feed")
    await desk.subscribe(guild_id=GUILD + 2)
    desk.shelf.credentials.clear()
    await desk.services.sources.read_due()
    assert sorted(map(str, desk.shelf.credentials)) == ["None", "a:one", "b:two"]
    assert len(await desk.services.issues.search_titles(GUILD, "")) == 1
    assert len(await desk.services.issues.search_titles(GUILD + 1, "")) == 1


def test_credentials_are_kept_apart_from_the_address() -> None:
    assert split_credentials(" news.example/feed ") == ("https://news.example/feed", None)
    assert split_credentials("<https://ada:key@news.example/feed>.") == ("https://news.example/feed", "ada:key")
    with pytest.raises(RefusedError, match="address-several"):
        split_credentials("https://news.example/feedhttps://other.example/feed")


async def test_the_address_of_a_site_is_enough_where_its_feed_can_be_found(desk: Desk) -> None:
    desk.shelf.lay_out(sample_issue(1))
    desk.shelf.pages = {"https://paper.example/", "https://paper.example/old"}
    desk.shelf.feeds = ["https://paper.example/old", "https://paper.example/feed"]
    await desk.subscribe(url="paper.example/")
    [source] = (await desk.services.guilds.status(GUILD)).sources
    assert source.url == "https://paper.example/feed"


async def test_a_page_without_a_feed_stores_nothing(desk: Desk) -> None:
    desk.shelf.pages = {"https://paper.example/", "https://paper.example/feed"}
    desk.shelf.feeds = ["https://paper.example/feed"]
    with pytest.raises(UnreadableError, match="unreadable-no-feed"):
        await desk.subscribe(url="https://paper.example/")
    assert (await desk.services.guilds.status(GUILD)).sources == ()


async def test_credentials_are_not_taken_to_another_site(desk: Desk) -> None:
    desk.shelf.pages = {"https://paper.example/"}
    desk.shelf.feeds = ["https://elsewhere.example/feed", "https://paper.example/feed"]
    await desk.subscribe(url="https://reader:secret@paper.example/")
    [source] = (await desk.services.guilds.status(GUILD)).sources
    assert source.url == "https://paper.example/feed"
    assert "https://elsewhere.example/feed" not in [asked.url for asked in desk.shelf.asked]


SPELLINGS = (
    FEED,
    "http://news.example/feed",
    "HTTPS://WWW.News.Example:443/feed/#top",
    "news.example/feed",
    "news.example",  # the site names the feed
    "https://news.example/rss",  # the same newsletter in another form
)


@pytest.mark.parametrize("spelling", SPELLINGS)
async def test_a_newsletter_that_is_read_already_moves_and_is_not_announced_again(desk: Desk, spelling: str) -> None:
    desk.shelf.pages, desk.shelf.feeds = {"https://news.example"}, [FEED]
    await desk.subscribe()
    await desk.services.sources.read_due()
    assert await desk.titles_sent() == ["Issue number 1"]
    moved = await subscribed(desk, url=spelling, channel_id=CHANNEL + 1)
    assert (moved.outcome, moved.moved_from, moved.channel_id) == (Outcome.MOVED, CHANNEL, CHANNEL + 1)
    assert moved.title == "The Sample"
    await desk.read()
    assert await desk.titles_sent() == ["Issue number 1"]
    desk.shelf.lay_out(sample_issue(2), sample_issue(1, title="Issue number one"))
    await desk.read()
    assert await desk.titles_sent() == ["Issue number 1", "Issue number 2"]
    assert [delivery.channel_id for delivery, _ in desk.channel.messages.values()] == [CHANNEL, CHANNEL + 1]
    assert [message_id for message_id, _ in desk.channel.refreshed] == [1000], "edits follow what was posted"
    [subscription] = (await desk.services.guilds.status(GUILD)).subscriptions
    assert subscription.channel_id == CHANNEL + 1


@pytest.mark.parametrize("spelling", SPELLINGS[:4])
async def test_without_a_channel_a_newsletter_that_is_read_already_stays_where_it_is(desk: Desk, spelling: str) -> None:
    await desk.subscribe(url="https://first.example/feed", channel_id=CHANNEL + 5)
    await desk.subscribe()
    known = await subscribed(desk, url=spelling)
    assert (known.outcome, known.channel_id) == (Outcome.KNOWN, CHANNEL)
    asked = len(desk.shelf.asked)
    again = await subscribed(desk, url=spelling, channel_id=CHANNEL)
    assert (again.outcome, again.channel_id) == (Outcome.KNOWN, CHANNEL)
    assert len(desk.shelf.asked) == asked, "what is known needs no look"


async def test_what_waits_for_the_old_channel_goes_along_once(desk: Desk) -> None:
    await desk.services.guilds.remember(GUILD, name="Server")
    await desk.services.guilds.set_ping_role(Act(GUILD, ADMIN, next(desk.interactions)), 55)
    await desk.subscribe()
    await desk.services.sources.read_due()
    for channel_id in (CHANNEL + 1, CHANNEL, CHANNEL + 1):
        assert (await subscribed(desk, url=FEED, channel_id=channel_id)).outcome is Outcome.MOVED
    assert (await desk.services.guilds.status(GUILD)).troubled == ()
    assert await desk.titles_sent() == ["Issue number 1"]
    [(delivery, announcement)] = desk.channel.messages.values()
    assert (delivery.channel_id, announcement.ping_role_id) == (CHANNEL + 1, 55)
    findings = [each.message_id for each in await desk.services.explanations.why(GUILD, delivery.subject_key)]
    assert findings.count("why-moved") == 1
    assert findings.count("why-sent") == 1


async def test_what_may_have_arrived_unheard_is_not_sent_again_elsewhere(desk: Desk) -> None:
    await desk.subscribe()
    await desk.services.sources.read_due()
    desk.channel.lose_answer_as = DeliveryError("delivery-slow")
    await desk.services.outbox.deliver_due()
    desk.channel.lose_answer_as = None
    await subscribed(desk, url=FEED, channel_id=CHANNEL + 1)
    desk.clock.move(timedelta(minutes=10))
    await desk.services.outbox.deliver_due()
    assert [delivery.channel_id for delivery, _ in desk.channel.messages.values()] == [CHANNEL]


async def test_what_is_moved_before_its_first_reading_is_announced_in_the_new_channel_alone(desk: Desk) -> None:
    await desk.subscribe()
    await subscribed(desk, url=FEED, channel_id=CHANNEL + 1)
    await desk.services.sources.read_due()
    assert await desk.titles_sent() == ["Issue number 1"]
    assert [delivery.channel_id for delivery, _ in desk.channel.messages.values()] == [CHANNEL + 1]


async def test_a_move_that_is_heard_twice_moves_once(desk: Desk) -> None:
    await desk.subscribe()
    press = next(desk.interactions)
    await subscribed(desk, url=FEED, channel_id=CHANNEL + 1, interaction_id=press)
    await subscribed(desk, url=FEED, channel_id=CHANNEL + 2)
    assert (await subscribed(desk, url=FEED, channel_id=CHANNEL + 1, interaction_id=press)).outcome is Outcome.KNOWN
    [subscription] = (await desk.services.guilds.status(GUILD)).subscriptions
    assert subscription.channel_id == CHANNEL + 2


async def test_a_newsletter_with_a_key_moves_with_the_key_and_without_it(desk: Desk) -> None:
    await subscribed(desk, url=FEED, channel_id=CHANNEL, key="k1")
    await desk.services.sources.read_due()
    await desk.titles_sent()
    for number, key in enumerate(("k1", None)):
        moved = await subscribed(desk, url=FEED, channel_id=CHANNEL + 1 + number, key=key)
        assert (moved.outcome, moved.has_new_key) == (Outcome.MOVED, False)
    desk.shelf.credentials.clear()
    await desk.read()
    assert desk.shelf.credentials == ["k1"]
    assert await desk.titles_sent() == ["Issue number 1"]


async def test_another_key_for_what_is_read_already_takes_the_place_of_the_old_one(desk: Desk) -> None:
    await desk.subscribe()
    await desk.services.sources.read_due()
    await desk.titles_sent()
    changed = await subscribed(desk, url=FEED, channel_id=CHANNEL + 1, key="k2")
    assert (changed.outcome, changed.has_new_key) == (Outcome.MOVED, True)
    desk.shelf.credentials.clear()
    await desk.services.sources.read_due()
    assert desk.shelf.credentials == ["k2"]
    assert await desk.titles_sent() == ["Issue number 1"]
    assert len((await desk.services.guilds.status(GUILD)).sources) == 1


async def test_what_is_read_with_the_old_key_is_void_when_another_one_is_given_meanwhile(desk: Desk) -> None:
    await desk.subscribe()

    async def change() -> None:
        desk.shelf.meanwhile = None
        await subscribed(desk, url=FEED, key="k2")
        desk.shelf.credentials.clear()

    desk.shelf.meanwhile = change
    async with asyncio.timeout(60):
        await desk.services.sources.read_due()
    assert desk.shelf.credentials == [None, "k2"]
    assert await desk.titles_sent() == ["Issue number 1"]


@only_postgresql
async def test_another_key_and_a_reading_that_is_stored_do_not_wait_for_each_other_in_a_circle(desk: Desk) -> None:
    await desk.subscribe()
    stores = Gate()
    with around(READ, before=stores):
        async with asyncio.timeout(60):
            reading = asyncio.create_task(desk.services.sources.read_due())
            await stores.reached.wait()
            changing = asyncio.create_task(subscribed(desk, url=FEED, channel_id=CHANNEL + 1, key="k2"))
            await desk.held_up(1, changing)
            stores.open()
            await asyncio.gather(reading, changing)
    assert changing.result().has_new_key
    assert await desk.titles_sent() == ["Issue number 1"]


@only_postgresql
async def test_who_adds_what_is_just_being_deleted_because_nobody_reads_it_reads_it_anew(desk: Desk) -> None:
    source = await unread(desk)
    async with asyncio.timeout(60):
        async with desk.store.write() as transaction:
            await transaction.execute(select(sources.c.id).with_for_update())  # as deleting begins
            adding = asyncio.create_task(desk.subscribe())
            await desk.held_up(1, adding)
            for _ in range(2):  # its issues, and then itself
                await retention_rows.delete_unread(transaction, source.source_id, limit=20, links_limit=300)
        await adding
    await desk.services.sources.read_due()
    assert len(await desk.services.issues.search_titles(GUILD, "")) == 2
    assert [each.url for each in (await desk.services.guilds.status(GUILD)).sources] == [FEED]


@only_postgresql
@pytest.mark.parametrize("is_empty", [False, True])
async def test_what_is_just_being_added_is_not_deleted(desk: Desk, *, is_empty: bool) -> None:
    source = await unread(desk)
    if is_empty:
        async with desk.store.write() as transaction:
            await retention_rows.delete_unread(transaction, source.source_id, limit=20, links_limit=300)
    adds = Gate()
    with around("UPDATE sources SET .*first_read_at=", after=adds):
        async with asyncio.timeout(60):
            adding = asyncio.create_task(desk.subscribe())
            await adds.reached.wait()
            clearing = asyncio.create_task(Retention(desk.store, clock=desk.clock, kinds=KINDS).clear())
            await desk.held_up(1, clearing)
            adds.open()
            await asyncio.gather(adding, clearing)
    assert len(await desk.services.issues.search_titles(GUILD, "")) == (0 if is_empty else 2)
    assert [each.source_id for each in (await desk.services.guilds.status(GUILD)).sources] == [source.source_id]


@only_postgresql
async def test_the_key_of_a_source_that_others_just_begin_to_read_is_not_changed(desk: Desk) -> None:
    await subscribed(desk, url=FEED, channel_id=CHANNEL)
    adds = Gate()
    with around("UPDATE sources SET .*wanted_at=", after=adds):
        async with asyncio.timeout(60):
            adding = asyncio.create_task(desk.subscribe(GUILD + 1))
            await adds.reached.wait()
            changing = asyncio.create_task(subscribed(desk, url=FEED, key="k2"))
            await desk.held_up(1, changing)
            adds.open()
            await adding
            with pytest.raises(RefusedError, match="setup-source-other-key"):
                await changing


async def unread(desk: Desk) -> Source:
    """What the server has let go so long ago that it goes now, with two issues."""
    desk.shelf.lay_out(sample_issue(2), sample_issue(1))
    await desk.subscribe()
    await desk.services.sources.read_due()
    [source] = (await desk.services.guilds.status(GUILD)).sources
    await desk.services.subscriptions.unsubscribe(Act(GUILD, ADMIN, next(desk.interactions)), source.source_id)
    await Retention(desk.store, clock=desk.clock, kinds=KINDS).clear()
    await desk.services.chores.work_off()
    desk.clock.move(timedelta(days=UNREAD_DAYS + 1))
    return source


async def test_the_key_of_a_source_that_others_read_is_not_changed(desk: Desk) -> None:
    await desk.subscribe()
    await desk.subscribe(guild_id=GUILD + 1)
    with pytest.raises(RefusedError, match="setup-source-other-key"):
        await subscribed(desk, url=FEED, channel_id=CHANNEL + 1, key="k2")
    assert len((await desk.services.guilds.status(GUILD)).sources) == 1


async def test_files_of_a_folder_move_too(desk: Desk) -> None:
    await desk.subscribe(url="folder:field-notes")
    await desk.services.sources.read_due()
    moved = await subscribed(desk, url="file:field-notes", channel_id=CHANNEL + 1)
    assert moved.outcome is Outcome.MOVED
    assert await desk.titles_sent() == ["Issue number 1"]


async def test_another_newsletter_of_the_same_site_is_no_move(desk: Desk) -> None:
    await desk.subscribe()
    await desk.services.sources.read_due()
    desk.shelf.answers["https://news.example/weekly"] = Reading(title="The Weekly", issues=(sample_issue(1),))
    added = await subscribed(desk, url="https://news.example/weekly", channel_id=CHANNEL + 1)
    assert added.outcome is Outcome.ADDED


async def test_who_does_not_manage_the_server_changes_nothing(desk: Desk) -> None:
    await desk.subscribe()
    for actor in (Actor(1), Actor(2, manages_messages=True)):
        with pytest.raises(RefusedError, match="only-administrators"):
            await subscribed(desk, url=FEED, channel_id=CHANNEL + 1, actor=actor)
        with pytest.raises(RefusedError, match="only-administrators"):
            await desk.services.subscriptions.unsubscribe(Act(GUILD, actor, 1), 1)
    [subscription] = (await desk.services.guilds.status(GUILD)).subscriptions
    assert subscription.channel_id == CHANNEL


async def test_a_server_reads_so_many_newsletters_and_no_more(desk: Desk) -> None:
    for number in range(20):
        await desk.subscribe(url=f"https://news.example/{number}")
    with pytest.raises(RefusedError, match="setup-too-many-sources count=20"):
        await desk.subscribe(url="https://news.example/20")
    await desk.subscribe(url="https://news.example/3", channel_id=CHANNEL + 1)
    await desk.subscribe(guild_id=GUILD + 1, url="https://news.example/20")
