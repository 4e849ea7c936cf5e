"""`/desk why`: the stage at which an address stands, from what was recorded."""

from datetime import timedelta

import pytest

from bot.errors import ChannelClosedError, DeliveryError, DeliveryRefusedError, FetchError, RefusedError
from bot.model.guild import FirstAnnouncement
from tests.doubles import sample_issue
from tests.services.conftest import CHANNEL, FEED, GUILD, Desk

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
    await desk.services.announcements.repost(GUILD, stored.issue_key, interaction_id=5)
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
    await desk.services.subscriptions.unsubscribe(GUILD, source.source_id, interaction_id=next(desk.interactions))
    assert await why(desk) == ["why-seen", "why-queued", "why-sent"]
    assert await why(desk, "https://news.example/1") == ["why-never-seen"]


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
