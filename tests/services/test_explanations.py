"""`/desk why`: the stage at which an address stands, from what was recorded."""

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, update

from bot.errors import ChannelClosedError, DeliveryError, DeliveryRefusedError, FetchError, RefusedError
from bot.model.flood import FloodDecision
from bot.model.guild import FirstAnnouncement
from bot.model.member import Act, Actor
from bot.services import explanations
from bot.services.delivery.portions import PORTION
from bot.store import issues as issue_rows
from bot.store import repeats as repeat_rows
from bot.store.tables import floods, guilds, held_issues, outbox
from bot.texts import text
from tests.doubles import sample_issue
from tests.services.conftest import ADMIN, CHANNEL, FEED, GUILD, Desk
from tests.services.full import FLOOD, fill, key

NEWEST = "https://www.news.example/3/?utm_source=discord"


async def why(desk: Desk, wanted: str = NEWEST, guild_id: int = GUILD) -> list[str]:
    return [finding.message_id for finding in await desk.services.explanations.why(guild_id, wanted)]


async def three_issues(desk: Desk) -> None:
    desk.shelf.lay_out(*(sample_issue(number) for number in (3, 2, 1)))
    await desk.subscribe()
    await desk.services.sources.read_due()


async def test_an_address_that_never_was_seen_and_how_reading_goes(desk: Desk) -> None:
    assert await why(desk) == ["why-never-seen"]
    await three_issues(desk)
    assert await why(desk, "https://news.example/4") == ["why-never-seen", "why-source-read"]
    desk.shelf.answer = FetchError("fetch-slow", host="news.example", seconds="20")
    await desk.read()
    assert await why(desk, "https://news.example/4") == ["why-never-seen", "why-source-fails"]


async def test_the_address_of_a_source(desk: Desk) -> None:
    await three_issues(desk)
    assert await why(desk, FEED) == ["why-source", "why-source-read"]


async def test_an_issue_on_its_way_and_sent(desk: Desk) -> None:
    await three_issues(desk)
    assert await why(desk) == ["why-seen", "why-queued", "why-on-its-way"]
    await desk.services.outbox.deliver_due()
    findings = await desk.services.explanations.why(GUILD, NEWEST)
    assert [finding.message_id for finding in findings] == ["why-seen", "why-queued", "why-sent"]
    assert findings[-1].params["link"] == f"https://discord.com/channels/{GUILD}/{CHANNEL}/1000"
    stored = await desk.services.issues.latest(GUILD)
    assert await why(desk, stored.issue_key) == ["why-seen", "why-queued", "why-sent"]


async def test_an_issue_that_was_there_before(desk: Desk) -> None:
    await three_issues(desk)
    assert await why(desk, "https://news.example/1") == ["why-seen", "why-archive"]
    desk.first = FirstAnnouncement.NONE
    await desk.subscribe(guild_id=GUILD + 1)
    assert await why(desk, guild_id=GUILD + 1) == ["why-seen", "why-archive-nothing"]


async def test_a_link_in_an_issue(desk: Desk) -> None:
    await three_issues(desk)
    assert (await why(desk, "https://example.com/2?fbclid=x"))[:3] == ["why-link", "why-seen", "why-queued"]


async def test_an_issue_that_waits_is_held_or_was_refused(desk: Desk) -> None:
    await three_issues(desk)
    desk.channel.fail_with = DeliveryError("delivery-trouble", status=503)
    await desk.services.outbox.deliver_due()
    assert await why(desk) == ["why-seen", "why-queued", "why-waits"]
    desk.channel.fail_with = ChannelClosedError("delivery-not-allowed", reason="Missing Access")
    desk.clock.move(timedelta(hours=1))
    await desk.services.outbox.deliver_due()
    held = (await desk.services.explanations.why(GUILD, NEWEST))[-1]
    assert held.message_id == "why-held"
    assert held.because is not None
    assert "Missing Access" in held.because.said()
    desk.channel.fail_with = DeliveryRefusedError("delivery-refused", reason="Invalid Form Body")
    desk.channel.mended.add(CHANNEL)
    await desk.services.channels.look_again(GUILD)
    await desk.services.outbox.deliver_due()
    assert await why(desk) == ["why-seen", "why-queued", "why-degraded", "why-refused"]


async def test_what_became_of_a_repost(desk: Desk) -> None:
    await three_issues(desk)
    await desk.services.outbox.deliver_due()
    stored = await desk.services.issues.latest(GUILD)
    await desk.services.announcements.repost(Act(GUILD, ADMIN, 5), stored.issue_key)
    await desk.services.outbox.deliver_due()
    await desk.services.outbox.deliver_due()
    assert await why(desk) == [
        "why-seen",
        "why-queued-anew",
        "why-sent",
        "why-queued",
        "why-sent",
        "why-folded",
    ]


async def test_an_issue_of_a_newsletter_that_was_removed(desk: Desk) -> None:
    await three_issues(desk)
    await desk.services.outbox.deliver_due()
    [source] = (await desk.services.guilds.status(GUILD)).sources
    await desk.services.subscriptions.unsubscribe(Act(GUILD, ADMIN, next(desk.interactions)), source.source_id)
    assert await why(desk) == ["why-seen", "why-queued", "why-sent"]
    assert await why(desk, "https://news.example/1") == ["why-never-seen"]


FED = [sample_issue(number) for number in range(1, 8)]


async def take_back(desk: Desk, number: int) -> None:
    """The newsletter takes an issue out of the middle of its feed, and three readings miss it."""
    desk.shelf.lay_out(*(issue for issue in FED if issue.title != f"Issue number {number}"))
    for _ in range(3):
        await desk.read()


async def all_are_announced(desk: Desk) -> None:
    desk.shelf.lay_out(*FED[:1])
    await desk.subscribe()
    await desk.services.sources.read_due()
    await desk.publish(*FED)
    await desk.services.outbox.deliver_due()


async def test_an_issue_that_was_taken_back_is_struck_through_and_says_so(desk: Desk) -> None:
    await all_are_announced(desk)
    await take_back(desk, 4)
    taken_back = ["why-seen", "why-withdrawn", "why-queued", "why-sent"]
    assert await why(desk, "https://news.example/4") == [*taken_back, "why-redrawn-soon"]
    desk.channel.fail_in[CHANNEL] = DeliveryError("delivery-trouble", status=503)
    await desk.services.outbox.deliver_due()
    assert await why(desk, "https://news.example/4") == [*taken_back, "why-not-redrawn"]
    desk.channel.fail_in.clear()
    desk.clock.move(timedelta(hours=1))
    await desk.services.outbox.deliver_due()
    findings = await desk.services.explanations.why(GUILD, "https://news.example/4")
    assert [finding.message_id for finding in findings] == [*taken_back, "why-struck"]
    assert (await desk.services.announcements.preview(GUILD, (await named(desk, 4)))).issue.is_withdrawn
    desk.shelf.lay_out(*FED)
    await desk.read()
    desk.clock.move(timedelta(minutes=1))
    await desk.services.outbox.deliver_due()
    assert await why(desk, "https://news.example/4") == ["why-seen", "why-queued", "why-sent"], "it came back"


async def named(desk: Desk, number: int) -> str:
    return (await desk.services.issues.pick(GUILD, f"Issue number {number}")).issue_key


async def test_an_issue_that_was_taken_back_before_it_was_announced_never_is(desk: Desk) -> None:
    desk.shelf.lay_out(*FED)
    await desk.subscribe()
    await desk.services.sources.read_due()
    assert await why(desk, "https://news.example/4") == ["why-seen", "why-archive"]
    await take_back(desk, 4)
    assert await why(desk, "https://news.example/4") == ["why-seen", "why-withdrawn", "why-not-withdrawn"]
    await desk.services.announcements.post(Act(GUILD, ADMIN, next(desk.interactions)), await named(desk, 4))
    await desk.services.outbox.deliver_due()
    assert (await why(desk, "https://news.example/4"))[-1] == "why-struck", "it was struck through from the beginning"


async def test_an_issue_that_was_changed(desk: Desk) -> None:
    await all_are_announced(desk)
    desk.shelf.lay_out(*FED[:5], sample_issue(6, subtitle="Another subtitle"), *FED[6:])
    await desk.read()
    changed = ["why-seen", "why-edited", "why-queued", "why-sent"]
    assert await why(desk, "https://news.example/6") == [*changed, "why-redrawn-soon"]
    await desk.services.outbox.deliver_due()
    assert await why(desk, "https://news.example/6") == changed


async def test_an_announcement_that_the_staff_deleted_is_said_when_that_is_found(desk: Desk) -> None:
    await all_are_announced(desk)
    [message_id] = [key for key, (_, each) in desk.channel.messages.items() if each.issue.title == "Issue number 4"]
    desk.channel.deleted.add(message_id)
    await take_back(desk, 4)
    await desk.services.outbox.deliver_due()
    assert (await why(desk, "https://news.example/4"))[-1] == "why-deleted"


@pytest.mark.parametrize(
    ("decision", "said", "newest"),
    [
        (None, "why-flood", "why-flood"),
        (FloodDecision.NONE, "why-flood-none", "why-flood-none"),
        (FloodDecision.NEWEST, "why-flood-newest", "why-on-its-way"),
        (FloodDecision.ALL, "why-on-its-way", "why-on-its-way"),
    ],
)
async def test_an_issue_that_a_flood_held_back(
    desk: Desk, decision: FloodDecision | None, said: str, newest: str
) -> None:
    await desk.services.guilds.remember(GUILD, name="Server")
    await desk.services.guilds.set_staff_channel(Act(GUILD, ADMIN, next(desk.interactions)), 8900)
    desk.shelf.lay_out(*FED)
    await desk.subscribe()
    await desk.services.sources.read_due()
    rebuilt = [
        replace(issue, title=f"Rebuilt {place}", identities=(f"guid:r{place}", f"link:rebuilt.example/{place}"))
        for place, issue in enumerate(FED)
    ]
    desk.shelf.lay_out(*rebuilt)
    await desk.read()
    await desk.services.outbox.deliver_due()
    [flood] = (await desk.services.guilds.status(GUILD)).floods
    if decision is not None:
        await desk.services.floods.decide(
            Act(GUILD, Actor(5, manages_messages=True), next(desk.interactions)), flood.flood_key, decision
        )
    assert (await why(desk, flood.issue_keys[0]))[-1] == said
    assert (await why(desk, flood.issue_keys[-1]))[-1] == newest


async def test_all_of_a_large_flood_is_on_its_way_until_it_is_queued_and_the_flood_explains_nothing(
    desk: Desk,
) -> None:
    await fill(desk, PORTION + 10)
    async with desk.store.write() as transaction:
        await transaction.execute(delete(outbox).where(outbox.c.delivery_key.startswith("announce-")))
        await transaction.execute(delete(floods).where(floods.c.flood_key != FLOOD))
        await transaction.execute(update(guilds).values(announce_repeats=True))
    act = Act(GUILD, Actor(5, manages_messages=True), next(desk.interactions))
    await desk.services.floods.decide(act, FLOOD, FloodDecision.ALL)
    last = key(PORTION + 10)
    assert await why(desk, last) == ["why-seen", "why-on-its-way"]
    await desk.services.chores.work_off()
    assert (await why(desk, last))[1] == "why-queued"
    async with desk.store.write() as transaction:
        await transaction.execute(delete(outbox))
        await transaction.execute(delete(held_issues))
    assert "flood" not in (await why(desk, last))[-1]


async def test_what_was_given_up_with_its_newsletter_was_not_refused(desk: Desk) -> None:
    await three_issues(desk)
    desk.channel.lose_answer_as = DeliveryError("delivery-slow")
    await desk.services.outbox.deliver_due()
    [source] = (await desk.services.guilds.status(GUILD)).sources
    await desk.services.subscriptions.unsubscribe(Act(GUILD, ADMIN, next(desk.interactions)), source.source_id)
    assert await why(desk) == ["why-seen", "why-queued", "why-cancelled"]


async def test_what_waits_for_a_digest_or_was_imported(desk: Desk) -> None:
    await three_issues(desk)
    key = await named(desk, 1)
    async with desk.store.write() as transaction:
        source_id = await issue_rows.source_of_issue(transaction, key)
        assert source_id is not None
        until = desk.clock.now() + timedelta(hours=6)
        await repeat_rows.hold(transaction, guild_id=GUILD, source_id=source_id, issue_key=key, release_at=until)
    assert await why(desk, key) == ["why-seen", "why-waits-for-digest"]
    desk.clock.move(timedelta(hours=1))
    await desk.imported(sample_issue(40))
    assert await why(desk, "https://news.example/40") == ["why-seen", "why-imported"]


def test_each_finding_is_a_sentence_of_its_own() -> None:
    source = (Path(explanations.__file__)).read_text(encoding="utf-8")
    said = sorted(set(re.findall(r'"(why-[a-z-]+)"', source)))
    assert len(said) > 30
    parameters = dict.fromkeys(("title", "source", "when", "channel", "link", "reason"), "x")
    sentences = [text(message_id, **parameters, attempts=2, new=5, listed=6) for message_id in said]
    assert len(set(sentences)) == len(sentences)
    assert not any(sentence.startswith("why-") for sentence in sentences)


async def test_nothing_of_another_server_is_told(desk: Desk) -> None:
    await three_issues(desk)
    await desk.services.outbox.deliver_due()
    for wanted in (NEWEST, FEED, "https://example.com/2", (await desk.services.issues.latest(GUILD)).issue_key):
        try:
            assert await why(desk, wanted, guild_id=GUILD + 1) == ["why-never-seen"]
        except RefusedError as error:
            assert error.message_id == "address-invalid"  # noqa: PT017 - a key is no address


async def test_what_is_no_address_is_refused_with_a_sentence(desk: Desk) -> None:
    with pytest.raises(RefusedError, match="address-invalid"):
        await why(desk, "the one about paper")
