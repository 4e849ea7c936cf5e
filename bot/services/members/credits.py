"""Whose name stands where: nobody's without leave."""

from collections.abc import Collection

from bot.clock import Clock
from bot.errors import RefusedError
from bot.model.chore import Chore, ChoreKind
from bot.model.member import Act, Credit
from bot.model.submission import Submission, SubmissionState
from bot.services.delivery.cards import Change, show_changes
from bot.services.delivery.portions import PORTION, begin
from bot.store import Store, Transaction
from bot.store import credits as credit_rows
from bot.store import submissions as submission_rows

LONGEST_NAME = 80


class Credits:
    def __init__(self, store: Store, *, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def of_member(self, guild_id: int, member_id: int) -> Credit | None:
        """How a member wants to be named; None for one who was never asked."""
        async with self._store.read() as transaction:
            return await credit_rows.get(transaction, guild_id=guild_id, member_id=member_id)

    async def answer(self, act: Act, name: str | None, *, in_own_words: bool = False) -> Credit:
        """Name who acts so from now on, also where links of theirs ran already; None for not at all.

        A name in the member's own words is shown to the moderators first, on the cards of what the member sends in.
        Raises RefusedError for one that is empty, invisible or too long.
        """
        if name is not None:
            from bot.newsletter.text import visible  # with all that reads newsletters: not before somebody answers

            name = " ".join(visible(name).split())
            if not any(letter.isalnum() for letter in name) or len(name) > LONGEST_NAME:
                raise RefusedError("credit-name-length", longest=LONGEST_NAME)
        now = self._clock.now()
        guild_id, member_id = act.guild_id, act.actor.member_id
        async with self._store.effect(act) as transaction:
            if not transaction.is_repeated:
                await credit_rows.answer(
                    transaction,
                    guild_id=guild_id,
                    member_id=member_id,
                    name=name,
                    is_reviewed=name is None or not in_own_words,
                )
                await begin(transaction, name_shown(guild_id, member_id), show_name)
            credit = await credit_rows.get(transaction, guild_id=guild_id, member_id=member_id)
        return credit or Credit(member_id, name=None, is_reviewed=True, asked_at=now, answered_at=None)


def name_shown(guild_id: int, member_id: int) -> Chore:
    """Let everything that shows a member's name be drawn anew (`show_name`)."""
    return Chore(ChoreKind.SHOW_NAME, guild_id, member_id=member_id)


async def show_name(transaction: Transaction, chore: Chore) -> int | None:
    """Draw a portion anew of what shows a member's name, the newest first.

    That are announcements of issues in which links of theirs ran, and the moderators' cards. place: a row's id.
    """
    found = await submission_rows.named_on_cards(
        transaction,
        guild_id=chore.guild_id,
        member_id=chore.member_id,
        before=chore.place or None,
        limit=PORTION,
    )
    await show_changes(transaction, [Change(chore.guild_id, subject) for _, subject in found])
    return found[-1][0] if len(found) == PORTION else None


async def credited(transaction: Transaction, guild_id: int, submissions: Collection[Submission]) -> tuple[str, ...]:
    """The names of those who found these links and gave leave, each once, in this order.

    Who withdrew a link does not want to be named for it.
    """
    finders = [
        each.finder_id
        for each in submissions
        if each.finder_id is not None and each.state is not SubmissionState.WITHDRAWN
    ]
    names = await credit_rows.names(transaction, guild_id=guild_id, member_ids=set(finders))
    return tuple(dict.fromkeys(names[finder] for finder in finders if finder in names))
