"""Files of any length are written a few rows at a time, whole and in order."""

import csv
import io
import json
import tracemalloc
from collections.abc import AsyncIterator

from sqlalchemy import insert

from bot.desk.exports import ExportFormat, write_kept, write_queue
from bot.model.submission import Plan, QueueItem, Submission, SubmissionState
from bot.store.tables import submissions
from tests.doubles import NOON
from tests.services.conftest import GUILD, Desk

MIA, COUNT = 21, 1_100


async def fill(desk: Desk) -> None:
    await desk.services.guilds.remember(GUILD, name="Here")
    async with desk.store.write() as transaction:
        await transaction.execute(
            insert(submissions),
            [
                {
                    "submission_key": f"sent{number}".ljust(26, "x"),
                    "guild_id": GUILD,
                    "finder_id": MIA,
                    "url": f"https://example.com/{number}",
                    "link_key": f"example.com/{number}",
                    "key_version": 1,
                    "note": "",
                    "state": SubmissionState.APPROVED,
                    "sent_at": NOON,
                    "decided_at": NOON,  # all at once: the order among them must be one all the same
                    "plan": Plan.QUEUED,
                }
                for number in range(COUNT)
            ],
        )


async def test_a_queue_of_several_pages_is_written_whole_and_in_order(desk: Desk) -> None:
    await fill(desk)
    out = io.BytesIO()
    assert await write_queue(desk.services.queue.everything(GUILD), ExportFormat.CSV, out) == COUNT
    rows = csv.DictReader(io.StringIO(out.getvalue().decode("utf-8-sig"), newline=""))
    assert [row["url"] for row in rows] == [f"https://example.com/{number}" for number in range(COUNT)]


async def test_all_that_is_kept_of_a_member_is_written_whole(desk: Desk) -> None:
    await fill(desk)
    out = io.BytesIO()
    assert await write_kept(desk.services.privacy.export(GUILD, MIA), out) == COUNT
    kept = json.loads(out.getvalue())
    assert [row["url"] for row in kept["submissions"]] == [f"https://example.com/{number}" for number in range(COUNT)]
    assert kept["ballots"] == []


class _Nowhere(io.RawIOBase):
    """A file that keeps nothing, so that only what is held besides it is counted."""

    def writable(self) -> bool:
        return True

    def write(self, written: object, /) -> int:
        return len(bytes(written))  # type: ignore[call-overload]


async def _items(count: int) -> AsyncIterator[QueueItem]:
    for number in range(count):
        yield QueueItem(
            Submission(
                submission_key=f"{number:026d}",
                guild_id=GUILD,
                finder_id=MIA,
                brought_by_id=None,
                url=f"https://example.com/{number}",
                link_key=f"example.com/{number}",
                title=None,
                note="x" * 200,
                state=SubmissionState.APPROVED,
                sent_at=NOON,
            ),
            None,
        )


async def test_memory_does_not_grow_with_the_rows() -> None:
    for form in ExportFormat:
        peaks = []
        for count in (100, 5_000):
            tracemalloc.start()
            await write_queue(_items(count), form, _Nowhere())  # type: ignore[arg-type]
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
        assert peaks[1] < peaks[0] + 200_000, form
