"""Hubs: which are asked for what and when, whose calls are taken, and what these can do at most."""

import asyncio
import hmac
from collections.abc import Mapping
from datetime import timedelta

import pytest

from bot.errors import FetchError, NotFoundError
from bot.model.hub import Hub
from bot.model.member import Act
from bot.ports import Reading
from bot.services import WebSub
from bot.services.reading.websub import LONGEST_LEASE, SHORTEST_LEASE
from bot.store import websub as lease_rows
from bot.store.secret_box import SecretBox
from tests.doubles import sample_issue, sent
from tests.services.conftest import ADMIN, FEED, GUILD, Desk

HUB = Hub("https://hub.example/", FEED)
BODY = b"<rss>whatever</rss>"


async def with_hub(desk: Desk, hub: Hub | None = HUB) -> None:
    """A server reads a newsletter that names this hub."""
    desk.shelf.answer = Reading(title="The Sample", issues=(sample_issue(1),), hub=hub)
    await desk.subscribe()
    await desk.services.sources.read_due()


def token_in(form: dict[str, str]) -> str:
    return form["hub.callback"].rpartition("/")[2]


async def leased(desk: Desk, hub: Hub = HUB, *, lease_seconds: str = "864000") -> tuple[str, str]:
    """The hub was asked and confirmed; its token and secret."""
    await with_hub(desk, hub)
    await desk.services.websub.renew_due()
    [(_, form)] = desk.hub.forms
    token = token_in(form)
    await desk.services.websub.confirm(token, mode="subscribe", topic=hub.topic, lease_seconds=lease_seconds)
    return token, form.get("hub.secret", "")


def signature(secret: str, body: bytes = BODY, method: str = "sha256") -> str:
    return f"{method}={hmac.new(secret.encode(), body, method).hexdigest()}"


async def test_the_hub_that_a_feed_names_is_asked_once_with_a_secret(desk: Desk) -> None:
    await with_hub(desk)
    assert "hubs" in desk.bell.rung
    next_at = await desk.services.websub.renew_due()
    [(address, form)] = desk.hub.forms
    assert address == HUB.url
    assert form["hub.mode"] == "subscribe"
    assert form["hub.topic"] == FEED
    assert form["hub.callback"].startswith("https://desk.example/websub/")
    assert len(token_in(form)) == len(form["hub.secret"]) == 43
    assert next_at == desk.clock.now() + timedelta(hours=1), "asked again where it does not call back"
    await desk.services.websub.renew_due()
    await desk.read()
    await desk.services.websub.renew_due()
    assert len(desk.hub.forms) == 1


async def test_a_hub_that_calls_back_before_it_answers_is_not_asked_again_soon(desk: Desk) -> None:
    async def call_back(form: dict[str, str]) -> None:
        await desk.services.websub.confirm(
            token_in(form), mode=form["hub.mode"], topic=form["hub.topic"], lease_seconds=form["hub.lease_seconds"]
        )

    desk.hub.before_it_answers = call_back
    await with_hub(desk)
    next_at = await desk.services.websub.renew_due()
    assert next_at is not None
    assert next_at - desk.clock.now() > timedelta(days=7)


async def test_a_hub_is_asked_once_at_a_time(desk: Desk) -> None:
    await with_hub(desk)
    [source] = (await desk.services.guilds.status(GUILD)).sources
    asked: list[int] = []

    async def ask_soon(_form: dict[str, str]) -> None:
        desk.hub.before_it_answers = None
        async with desk.store.write() as transaction:
            await lease_rows.ask_soon(transaction, [source.source_id])
        await desk.services.websub.renew_due(lambda: False)
        async with desk.store.write() as transaction:
            again = await lease_rows.claim_due(
                transaction,
                incarnation="another",
                until=desk.clock.now(),
                longest=LONGEST_LEASE,
                limit=8,
                busy=[source.source_id],
            )
        asked.append(len(again))

    desk.hub.before_it_answers = ask_soon
    await desk.services.websub.renew_due()
    assert asked == [0]


async def test_a_slow_hub_holds_up_no_other(desk: Desk) -> None:
    for number in range(9):
        feed = f"https://{number}.example/feed"
        desk.shelf.answers[feed] = Reading(title="T", issues=(), hub=Hub(f"https://{number}.example/hub", feed))
        await desk.subscribe(url=feed)
    await desk.services.sources.read_due()
    ask, others_asked = desk.hub.ask, asyncio.Event()

    async def slow_at_first(hub_url: str, form: Mapping[str, str]) -> None:
        if not desk.hub.forms:
            await ask(hub_url, form)
            await others_asked.wait()
            return
        await ask(hub_url, form)
        if len(desk.hub.forms) == 9:
            others_asked.set()

    desk.hub.ask = slow_at_first  # type: ignore[method-assign]
    async with asyncio.timeout(60):
        await desk.services.websub.renew_due()
    assert len({hub_url for hub_url, _ in desk.hub.forms}) == 9


async def test_a_hub_in_the_clear_is_given_no_secret(desk: Desk) -> None:
    _, secret = await leased(desk, Hub("http://hub.example/", FEED))
    assert secret == ""


async def test_where_nobody_can_call_no_hub_is_asked(desk: Desk) -> None:
    await with_hub(desk)
    closed = WebSub(
        desk.store,
        caller=desk.hub,
        clock=desk.clock,
        secrets=SecretBox(desk.key_file),
        public_url=None,
    )
    assert await closed.renew_due() is None
    assert desk.hub.forms == []


async def test_a_signed_call_lets_the_source_be_read_at_once_and_nothing_of_it_is_believed(desk: Desk) -> None:
    token, secret = await leased(desk)
    desk.clock.move(timedelta(minutes=2))
    asked = len(desk.shelf.asked)
    for method in ("sha256", "sha1"):
        await desk.services.websub.take(token, signature(secret, method=method), sent(BODY))
    await desk.services.sources.read_due()
    assert len(desk.shelf.asked) == asked + 1
    assert await desk.titles_sent() == ["Issue number 1"]


async def test_calls_that_are_not_signed_as_they_must_be_change_nothing(desk: Desk) -> None:
    token, secret = await leased(desk)
    desk.clock.move(timedelta(minutes=2))
    asked = len(desk.shelf.asked)
    wrong = (
        None,
        "",
        "sha256=",
        signature("another"),
        signature(secret, b"other"),
        signature(secret).replace("sha256", "md5"),
    )
    for given in wrong:
        await desk.services.websub.take(token, given, sent(BODY))
        await desk.services.sources.read_due()
    assert len(desk.shelf.asked) == asked


async def test_many_calls_are_one_reading_a_minute(desk: Desk) -> None:
    token, secret = await leased(desk)
    desk.clock.move(timedelta(minutes=2))
    asked = len(desk.shelf.asked)
    for _ in range(20):
        await desk.services.websub.take(token, signature(secret), sent(BODY))
        await desk.services.sources.read_due()
    assert len(desk.shelf.asked) == asked + 1


@pytest.mark.parametrize(
    ("given", "length"),
    [
        ("3600", timedelta(hours=1)),
        ("1", SHORTEST_LEASE),
        ("", SHORTEST_LEASE),
        ("9" * 40, LONGEST_LEASE),
        ("-5", SHORTEST_LEASE),
    ],
)
async def test_a_lease_is_asked_for_again_before_it_ends(desk: Desk, given: str, length: timedelta) -> None:
    await leased(desk, lease_seconds=given)
    confirmed_at = desk.clock.now()
    next_at = await desk.services.websub.renew_due()
    assert next_at == confirmed_at + length * 0.8
    desk.clock.move(length * 0.8)
    await desk.services.websub.renew_due()
    assert [form["hub.mode"] for _, form in desk.hub.forms] == ["subscribe", "subscribe"]
    assert desk.hub.forms[0] == desk.hub.forms[1]


async def test_nothing_is_confirmed_that_was_not_asked_for(desk: Desk) -> None:
    token, _ = await leased(desk)
    confirm = desk.services.websub.confirm
    for wrong in (
        {"token": "x" * 43, "mode": "subscribe", "topic": FEED},
        {"token": token, "mode": "subscribe", "topic": "https://other.example/feed"},
        {"token": token, "mode": "unsubscribe", "topic": FEED},
        {"token": token, "mode": "publish", "topic": FEED},
    ):
        with pytest.raises(NotFoundError):
            await confirm(wrong["token"], mode=wrong["mode"], topic=wrong["topic"], lease_seconds="60")


async def test_a_hub_that_refuses_is_asked_again_later_and_later(desk: Desk) -> None:
    desk.hub.fail_with = FetchError("fetch-trouble", host="hub.example", status=503)
    await with_hub(desk)
    pauses = []
    for _ in range(7):
        next_at = await desk.services.websub.renew_due()
        assert next_at is not None
        pauses.append((next_at - desk.clock.now()) / timedelta(hours=1))
        desk.clock.move(next_at - desk.clock.now())
    assert pauses == [1, 2, 4, 8, 16, 24, 24]


async def test_a_hub_that_denies_is_asked_again_after_a_day(desk: Desk) -> None:
    token, _ = await leased(desk)
    await desk.services.websub.confirm(token, mode="denied", topic=FEED, lease_seconds="")
    status = await desk.services.guilds.status(GUILD)
    assert status.hubs == {}
    assert await desk.services.websub.renew_due() == desk.clock.now() + timedelta(days=1)


async def test_another_hub_voids_what_the_first_one_was_given(desk: Desk) -> None:
    token, secret = await leased(desk)
    desk.shelf.answer = Reading(title=None, issues=(sample_issue(1),), hub=Hub("https://new.example/", FEED))
    await desk.read()
    with pytest.raises(NotFoundError):
        await desk.services.websub.take(token, signature(secret), sent(BODY))
    await desk.services.websub.renew_due()
    assert [address for address, _ in desk.hub.forms] == [HUB.url, "https://new.example/"]


async def test_a_feed_that_names_no_hub_any_more_has_none(desk: Desk) -> None:
    token, secret = await leased(desk)
    assert list((await desk.services.guilds.status(GUILD)).hubs.values()) == [HUB]
    desk.shelf.answer = Reading(title=None, issues=(sample_issue(1),))
    await desk.read()
    assert (await desk.services.guilds.status(GUILD)).hubs == {}
    with pytest.raises(NotFoundError):
        await desk.services.websub.take(token, signature(secret), sent(BODY))


async def test_when_nobody_reads_the_source_any_more_the_hub_is_told_so_and_confirmed(desk: Desk) -> None:
    token, secret = await leased(desk)
    [source] = (await desk.services.guilds.status(GUILD)).sources
    await desk.services.subscriptions.unsubscribe(Act(GUILD, ADMIN, next(desk.interactions)), source.source_id)
    await desk.services.websub.renew_due()
    form = desk.hub.forms[-1][1]
    assert (form["hub.mode"], token_in(form)) == ("unsubscribe", token)
    with pytest.raises(NotFoundError):
        await desk.services.websub.take(token, signature(secret), sent(BODY))
    await desk.services.websub.confirm(token, mode="unsubscribe", topic=FEED, lease_seconds="")
    assert await desk.services.websub.renew_due() is None


async def test_a_hub_that_never_confirms_the_end_is_forgotten(desk: Desk) -> None:
    await leased(desk)
    [source] = (await desk.services.guilds.status(GUILD)).sources
    await desk.services.subscriptions.unsubscribe(Act(GUILD, ADMIN, next(desk.interactions)), source.source_id)
    for _ in range(2):
        await desk.services.websub.renew_due()
        desk.clock.move(timedelta(hours=2))
    assert await desk.services.websub.renew_due() is None
    assert len(desk.hub.forms) == 3


async def test_a_source_that_is_read_again_has_its_hub_again(desk: Desk) -> None:
    await leased(desk)
    [source] = (await desk.services.guilds.status(GUILD)).sources
    await desk.services.subscriptions.unsubscribe(Act(GUILD, ADMIN, next(desk.interactions)), source.source_id)
    await desk.services.websub.renew_due()
    await desk.subscribe()
    await desk.services.sources.read_due()
    desk.clock.move(timedelta(hours=2))
    await desk.services.websub.renew_due()
    assert desk.hub.forms[-1][1]["hub.mode"] == "subscribe"


async def test_a_hub_is_asked_again_when_the_process_died_while_asking(desk: Desk) -> None:
    await with_hub(desk)
    desk.hub.dies = True
    with pytest.raises(asyncio.CancelledError):
        await desk.services.websub.renew_due()
    desk.hub.dies = False
    await desk.services.websub.renew_due()
    assert len(desk.hub.forms) == 1, "somebody may still be asking"
    desk.clock.move(timedelta(minutes=5))
    await desk.services.websub.renew_due()
    assert desk.hub.forms[0] == desk.hub.forms[1]
