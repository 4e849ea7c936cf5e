"""The composition root: opens everything in order, hands it to each other, and closes it in reverse."""

import asyncio
import contextlib
import faulthandler
import logging
import signal
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from functools import partial
from pkgutil import iter_modules
from typing import Any
from uuid import uuid4

import aiohttp
import discord

import cogs
from bot.chat.delivering import DiscordAnnouncer
from bot.chat.kinds import Look, require_whole
from bot.chat.press import Press
from bot.chat.traffic import Traffic
from bot.client import EXTENSIONS, LOOKS, PRESSES, CommandsMemory, Pressroom
from bot.clock import Clock, SystemClock
from bot.errors import StartError, TokenRefusedError
from bot.fetch import Fetcher
from bot.jobs import Worker, Workers
from bot.metrics import Metrics
from bot.model.worker import WorkerName
from bot.ports import Announcer, HubCaller, IssueAsker, IssueSource, LinkFollower
from bot.services import Services
from bot.services.building import KINDS, build
from bot.services.delivery.kinds import Kind, require_rows
from bot.services.delivery.processes import Processes
from bot.services.delivery.standing import Standing
from bot.services.members.submissions import Limits
from bot.services.reading.quotas import MEGABYTE, Quotas
from bot.settings import Settings
from bot.sources.asking import HttpIssueAsker
from bot.sources.beehiiv import BeehiivSource
from bot.sources.feed import FeedSource
from bot.sources.folder import FolderSource
from bot.sources.following import HttpLinkFollower
from bot.sources.ghost import GhostSource
from bot.sources.hub import HttpHubCaller
from bot.store import Store
from bot.store import installation as installation_row
from bot.store.secret_box import SecretBox
from bot.store.upgrade import upgrade
from bot.texts import text

log = logging.getLogger(__name__)

_LOGIN_SECONDS = 60.0
_STRAGGLERS_SECONDS = 1.0

LastResort = Callable[[float], None]
"""Ends the process after so many seconds from now on, whatever hangs then; called again, it counts anew."""


class Parts:
    """What of the app a test may replace: the clock, the store, and what reaches outside."""

    clock: Clock = SystemClock()
    store: type[Store] = Store
    # How long Discord may take between two servers before the list counts as complete.
    guild_ready_seconds = 2.0
    # How long messages and commands in hand may take when the bot is told to stop, and what can be begun anew.
    drain_seconds = 20.0
    break_off_seconds = 2.0
    # How long it may take to close everything after that.
    closing_seconds = 2.0
    kinds: Collection[Kind] = KINDS
    looks: Collection[Look] = LOOKS
    presses: Collection[type[Press]] = PRESSES
    cogs: Collection[str] = tuple(f"cogs.{module.name}" for module in iter_modules(cogs.__path__))
    extensions: Collection[str] = EXTENSIONS
    build: Callable[..., Services] = staticmethod(build)

    def announcer(self, client: discord.Client, traffic: Traffic) -> Announcer:
        return DiscordAnnouncer(client, traffic, looks=self.looks)

    def reader(self, fetcher: Fetcher, settings: Settings) -> IssueSource:
        feeds = FeedSource(fetcher)
        return FolderSource(
            GhostSource(BeehiivSource(feeds, clock=self.clock), feeds),
            feeds,
            root=settings.newsletters_folder,
            max_bytes=settings.fetch_max_bytes,
            clock=self.clock,
        )

    def asker(self, fetcher: Fetcher) -> IssueAsker | None:
        feeds = FeedSource(fetcher)
        return HttpIssueAsker(fetcher, GhostSource(BeehiivSource(feeds, clock=self.clock), feeds))


def end_within(seconds: float) -> None:
    """The last resort: what hangs then is told on standard error, and the exit code is 1, as after any failure."""
    faulthandler.dump_traceback_later(seconds, exit=True)


async def run(
    settings: Settings, parts: Parts | None = None, *, last_resort: LastResort = lambda _seconds: None
) -> None:
    """Run until SIGINT or SIGTERM. Raises StartError or StoreError when the bot cannot start.

    A stop has a deadline, also for what ignores that it is cut off, in here or in what runs after this: that is what
    `last_resort` is for.
    """
    parts = parts or Parts()
    stop, started = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    working = asyncio.create_task(_work(settings, parts, stop=stop, started=started, last_resort=last_resort))
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
    if stop.is_set() and not started.is_set():
        last_resort(parts.closing_seconds)
        working.cancel()  # nothing is in hand yet that would have to be finished
    stopping.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await working


async def _work(
    settings: Settings, parts: Parts, *, stop: asyncio.Event, started: asyncio.Event, last_resort: LastResort
) -> None:
    async with open_app(settings, parts, last_resort=last_resort) as client:
        started.set()
        connection = asyncio.create_task(client.connect(), name="discord")
        stopping = asyncio.create_task(stop.wait(), name="stop")
        await asyncio.wait({connection, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if connection.done():
            _explain_lost_connection(connection.exception())
        log.info("stopping")
    connection.cancel()  # it may still wait for the turn of its first session
    await asyncio.gather(connection, return_exceptions=True)


@asynccontextmanager
async def open_app(
    settings: Settings, parts: Parts, *, last_resort: LastResort = lambda _seconds: None
) -> AsyncIterator[Pressroom]:
    """A client that is logged in, with its workers waiting for the connection."""
    database_url = settings.database_url.get_secret_value()
    secrets = SecretBox(settings.secret_key_file)
    secrets.require_untouched()
    require_whole(parts.kinds, parts.looks, parts.presses, cogs=parts.cogs, extensions=parts.extensions)
    async with AsyncExitStack() as stack:
        workers = Workers()
        # The exclusive lock comes before the migration: two processes must not migrate the same file.
        store = await stack.enter_async_context(
            await parts.store.open(database_url, exclusive=True, clock=parts.clock, bell=workers)
        )
        await upgrade(database_url)
        await require_rows(store, parts.kinds)
        fetcher = await stack.enter_async_context(
            Fetcher(
                timeout_seconds=settings.fetch_timeout_seconds,
                max_bytes=settings.fetch_max_bytes,
                allow_private_addresses=settings.allow_private_addresses,
            )
        )
        metrics = Metrics()
        incarnation = str(uuid4())
        processes = Processes(store, incarnation=incarnation, bell=workers)
        traffic = Traffic(
            api_url=settings.discord_api_url,
            requests_per_second=settings.requests_per_second,
            metrics=metrics,
            standing=processes.standing,
        )
        client = Pressroom(
            api_url=settings.discord_api_url,
            commands_memory=_commands_memory(store),
            traffic=traffic,
            metrics=metrics,
            presses=parts.presses,
            extensions=parts.extensions,
            guild_ready_seconds=parts.guild_ready_seconds,
        )
        client.services = services = _services(
            settings,
            store=store,
            secrets=secrets,
            reader=parts.reader(fetcher, settings),
            caller=HttpHubCaller(fetcher),
            follower=HttpLinkFollower(fetcher) if settings.follow_links else None,
            asker=parts.asker(fetcher),
            announcer=parts.announcer(client, traffic),
            metrics=metrics,
            incarnation=incarnation,
            standing=processes.standing,
            parts=parts,
        )
        await store.identify()
        await services.outbox.take_over()
        await services.sources.take_over()
        await services.subscriptions.take_over()
        await services.websub.take_over()
        await stack.enter_async_context(processes)

        workers.add(Worker(WorkerName.SOURCES, services.sources.read_due, parts.clock))
        workers.add(Worker(WorkerName.OUTBOX, services.outbox.deliver_due, parts.clock, needs_discord=True))
        workers.add(Worker(WorkerName.POLLS, services.polls.close_due, parts.clock))
        workers.add(Worker(WorkerName.CARDS, services.cards.look_due, parts.clock, needs_discord=True))
        workers.add(Worker(WorkerName.CHORES, services.chores.work_off, parts.clock))
        workers.add(Worker(WorkerName.HUBS, services.websub.renew_due, parts.clock))
        workers.add(Worker(WorkerName.ARCHIVE, services.archive.renew, parts.clock))
        workers.add(Worker(WorkerName.RETENTION, services.retention.clear, parts.clock))
        workers.add(
            Worker(WorkerName.SERVERS, partial(_leave_servers_that_are_gone, client), parts.clock, needs_discord=True)
        )
        if settings.health_port is not None:
            from bot.services.health import Health
            from bot.web.health import serve_health

            health = Health(store, clock=parts.clock, gateway=services.gateway, link=client, workers=workers)
            await stack.enter_async_context(
                serve_health(settings.health_host, settings.health_port, health=health, metrics=metrics)
            )
        if settings.push_port is not None:
            from bot.web.push import serve_push

            await stack.enter_async_context(
                serve_push(settings.push_host, settings.push_port, push=services.push, websub=services.websub)
            )
        # What is in hand needs Discord for its answer and, when that is closed, perhaps still the database.
        stack.push_async_callback(client.finish_what_is_in_hand, deadline_seconds=_STRAGGLERS_SECONDS)
        await stack.enter_async_context(client)
        await _log_in(client, settings)
        # A session may have to wait for its turn; what is read meanwhile is announced afterwards.
        workers.start(is_discord_there=False)
        starting = asyncio.create_task(_start_when_ready(client, workers), name="start workers")
        starting.add_done_callback(_log_failed_start)
        stack.callback(last_resort, parts.closing_seconds)
        stack.push_async_callback(
            _finish,
            client,
            workers,
            deadline_seconds=parts.drain_seconds,
            break_off_seconds=parts.break_off_seconds,
        )
        stack.callback(starting.cancel)
        yield client


def _services(
    settings: Settings,
    *,
    store: Store,
    secrets: SecretBox,
    reader: IssueSource,
    caller: HubCaller,
    follower: LinkFollower | None,
    asker: IssueAsker | None,
    announcer: Announcer,
    metrics: Metrics,
    incarnation: str,
    standing: Standing,
    parts: Parts,
) -> Services:
    quotas = Quotas(
        sources=settings.sources_per_server,
        bytes_a_day=int(settings.megabytes_per_server * MEGABYTE),
        shortest_pause=timedelta(minutes=settings.shortest_pause_minutes),
        issues_a_day=settings.issues_per_day,
        links_a_day=settings.links_per_day,
        issues_of_a_server=settings.issues_per_server,
        links_of_a_server=settings.links_per_server,
    )
    return parts.build(
        store,
        clock=parts.clock,
        metrics=metrics,
        secrets=secrets,
        announcer=announcer,
        reader=reader,
        caller=caller,
        follower=follower,
        asker=asker,
        interval=timedelta(minutes=settings.poll_minutes),
        fetch_timeout=timedelta(seconds=settings.fetch_timeout_seconds),
        quotas=quotas,
        limits=Limits(of_member=settings.submissions_per_member, of_server=settings.submissions_per_server),
        history=timedelta(days=settings.history_days),
        public_url=settings.public_url if settings.push_port is not None else None,
        incarnation=incarnation,
        alone=store.dialect == "sqlite",
        standing=standing,
        kinds=parts.kinds,
    )


def _commands_memory(store: Store) -> CommandsMemory:
    async def read() -> str | None:
        async with store.read() as transaction:
            return await installation_row.commands_hash(transaction)

    async def write(digest: str) -> None:
        async with store.write() as transaction:
            await installation_row.remember_commands_hash(transaction, digest)

    return CommandsMemory(read, write)


async def _log_in(client: Pressroom, settings: Settings) -> None:
    try:
        async with asyncio.timeout(_LOGIN_SECONDS):
            await client.login(settings.discord_token.get_secret_value())
    except discord.LoginFailure:
        raise TokenRefusedError(text("start-token-refused")) from None
    except (aiohttp.ClientError, OSError, discord.GatewayNotFound) as error:  # a time-out is an OSError too
        said = text("start-unreachable", address=settings.discord_api_url, problem=_reason(error))
        raise StartError(said) from error
    except discord.HTTPException as error:
        raise StartError(text("start-refused", status=str(error.status), problem=error.text)) from error


async def _start_when_ready(client: Pressroom, workers: Workers) -> None:
    """Nothing is sent before the servers are known: their language and channels belong to the message."""
    await client.wait_until_servers_are_known()
    workers.start()


async def _leave_servers_that_are_gone(client: Pressroom, goes_on: Callable[[], bool]) -> None:
    """Once, after the start: some may have removed the bot while it was away.

    A bot that is in no server at all has more likely been given another one's token or database: nothing is forgotten.
    """
    if client.guilds:
        await client.services.guilds.stay_only_in([guild.id for guild in client.guilds], goes_on)


async def _finish(client: Pressroom, workers: Workers, *, deadline_seconds: float, break_off_seconds: float) -> None:
    """Background and interactions come to an end side by side, within one deadline."""
    await asyncio.gather(
        workers.drain(deadline_seconds=deadline_seconds, break_off_seconds=break_off_seconds),
        client.finish_what_is_in_hand(deadline_seconds=deadline_seconds),
    )


def _log_failed_start(starting: asyncio.Task[None]) -> None:
    if not starting.cancelled() and (error := starting.exception()) is not None:
        log.critical("the workers that send did not start; nothing will be announced", exc_info=error)


def _explain_lost_connection(error: BaseException | None) -> None:
    if error is None:
        return
    if isinstance(error, discord.ConnectionClosed) and error.code == 4004:
        raise TokenRefusedError(text("start-token-refused")) from error
    if isinstance(error, discord.GatewayNotFound):
        raise StartError(text("start-discord-trouble")) from error
    if isinstance(error, discord.PrivilegedIntentsRequired):
        raise StartError(text("start-no-intent")) from error
    raise error


def _reason(error: BaseException) -> str:
    inner: Any = getattr(error, "os_error", error)
    return str(getattr(inner, "strerror", None) or type(error).__name__)
