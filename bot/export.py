"""`python -m bot export`: the editor's queue, or every link that ran, for whoever runs the bot, also while it runs."""

from typing import BinaryIO

from bot.desk.exports import ExportFormat, LinksFormat, write_links, write_queue
from bot.errors import StartError
from bot.services import Archive, Queue
from bot.settings import Settings
from bot.store import Store
from bot.store import guilds as guild_rows
from bot.store.soundness import opened_store
from bot.texts import text


async def export_queue_of(settings: Settings, *, server_id: int | None, form: str, out: BinaryIO) -> None:
    """Write the queue of a server, or of the only one, to `out`, a piece at a time.

    Raises StartError where it is unclear which is meant.
    """
    async with opened_store(settings.database_url.get_secret_value()) as store:
        chosen = await _server(store, server_id)
        await write_queue(Queue(store).everything(chosen), ExportFormat(form), out)


async def export_links_of(settings: Settings, *, server_id: int | None, form: str, out: BinaryIO) -> None:
    """Write every link that ran in what a server reads to `out`, a piece at a time. Raises StartError as above."""
    async with opened_store(settings.database_url.get_secret_value()) as store:
        chosen = await _server(store, server_id)
        await write_links(Archive(store).everything(chosen), LinksFormat(form), out)


async def _server(store: Store, server_id: int | None) -> int:
    async with store.read() as transaction:
        servers = await guild_rows.names(transaction)
    if not servers:
        raise StartError(text("export-no-server"))
    chosen = server_id if server_id is not None else next(iter(servers))
    if chosen not in servers or (server_id is None and len(servers) > 1):
        known = "".join(f"\n  --server {guild_id}   {name}" for guild_id, name in servers.items())
        raise StartError(text("export-which-server", servers=known))
    return chosen
