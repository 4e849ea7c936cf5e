"""Whether the bot can do its work, check by check."""

from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from bot.errors import DeliveryError
from bot.ports import Pulse
from bot.services.health import Check, Health
from bot.store import floods as flood_rows
from tests.services.conftest import GUILD, Desk


@dataclass
class Surroundings:
    """The gateway and the background, as a test wants them."""

    connected: tuple[int, int] = (1, 1)
    are_started: bool = True
    found: list[Pulse] = field(default_factory=lambda: [Pulse("outbox", None, None)])

    def shards_connected(self) -> tuple[int, int]:
        return self.connected

    def pulses(self) -> list[Pulse]:
        return self.found


@pytest.fixture
def around() -> Surroundings:
    return Surroundings()


@pytest.fixture
def health(desk: Desk, around: Surroundings) -> Health:
    return Health(desk.store, clock=desk.clock, gateway=desk.services.gateway, link=around, workers=around)


async def red(health: Health) -> list[str]:
    return [check.name for check in await health.checks() if not check.ok]


async def named(health: Health, name: str) -> Check:
    return next(check for check in await health.checks() if check.name == name)


async def test_all_is_well(health: Health) -> None:
    assert await red(health) == []


async def test_the_gateway_is_missed(health: Health, around: Surroundings) -> None:
    around.connected = (1, 2)
    assert await red(health) == ["gateway"]
    around.connected = (0, 0)
    assert "Not connected" in (await named(health, "gateway")).says


async def test_what_waits_for_discord_is_told(health: Health, around: Surroundings) -> None:
    around.found = [Pulse("sources", None, None), Pulse("outbox", None, None, is_started=False)]
    assert await red(health) == ["worker outbox"]
    assert "when Discord is connected" in (await named(health, "worker outbox")).says


async def test_a_worker_that_fails_or_is_silent_is_told(desk: Desk, health: Health, around: Surroundings) -> None:
    around.found = [Pulse("outbox", "The disk is full.", None), Pulse("sources", None, desk.clock.monotonic())]
    assert "The disk is full." in (await named(health, "worker outbox")).says
    assert await red(health) == ["worker outbox"]
    desk.clock.move(timedelta(minutes=11))
    assert await red(health) == ["worker outbox", "worker sources"]
    around.are_started = False
    assert await red(health) == ["workers"]


async def test_an_old_delivery_is_told_but_not_one_that_people_have_to_mend(desk: Desk, health: Health) -> None:
    await desk.subscribe()
    await desk.services.sources.read_due()
    desk.channel.fail_with = DeliveryError("delivery-trouble", status=503)
    await desk.services.outbox.deliver_due()
    assert await red(health) == []
    desk.clock.move(timedelta(minutes=16))
    assert await red(health) == ["outbox"]
    assert "16 minutes" in (await named(health, "outbox")).says
    gauges = await health.gauges()
    assert gauges.deliveries == {"pending": 1}
    assert gauges.oldest_seconds == 16 * 60


async def test_a_closed_database_is_red_and_nothing_hangs(desk: Desk, health: Health) -> None:
    await desk.store.close()
    checks = {check.name: check for check in await health.checks()}
    assert checks.keys() >= {"database", "outbox"}


async def test_what_is_held_back_is_counted_and_is_no_fault(desk: Desk, health: Health) -> None:
    assert (await named(health, "floods")).says == "Nothing is held back."
    await desk.subscribe()
    await desk.services.sources.read_due()
    [source] = (await desk.services.guilds.status(GUILD)).sources
    for number in (1, 2):
        async with desk.store.write() as transaction:
            await flood_rows.add(
                transaction,
                flood_key=f"{'a' * 25}{number}",
                guild_id=GUILD,
                source_id=source.source_id,
                issue_keys=["b" * 26],
                listed=1,
            )
        assert (await health.gauges()).floods_waiting == number
    check = await named(health, "floods")
    assert check.ok
    assert check.says.startswith("2 times most of a newsletter looked new")
    assert await red(health) == []
