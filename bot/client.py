"""The connection to Discord: intents, commands, buttons, errors. All rules are elsewhere."""

import asyncio
import hashlib
import json
import logging
from collections.abc import Awaitable, Callable, Collection, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar
from urllib.parse import urlsplit

import aiohttp
import discord
from discord import app_commands
from discord.ext import commands
from discord.gateway import DiscordWebSocket
from discord.http import Route
from yarl import URL

from bot.chat.adding import EnterKey, KeyEntered, NewKey, NewKeyEntered
from bot.chat.archive import ArchiveTurn
from bot.chat.door import enter, is_refusal, tell_error
from bot.chat.floods import FLOOD, DecideFloods, FloodChoice
from bot.chat.guilds import MoveNewsletter
from bot.chat.kinds import Look
from bot.chat.links import AllLinks, LinksPage
from bot.chat.mentions import CommandIds, ids_of
from bot.chat.notices import NOTICE
from bot.chat.pace import Pace
from bot.chat.polls import POLL, AskPoll, Vote
from bot.chat.press import Press, Presses
from bot.chat.privacy import Forget
from bot.chat.push import PushSecret, PushSigned
from bot.chat.queue import QueueChoice, QueueMark, QueueTurn
from bot.chat.submissions import (
    REVIEW,
    Approve,
    CreditChoice,
    CreditName,
    Decline,
    Declined,
    PickLink,
    Withdraw,
    WithdrawOne,
)
from bot.chat.traffic import Traffic
from bot.errors import RefusedError
from bot.metrics import Metrics
from bot.services import Services
from bot.settings import DISCORD_API

log = logging.getLogger(__name__)

T = TypeVar("T")

_CUT_OFF_SECONDS = 1.0

EXTENSIONS = (
    "cogs.issues",
    "cogs.archive",
    "cogs.submissions",
    "cogs.polls",
    "cogs.privacy",
    "cogs.help",
    "cogs.announcements",
    "cogs.queue",
    "cogs.guilds",
)
"""In the order in which `/help` names their commands."""

LOOKS: tuple[Look, ...] = (FLOOD, NOTICE, POLL, REVIEW)
PRESSES: tuple[type[Press], ...] = (
    AllLinks,
    Approve,
    ArchiveTurn,
    AskPoll,
    CreditChoice,
    CreditName,
    DecideFloods,
    Decline,
    Declined,
    EnterKey,
    FloodChoice,
    Forget,
    KeyEntered,
    LinksPage,
    MoveNewsletter,
    NewKey,
    NewKeyEntered,
    PickLink,
    PushSecret,
    PushSigned,
    QueueChoice,
    QueueMark,
    QueueTurn,
    Vote,
    Withdraw,
    WithdrawOne,
)
_PRESSED = frozenset({discord.InteractionType.component, discord.InteractionType.modal_submit})


class Pressroom(commands.AutoShardedBot):
    """A thin client: what it needs of the outside is handed in.

    `services` is set once by `bot.app` before the connection is made: the rules need the client to announce, and
    commands need the rules.
    """

    services: Services

    def __init__(
        self,
        *,
        api_url: str,
        commands_memory: "CommandsMemory",
        traffic: Traffic,
        metrics: Metrics,
        presses: Collection[type[Press]] = PRESSES,
        extensions: Collection[str] = EXTENSIONS,
        guild_ready_seconds: float = 2.0,
    ) -> None:
        discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False  # no voice here, so nothing is missing
        super().__init__(
            command_prefix=commands.when_mentioned,  # never used: without message intents no text reaches the bot
            help_command=None,
            intents=discord.Intents(guilds=True),
            allowed_mentions=discord.AllowedMentions.none(),
            max_messages=None,
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            guild_ready_timeout=guild_ready_seconds,
            http_trace=traffic.trace(),
            tree_cls=Tree,
        )
        self._metrics = metrics
        self.pace = Pace()
        self.command_ids: CommandIds = {}
        self._presses = Presses(presses)
        self._extensions = extensions
        self._shards_ready = 0
        self._servers_known = asyncio.Event()
        self.add_listener(self._look_for_servers, "on_socket_event_type")
        self._hidden: set[int] = set()
        self._in_hand: set[object] = set()
        self._empty_handed = asyncio.Event()
        self._empty_handed.set()
        self.stopping = asyncio.Event()
        self._api_url = api_url
        self._commands_memory = commands_memory
        self.tree.error(self._tell_command_error)
        point_at(api_url)

    async def setup_hook(self) -> None:
        if self._api_url != DISCORD_API:
            # discord.py dials its built-in gateway after an invalid session; the one that was asked for is meant.
            _, gateway, _ = await self.http.get_bot_gateway()
            DiscordWebSocket.DEFAULT_GATEWAY = URL(gateway)
        for extension in self._extensions:
            await self.load_extension(extension)
        await self._sync_changed_commands()

    # what is in hand

    def take_in_hand(self, work: object) -> None:
        """A command, a press (by the id of its interaction) or the answer to an event begins."""
        self._in_hand.add(work)
        self._empty_handed.clear()

    def finished(self, interaction_id: int, *, outcome: str) -> None:
        """An interaction is answered, well or with a sentence about what went wrong."""
        self._metrics.count("interactions", outcome)
        self._let_go(interaction_id)

    async def finish_what_is_in_hand(self, *, deadline_seconds: float) -> None:
        """Let commands and presses that have begun come to their answer; what takes long is broken off."""
        self.stopping.set()
        try:
            async with asyncio.timeout(deadline_seconds):
                await self._empty_handed.wait()
        except TimeoutError:
            log.warning("interactions cut off count=%d", len(self._in_hand))

    async def unless_stopping(self, work: Coroutine[Any, Any, T]) -> T:
        """What `work` gives, which may take long; raises RefusedError when the bot is told to stop meanwhile.

        Work that does not heed that is left behind.
        """
        working, stopping = asyncio.ensure_future(work), asyncio.ensure_future(self.stopping.wait())
        try:
            await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if not working.done():
                raise RefusedError("stopping")
            return working.result()
        finally:
            working.cancel()
            stopping.cancel()
            ended, _ = await asyncio.wait({working, stopping}, timeout=_CUT_OFF_SECONDS)
            await asyncio.gather(*ended, return_exceptions=True)  # nobody asks any more how it ended

    @contextmanager
    def _at_work(self, work: object) -> Iterator[None]:
        self.take_in_hand(work)
        try:
            yield
        finally:
            self._let_go(work)

    def _let_go(self, work: object) -> None:
        self._in_hand.discard(work)
        if not self._in_hand:
            self._empty_handed.set()

    async def on_interaction(self, interaction: discord.Interaction) -> None:
        if interaction.type in _PRESSED:
            await self._presses.answer(interaction)

    async def on_app_command_completion(self, interaction: discord.Interaction, _command: object) -> None:
        self.finished(interaction.id, outcome="done")

    def dispatch(self, event_name: str, /, *args: Any, **kwargs: Any) -> None:
        # discord.py waits for further servers and tells that it is ready even when it was closed meanwhile; what
        # answers that would open the database again behind whoever has closed it.
        if not self.is_closed():
            super().dispatch(event_name, *args, **kwargs)

    # the gateway

    def shards_connected(self) -> tuple[int, int]:
        """How many shards are connected, and of how many."""
        shards = self.shards.values()
        return sum(not shard.is_closed() for shard in shards), len(shards)

    async def connect(self, *, reconnect: bool = True) -> None:
        # The wait that may be due belongs before the connection: Discord closes one that does not identify.
        await self.services.gateway.wait_for_turn(0)
        await super().connect(reconnect=reconnect)

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        await self.services.gateway.begin_session(shard_id or 0)
        await super().before_identify_hook(shard_id, initial=initial)

    async def on_ready(self) -> None:
        log.info("connected as=%s servers=%d", self.user, len(self.guilds))
        await self._discord_is_back()

    async def on_shard_resumed(self, shard_id: int) -> None:
        log.info("session resumed shard_id=%d", shard_id)
        await self._discord_is_back()

    async def _discord_is_back(self) -> None:
        with self._at_work(object()):
            await self.services.channels.hurry()
            await self.services.channels.look_again(None)

    async def wait_until_servers_are_known(self) -> None:
        """Return when Discord has told all that there is about every server, or at least about most.

        discord.py waits two seconds after the last server, because more could come; how many come is known.
        """
        known = asyncio.create_task(self._servers_known.wait())
        ready = asyncio.create_task(self.wait_until_ready())
        try:
            await asyncio.wait({known, ready}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            known.cancel()
            ready.cancel()
            self.remove_listener(self._look_for_servers, "on_socket_event_type")

    async def _look_for_servers(self, event_type: str) -> None:
        self._shards_ready += event_type == "READY"
        told = not any(guild.unavailable for guild in self.guilds)
        if event_type in {"READY", "GUILD_CREATE"} and told and self._shards_ready >= (self.shard_count or 1):
            self._servers_known.set()

    async def on_guild_unavailable(self, guild: discord.Guild) -> None:
        self._hidden.add(guild.id)

    async def on_guild_available(self, guild: discord.Guild) -> None:
        # Every server is announced like that at the start; only one that was hidden has something to make up for.
        if guild.id in self._hidden:
            self._hidden.remove(guild.id)
            with self._at_work(object()):
                await self.services.channels.hurry()

    # what changes in servers may open a channel that was stopped

    async def on_guild_channel_update(self, _before: discord.abc.GuildChannel, after: discord.abc.GuildChannel) -> None:
        await self._look_again(after.guild)

    async def on_guild_role_update(self, _before: discord.Role, after: discord.Role) -> None:
        await self._look_again(after.guild)

    async def on_member_update(self, _before: discord.Member, after: discord.Member) -> None:
        if after == after.guild.me:
            await self._look_again(after.guild)

    async def _look_again(self, guild: discord.Guild) -> None:
        with self._at_work(object()):
            await self.services.channels.look_again(guild.id)

    async def on_guild_join(self, guild: discord.Guild) -> None:
        with self._at_work(object()):
            await self.services.guilds.remember(guild.id, name=guild.name)
            await self.services.channels.look_again(guild.id)

    async def on_guild_remove(self, guild: discord.Guild) -> None:
        with self._at_work(object()):
            await self.services.guilds.leave(guild.id)

    async def on_error(self, event_method: str, /, *_args: Any, **_kwargs: Any) -> None:
        log.exception("event failed event=%s", event_method)  # noqa: LOG004 - discord.py calls this inside its except

    async def _tell_command_error(self, interaction: discord.Interaction, error: app_commands.AppCommandError) -> None:
        if isinstance(error, app_commands.CommandNotFound):
            log.warning("unknown command name=%s", error.name)
        self.pace.leave(interaction.id)  # to be told what became of it may take minutes
        try:
            await tell_error(interaction, error)
        finally:
            self.finished(interaction.id, outcome="refused" if is_refusal(error) else "failed")

    async def _sync_changed_commands(self) -> None:
        """Register the commands with Discord only when they changed: it allows 200 creations a day.

        Then their ids are known, so that texts can name them as something to click; else they are asked for.
        """
        payload = [command.to_dict(self.tree) for command in self.tree.get_commands()]
        facts = json.dumps([self.application_id, sorted(payload, key=str)], sort_keys=True, default=str)
        digest = hashlib.sha256(facts.encode()).hexdigest()
        if await self._commands_memory.read() == digest:
            await self._ask_for_command_ids()
            return
        registered = await self.tree.sync()
        self.command_ids = ids_of(self.tree, registered)
        await self._commands_memory.write(digest)
        log.info("commands registered count=%d", len(registered))

    async def _ask_for_command_ids(self) -> None:
        try:
            self.command_ids = ids_of(self.tree, await self.tree.fetch_commands())
        except (discord.HTTPException, aiohttp.ClientError, OSError) as failure:
            log.warning("commands in texts cannot be clicked failure=%s", type(failure).__name__)


class Tree(app_commands.CommandTree["Pressroom"]):
    """The door of all commands, and of what is offered while somebody types one."""

    async def interaction_check(self, interaction: discord.Interaction["Pressroom"]) -> bool:
        is_typing = interaction.type is discord.InteractionType.autocomplete
        if not is_typing:
            self.client.take_in_hand(interaction.id)
        try:
            enter(interaction, self.client.pace)
        except RefusedError as error:
            if is_typing:
                await interaction.response.autocomplete([])
            else:
                await tell_error(interaction, error)
                self.client.finished(interaction.id, outcome="refused")
            return False
        return True

    async def _call(self, interaction: discord.Interaction["Pressroom"]) -> None:
        # discord.py tells of no end of what is offered while somebody types.
        try:
            await super()._call(interaction)
        finally:
            self.client.pace.leave(interaction.id)


class CommandsMemory:
    """Remembers which commands Discord was last given."""

    def __init__(self, read: Callable[[], Awaitable[str | None]], write: Callable[[str], Awaitable[None]]) -> None:
        self.read = read
        self.write = write


def point_at(api_url: str) -> None:
    """Let discord.py speak to the Discord at `api_url`; files are looked for at the same host."""
    if api_url == DISCORD_API:
        return
    parts = urlsplit(api_url)
    Route.BASE = api_url
    discord.Asset.BASE = f"{parts.scheme}://{parts.netloc}"
