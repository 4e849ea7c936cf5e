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
from bot.texts import text

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
    yield Line(Verdict.OK, text("check-settings"))
    if settings.allow_private_addresses:
        yield Line(Verdict.WARNING, text("check-private-on"))
    if settings.health_port is not None and not _is_loopback(settings.health_host):
        yield Line(Verdict.WARNING, text("check-health-open", host=settings.health_host))
    if settings.newsletters_folder is not None and not settings.newsletters_folder.is_dir():
        yield Line(Verdict.WARNING, text("check-no-folder", folder=str(settings.newsletters_folder)))
    if settings.push_port is not None and settings.public_url is None:
        yield Line(Verdict.WARNING, text("check-no-public-url"))
    if settings.public_url is not None and settings.push_port is None:
        yield Line(Verdict.WARNING, text("check-no-push-port"))
    yield from _private_lines(settings)


def _private_lines(settings: Settings) -> Iterator[Line]:
    database, key = sqlite_file(settings.database_url.get_secret_value()), settings.secret_key_file
    exposed = [path for path in (Path(".env"), key) if is_open_to_others(path)]
    exposed += open_to_others(database) if database is not None else []
    for path in dict.fromkeys(exposed):
        yield Line(Verdict.WARNING, text("check-file-open", path=str(path), quoted=shlex.quote(str(path))))
    for folder in dict.fromkeys(path.parent for path in (database, key) if path is not None):
        if folder.is_dir() and may_be_written_by_others(folder):
            said = text("check-folder-open", folder=str(folder), quoted=shlex.quote(str(folder)))
            yield Line(Verdict.WARNING, said)
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
        yield Line(Verdict.OK, text("check-database-missing", path=str(path)))
        return
    async with await Store.open(url) as store:
        async with store.read() as transaction:
            revision = await transaction.run_sync(current_revision)
        if revision is None or revision < HEAD:
            yield Line(Verdict.OK, text("check-database-migrates", revision=HEAD))
        elif revision > HEAD:
            yield Line(Verdict.FAILURE, text("check-database-newer", revision=revision, known=HEAD))
        else:
            await store.probe()
            yield Line(Verdict.OK, text("check-database-writes"))
            async with store.read() as transaction:
                floods = await flood_rows.count_waiting(transaction)
            yield Line(Verdict.WARNING if floods else Verdict.OK, waiting_said(floods))
        await look_for_damage(store)
        yield Line(Verdict.OK, text("check-database-sound"))
    if path is not None:
        room = shutil.disk_usage(path.parent).free
        if room < _LITTLE_ROOM_BYTES:
            yield Line(Verdict.WARNING, text("check-little-room", megabytes=str(room // 1024**2)))


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
        yield Line(Verdict.FAILURE, text("check-token-refused"))
        return
    except (aiohttp.ClientError, OSError, discord.HTTPException):
        yield Line(Verdict.FAILURE, text("check-unreachable", address=settings.discord_api_url))
        return
    yield Line(Verdict.OK, text("check-token-known", name=name))
    left = text(
        "check-sessions",
        remaining=str(limits.remaining),
        total=str(limits.total),
        hours=f"{limits.reset_after / 3_600_000:.0f}",
    )
    yield Line(Verdict.WARNING if limits.remaining < _FEW_SESSIONS else Verdict.OK, left)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
