"""`python -m bot export queue`: the editor's queue for whoever runs the bot, also while it runs."""

from bot.clock import SystemClock
from bot.desk.exports import ExportFormat, export_queue
from bot.errors import StartError
from bot.services import Queue
from bot.settings import Settings
from bot.store import Store
from bot.store import guilds as guild_rows
from bot.store.soundness import sqlite_file
from bot.store.upgrade import HEAD, current_revision


async def export_queue_of(settings: Settings, *, server_id: int | None, form: str) -> bytes:
    """The queue of a server, or of the only one. Raises StartError where it is unclear which is meant."""
    url = settings.database_url.get_secret_value()
    path = sqlite_file(url)
    if path is not None and not path.exists():
        raise StartError(f"There is no database at {path} yet; the first start (`make run`) makes it.")
    async with await Store.open(url) as store:
        async with store.read() as transaction:
            if await transaction.run_sync(current_revision) != HEAD:
                raise StartError("The database has other tables than this version: run `python -m bot migrate` first.")
            servers = await guild_rows.names(transaction)
        if not servers:
            raise StartError("The bot was set up in no server yet, so there is no queue to export.")
        chosen = server_id if server_id is not None else next(iter(servers), None)
        if chosen not in servers or (server_id is None and len(servers) > 1):
            known = "".join(f"\n  --server {guild_id}   {name}" for guild_id, name in servers.items())
            raise StartError(f"Say which server is meant; known are:{known}")
        items = await Queue(store, clock=SystemClock()).everything(chosen)
    return export_queue(items, ExportFormat(form))
