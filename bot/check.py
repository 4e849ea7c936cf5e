"""`python -m bot check`: whether everything is as it should be, before or while the bot runs; changes nothing."""

import ipaddress
import shlex
import shutil
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import aiohttp
import discord

from bot.client import point_at
from bot.errors import StoreError
from bot.services.health import waiting_said
from bot.settings import Settings
from bot.store import Store
from bot.store import floods as flood_rows
from bot.store.private_files import is_open_to_others, may_be_written_by_others, open_to_others
from bot.store.secret_box import SecretBox
from bot.store.soundness import look_for_damage, sqlite_file
from bot.store.upgrade import HEAD, current_revision

_LITTLE_ROOM_BYTES = 200 * 1024 * 1024
_FEW_SESSIONS = 50


class Verdict(StrEnum):
    """How a line of the report begins."""

    OK = "ok  "
    WARNING = "warn"
    FAILURE = "FAIL"


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that was looked at, in a sentence for the operator."""

    verdict: Verdict
    says: str


async def check(settings: Settings) -> int:
    """Print a line for each thing that was looked at; 1 when one of them keeps the bot from working, else 0."""
    failed = False
    for line in _settings_lines(settings):
        print(line.verdict, line.says)
        failed = failed or line.verdict is Verdict.FAILURE
    async for line in _outside_lines(settings):
        print(line.verdict, line.says)
        failed = failed or line.verdict is Verdict.FAILURE
    return int(failed)


def _settings_lines(settings: Settings) -> Iterator[Line]:
    yield Line(Verdict.OK, "The settings can be read.")
    if settings.allow_private_addresses:
        yield Line(
            Verdict.WARNING,
            "ALLOW_PRIVATE_ADDRESSES is on: whoever may add a source reaches this machine's own services and its "
            "private network. It is meant for tests on one machine; set it to false.",
        )
    if settings.health_port is not None and not _is_loopback(settings.health_host):
        yield Line(
            Verdict.WARNING,
            f"HEALTH_HOST is {settings.health_host}: health and metrics can be read from other machines. "
            "Let it be 127.0.0.1, or keep others out with a firewall.",
        )
    if settings.newsletters_folder is not None and not settings.newsletters_folder.is_dir():
        yield Line(
            Verdict.WARNING,
            f"NEWSLETTERS_FOLDER is {settings.newsletters_folder}, and there is no such folder: make it, with one "
            "folder in it for each server, named by its id.",
        )
    if settings.push_port is not None and settings.public_url is None:
        yield Line(
            Verdict.WARNING,
            "PUSH_PORT is set, but PUBLIC_URL is not: nobody can be told where to call. Set it to the address under "
            "which the internet reaches that port.",
        )
    if settings.public_url is not None and settings.push_port is None:
        yield Line(Verdict.WARNING, "PUBLIC_URL is set, but PUSH_PORT is not: nothing listens there. Set the port.")
    yield from _private_lines(settings)


def _private_lines(settings: Settings) -> Iterator[Line]:
    database, key = sqlite_file(settings.database_url.get_secret_value()), settings.secret_key_file
    exposed = [path for path in (Path(".env"), key) if is_open_to_others(path)]
    exposed += open_to_others(database) if database is not None else []
    for path in dict.fromkeys(exposed):
        yield Line(
            Verdict.WARNING,
            f"{path} can be read by other users of this machine: chmod 600 {shlex.quote(str(path))}",
        )
    for folder in dict.fromkeys(path.parent for path in (database, key) if path is not None):
        if folder.is_dir() and may_be_written_by_others(folder):
            yield Line(
                Verdict.WARNING,
                f"Other users may exchange what lies in {folder}: chmod go-w {shlex.quote(str(folder))}",
            )
    try:
        SecretBox(key).require_untouched()
    except StoreError as error:
        yield Line(Verdict.FAILURE, str(error))


async def _outside_lines(settings: Settings) -> AsyncIterator[Line]:
    try:
        async for line in _database_lines(settings):
            yield line
    except StoreError as error:
        yield Line(Verdict.FAILURE, str(error))
    async for line in _discord_lines(settings):
        yield line


async def _database_lines(settings: Settings) -> AsyncIterator[Line]:
    url = settings.database_url.get_secret_value()
    path = sqlite_file(url)
    if path is not None and not path.exists():
        yield Line(Verdict.OK, f"The database {path} is not there yet; the first start makes it.")
        return
    async with await Store.open(url) as store:
        async with store.read() as transaction:
            revision = await transaction.run_sync(current_revision)
        if revision is None or revision < HEAD:
            yield Line(Verdict.OK, f"The database is to be migrated to revision {HEAD}; the next start does it.")
        elif revision > HEAD:
            yield Line(
                Verdict.FAILURE,
                f"The database was made by a newer Pressroom (revision {revision}; this one knows {HEAD}).",
            )
        else:
            await store.probe()
            yield Line(Verdict.OK, "The database takes writes and has this version's tables.")
            async with store.read() as transaction:
                floods = await flood_rows.count_waiting(transaction)
            yield Line(Verdict.WARNING if floods else Verdict.OK, waiting_said(floods))
        await look_for_damage(store)
        yield Line(Verdict.OK, "The database is sound.")
    if path is not None:
        room = shutil.disk_usage(path.parent).free
        if room < _LITTLE_ROOM_BYTES:
            yield Line(
                Verdict.WARNING, f"Only {room // 1024**2} MB are free where the database lies; make room in time."
            )


async def _discord_lines(settings: Settings) -> AsyncIterator[Line]:
    point_at(settings.discord_api_url)
    discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False
    client = discord.AutoShardedClient(intents=discord.Intents(guilds=True))
    try:
        async with client:
            await client.login(settings.discord_token.get_secret_value())
            limits = await client.fetch_session_start_limits()
            name = str(client.user)
    except discord.LoginFailure:
        yield Line(
            Verdict.FAILURE,
            "Discord refuses the token (DISCORD_TOKEN). Make a new one on the Bot page of your application in "
            "Discord's developer portal.",
        )
        return
    except (aiohttp.ClientError, OSError, discord.HTTPException):
        yield Line(Verdict.FAILURE, f"Discord cannot be reached at {settings.discord_api_url}. Check the connection.")
        return
    yield Line(Verdict.OK, f"Discord knows the token: the bot is {name}.")
    hours = limits.reset_after / 3_600_000
    left = f"{limits.remaining} of {limits.total} sessions may still be begun in the next {hours:.0f} hours."
    yield Line(Verdict.WARNING if limits.remaining < _FEW_SESSIONS else Verdict.OK, left)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
