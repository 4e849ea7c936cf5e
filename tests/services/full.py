"""A server that has stored a lot of everything, and a store that counts what each transaction writes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from sqlalchemy import insert, select, text, update

from bot.model.delivery import DeliveryState, Purpose
from bot.model.submission import Plan, SubmissionState
from bot.store import Store, Transaction
from bot.store import guilds as guild_rows
from bot.store.tables import (
    ballot_ledger,
    ballots,
    floods,
    guilds,
    held_issues,
    issue_identities,
    issues,
    links,
    member_credits,
    outbox,
    poll_options,
    polls,
    sections,
    sources,
    stopped_channels,
    submissions,
    subscriptions,
)
from tests.services.conftest import CHANNEL, GUILD, Desk

MIA, MARA = 21, 31
NOTICES, FLOOD, AGAIN = 8100, "flood".ljust(26, "x"), "again".ljust(26, "x")

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
    channel that is stopped, notices for their turn, polls for their end, issues for a digest, floods for the staff, one
    of them with all issues. One more issue was announced again and again. As many other servers read the newsletter,
    and as many other members said how they want to be named.
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
                for number in (0, *numbers)
            ],
        )
        await transaction.execute(update(issues).where(issues.c.issue_key == key(0)).values(issue_key=AGAIN))
        await transaction.execute(
            insert(issue_identities),
            [
                {"source_id": source_id, "identity": f"link:news.example/old/{number}", "issue_id": 1000 + number}
                for number in (0, *numbers)
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
            insert(outbox),
            [
                {
                    "guild_id": GUILD,
                    "delivery_key": f"again-{generation}",
                    "purpose": Purpose.ANNOUNCE,
                    "channel_id": CHANNEL,
                    "subject_key": AGAIN,
                    "generation": generation,
                    "state": DeliveryState.DONE,
                    "attempts": 1,
                    "message_id": 5000 + generation,
                    "created_at": now,
                    "sent_at": now,
                }
                for generation in range(size)
            ],
        )
        await transaction.execute(
            insert(polls),
            [
                {
                    "id": 1000 + number,
                    "poll_key": asked(number),
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
        held = {"guild_id": GUILD, "source_id": source_id, "listed": size, "found_at": now}
        all_of_them = [key(number) for number in numbers]
        await transaction.execute(
            insert(floods),
            [{**held, "flood_key": FLOOD, "issue_keys": all_of_them}]
            + [{**held, "flood_key": flood(number), "issue_keys": [key(number)]} for number in numbers],
        )
        others = [GUILD + number for number in numbers]
        for each in others:
            await guild_rows.remember_guild(transaction, each, name=f"Server {each}")
        await transaction.execute(
            insert(subscriptions),
            [
                {"guild_id": each, "source_id": source_id, "channel_id": 20_000 + each, "created_at": now}
                for each in others
            ],
        )
        await transaction.execute(
            insert(member_credits),
            [
                {
                    "guild_id": GUILD,
                    "member_id": 1000 + number,
                    "name": f"Member {number}",
                    "is_reviewed": True,
                    "asked_at": now,
                }
                for number in numbers
            ],
        )


def key(number: int) -> str:
    """Of an issue that was stored."""
    return f"issue{number}".ljust(26, "x")


def sent(number: int) -> str:
    """Of a link that was sent in: it waits, if the number is odd, else it ran."""
    return f"sent{number}".ljust(26, "x")


def asked(number: int) -> str:
    """Of an open poll."""
    return f"poll{number}".ljust(26, "x")


def flood(number: int) -> str:
    """Of a flood with one issue."""
    return f"flood{number}".ljust(26, "x")


def _submission(number: int, now: object) -> dict[str, object]:
    ran = number % 2 == 0
    return {
        "submission_key": sent(number),
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
