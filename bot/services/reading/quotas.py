"""What one server may have read: its administrators may add any address, and the operator pays for it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from bot.errors import RefusedError
from bot.metrics import Meter
from bot.model.chore import Chore, ChoreKind
from bot.model.guild import Source
from bot.services.reading.storing import Room
from bot.store import Transaction
from bot.store import chores as chore_rows
from bot.store import guilds as guild_rows
from bot.store import usage as usage_rows

MEGABYTE = 1_000_000

ATTEMPT_BYTES = MEGABYTE // 2
"""What a try of an address counts for at the least: else the bot would ask any number of strangers for nothing."""

SECOND_BYTES = 2 * MEGABYTE
"""What a second of understanding counts for that is above one for each megabyte; ordinary newsletters take less."""

_BROKEN_OFF_BYTES = 5 * MEGABYTE
_BROKEN_OFF_SHARE = 10

CHARGED_AT_ONCE = 100
"""Servers a transaction."""


@dataclass(frozen=True, slots=True)
class Quotas:
    """sources: how many a server reads. bytes_a_day: how much is received for it, unpacked, on a day (UTC).

    What takes more time to understand than is ordinary counts as bytes, too (`cost_of`).
    shortest_pause: between two readings of a source, whoever asks for one. issues_a_day, links_a_day: how much of a
    source is stored on a day (UTC). issues_of_a_server, links_of_a_server: how large its share of the archive may be.
    """

    sources: int = 20
    bytes_a_day: int = 500 * MEGABYTE
    shortest_pause: timedelta = timedelta(minutes=1)
    issues_a_day: int = 1_000
    links_a_day: int = 50_000
    issues_of_a_server: int = 20_000
    links_of_a_server: int = 500_000

    @property
    def bytes_of_a_source(self) -> int:
        """How much of a day's bytes one source may take, so that a heavy one does not cost the others."""
        return self.bytes_a_day * 2 // 5


DEFAULT_QUOTAS = Quotas()


async def reserve_attempt(transaction: Transaction, guild_id: int, quotas: Quotas) -> int:
    """Charge a server with a try of an address, before it is asked; how many bytes it may receive then.

    Raises RefusedError for a server for which enough was read today.
    """
    used = await usage_rows.add_below(
        transaction, guild_id, day=transaction.now.date(), received_bytes=ATTEMPT_BYTES, limit=quotas.bytes_a_day
    )
    if used is None:
        raise RefusedError("setup-used-up", megabytes=_megabytes(quotas.bytes_a_day))
    return max(ATTEMPT_BYTES, min(quotas.bytes_of_a_source, quotas.bytes_a_day - used))


async def used_up(transaction: Transaction, guild_ids: Collection[int], quotas: Quotas) -> list[int]:
    """Those of these servers for which enough was read today."""
    used = await usage_rows.of_day(transaction, guild_ids, day=transaction.now.date())
    return sorted(guild_id for guild_id, received in used.items() if received >= quotas.bytes_a_day)


def is_heavy(source: Source, quotas: Quotas, *, now: datetime) -> bool:
    """Whether enough was received of the source today."""
    return source.usage_day == now.date() and source.received_bytes >= quotas.bytes_of_a_source


async def charge(transaction: Transaction, guild_ids: Collection[int], received_bytes: int, *, day: date) -> None:
    """Charge each of these servers with so much."""
    if received_bytes and guild_ids:
        await usage_rows.add(transaction, guild_ids, day=day, received_bytes=received_bytes)


async def charge_readers(
    transaction: Transaction, source_id: int, guild_ids: Sequence[int], received_bytes: int, *, at: datetime
) -> None:
    """Charge each of the servers that read a source, in their order, with so much for the reading at that moment.

    The first of them at once; the worker `chores` charges the others, also those for which enough was read that day,
    where it changes nothing.
    """
    some = guild_ids[:CHARGED_AT_ONCE]
    await charge(transaction, some, received_bytes, day=at.date())
    if len(some) < len(guild_ids):
        subject, details = f"{source_id}:{at.isoformat()}", str(received_bytes)
        await chore_rows.leave(transaction, Chore(ChoreKind.CHARGE, 0, subject, place=some[-1], details=details))


async def charge_portion(transaction: Transaction, chore: Chore) -> int | None:
    """Charge a portion of the servers that read a source.

    subject: the source's id and when it was read. details: with how many bytes. place: the id of the last server.
    """
    source_id, _, at = chore.subject.partition(":")
    guild_ids = await guild_rows.readers_after(transaction, int(source_id), after=chore.place, limit=CHARGED_AT_ONCE)
    await charge(transaction, guild_ids, int(chore.details or 0), day=datetime.fromisoformat(at).date())
    return guild_ids[-1] if len(guild_ids) == CHARGED_AT_ONCE else None


def cost_of(meter: Meter) -> int:
    """What it counts for, in bytes: those that were received, and the time to understand them above the ordinary."""
    seconds = max(0.0, meter.understanding_seconds - meter.received_bytes / MEGABYTE)
    return meter.received_bytes + round(seconds * SECOND_BYTES)


def broken_off_cost(quotas: Quotas) -> int:
    """What a reading counts for, in bytes, of which nobody knows what it cost, since the process died meanwhile.

    Of a small quota a tenth of what a source may take: one death alone puts no newsletter off.
    """
    return min(_BROKEN_OFF_BYTES, quotas.bytes_of_a_source // _BROKEN_OFF_SHARE)


async def room_for(transaction: Transaction, source: Source, guild_ids: Collection[int], quotas: Quotas) -> Room:
    """What may be stored of a source now: as much as is left of its day, while a server that reads it has room."""
    is_today = source.stored_day == transaction.now.date()
    issues = quotas.issues_a_day - (source.stored_issues if is_today else 0)
    links = quotas.links_a_day - (source.stored_links if is_today else 0)
    more_issues = more_links = 0
    for guild_id in sorted(guild_ids):
        share = await usage_rows.share_of(transaction, guild_id)
        more_issues = max(more_issues, quotas.issues_of_a_server - share.issues)
        more_links = max(more_links, quotas.links_of_a_server - share.links)
        if more_issues >= issues and more_links >= links:
            break
    return Room(
        issues=min(issues, more_issues),
        links=links,
        more_links=more_links,
        # However much is rewritten, half of the day is kept for what is new.
        edited_links=links - quotas.links_a_day // 2,
        is_full=more_issues < issues,
    )


def soonest_after(last_read_at: datetime | None, quotas: Quotas, *, now: datetime) -> datetime:
    """When a source may be read again that was read then, however often somebody calls."""
    return now if last_read_at is None else max(now, last_read_at + quotas.shortest_pause)


def tomorrow(now: datetime) -> datetime:
    """When the next day begins, and with it what may be read."""
    return datetime.combine(now.date() + timedelta(days=1), time(), UTC)


def _megabytes(count: int) -> str:
    return f"{count / MEGABYTE:g}"
