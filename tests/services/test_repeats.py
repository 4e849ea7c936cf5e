"""The same story twice in one publication: found, linked, and announced once where the server wants that."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bot.model.flood import FloodDecision
from bot.model.guild import FirstAnnouncement
from bot.model.issue import Issue, Section
from bot.model.member import Act, Actor
from bot.ports import Announcement, Reading, Unchanged
from bot.services.announcing.repeats import WAIT, _Digests
from bot.store.repeats import Told
from tests.doubles import NOON, sample_issue, sample_link
from tests.services.conftest import ADMIN, GUILD, Desk


def at(desk: Desk, hours: float = 0) -> datetime:
    return desk.clock.now() + timedelta(hours=hours)


def bite(number: int, when: datetime, *, links: int = 1, identities: tuple[str, ...] = ()) -> Issue:
    """A short issue about the link with its own number."""
    told = tuple(sample_link(100 * number + place) for place in range(links))
    issue = sample_issue(number, title=f"Bite {number}", published_at=when, sections=(Section(None, told),))
    return replace(issue, identities=identities or issue.identities)


def digest(number: int, when: datetime, *bites: Issue, mentions: tuple[str, ...] = ()) -> Issue:
    """An issue of many links, those of the bites among them."""
    own = [sample_link(10_000 * number + place) for place in range(6)]
    sections = (Section("News", (*own, *(link for each in bites for link in each.links))),)
    return sample_issue(number, title=f"Digest {number}", published_at=when, sections=sections, mentions=mentions)


async def told_in(desk: Desk, title: str) -> str | None:
    stored = await desk.services.issues.show(GUILD, title)
    card = (await desk.services.announcements.preview(GUILD, stored.issue_key)).told_in
    return card.title if card is not None else None


async def begin(desk: Desk, *, once: bool = False) -> None:
    """A server reads a newsletter of which it knows one old issue."""
    desk.shelf.lay_out(sample_issue(1))
    await desk.subscribe()
    await desk.services.sources.read_due()
    await desk.titles_sent()
    if once:
        await desk.services.guilds.set_repeats(Act(GUILD, ADMIN, next(desk.interactions)), wanted=False)


async def learn(desk: Desk) -> None:
    """The newsletter shows its habit: a short issue in the morning, the digest with it at noon, two days long."""
    earlier = [bite(60, at(desk, -206)), sample_issue(1)]
    desk.shelf.lay_out(digest(61, at(desk, -203), earlier[0]), *earlier)
    await desk.read()
    first = bite(2, at(desk, -6))
    desk.shelf.lay_out(first, sample_issue(1))
    await desk.read()
    desk.shelf.lay_out(digest(3, at(desk, -3), first), first, sample_issue(1))
    await desk.read()
    await desk.titles_sent()


async def test_a_short_issue_and_its_digest_are_linked_and_both_announced_by_default(desk: Desk) -> None:
    await begin(desk)
    short = bite(2, at(desk))
    desk.shelf.lay_out(short, sample_issue(1))
    await desk.read()
    assert await told_in(desk, "Bite 2") is None
    assert await desk.titles_sent() == ["Issue number 1", "Bite 2"]
    desk.shelf.lay_out(digest(3, at(desk, 2), short), short, sample_issue(1))
    await desk.read()
    assert await told_in(desk, "Bite 2") == "Digest 3"
    assert await told_in(desk, "Digest 3") is None
    assert await desk.titles_sent() == ["Issue number 1", "Bite 2", "Digest 3"]
    _, shown = desk.channel.refreshed[-1]
    assert isinstance(shown, Announcement)
    assert shown.told_in is not None
    assert shown.told_in.title == "Digest 3"


async def test_where_the_server_says_so_a_story_of_one_reading_is_announced_once(desk: Desk) -> None:
    await begin(desk, once=True)
    short = bite(2, at(desk))
    desk.shelf.lay_out(short, digest(3, at(desk, 2), short), sample_issue(1))
    await desk.read()
    assert await desk.titles_sent() == ["Issue number 1", "Digest 3"]


async def test_what_a_digest_told_before_is_not_announced_after_it(desk: Desk) -> None:
    await begin(desk, once=True)
    short = bite(2, at(desk, 3))
    large = digest(3, at(desk), short)
    desk.shelf.lay_out(large, sample_issue(1))
    await desk.read()
    desk.shelf.lay_out(short, large, sample_issue(1))
    await desk.read()
    assert await desk.titles_sent() == ["Issue number 1", "Digest 3"]
    stored = await desk.services.issues.show(GUILD, "Bite 2")
    findings = await desk.services.explanations.why(GUILD, stored.issue_key)
    assert (findings[-1].message_id, findings[-1].params) == ("why-told-again", {"title": "Digest 3"})
    await desk.services.announcements.post(Act(GUILD, ADMIN, next(desk.interactions)), stored.issue_key)
    assert await desk.titles_sent() == ["Issue number 1", "Digest 3", "Bite 2"]


async def test_by_habit_a_short_issue_waits_for_its_digest(desk: Desk) -> None:
    await begin(desk, once=True)
    await learn(desk)
    before = await desk.titles_sent()
    short = bite(4, at(desk))
    desk.shelf.lay_out(short, sample_issue(1))
    await desk.read()
    assert await desk.titles_sent() == before
    stored = await desk.services.issues.show(GUILD, "Bite 4")
    assert (await desk.services.explanations.why(GUILD, stored.issue_key))[-1].message_id == "why-waits-for-digest"
    desk.shelf.lay_out(digest(5, at(desk), short), short, sample_issue(1))
    await desk.read()
    desk.clock.move(2 * WAIT)
    await desk.services.sources.read_due()
    assert await desk.titles_sent() == [*before, "Digest 5"]


async def test_one_digest_is_no_habit_yet(desk: Desk) -> None:
    await begin(desk, once=True)
    first = bite(2, at(desk, -6))
    desk.shelf.lay_out(digest(3, at(desk, -3), first), first, sample_issue(1))
    await desk.read()
    desk.shelf.lay_out(bite(4, at(desk)), sample_issue(1))
    await desk.read()
    assert (await desk.titles_sent())[-1] == "Bite 4"


async def test_what_waits_for_a_digest_is_counted_and_let_go_when_every_issue_is_wanted(desk: Desk) -> None:
    await begin(desk, once=True)
    await learn(desk)
    before = await desk.titles_sent()
    assert (await desk.services.guilds.status(GUILD)).held is None
    desk.shelf.lay_out(bite(4, at(desk)), bite(5, at(desk)), sample_issue(1))
    await desk.read()
    held = (await desk.services.guilds.status(GUILD)).held
    assert held is not None
    assert (held.count, held.until) == (2, desk.clock.now() + WAIT)
    await desk.services.guilds.set_repeats(Act(GUILD, ADMIN, next(desk.interactions)), wanted=True)
    await desk.services.sources.read_due()
    assert sorted((await desk.titles_sent())[len(before) :]) == ["Bite 4", "Bite 5"]
    assert (await desk.services.guilds.status(GUILD)).held is None


async def test_a_short_issue_that_no_digest_tells_is_announced_after_its_wait(desk: Desk) -> None:
    await begin(desk, once=True)
    await learn(desk)
    before = await desk.titles_sent()
    desk.shelf.lay_out(bite(4, at(desk)), sample_issue(1))
    await desk.read()
    desk.shelf.answer = Unchanged()
    due_at = await desk.services.sources.read_due()
    assert due_at is not None
    desk.clock.move(WAIT - timedelta(minutes=1))
    await desk.services.sources.read_due()
    assert await desk.titles_sent() == before
    desk.clock.move(timedelta(minutes=2))
    await desk.services.sources.read_due()
    await desk.services.sources.read_due()
    assert await desk.titles_sent() == [*before, "Bite 4"]


async def test_the_worker_is_woken_for_what_waits(desk: Desk) -> None:
    await begin(desk, once=True)
    await learn(desk)
    desk.shelf.lay_out(bite(4, at(desk)), sample_issue(1))
    await desk.read()
    held_at = desk.clock.now()
    async with desk.store.write() as transaction:
        from bot.store import sources as source_rows

        for source in await source_rows.all_sources(transaction):
            await source_rows.put_off(transaction, source.source_id, next_poll_at=held_at + 3 * WAIT)
    assert await desk.services.sources.read_due() == held_at + WAIT


async def test_servers_differ_in_what_they_want(desk: Desk) -> None:
    await begin(desk, once=True)
    await desk.subscribe(guild_id=GUILD + 1, channel_id=8101)
    await desk.titles_sent()
    short = bite(2, at(desk))
    desk.shelf.lay_out(short, digest(3, at(desk, 2), short), sample_issue(1))
    await desk.read()
    await desk.titles_sent()
    sent = {(delivery.guild_id, announcement.issue.title) for delivery, announcement in desk.channel.messages.values()}
    assert (GUILD, "Bite 2") not in sent
    assert (GUILD + 1, "Bite 2") in sent


async def test_what_waited_long_enough_is_let_go_while_a_source_is_slow(desk: Desk) -> None:
    await begin(desk, once=True)
    await learn(desk)
    desk.shelf.lay_out(bite(4, at(desk)), sample_issue(1))
    await desk.read()
    assert "Bite 4" not in await desk.titles_sent()

    async def slow() -> None:
        desk.shelf.meanwhile = None
        desk.clock.move(2 * WAIT)
        await desk.look_again()
        sent.extend(await desk.titles_sent())

    sent: list[str] = []
    desk.shelf.meanwhile = slow
    desk.clock.move(timedelta(minutes=16))
    async with asyncio.timeout(60):
        await desk.services.sources.read_due()
    assert "Bite 4" in sent


async def test_what_waits_is_dropped_when_the_server_stops_reading(desk: Desk) -> None:
    await begin(desk, once=True)
    await learn(desk)
    before = await desk.titles_sent()
    desk.shelf.lay_out(bite(4, at(desk)), sample_issue(1))
    await desk.read()
    [source] = (await desk.services.guilds.status(GUILD)).sources
    assert (
        await desk.services.subscriptions.unsubscribe(Act(GUILD, ADMIN, next(desk.interactions)), source.source_id) == 1
    )
    desk.clock.move(2 * WAIT)
    await desk.services.sources.read_due()
    assert await desk.titles_sent() == before


async def test_a_digest_that_links_to_the_short_issue_itself_tells_it(desk: Desk) -> None:
    await begin(desk)
    short = bite(2, at(desk), identities=("guid:2", "link:news.example/p/on-paper"))
    large = digest(3, at(desk, 2), mentions=("other.example/p/on-paper", "news.example/about"))
    desk.shelf.lay_out(large, short, sample_issue(1))
    await desk.read()
    assert await told_in(desk, "Bite 2") == "Digest 3"


@pytest.mark.parametrize(
    ("hours", "links", "many", "told"),
    [
        (71, 1, 1, True),
        (73, 1, 1, False),
        (-71, 1, 1, True),
        (-73, 1, 1, False),
        (2, 3, 1, True),
        (2, 4, 1, False),
        (2, 1, 3, False),
    ],
    ids=["in time", "late", "before", "long before", "three links", "four links", "in every digest"],
)
async def test_only_what_is_short_near_and_told_there_alone_counts(
    desk: Desk, hours: float, links: int, many: int, *, told: bool
) -> None:
    await begin(desk)
    short = bite(2, at(desk, -80), links=links)
    digests = [digest(3 + number, at(desk, hours - 80), short) for number in range(many)]
    desk.shelf.lay_out(short, *digests, sample_issue(1))
    await desk.read()
    assert (await told_in(desk, "Bite 2") is not None) == told


async def test_a_short_issue_of_which_the_digest_has_a_part_only_is_another_story(desk: Desk) -> None:
    await begin(desk)
    short = bite(2, at(desk), links=2)
    large = digest(3, at(desk, 2), replace(short, sections=(Section(None, short.links[:1]),)))
    desk.shelf.lay_out(short, large, sample_issue(1))
    await desk.read()
    assert await told_in(desk, "Bite 2") is None


async def test_a_digest_that_was_taken_back_tells_nothing(desk: Desk) -> None:
    await begin(desk, once=True)
    short = bite(4, at(desk, 1))
    large = digest(3, at(desk), short)
    older = [sample_issue(2), sample_issue(1)]
    desk.shelf.lay_out(large, *older)
    await desk.read()
    for _ in range(4):
        desk.shelf.lay_out(short, *older)
        await desk.read()
    taken_back = await desk.services.issues.show(GUILD, "Digest 3")
    assert taken_back.issue.is_withdrawn
    assert await told_in(desk, "Bite 4") is None


async def test_a_digest_that_the_server_was_never_told_of_hides_no_story(desk: Desk) -> None:
    await begin(desk, once=True)
    short = bite(2, at(desk, 1))
    large = digest(3, at(desk), short)
    desk.shelf.lay_out(large, sample_issue(1))
    await desk.read()
    await desk.titles_sent()
    later = GUILD + 1
    await desk.services.guilds.remember(later, name="Later")
    await desk.services.guilds.set_repeats(Act(later, ADMIN, next(desk.interactions)), wanted=False)
    desk.first = FirstAnnouncement.NONE
    await desk.subscribe(guild_id=later, channel_id=8101)
    desk.shelf.lay_out(short, large, sample_issue(1))
    await desk.read()
    desk.clock.move(WAIT)
    await desk.services.sources.read_due()
    await desk.titles_sent()
    sent = {(delivery.guild_id, announcement.issue.title) for delivery, announcement in desk.channel.messages.values()}
    assert (later, "Bite 2") in sent
    assert (GUILD, "Bite 2") not in sent


@pytest.mark.parametrize("decision", [FloodDecision.NONE, FloodDecision.ALL])
async def test_a_digest_in_a_flood_hides_a_story_only_when_it_is_announced(desk: Desk, decision: FloodDecision) -> None:
    await begin(desk, once=True)
    await learn(desk)
    before = await desk.titles_sent()
    short = bite(4, at(desk))
    desk.shelf.lay_out(short, sample_issue(1))
    await desk.read()
    flood = [digest(5, at(desk), short), *(sample_issue(-number, links=4) for number in range(6))]
    desk.shelf.lay_out(*flood, short, sample_issue(1))
    await desk.read()
    [held] = (await desk.services.guilds.status(GUILD)).floods
    moderator = Actor(member_id=1, manages_messages=True)
    await desk.services.floods.decide(Act(GUILD, moderator, next(desk.interactions)), held.flood_key, decision)
    desk.clock.move(WAIT)
    await desk.services.sources.read_due()
    sent = (await desk.titles_sent())[len(before) :]
    assert ("Bite 4" in sent, "Digest 5" in sent) == (
        (True, False) if decision is FloodDecision.NONE else (False, True)
    )


async def test_advertisements_make_no_short_issue_long(desk: Desk) -> None:
    await begin(desk, once=True)
    told = (sample_link(200), *(sample_link(900 + number, sponsored=True) for number in range(3)))
    short = replace(bite(2, at(desk)), sections=(Section(None, told),))
    desk.shelf.lay_out(short, digest(3, at(desk, 2), bite(2, at(desk))), sample_issue(1))
    await desk.read()
    assert await desk.titles_sent() == ["Issue number 1", "Digest 3"]


async def test_what_waits_longer_than_anything_may_is_let_go(desk: Desk) -> None:
    await begin(desk, once=True)
    await learn(desk)
    before = await desk.titles_sent()
    desk.clock.move(timedelta(days=365))
    short = bite(4, at(desk))
    await learn(desk)
    desk.shelf.lay_out(short, sample_issue(1))
    await desk.read()
    desk.clock.set_back(timedelta(days=365))
    await desk.services.sources.read_due()
    assert "Bite 4" in (await desk.titles_sent())[len(before) :]


def test_a_thousand_issues_are_linked_in_a_moment() -> None:
    stories = [
        Told(
            issue_key=str(number),
            at=NOON,
            keys=frozenset({f"a.example/{number}"}),
            names=frozenset({f"name-{number}"}),
            mentions=(),
            told_in=None,
        )
        for number in range(1_000)
    ]
    digests = [
        Told(
            issue_key=f"d{number}",
            at=NOON,
            keys=frozenset({f"b.example/{number}.{place}" for place in range(30)}),
            names=frozenset(),
            mentions=tuple(f"own.example/p/other-{number}-{place}" for place in range(200)),
            told_in=None,
        )
        for number in range(1_000)
    ]
    looked_at = 0

    class Counting(str):
        __slots__ = ()

        def rpartition(self, sep: str) -> tuple[str, str, str]:
            nonlocal looked_at
            looked_at += 1
            return super().rpartition(sep)

    counted = [replace(each, mentions=tuple(map(Counting, each.mentions))) for each in digests]
    found = _Digests(frozenset().union(*(story.keys for story in stories)))
    for digest in counted:
        found.add(digest)
    assert [found.teller_of(story) for story in stories] == [None] * 1_000
    assert looked_at == 200_000, "each mention once, however many stories there are"


async def test_a_digest_that_came_by_another_address_is_told_all_the_same(desk: Desk) -> None:
    await begin(desk, once=True)
    await learn(desk)
    large = digest(5, at(desk, 1), bite(4, at(desk)))
    api = "https://api.news.example/v2"
    desk.shelf.answers[api] = Reading(title="By API", issues=(sample_issue(1),))
    await desk.subscribe(url=api)
    await desk.services.sources.read_due()
    before = await desk.titles_sent()
    by_api = replace(large, identities=("guid:post_5", large.identities[1]))
    desk.shelf.answers[api] = Reading(title="By API", issues=(by_api, sample_issue(1)))
    desk.shelf.answer = Unchanged()
    await desk.read()
    desk.shelf.lay_out(large, sample_issue(1))
    await desk.read()
    desk.shelf.lay_out(bite(4, at(desk)), large, sample_issue(1))
    await desk.read()
    desk.clock.move(WAIT)
    await desk.services.sources.read_due()
    assert (await desk.titles_sent())[len(before) :] == ["Digest 5"]


async def test_a_clock_that_is_set_back_a_little_lets_nothing_go(desk: Desk) -> None:
    await begin(desk, once=True)
    await learn(desk)
    before = await desk.titles_sent()
    desk.shelf.lay_out(bite(4, at(desk)), sample_issue(1))
    await desk.read()
    desk.clock.set_back(timedelta(minutes=1))
    await desk.services.sources.read_due()
    assert await desk.titles_sent() == before
