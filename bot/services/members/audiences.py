"""Who may do what: asked at each press, of what Discord says of the person with this very press.

Discord's own settings (*Integrations*) only decide what is offered; what takes effect is decided here. Each rule that
changes something asks in its own transaction; what only shows asks `Audiences`.
"""

from dataclasses import dataclass

from bot.errors import RefusedError
from bot.model.guild import Guild
from bot.model.member import Actor
from bot.store import Store, Transaction
from bot.store import guilds as guild_rows


@dataclass(frozen=True, slots=True)
class Rights:
    """What somebody may do besides what every member may."""

    moderate: bool
    edit: bool
    administer: bool

    @property
    def is_staff(self) -> bool:
        """Whether they moderate or edit: announcing is for both, and both read the queue."""
        return self.moderate or self.edit


async def require_moderator(transaction: Transaction, guild_id: int, actor: Actor) -> None:
    """Raise RefusedError for who may not decide about submissions and polls."""
    if not (await rights_of(transaction, guild_id, actor)).moderate:
        raise RefusedError("only-moderators")


async def require_editor(transaction: Transaction, guild_id: int, actor: Actor) -> None:
    """Raise RefusedError for who may not plan with the queue."""
    if not (await rights_of(transaction, guild_id, actor)).edit:
        raise RefusedError("only-editors")


async def require_staff(transaction: Transaction, guild_id: int, actor: Actor) -> None:
    """Raise RefusedError for who may neither announce nor read the queue."""
    if not (await rights_of(transaction, guild_id, actor)).is_staff:
        raise RefusedError("only-staff")


def require_administrator(actor: Actor) -> None:
    """Raise RefusedError for who may not set up the server."""
    if not actor.manages_server:
        raise RefusedError("only-administrators")


async def rights_of(transaction: Transaction, guild_id: int, actor: Actor) -> Rights:
    """By the roles that the administrator named, or by Discord's own permissions."""
    guild = await guild_rows.get_guild(transaction, guild_id) or Guild(guild_id=guild_id, name="")
    return Rights(
        moderate=actor.manages_messages or guild.moderator_role_id in actor.role_ids,
        edit=actor.manages_server or guild.editor_role_id in actor.role_ids,
        administer=actor.manages_server,
    )


class Audiences:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def of(self, guild_id: int, actor: Actor) -> Rights:
        """What somebody may do in a server."""
        async with self._store.read() as transaction:
            return await rights_of(transaction, guild_id, actor)

    async def require_editor(self, guild_id: int, actor: Actor) -> None:
        """Raise RefusedError for who may not plan with the queue."""
        async with self._store.read() as transaction:
            await require_editor(transaction, guild_id, actor)

    async def require_moderator(self, guild_id: int, actor: Actor) -> None:
        """Raise RefusedError for who may not decide about submissions and polls."""
        async with self._store.read() as transaction:
            await require_moderator(transaction, guild_id, actor)

    async def require_staff(self, guild_id: int, actor: Actor) -> None:
        """Raise RefusedError for who may neither announce nor read the queue."""
        async with self._store.read() as transaction:
            await require_staff(transaction, guild_id, actor)

    async def require_administrator(self, _guild_id: int, actor: Actor) -> None:
        """Raise RefusedError for who may not set up the server."""
        require_administrator(actor)
