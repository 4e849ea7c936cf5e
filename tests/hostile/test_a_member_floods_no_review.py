"""Sending in and taking back, again and again, fills neither the moderators' channel nor the database."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from bot.errors import DeliveryError, RefusedError
from bot.model.delivery import Delivery, DeliveryRecord, Sent
from bot.model.member import Act, Actor
from bot.model.submission import Submission
from bot.ports import Matter, ReviewCard
from bot.services import Submissions
from bot.services.building import KINDS
from bot.services.members.submissions import Limits
from bot.services.retention import Retention
from bot.store.secret_box import SecretBox
from bot.store.tables import sent_lately
from tests.doubles import Channel
from tests.services.conftest import GUILD, Desk
from tests.services.test_submissions import MARA, MIA, NILS, REVIEW, approve, open_submissions, send, shown


async def take_back(desk: Desk, submission: Submission) -> None:
    await desk.services.submissions.withdraw(Act(GUILD, Actor(MIA), next(desk.interactions)), submission.submission_key)


async def settle(desk: Desk) -> None:
    for _ in range(3):
        desk.clock.move(timedelta(minutes=2))
        await desk.services.outbox.deliver_due()


async def test_what_is_taken_back_counts_for_its_day_and_leaves_no_card(desk: Desk) -> None:
    await open_submissions(desk)
    for number in range(20):
        submission = await send(desk, f"https://example.com/{number}")
        if number % 2:
            await desk.services.outbox.deliver_due()
        await take_back(desk, submission)
        desk.clock.move(timedelta(minutes=1))
    first = desk.clock.now() - timedelta(minutes=20)
    with pytest.raises(RefusedError, match="submit-enough-of-you") as refused:
        await send(desk, "https://example.com/20")
    again_at = first + timedelta(days=1)
    assert refused.value.params == {"count": 20, "when": f"<t:{int(again_at.timestamp()) + 1}:R>"}
    await settle(desk)
    assert shown(desk) == []
    assert len(desk.channel.removed) == 10, "the others were never posted"
    assert await desk.services.outbox.deliver_due() is None
    await send(desk, "https://example.com/20", by=NILS)
    desk.clock.move(again_at - desk.clock.now())
    await send(desk, "https://example.com/20b")


async def test_who_is_forgotten_does_not_begin_a_new_day(desk: Desk) -> None:
    await open_submissions(desk)
    for number in range(20):
        await take_back(desk, await send(desk, f"https://example.com/{number}"))
    for _ in range(2):
        await desk.services.privacy.forget(Act(GUILD, Actor(MIA), next(desk.interactions)))
        with pytest.raises(RefusedError, match="submit-enough-of-you"):
            await send(desk, "https://example.com/20")
    async with desk.store.read() as transaction:
        rows = (await transaction.execute(select(sent_lately))).all()
    assert len(rows) == 20
    assert sent_lately.c.keys() == ["id", "sender", "sent_at"]
    [sender] = {row.sender for row in rows}
    assert set(sender) <= set("0123456789abcdef"), "a hash"
    assert len(sender) == 64
    desk.clock.move(timedelta(days=1))
    await send(desk, "https://example.com/20")
    desk.clock.move(timedelta(hours=23))
    await Retention(desk.store, clock=desk.clock, kinds=KINDS).clear()
    async with desk.store.read() as transaction:
        assert len((await transaction.execute(select(sent_lately))).all()) == 1


async def test_what_is_sent_at_once_is_no_more_than_a_day_allows(desk: Desk) -> None:
    await open_submissions(desk)
    service = Submissions(desk.store, secrets=SecretBox(desk.key_file), limits=Limits(of_member=4, of_server=7))

    async def bring(number: int, member_id: int, *, may_decide: bool = False) -> object:
        return await service.submit(
            Act(GUILD, Actor(member_id, manages_messages=may_decide), next(desk.interactions)),
            f"https://example.com/{number}",
            finder_id=member_id + 1000 if number % 2 else None,
        )

    async def taken(*sending: Awaitable[object]) -> list[str]:
        """How many were taken, and why the others were not."""
        outcomes = await asyncio.gather(*sending, return_exceptions=True)
        return sorted(outcome.message_id if isinstance(outcome, RefusedError) else "" for outcome in outcomes)

    assert await taken(*(bring(number, MIA) for number in range(8))) == [""] * 4 + ["submit-enough-of-you"] * 4
    crowd = (bring(number, number) for number in range(100, 108))
    assert await taken(*crowd) == [""] * 3 + ["submit-enough-of-all"] * 5
    assert await taken(*(bring(number, MARA, may_decide=True) for number in range(200, 212))) == [""] * 12


async def test_what_was_decided_keeps_its_card(desk: Desk) -> None:
    await open_submissions(desk)
    submission = await send(desk)
    await desk.services.outbox.deliver_due()
    await approve(desk, submission)
    await take_back(desk, submission)
    await settle(desk)
    assert desk.channel.removed == []
    assert len(shown(desk)) == 1


class Meanwhile(Channel):
    """Lets something happen while a card is on its way, or loses what became of it."""

    def __init__(self, happens: Callable[[], Awaitable[None]], *, at: str) -> None:
        super().__init__()
        self._happens = happens
        self._at = at

    async def glance(self, delivery: Delivery, *, since: datetime) -> Sent | None:
        await self._reach("before")
        return await super().glance(delivery, since=since)

    async def send(self, delivery: Delivery, matter: Matter) -> Sent:
        sent = await super().send(delivery, matter)
        if await self._reach("lost"):
            raise DeliveryError("delivery-slow")
        await self._reach("sent")
        return sent

    async def remove(self, card: DeliveryRecord) -> None:
        await super().remove(card)
        if await self._reach("removed"):
            raise DeliveryError("delivery-slow")

    async def _reach(self, place: str) -> bool:
        if place != self._at:
            return False
        self._at = ""
        await self._happens()
        return True


@pytest.mark.parametrize("at", ["before", "sent", "lost", "removed"])
async def test_a_card_that_is_on_its_way_when_its_link_is_taken_back_does_not_stay(desk: Desk, at: str) -> None:
    await open_submissions(desk)
    submission = await send(desk)
    channel = Meanwhile(lambda: take_back(desk, submission), at=at)
    outbox = desk.outbox(incarnation="first", announcer=channel)  # another Discord for the same desk
    await outbox.deliver_due()
    if at == "removed":
        await take_back(desk, submission)
    for _ in range(6):
        desk.clock.move(timedelta(minutes=2))
        await outbox.deliver_due()
    assert [matter for _, matter in channel.cards.values() if isinstance(matter, ReviewCard)] == []
    assert len(channel.removed) == {"before": 0, "sent": 1, "lost": 1, "removed": 2}[at]
    assert await outbox.deliver_due() is None


async def test_where_the_channel_refuses_the_card_goes_as_soon_as_it_is_open(desk: Desk) -> None:
    await open_submissions(desk)
    submission = await send(desk)
    await desk.services.outbox.deliver_due()
    desk.channel.fail_in[REVIEW] = DeliveryError("delivery-broken")
    await take_back(desk, submission)
    await settle(desk)
    assert len(shown(desk)) == 1
    desk.channel.fail_in.clear()
    await settle(desk)
    assert shown(desk) == []
