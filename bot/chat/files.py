"""Files as Discord takes them: written on the disk piece by piece, packed where they are too large."""

import asyncio
import io
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol, TypeVar, cast
from zipfile import ZIP_DEFLATED, ZipFile

import discord

from bot.chat.replies import say
from bot.errors import RefusedError

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

T = TypeVar("T")

Write = Callable[[BinaryIO], Awaitable[int]]
"""Write a file piece by piece; how many things stand in it."""

_PACKED_AT_BEST = 20  # text becomes four to eight times smaller; what is larger than this is not worth the disk
_PIECE_BYTES = 1_000_000


class _Stops(Protocol):
    """The client, as far as it can be told to stop in the middle of something long."""

    async def unless_stopping(self, work: Coroutine[Any, Any, T]) -> T: ...


async def reply_file(
    interaction: discord.Interaction, name: str, write: Write, *, message_id: str, command: str = "none"
) -> None:
    """Complete a deferred answer with a file, and a text of the catalogue that may name its `count`; none if that is 0.

    Raises RefusedError for what is larger than Discord takes, with the operator's `command` that gives it, and when
    the bot is told to stop meanwhile.
    """
    client = cast("_Stops", interaction.client)
    await client.unless_stopping(_write_and_send(interaction, name, write, message_id=message_id, command=command))


async def _write_and_send(
    interaction: discord.Interaction, name: str, write: Write, *, message_id: str, command: str
) -> None:
    most_bytes = min(interaction.filesize_limit, interaction.guild.filesize_limit if interaction.guild else 0)
    async with _written(name, write, most_bytes=most_bytes, command=command) as (file, filename, count):
        told = say(interaction, message_id, count=count)
        if not count:
            await interaction.followup.send(told, ephemeral=True)
            return
        await interaction.followup.send(told, file=discord.File(file, filename=filename), ephemeral=True)


@asynccontextmanager
async def _written(
    name: str, write: Write, *, most_bytes: int, command: str
) -> AsyncIterator[tuple[io.BufferedRandom, str, int]]:
    too_large = RefusedError("export-too-large", megabytes=f"{most_bytes / 1_000_000:.0f}", command=command)
    with _Bounded(most_bytes * _PACKED_AT_BEST, too_large) as plain:
        count = await write(plain)
        if plain.tell() <= most_bytes:
            plain.seek(0)
            yield plain, name, count
            return
        plain.seek(0)
        with io.BufferedRandom(TemporaryFile(buffering=0)) as packed:
            await _pack(plain, packed, name)
            if packed.tell() > most_bytes:
                raise too_large
            packed.seek(0)
            yield packed, f"{name}.zip", count


async def _pack(plain: BinaryIO, packed: BinaryIO, name: str) -> None:
    """A piece at a time, beside the event loop: who gives it up waits for one piece at most."""
    with ZipFile(packed, "w", compression=ZIP_DEFLATED) as archive, archive.open(name, "w", force_zip64=True) as inside:
        while piece := plain.read(_PIECE_BYTES):
            await asyncio.to_thread(inside.write, piece)


class _Bounded(io.BufferedRandom):
    """A file on the disk without a name, which ends where it could not be packed any more; raises `error` there."""

    def __init__(self, most_bytes: int, error: RefusedError) -> None:
        super().__init__(TemporaryFile(buffering=0))  # noqa: SIM115 - closed with it
        self._most_bytes = most_bytes
        self._error = error

    def write(self, written: "ReadableBuffer", /) -> int:
        count = super().write(written)
        if self.tell() > self._most_bytes:
            raise self._error
        return count
