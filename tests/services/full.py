"""A server that has stored a lot of everything, and a store that counts what each transaction writes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from sqlalchemy import insert, select, text, update

from bot.model.delivery import DeliveryState, Purpose
from bot.model.submission import Plan, SubmissionState
from bot.store import Store, Transaction
from bot.store.tables import (
    ballot_ledger,
    ballots,
    floods,
    guilds,
    held_issues,
    issue_identities,
    issues,
    links,
    outbox,
    poll_options,
    polls,
    sections,
    sources,
    stopped_channels,
    submissions,
)
from tests.services.conftest import CHANNEL, GUILD, Desk

MIA, MARA = 21, 31
NOTICES, FLOOD = 8100, "flood".ljust(26, "x")

_WRITTEN = {
    "sqlite": "SELECT total_changes()",
    "postgresql": "SELECT coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0) FROM pg_stat_xact_user_tables",
}


class CountingStore(Store):
    """Remembers how many rows each transaction has written, with what went by cascade."""

    written: list[int]

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Transaction]:
        self.written = getattr(self, "written", [])
        async with super().write() as transaction:
            before = await _written(transaction)
            yield transaction
            self.written.append(await _written(transaction) - before)


async def _written(transaction: Transaction) -> int:
    return int((await transaction.execute(text(_WRITTEN[transaction.dialect_name]))).scalar_one())


async def fill(desk: Desk, size: int) -> None:
    """The server reads one newsletter; of everything that may be there any number of, there are `size`.

    Half of what members sent in waits, the other half was approved and ran, a link an issue. Announcements wait for a
    channel that is stopped, notices for their turn, polls for their end, issues for a digest, a flood for the staff.
    """
    await desk.subscribe()
    await desk.services.sources.read_due()
    now = desk.clock.now()
    numbers = range(1, size + 1)
    async with desk.store.write() as transaction:
        source_id = (await transaction.execute(select(sources.c.id))).scalar_one()
        await transaction.execute(update(guilds).values(announce_repeats=False))
        await transaction.execute(
            insert(issues),
            [
                {
                    "id": 1000 + number,
                    "source_id": source_id,
                    "issue_key": key(number),
                    "identity": f"link:news.example/old/{number}",
                    "title": f"Old issue {number}",
                    "folded_title": f"old issue {number}",
                    "topics": [],
                    "authors": [],
                    "paywalled": False,
                    "polls": [],
                    "stored_at": now,
                    "ordered_at": now - timedelta(days=200 + number),
                    "is_listed": False,
                }
                for number in numbers
            ],
        )
        await transaction.execute(
            insert(issue_identities),
            [
                {"source_id": source_id, "identity": f"link:news.example/old/{number}", "issue_id": 1000 + number}
                for number in numbers
            ],
        )
        await transaction.execute(
            insert(sections), [{"id": 1000 + number, "issue_id": 1000 + number, "position": 0} for number in numbers]
        )
        await transaction.execute(
            insert(links),
            [
                {
                    "issue_id": 1000 + number,
                    "section_id": 1000 + number,
                    "position": 0,
                    "url": f"https://example.com/old/{number}",
                    "key": f"old-{number}",
                    "key_version": 1,
                    "search_version": 0,
                    "title": f"Old link {number}",
                    "text": "link",
                    "excerpt": "",
                    "sponsored": False,
                }
                for number in numbers
            ],
        )
        await transaction.execute(insert(submissions), [_submission(number, now) for number in numbers])
        await transaction.execute(
            insert(stopped_channels).values(
                channel_id=CHANNEL,
                guild_id=GUILD,
                problem='["delivery-not-allowed", {}, null]',
                stopped_at=now,
                looked_at=now,
                look_again_at=now + timedelta(days=1),
                looks=0,
            )
        )
        waiting = {
            "guild_id": GUILD,
            "generation": 0,
            "state": DeliveryState.PENDING,
            "due_at": now + timedelta(minutes=30),
            "attempts": 1,
            "last_problem": '["delivery-broken", {}, null]',
            "created_at": now,
        }
        await transaction.execute(
            insert(outbox),
            [
                {
                    **waiting,
                    "delivery_key": f"announce-{number}",
                    "purpose": Purpose.ANNOUNCE,
                    "channel_id": CHANNEL,
                    "subject_key": key(number),
                }
                for number in numbers
            ]
            + [
                {
                    **waiting,
                    "delivery_key": f"notice-{number}",
                    "purpose": Purpose.NOTICE,
                    "channel_id": NOTICES,
                    "subject_key": "",
                }
                for number in numbers
            ],
        )
        await transaction.execute(
            insert(polls),
            [
                {
                    "id": 1000 + number,
                    "poll_key": f"poll{number}".ljust(26, "x"),
                    "guild_id": GUILD,
                    "question": "Which?",
                    "channel_id": CHANNEL,
                    "opened_at": now,
                    "opened_by_id": MIA,
                    "closes_at": now + timedelta(hours=1),
                }
                for number in numbers
            ],
        )
        await transaction.execute(
            insert(poll_options),
            [
                {"poll_id": 1000 + number, "position": position, "label": label, "tally": 1 - position}
                for number in numbers
                for position, label in enumerate("AB")
            ],
        )
        vote = {"member_id": MIA, "position": 0, "cast_at": now}
        await transaction.execute(insert(ballots), [{**vote, "poll_id": 1000 + number} for number in numbers])
        await transaction.execute(
            insert(ballot_ledger), [{**vote, "poll_id": 1000 + number, "interaction_id": number} for number in numbers]
        )
        await transaction.execute(
            insert(held_issues),
            [
                {
                    "guild_id": GUILD,
                    "issue_key": key(number),
                    "source_id": source_id,
                    "release_at": now + timedelta(hours=2),
                }
                for number in numbers
            ],
        )
        await transaction.execute(
            insert(floods).values(
                flood_key=FLOOD,
                guild_id=GUILD,
                source_id=source_id,
                issue_keys=[key(number) for number in numbers],
                listed=size,
                found_at=now,
            )
        )


def key(number: int) -> str:
    """Of an issue that was stored."""
    return f"issue{number}".ljust(26, "x")


def _submission(number: int, now: object) -> dict[str, object]:
    ran = number % 2 == 0
    return {
        "submission_key": f"sent{number}".ljust(26, "x"),
        "guild_id": GUILD,
        "finder_id": MIA,
        "url": f"https://example.com/old/{number}",
        "link_key": f"sent-{number}",
        "open_key": f"sent-{number}",
        "key_version": 1,
        "note": "mine",
        "state": SubmissionState.APPROVED if ran else SubmissionState.PENDING,
        "sent_at": now,
        "decided_at": now if ran else None,
        "decided_by_id": MARA if ran else None,
        "plan": Plan.QUEUED if ran else None,
        "planned_by_id": MARA if ran else None,
        "featured_issue_id": 1000 + number if ran else None,
        "featured_place": 1 if ran else None,
    }
