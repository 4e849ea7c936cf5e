"""Push: whose call is taken, how often, and what it can do at most."""

import base64
import hmac
from datetime import timedelta

import pytest
from sqlalchemy import select

from bot.errors import FetchError, NotFoundError, RefusedError
from bot.model.member import Act
from bot.services import Push
from bot.store.secret_box import SecretBox
from bot.store.tables import push_hooks
from tests.doubles import sample_issue, sent
from tests.services.conftest import ADMIN, GUILD, Desk

KEY = b"0123456789abcdef0123456789abcdef"
SECRET = "whsec_" + base64.b64encode(KEY).decode()
BODY = b'{"title": "Not believed", "url": "https://evil.example/"}'


def signed(
    desk: Desk, *, call: str = "msg_1", key: bytes = KEY, late: timedelta = timedelta(), name: str = "webhook"
) -> dict[str, str]:
    sent = str(int((desk.clock.now() - late).timestamp()))
    signature = hmac.new(key, f"{call}.{sent}.".encode() + BODY, "sha256").digest()
    value = "v1,old v1," + base64.b64encode(signature).decode()
    return {f"{name.title()}-Id": call, f"{name.title()}-Timestamp": sent, f"{name.title()}-Signature": value}


async def hooked(desk: Desk, secret: str | None = None) -> str:
    """A server reads a newsletter; the token of its address."""
    await desk.subscribe()
    await desk.services.sources.read_due()
    [source] = (await desk.services.guilds.status(GUILD)).sources
    opened = await desk.services.push.open(Act(GUILD, ADMIN, next(desk.interactions)), source.source_id, secret=secret)
    assert opened.is_signed == (secret is not None)
    assert opened.address.startswith("https://desk.example/hooks/")
    return opened.address.rpartition("/")[2]


async def test_a_replay_gets_the_same_address(desk: Desk) -> None:
    await hooked(desk)
    [source] = (await desk.services.guilds.status(GUILD)).sources
    first, again = [
        await desk.services.push.open(Act(GUILD, ADMIN, 77), source.source_id, secret=None) for _ in range(2)
    ]
    assert again.address == first.address
    await desk.services.push.take(again.address.rpartition("/")[2], {}, sent(BODY))


async def test_an_address_stays_when_it_is_shown_again_and_when_its_calls_are_to_be_signed(desk: Desk) -> None:
    token = await hooked(desk)
    assert await hooked(desk) == token
    assert await hooked(desk, SECRET) == token
    with pytest.raises(RefusedError, match="push-unsigned"):
        await desk.services.push.take(token, {}, sent(BODY))
    await desk.services.push.take(token, signed(desk), sent(BODY))
    [shown] = (await desk.services.push.of(GUILD)).values()
    assert (shown.address.rpartition("/")[2], shown.is_signed) == (token, True)
    assert await desk.services.push.of(GUILD + 1) == {}


async def test_a_call_lets_the_source_be_read_at_once_and_nothing_of_it_is_believed(desk: Desk) -> None:
    token = await hooked(desk)
    desk.clock.move(timedelta(minutes=2))
    desk.shelf.lay_out(sample_issue(1))
    asked = len(desk.shelf.asked)
    await desk.services.push.take(token, {}, sent(BODY))
    await desk.services.sources.read_due()
    assert len(desk.shelf.asked) == asked + 1
    assert await desk.titles_sent() == ["Issue number 1"]
    assert "sources" in desk.bell.rung


async def test_many_calls_are_one_reading_a_minute(desk: Desk) -> None:
    token = await hooked(desk)
    desk.clock.move(timedelta(minutes=2))
    asked = len(desk.shelf.asked)
    for _ in range(20):
        await desk.services.push.take(token, {}, sent(b""))
        await desk.services.sources.read_due()
    assert len(desk.shelf.asked) == asked + 1
    desk.clock.move(timedelta(minutes=1))
    await desk.services.sources.read_due()
    assert len(desk.shelf.asked) == asked + 2, "what came meanwhile is not forgotten"


async def test_calls_during_a_reading_do_not_void_it(desk: Desk) -> None:
    token = await hooked(desk)
    desk.clock.move(timedelta(minutes=16))
    desk.shelf.lay_out(sample_issue(2), sample_issue(1))
    desk.shelf.meanwhile = lambda: desk.services.push.take(token, {}, sent(b""))
    asked = len(desk.shelf.asked)
    await desk.services.sources.read_due()
    assert len(desk.shelf.asked) == asked + 1
    assert await desk.titles_sent() == ["Issue number 1", "Issue number 2"]
    desk.clock.move(timedelta(minutes=1))
    await desk.services.sources.read_due()
    assert len(desk.shelf.asked) == asked + 2, "the hint is followed after its pause"


async def test_calls_do_not_shorten_the_pauses_of_a_source_that_fails(desk: Desk) -> None:
    token = await hooked(desk)
    desk.shelf.answer = FetchError("fetch-too-often", host="news.example", status=429, retry_after_seconds=36_000)
    await desk.read()
    asked = len(desk.shelf.asked)
    for _ in range(50):
        desk.clock.move(timedelta(minutes=2))
        await desk.services.push.take(token, {}, sent(b""))
        await desk.services.sources.read_due()
    assert len(desk.shelf.asked) == asked


async def test_an_address_that_is_nobodys_does_nothing(desk: Desk) -> None:
    token = await hooked(desk)
    for wrong in ("", "x" * 43, token[:-1], token + "a"):
        with pytest.raises(NotFoundError):
            await desk.services.push.take(wrong, {}, sent(b""))
    [source] = (await desk.services.guilds.status(GUILD)).sources
    for _ in range(2):
        await desk.services.push.close(Act(GUILD, ADMIN, 76), source.source_id)
    with pytest.raises(NotFoundError):
        await desk.services.push.take(token, {}, sent(b""))
    again = await hooked(desk)
    assert again != token
    await desk.services.push.take(again, {}, sent(b""))
    await desk.services.subscriptions.unsubscribe(Act(GUILD, ADMIN, 78), source.source_id)
    with pytest.raises(NotFoundError):
        await desk.services.push.take(again, {}, sent(b""))


@pytest.mark.parametrize("name", ["webhook", "svix"])
async def test_a_signed_call_counts_once(desk: Desk, name: str) -> None:
    token = await hooked(desk, SECRET)
    desk.clock.move(timedelta(minutes=2))
    headers = signed(desk, name=name)
    await desk.services.push.take(token, headers, sent(BODY))
    with pytest.raises(RefusedError, match="push-replayed"):
        await desk.services.push.take(token, headers, sent(BODY))
    await desk.services.push.take(token, signed(desk, call="msg_2", name=name), sent(BODY))


async def test_what_is_not_signed_as_it_must_be_is_refused(desk: Desk) -> None:
    token = await hooked(desk, SECRET)
    good = signed(desk)
    for headers, body, reason in (
        ({}, BODY, "push-unsigned"),
        (good, BODY + b" ", "push-unsigned"),
        (signed(desk, key=b"another key of thirty-two bytes!"), BODY, "push-unsigned"),
        (good | {"Webhook-Id": "msg_2"}, BODY, "push-unsigned"),
        (good | {"Webhook-Signature": "v1,"}, BODY, "push-unsigned"),
        (good | {"Webhook-Signature": good["Webhook-Signature"].replace("v1,", "v2,")}, BODY, "push-unsigned"),
        (good | {"Webhook-Timestamp": "soon"}, BODY, "push-unsigned"),
        (signed(desk, late=timedelta(minutes=6)), BODY, "push-stale"),
        (signed(desk, late=timedelta(minutes=-6)), BODY, "push-stale"),
    ):
        with pytest.raises(RefusedError, match=reason):
            await desk.services.push.take(token, headers, sent(body))
    await desk.services.push.take(token, good, sent(BODY))


PHRASE = "honey and wax, 24 jars ñ"


def signed_as_ghost(
    desk: Desk, *, body: bytes = BODY, secret: str = PHRASE, late: timedelta = timedelta()
) -> dict[str, str]:
    at = str(int((desk.clock.now() - late).timestamp() * 1000))
    signature = hmac.new(secret.encode(), body + at.encode(), "sha256").hexdigest()
    return {"X-Ghost-Signature": f"sha256={signature}, t={at}"}


@pytest.mark.parametrize(
    "secret",
    [PHRASE, "sixteen letters!", SECRET],
    ids=["a phrase", "the shortest", "one that Standard Webhooks could use, too"],
)
async def test_a_call_that_ghost_signed_counts_once(desk: Desk, secret: str) -> None:
    token = await hooked(desk, secret)
    desk.clock.move(timedelta(minutes=2))
    headers = signed_as_ghost(desk, secret=secret)
    asked = len(desk.shelf.asked)
    await desk.services.push.take(token, headers, sent(BODY))
    with pytest.raises(RefusedError, match="push-replayed"):
        await desk.services.push.take(token, headers, sent(BODY))
    edited = signed_as_ghost(desk, body=b"{}", secret=secret)
    await desk.services.push.take(token, edited, sent(b"{}"))
    await desk.services.sources.read_due()
    assert len(desk.shelf.asked) == asked + 1


async def test_what_ghost_did_not_sign_is_refused(desk: Desk) -> None:
    token = await hooked(desk, PHRASE)
    good = signed_as_ghost(desk)["X-Ghost-Signature"]
    signature, _, moment = good.partition(", t=")
    for value, body, reason in (
        (good, BODY + b" ", "push-unsigned"),
        (signed_as_ghost(desk, secret=PHRASE + " ")["X-Ghost-Signature"], BODY, "push-unsigned"),
        (f"{signature}, t={int(moment) + 1}", BODY, "push-unsigned"),
        (signature, BODY, "push-unsigned"),
        (f"{good}{'0' * 20}", BODY, "push-unsigned"),
        (f"{signature}, t=²", BODY, "push-unsigned"),
        ("", BODY, "push-unsigned"),
        (signed_as_ghost(desk, late=timedelta(minutes=6))["X-Ghost-Signature"], BODY, "push-stale"),
        (signed_as_ghost(desk, late=timedelta(minutes=-6))["X-Ghost-Signature"], BODY, "push-stale"),
    ):
        with pytest.raises(RefusedError, match=reason):
            await desk.services.push.take(token, {"X-Ghost-Signature": value}, sent(body))
    with pytest.raises(RefusedError, match="push-unsigned"):
        await desk.services.push.take(token, signed(desk, key=PHRASE.encode()), sent(BODY))
    await desk.services.push.take(token, {"X-Ghost-Signature": good}, sent(BODY))


async def test_the_secret_for_ghost_is_kept_sealed(desk: Desk) -> None:
    await hooked(desk, PHRASE)
    async with desk.store.read() as transaction:
        sealed = (await transaction.execute(select(push_hooks.c.secret))).scalar_one()
    assert PHRASE.encode() not in sealed


async def test_an_address_is_opened_for_what_the_server_reads_and_with_a_real_secret(desk: Desk) -> None:
    await hooked(desk)
    [source] = (await desk.services.guilds.status(GUILD)).sources
    with pytest.raises(NotFoundError):
        await desk.services.push.open(Act(GUILD + 1, ADMIN, 79), source.source_id, secret=None)
    for secret in ("whsec_", "whsec_!!!", "whsec_c2hvcnQ=", "ä", "fifteen letters", f"whsec_!{'x' * 40}"):
        with pytest.raises(RefusedError, match="push-secret-invalid"):
            await desk.services.push.open(Act(GUILD, ADMIN, 80), source.source_id, secret=secret)
    closed = Push(desk.store, clock=desk.clock, secrets=SecretBox(desk.key_file), public_url=None)
    with pytest.raises(RefusedError, match="push-closed"):
        await closed.open(Act(GUILD, ADMIN, 81), source.source_id, secret=None)
