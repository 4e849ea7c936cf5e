"""A card as `CONTRIBUTING.md` says one is added: rows, rules with a kind, a look with its presses, a cog, its texts.

A greeting says how often it was returned, and waits until somebody returns it. Each of the parts stands where a feature
has a file of its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Self, cast

import discord
from discord import ButtonStyle, app_commands, ui
from discord.ext import commands
from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Integer,
    MetaData,
    Select,
    String,
    Table,
    exists,
    insert,
    select,
    update,
)

from bot.chat.context import act_of, services_of
from bot.chat.kinds import Look
from bot.chat.marks import message_mark
from bot.chat.press import Press
from bot.chat.replies import reply_view, sentence_view
from bot.chat.views import View
from bot.client import Pressroom
from bot.model.delivery import Delivery, DeliveryRecord, Purpose
from bot.model.member import Act
from bot.services import Services
from bot.services.building import build
from bot.services.delivery.cards import Change, enqueue_card, show_changes
from bot.services.delivery.kinds import Kind
from bot.store import Store, Transaction
from bot.store.subjects import WHEREVER

# the rows, in bot/store/

rows = Table(
    "greetings",
    MetaData(),
    Column("greeting_key", String(26), primary_key=True),
    Column("guild_id", BigInteger, nullable=False),
    Column("returned", Integer, nullable=False),
)


async def add(transaction: Transaction, key: str, *, guild_id: int) -> None:
    await transaction.execute(insert(rows).values(greeting_key=key, guild_id=guild_id, returned=0))


async def add_return(transaction: Transaction, key: str) -> None:
    once_more = update(rows).where(rows.c.greeting_key == key).values(returned=rows.c.returned + 1)
    await transaction.execute(once_more)


async def times_returned(transaction: Transaction, key: str) -> int | None:
    found = await transaction.execute(select(rows.c.returned).where(rows.c.greeting_key == key))
    return found.scalar_one_or_none()


def is_stored(subject: ColumnElement[str]) -> ColumnElement[bool]:
    return exists().where(rows.c.greeting_key == subject)


def cards_waiting() -> Select[tuple[int, str, int | None]]:
    return select(rows.c.guild_id, rows.c.greeting_key.label("subject_key"), WHEREVER).where(rows.c.returned == 0)


# the rules, in bot/services/


@dataclass(frozen=True, slots=True)
class Greeting:
    key: str
    returned: int


async def _card_of(transaction: Transaction, delivery: Delivery | DeliveryRecord) -> Greeting | None:
    returned = await times_returned(transaction, delivery.subject_key)
    return None if returned is None else Greeting(delivery.subject_key, returned)


GREETING = Kind(
    Purpose("greeting"),
    needed_while=is_stored,
    waits_for_people=cards_waiting,
    matter=_card_of,
    refused_words="notice-poll-refused",
)


class Greetings:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def greet(self, act: Act, channel_id: int) -> None:
        async with self._store.effect(act) as transaction:
            if not transaction.is_repeated:
                key = f"greeting{act.interaction_id}"[:26]
                await add(transaction, key, guild_id=act.guild_id)
                await enqueue_card(
                    transaction,
                    purpose=GREETING.purpose,
                    guild_id=act.guild_id,
                    channel_id=channel_id,
                    subject_key=key,
                )

    async def answer(self, act: Act, key: str) -> None:
        async with self._store.effect(act) as transaction:
            if not transaction.is_repeated:
                await add_return(transaction, key)
                await show_changes(transaction, [Change(act.guild_id, key)])


@dataclass(frozen=True, slots=True)
class WithGreetings(Services):
    """A field of `Services`…"""

    greetings: Greetings


def build_with_greetings(store: Store, **given: Any) -> WithGreetings:
    """… that `build` makes."""
    built = build(store, **given)
    return WithGreetings(**{each.name: getattr(built, each.name) for each in fields(built)}, greetings=Greetings(store))


# the look with its presses, in bot/chat/


@dataclass(frozen=True)
class Answer(Press, name="greeting", state=r"(?P<key>\w+)"):
    key: str

    @classmethod
    def read(cls, state: Mapping[str, str | None]) -> Self:
        return cls(str(state["key"]))

    async def press(self, interaction: discord.Interaction) -> None:
        await cast(WithGreetings, services_of(interaction)).greetings.answer(act_of(interaction), self.key)
        await reply_view(interaction, sentence_view("You said hello."))


def _draw(greeting: Greeting, *, language: str, delivery_key: str) -> ui.LayoutView:
    mark = message_mark(delivery_key)
    view, card = View(), ui.Container[Any](id=mark[0])
    card.add_item(ui.TextDisplay[Any](f"Hello! Returned: {greeting.returned}", id=mark[1]))
    button = ui.Button[Any](label="Hello", custom_id=Answer.custom_id(greeting.key), style=ButtonStyle.primary)
    card.add_item(ui.ActionRow[Any](button))
    view.add_item(card)
    return view


LOOK = Look(GREETING.purpose, _draw, presses=(Answer,))

# the command, in cogs/


class GreetingCommands(commands.Cog):
    def __init__(self, bot: Pressroom) -> None:
        self._services = cast(WithGreetings, bot.services)

    @app_commands.guild_only()
    @app_commands.command(name="greet", description="Say hello")
    async def greet(self, interaction: discord.Interaction) -> None:
        await self._services.greetings.greet(act_of(interaction), interaction.channel_id or 0)
        await reply_view(interaction, sentence_view("It is on its way."))


async def setup(bot: Pressroom) -> None:
    await bot.add_cog(GreetingCommands(bot))
