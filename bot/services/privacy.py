"""What is kept of a member, for that member: to take along, and to let go of."""

from datetime import datetime
from typing import Any

from bot.clock import Clock
from bot.ports import Bell
from bot.services.cards import Change, show_changes
from bot.store import Store
from bot.store import interactions as interaction_rows
from bot.store import polls as poll_rows
from bot.store import privacy as privacy_rows
from bot.store import submissions as submission_rows


class Privacy:
    def __init__(self, store: Store, *, clock: Clock, bell: Bell) -> None:
        self._store = store
        self._clock = clock
        self._bell = bell

    async def export(self, guild_id: int, member_id: int) -> dict[str, list[dict[str, Any]]]:
        """All that is kept of a member in a server, by table; snowflakes as text, moments as ISO 8601."""
        async with self._store.read() as transaction:
            kept = await privacy_rows.kept_of(transaction, guild_id=guild_id, member_id=member_id)
        return {
            table: [{name: _readable(name, value) for name, value in row.items()} for row in rows]
            for table, rows in kept.items()
        }

    async def forget(self, guild_id: int, member_id: int, *, interaction_id: int) -> None:
        """Let nothing that is kept for a server name the member, nor any message that stands there."""
        now = self._clock.now()
        async with self._store.write() as transaction:
            if not await interaction_rows.record_effect(transaction, interaction_id, guild_id=guild_id, now=now):
                return
            traces = await privacy_rows.traces_of(transaction, guild_id=guild_id, member_id=member_id)
            subjects = [*traces.submission_keys]
            subjects += await submission_rows.issues_of_finder(transaction, guild_id=guild_id, member_id=member_id)
            for poll_key in traces.poll_keys:
                poll = await poll_rows.get(transaction, poll_key, guild_id=guild_id)
                subjects.append(poll.issue_key if poll is not None and poll.issue_key else poll_key)
            await privacy_rows.forget(transaction, guild_id=guild_id, member_id=member_id, now=now)
            await show_changes(transaction, [Change(guild_id, subject) for subject in subjects], now=now)
        self._bell.ring("outbox")


def _readable(name: str, value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    # JSON's readers take numbers of this size for others.
    return str(value) if isinstance(value, int) and name.endswith("_id") else value
