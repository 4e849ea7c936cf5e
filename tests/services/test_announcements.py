"""What moderators do about announcements."""

import asyncio
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import text, update

from bot.errors import DeliveryRefusedError, NotFoundError, RefusedError
from bot.model.delivery import Purpose
from bot.model.guild import FirstAnnouncement
from bot.model.member import Act
from bot.model.problem import Problem
from bot.ports import Announcement, Reading
from bot.store import issues as issue_rows
from bot.store import news as news_rows
from bot.store import sources as source_rows
from bot.store.outbox import delivery_key
from bot.store.tables import outbox
from tests.doubles import sample_issue
from tests.services.conftest import ADMIN, CHANNEL, FEED, GUILD, Desk, only_postgresql


async def two_issues(desk: Desk) -> tuple[str, str]:
    desk.shelf.lay_out(sample_issue(2), sample_issue(1))
    await desk.subscribe()
    await desk.services.sources.read_due()
    newest, oldest = await desk.services.issues.search_titles(GUILD, "")
    return newest.issue_key, oldest.issue_key


async def test_an_issue_of_the_archive_is_posted_once(desk: Desk) -> None:
    _, oldest = await two_issues(desk)
    await desk.titles_sent()
    posting = await desk.services.announcements.post(Act(GUILD, ADMIN, 1), oldest)
    assert (posting.queued, posting.channel_id) == (True, CHANNEL)
    assert await desk.titles_sent() == ["Issue number 2", "Issue number 1"]
    again = await desk.services.announcements.post(Act(GUILD, ADMIN, 2), oldest)
    assert not again.queued
    assert again.earlier is not None
    assert again.earlier.message_id == 1001
    assert len(await desk.titles_sent()) == 2


async def test_moderators_who_post_at_once_post_once(desk: Desk) -> None:
    _, oldest = await two_issues(desk)
    post = desk.services.announcements.post
    postings = await asyncio.gather(*(post(Act(GUILD, ADMIN, number), oldest) for number in range(1, 9)))
    assert sum(posting.queued for posting in postings) == 1
    assert await desk.titles_sent() == ["Issue number 2", "Issue number 1"]


async def test_a_replayed_interaction_acts_once(desk: Desk) -> None:
    _, oldest = await two_issues(desk)
    await desk.services.announcements.post(Act(GUILD, ADMIN, 1), oldest)
    assert not (await desk.services.announcements.post(Act(GUILD, ADMIN, 1), oldest)).queued


async def test_after_a_move_the_issue_may_be_posted_in_the_new_channel(desk: Desk) -> None:
    newest, _ = await two_issues(desk)
    await desk.titles_sent()
    await desk.move(CHANNEL + 1)
    posting = await desk.services.announcements.post(Act(GUILD, ADMIN, 1), newest)
    assert (posting.queued, posting.channel_id) == (True, CHANNEL + 1)


async def test_what_discord_refused_is_tried_again_when_a_moderator_wants_it(desk: Desk) -> None:
    newest, _ = await two_issues(desk)
    desk.channel.fail_with = DeliveryRefusedError("delivery-refused", reason="Invalid Form Body")
    await desk.services.outbox.deliver_due()
    (trouble,) = (await desk.services.guilds.status(GUILD)).troubled
    assert trouble.due_at is None
    assert trouble.last_problem == Problem("delivery-refused", {"reason": "Invalid Form Body"})
    desk.channel.fail_with = None
    assert (await desk.services.announcements.post(Act(GUILD, ADMIN, 1), newest)).queued
    assert await desk.titles_sent() == ["Issue number 2"]
    assert (await desk.services.guilds.status(GUILD)).troubled == ()


async def test_posting_by_hand_mentions_nobody(desk: Desk) -> None:
    await desk.services.guilds.remember(GUILD, name="Loud")
    desk.first = FirstAnnouncement.NONE
    await desk.services.guilds.set_ping_role(Act(GUILD, ADMIN, next(desk.interactions)), 55)
    newest, _ = await two_issues(desk)
    await desk.services.announcements.post(Act(GUILD, ADMIN, 1), newest)
    await desk.services.outbox.deliver_due()
    assert [announcement.ping_role_id for _, announcement in desk.channel.messages.values()] == [None]


async def test_only_one_single_issue_can_be_meant_for_posting(desk: Desk) -> None:
    newest, _ = await two_issues(desk)
    assert (await desk.services.issues.pick(GUILD, newest)).issue_key == newest
    assert (await desk.services.issues.pick(GUILD, "number 2")).issue_key == newest
    with pytest.raises(RefusedError) as caught:
        await desk.services.issues.pick(GUILD, "Issue")
    assert caught.value.message_id == "issue-ambiguous"
    with pytest.raises(NotFoundError):
        await desk.services.issues.pick(GUILD, " ")


async def test_another_servers_issue_is_not_here(desk: Desk) -> None:
    newest, _ = await two_issues(desk)
    await desk.services.guilds.remember(GUILD + 1, name="Stranger")
    for wish in (
        desk.services.announcements.post(Act(GUILD + 1, ADMIN, 1), newest),
        desk.services.announcements.preview(GUILD + 1, newest),
        desk.services.issues.by_key(GUILD + 1, newest),
        desk.services.issues.show(GUILD + 1, newest),
        desk.services.issues.latest(GUILD + 1),
        desk.services.issues.topics(GUILD + 1),
    ):
        with pytest.raises(NotFoundError):
            await wish
    assert await desk.services.issues.search_titles(GUILD + 1, "") == []


async def test_one_newsletter_by_two_addresses_is_announced_once(desk: Desk) -> None:
    await desk.subscribe()
    await desk.services.sources.read_due()
    by_api = [
        sample_issue(number, identities=(f"guid:post_{number}", f"link:news.example/{number}")) for number in (2, 1)
    ]
    api = "https://api.news.example/v2"
    desk.shelf.answers[api] = Reading(title="By API", issues=tuple(by_api))
    desk.shelf.lay_out(sample_issue(1))
    await desk.subscribe(url=api)
    await desk.services.sources.read_due()
    desk.shelf.lay_out(sample_issue(2), sample_issue(1))
    await desk.read()
    assert await desk.titles_sent() == ["Issue number 1", "Issue number 2"]
    cards = await desk.services.issues.search_titles(GUILD, "number 1")
    found = [(await desk.services.explanations.why(GUILD, card.issue_key))[-1].message_id for card in cards]
    assert sorted(found) == ["why-announced-alike", "why-sent"]


async def test_what_was_announced_by_older_rules_is_not_announced_again(desk: Desk) -> None:
    await desk.subscribe()
    await desk.services.sources.read_due()
    await desk.titles_sent()
    async with desk.store.write() as transaction:
        [key] = await issue_rows.newest_keys(transaction, guild_id=GUILD)
        older = await delivery_key(
            transaction, purpose=Purpose.ANNOUNCE, guild_id=GUILD, channel_id=CHANNEL, identity=key
        )
        await transaction.execute(update(outbox).values(delivery_key=older))
    [source] = (await desk.services.guilds.status(GUILD)).sources
    await desk.services.subscriptions.unsubscribe(Act(GUILD, ADMIN, next(desk.interactions)), source.source_id)
    await desk.subscribe()
    await desk.services.sources.read_due()
    assert await desk.titles_sent() == ["Issue number 1"]


API = "https://api.news.example/v2"


async def two_ways(desk: Desk, *numbers: int) -> tuple[str, str]:
    """A server reads issues by a feed and by an API into one channel; the keys of the newest by each, still queued."""
    desk.shelf.lay_out(*(sample_issue(number) for number in numbers))
    by_api = tuple(
        sample_issue(each, identities=(f"guid:post_{each}", f"link:news.example/{each}")) for each in numbers
    )
    desk.shelf.answers[API] = Reading(title="By API", issues=by_api)
    await desk.subscribe()
    await desk.services.sources.read_due()
    await desk.subscribe(url=API)
    await desk.services.sources.read_due()
    async with desk.store.read() as transaction:
        found = {}
        for source in await source_rows.all_sources(transaction):
            newest = await news_rows.newest_of_source(transaction, source.source_id)
            assert newest is not None
            found[source.url] = newest[0]
    return found[FEED], found[API]


async def stop(desk: Desk, url: str) -> None:
    [source] = [each for each in (await desk.services.guilds.status(GUILD)).sources if each.url == url]
    await desk.services.subscriptions.unsubscribe(Act(GUILD, ADMIN, next(desk.interactions)), source.source_id)


async def test_what_waits_is_still_announced_when_one_of_two_ways_to_it_is_removed(desk: Desk) -> None:
    await two_ways(desk, 1)
    await stop(desk, FEED)
    assert await desk.titles_sent() == ["Issue number 1"]
    [(_, announcement)] = desk.channel.messages.values()
    assert announcement.poll is not None, "its poll goes along"


@only_postgresql
async def test_what_waits_is_announced_though_one_way_is_removed_while_it_comes_by_the_other(desk: Desk) -> None:
    await two_ways(desk, 1)
    await desk.titles_sent()
    desk.shelf.lay_out(sample_issue(2), sample_issue(1))
    await desk.read()
    by_api = sample_issue(2, identities=("guid:post_2", "link:news.example/2"))
    desk.shelf.answers[API] = Reading(title="By API", issues=(by_api, sample_issue(1)))
    desk.clock.move(timedelta(minutes=16))
    async with asyncio.timeout(60), desk.store.write() as brake:

        async def nearly_stored() -> None:
            # From here on the reading can store what is new, but not let anybody be told of it.
            await brake.execute(text("LOCK TABLE chores IN SHARE MODE"))

        desk.shelf.meanwhile = nearly_stored
        neighbour = desk.sources()
        reading = asyncio.create_task(neighbour.read_due())
        await desk.held_up(1, reading)
        removal = asyncio.create_task(stop(desk, FEED))
        await desk.held_up(2, removal)
    await asyncio.gather(reading, removal)
    assert await desk.titles_sent() == ["Issue number 1", "Issue number 2"]


async def test_what_may_have_arrived_is_found_again_when_one_of_two_ways_to_it_is_removed(desk: Desk) -> None:
    await two_ways(desk, 1)
    desk.channel.lose_answer = True
    with pytest.raises(asyncio.CancelledError):
        await desk.services.outbox.deliver_due()
    desk.channel.lose_answer, desk.channel.nonces_are_remembered = False, False
    desk.clock.move(timedelta(hours=1))
    after = desk.outbox(incarnation="second")
    await after.take_over()
    await stop(desk, FEED)
    await after.deliver_due()
    assert [announcement.issue.title for _, announcement in desk.channel.messages.values()] == ["Issue number 1"]


async def test_a_card_shows_the_corrections_of_the_way_that_is_left(desk: Desk) -> None:
    await two_ways(desk, 2, 1)
    await desk.titles_sent()
    await stop(desk, FEED)
    corrected = sample_issue(2, title="Issue two", identities=("guid:post_2", "link:news.example/2"))
    desk.shelf.answers[API] = Reading(title="By API", issues=(corrected, sample_issue(1)))
    await desk.read()
    desk.clock.move(timedelta(minutes=1))
    await desk.titles_sent()
    _, shown = desk.channel.refreshed[-1]
    assert isinstance(shown, Announcement)
    assert shown.issue.title == "Issue two"


@pytest.mark.parametrize("gone", [False, True], ids=["both read", "one removed"])
async def test_an_issue_by_two_ways_is_announced_anew_once(desk: Desk, *, gone: bool) -> None:
    by_feed, by_api = await two_ways(desk, 1)
    await desk.titles_sent()
    if gone:
        await stop(desk, FEED)
    posting = await desk.services.announcements.repost(Act(GUILD, ADMIN, next(desk.interactions)), by_api)
    assert posting.queued
    await desk.titles_sent()
    await desk.titles_sent()
    assert len(desk.channel.messages) == 2
    assert list(desk.channel.edited.values()) == ["announcement-anew"]
    again = by_api if gone else by_feed
    assert (await desk.services.announcements.repost(Act(GUILD, ADMIN, next(desk.interactions)), again)).queued
    await desk.titles_sent()
    await desk.titles_sent()
    assert len(desk.channel.messages) == 3


async def test_an_earlier_announcement_folds_though_its_source_is_removed_while_the_new_one_is_sent(desk: Desk) -> None:
    by_feed, _ = await two_ways(desk, 1)
    await desk.titles_sent()
    await desk.services.announcements.repost(Act(GUILD, ADMIN, next(desk.interactions)), by_feed)
    desk.channel.after_send = partial(stop, desk, FEED)
    await desk.services.outbox.deliver_due()
    desk.channel.after_send = None
    await desk.titles_sent()
    assert desk.channel.edited == {1000: "announcement-anew"}
