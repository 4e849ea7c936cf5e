"""Why an issue was announced, or not: answered from what was recorded, stage by stage."""

from dataclasses import dataclass, field
from datetime import datetime

from bot.model.delivery import DeliveryRecord, DeliveryState, Purpose, message_link
from bot.model.flood import FloodDecision
from bot.model.guild import FirstAnnouncement, Source
from bot.model.issue import IssueCard
from bot.model.problem import Problem
from bot.services.announcing.announcements import announced_alike
from bot.services.announcing.floods import announcing
from bot.services.announcing.repeats import is_told_elsewhere
from bot.services.members.rekeying import names_of
from bot.services.reading.storing import READINGS_MISSED
from bot.services.reading.subscriptions import split_credentials
from bot.store import Store, Transaction
from bot.store import channels as channel_rows
from bot.store import chores as chore_rows
from bot.store import floods as flood_rows
from bot.store import guilds as guild_rows
from bot.store import issues as issue_rows
from bot.store import outbox as outbox_rows
from bot.store import repeats as repeat_rows
from bot.store.issues import Provenance

_MOST_ISSUES = 3
# What was given up before it arrived, and not because Discord refused it.
_GIVEN_UP = {"delivery-cancelled": "why-cancelled", "delivery-moved": "why-moved"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One stage: a text of the catalogue with its parameters; `because` is said inside it as its `reason`."""

    message_id: str
    params: dict[str, str | int | datetime] = field(default_factory=dict)
    because: Problem | None = None


class Explanations:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def why(self, guild_id: int, wanted: str) -> list[Finding]:
        """What is known of an issue (its key or its address), of a link in one, or of a source, in this server.

        Nothing of another server is told. Raises RefusedError for what is no address.
        """
        async with self._store.read() as transaction:
            sources = await guild_rows.sources_of_guild(transaction, guild_id)
            found = await issue_rows.issues_named(transaction, issue_key=wanted, identity=None, guild_id=guild_id)
            if not found:
                address, _ = split_credentials(wanted)
                found = await issue_rows.issues_named(
                    transaction, issue_key=None, identity=f"link:{_key(address)}", guild_id=guild_id
                )
                source = next((each for each in sources if _key(each.url) == _key(address)), None)
                if not found and source is not None:
                    return [Finding("why-source", {"title": source.name}), _reading(source)]
                if not found:
                    return await self._as_link(transaction, guild_id, address, sources)
            findings = []
            for card in found[:_MOST_ISSUES]:
                findings += await self._of_issue(transaction, guild_id, card)
        return findings

    async def _as_link(
        self, transaction: Transaction, guild_id: int, address: str, sources: list[Source]
    ) -> list[Finding]:
        cards = await issue_rows.issues_with_link(
            transaction, names_of(address, sources) or (address,), guild_id=guild_id, limit=_MOST_ISSUES
        )
        if not cards:
            return [Finding("why-never-seen"), *(_reading(source) for source in sources)]
        findings = []
        for card in cards:
            findings.append(Finding("why-link", {"title": card.title}))
            findings += await self._of_issue(transaction, guild_id, card)
        return findings

    async def _of_issue(self, transaction: Transaction, guild_id: int, card: IssueCard) -> list[Finding]:
        known = await issue_rows.provenance(transaction, card.issue_key)
        findings = [Finding("why-seen", {"title": card.title, "source": known.source.name, "when": known.stored_at})]
        if known.edited_at is not None:
            findings.append(Finding("why-edited", {"when": known.edited_at}))
        if known.withdrawn_at is not None:
            is_passed_over = known.missed_readings >= READINGS_MISSED  # else its own address or its platform told
            taken_back = "why-withdrawn" if is_passed_over else "why-withdrawn-gone"
            findings.append(Finding(taken_back, {"when": known.withdrawn_at}))
        records = await outbox_rows.deliveries_of(transaction, guild_id=guild_id, subject_key=card.issue_key)
        announced = [record for record in records if record.purpose == Purpose.ANNOUNCE]
        redrawn = {record.channel_id: record for record in records if record.purpose == Purpose.REFRESH}
        if not announced:
            findings.append(await self._why_not_queued(transaction, guild_id, known, card.issue_key))
        for record in announced:
            findings += await self._of_announcement(transaction, record)
            # Only the newest one is drawn anew; those before it lead there.
            if record.message_id is not None and record.generation == announced[0].generation:
                findings += _of_changes(redrawn.get(record.channel_id), known)
        findings += [_follow_up(record) for record in records if record.purpose in {Purpose.PUBLISH, Purpose.EDIT}]
        return findings

    async def _of_announcement(self, transaction: Transaction, record: DeliveryRecord) -> list[Finding]:
        channel = str(record.channel_id)
        queued = "why-queued-anew" if record.generation else "why-queued"
        findings = [Finding(queued, {"channel": channel, "when": record.created_at})]
        if record.degraded:
            findings.append(Finding("why-degraded"))
        stopped = await channel_rows.get_stopped(transaction, record.channel_id)
        if record.message_id is not None:
            findings.append(Finding("why-sent", {"link": link_of(record), "when": record.sent_at or record.created_at}))
            if record.last_problem is not None:
                findings.append(Finding("why-without-thread", because=record.last_problem))
        elif record.last_problem is not None and record.last_problem.message_id in _GIVEN_UP:
            findings.append(Finding(_GIVEN_UP[record.last_problem.message_id], dict(record.last_problem.params)))
        elif record.state is DeliveryState.FAILED:
            findings.append(Finding("why-refused", because=record.last_problem))
        elif stopped is not None:
            findings.append(
                Finding("why-held", {"channel": channel, "when": stopped.stopped_at}, because=stopped.problem)
            )
        elif record.last_problem is not None and record.due_at is not None:
            findings.append(
                Finding("why-waits", {"attempts": record.attempts, "when": record.due_at}, because=record.last_problem)
            )
        else:
            findings.append(Finding("why-on-its-way"))
        return findings

    async def _why_not_queued(
        self, transaction: Transaction, guild_id: int, known: Provenance, issue_key: str
    ) -> Finding:
        source, stored_at = known.source, known.stored_at
        subscription = next(
            (
                each
                for each in await guild_rows.subscriptions_of_guild(transaction, guild_id)
                if each.source_id == source.source_id
            ),
            None,
        )
        if subscription is None:
            return Finding("why-not-subscribed")
        flood = await flood_rows.holding(transaction, issue_key, guild_id=guild_id, source_id=source.source_id)
        if flood is not None and flood.decision is None:
            return Finding("why-flood", {"new": len(flood.issue_keys), "listed": flood.listed, "when": flood.found_at})
        guild = await guild_rows.get_guild(transaction, guild_id)
        if known.withdrawn_at is not None:
            return Finding("why-not-withdrawn")
        is_coming = (
            flood is not None
            and flood.decision is FloodDecision.ALL
            and await chore_rows.is_left(transaction, announcing(guild_id, flood.flood_key))
        )
        if known.stage is not None or is_coming:
            return Finding("why-on-its-way")
        digest = await is_told_elsewhere(transaction, guild, issue_key) if guild is not None else None
        if digest is not None:
            return Finding("why-told-again", {"title": digest.title})
        alike = await announced_alike(transaction, subscription, issue_key)
        if alike is not None and alike.message_id is not None:
            return Finding("why-announced-alike", {"link": link_of(alike)})
        if alike is not None and alike.state is not DeliveryState.FAILED:
            return Finding("why-alike-on-its-way", {"channel": str(alike.channel_id)})
        held_until = await repeat_rows.release_at(transaction, guild_id=guild_id, issue_key=issue_key)
        if held_until is not None:
            return Finding("why-waits-for-digest", {"when": held_until})
        if flood is not None and flood.decision is not FloodDecision.ALL:
            return Finding("why-flood-none" if flood.decision is FloodDecision.NONE else "why-flood-newest")
        if (
            source.first_read_at is not None and stored_at <= source.first_read_at
        ) or stored_at < subscription.created_at:
            nothing = guild is not None and guild.first_announcement is FirstAnnouncement.NONE
            return Finding("why-archive-nothing" if nothing else "why-archive")
        if not known.is_listed:
            return Finding("why-imported")
        return Finding("why-not-queued")


def _of_changes(redraw: DeliveryRecord | None, known: Provenance) -> list[Finding]:
    """Whether an announcement shows that its issue was changed or taken back, or why it does not."""
    if redraw is None or redraw.state is DeliveryState.DONE:
        return [Finding("why-struck")] if known.withdrawn_at is not None else []
    problem = redraw.last_problem
    if problem is not None and problem.message_id == "delivery-message-gone":
        return [Finding("why-deleted")]
    if problem is not None:
        return [Finding("why-not-redrawn", because=problem)]
    return [Finding("why-redrawn-soon")]


def link_of(record: DeliveryRecord) -> str:
    """Where an announcement that was sent stands on Discord."""
    return message_link(
        guild_id=record.guild_id,
        channel_id=record.channel_id,
        message_id=record.message_id or 0,
        is_post=record.is_post,
    )


def _follow_up(record: DeliveryRecord) -> Finding:
    published = record.purpose == Purpose.PUBLISH
    if record.state is DeliveryState.DONE:
        return Finding("why-published" if published else "why-folded", {"when": record.sent_at or record.created_at})
    if record.state is DeliveryState.FAILED or record.last_problem is not None:
        return Finding("why-published-not" if published else "why-folded-not", because=record.last_problem)
    soon = "why-published-soon" if published else "why-folded-soon"
    return Finding(soon, {"when": record.due_at or record.created_at})


def _reading(source: Source) -> Finding:
    title = source.name
    if source.failures and source.last_problem is not None and source.next_poll_at is not None:
        return Finding("why-source-fails", {"title": title, "when": source.next_poll_at}, because=source.last_problem)
    if source.last_read_at is None:
        return Finding("why-source-unread", {"title": title})
    return Finding("why-source-read", {"title": title, "when": source.last_read_at})


def _key(address: str) -> str:
    from bot.newsletter.addresses.links import link_key  # with the patterns behind it: not before somebody asks

    return link_key(address) or address
