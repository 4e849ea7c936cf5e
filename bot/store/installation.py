"""The one row that says which installation this is and which commands it last registered."""

from uuid import uuid4

from sqlalchemy import select, update

from bot.store.group_commit import Transaction
from bot.store.statements import insert
from bot.store.tables import installation


async def installation_id(transaction: Transaction) -> str:
    """The id of the installation this database belongs to, made at the first call."""
    if known := transaction.installation_id or await known_id(transaction):
        return known
    await transaction.execute(
        insert(transaction, installation)
        .values(id=1, installation_id=str(uuid4()), created_at=transaction.now)
        .on_conflict_do_nothing(index_elements=["id"])
    )
    made: str = (await transaction.execute(select(installation.c.installation_id))).scalar_one()
    return made


async def known_id(transaction: Transaction) -> str | None:
    """The id of the installation, if it was made already; for whoever only reads."""
    if transaction.installation_id is not None:
        return transaction.installation_id
    return (await transaction.execute(select(installation.c.installation_id))).scalar_one_or_none()


async def commands_hash(transaction: Transaction) -> str | None:
    """Hash of the command tree that Discord was last given."""
    return (await transaction.execute(select(installation.c.commands_hash))).scalar_one_or_none()


async def remember_commands_hash(transaction: Transaction, digest: str) -> None:
    await transaction.execute(update(installation).values(commands_hash=digest))
