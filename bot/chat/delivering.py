"""Fulfils `bot.ports.Announcer` with discord.py: sends, finds again, publishes, edits, and names what went wrong."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import aiohttp
import discord

from bot.chat.announcements import allowed_mentions, announcement_view, thread_name
from bot.chat.classic import announcement_embed, plain_announcement, poll_buttons
from bot.chat.kinds import Look
from bot.chat.marks import carries
from bot.chat.mentions import with_commands
from bot.chat.notices import folded_view, words_said
from bot.chat.traffic import Traffic, background
from bot.errors import ChannelClosedError, DeliveryError, DeliveryRefusedError, DiscordClosedError
from bot.model.delivery import Delivery, DeliveryRecord, Sent, StoppedChannel
from bot.ports import Announcement, Matter
from bot.texts import DEFAULT_LANGUAGE

# discord.py retries some failures inside with long sleeps and has no limit of its own below aiohttp's five minutes.
_SEND_TIMEOUT_SECONDS = 30.0
_A_PAGE = 100  # what one request of the history brings
_MOST_PAGES_OF_A_GLANCE = 100
_FEWEST_POSTS = 25  # of our own, whatever their dates say
# A message that was on its way when we stopped listening arrives within minutes.
_ARRIVES_WITHIN = timedelta(hours=1)
_TOKEN_REFUSED_PAUSE_SECONDS = 300.0
_UNAVAILABLE_PAUSE_SECONDS = 30.0
_SLOW_EDITS_PAUSE_SECONDS = 1200.0
_GONE = frozenset({10003, 10004})  # channel, server
_MESSAGE_GONE = 10008  # somebody deleted it, which is nothing to be mended
_THREAD_EXISTS = 160004
_PUBLISHED_ALREADY = 40033
_EDITED_TOO_OFTEN = frozenset({30046, 20028})  # seen for old and for published messages; neither is a refusal
_THREAD_ARCHIVED_AFTER_MINUTES: Final = 4320


class DiscordAnnouncer:
    def __init__(self, client: discord.Client, traffic: Traffic, *, looks: Collection[Look]) -> None:
        self._client = client
        self._looks = {look.purpose: look for look in looks}
        self._traffic = traffic

    def takes_nonces(self, delivery: Delivery) -> bool:
        return not isinstance(self._client.get_channel(delivery.channel_id), discord.ForumChannel)

    async def glance(self, delivery: Delivery, *, since: datetime) -> Sent | None:
        self._require_server(delivery)
        channel = self._client.get_channel(delivery.channel_id)
        if not _may_read_history(channel):
            return None
        if isinstance(channel, discord.ForumChannel):
            return await self._find_post(channel, delivery, since=since)
        before: int | None = None
        for _ in range(_MOST_PAGES_OF_A_GLANCE):
            page = await self._page(delivery, before=before)
            if (sent := self._among(page, delivery)) is not None:
                return sent
            if len(page) < _A_PAGE or page[-1].created_at < since:
                break
            before = page[-1].id
        return None

    async def find(self, delivery: Delivery, *, since: datetime) -> Sent | None:
        self._require_server(delivery)
        async with self._reaching_out():
            channel = self._client.get_channel(delivery.channel_id) or await self._client.fetch_channel(
                delivery.channel_id
            )
        if not _may_read_history(channel):
            # Discord answers an empty list then, not an error: "not there" could not be told from "not shown".
            raise ChannelClosedError("delivery-unknown-outcome")
        if isinstance(channel, discord.ForumChannel):
            return await self._find_post(channel, delivery, since=since)
        # Our clock may be wrong, so the newest messages are looked at whatever it says.
        page = await self._page(delivery)
        if (sent := self._among(page, delivery)) is not None:
            return sent
        after = discord.utils.time_snowflake(since)
        while len(page) == _A_PAGE and page[-1].created_at < since + _ARRIVES_WITHIN:
            page = await self._page(delivery, after=after)
            if (sent := self._among(page, delivery)) is not None:
                return sent
            after = page[-1].id if page else after
        return None

    async def send(self, delivery: Delivery, matter: Matter) -> Sent:
        self._require_server(delivery)
        message = self._message(delivery, matter)
        look = self._looks.get(delivery.purpose)
        if look is not None and look.for_staff and _everybody_sees(self._client.get_channel(delivery.channel_id)):
            # Opened since it was chosen: nothing that a member sent appears in public before it was approved.
            raise ChannelClosedError("delivery-review-public")
        mentions = allowed_mentions(matter) if isinstance(matter, Announcement) else discord.AllowedMentions.none()
        channel = self._client.get_channel(delivery.channel_id)
        async with self._reaching_out():
            if isinstance(channel, discord.ForumChannel) and isinstance(matter, Announcement):
                post = await channel.create_thread(
                    name=thread_name(matter.issue),
                    allowed_mentions=mentions,
                    applied_tags=_needed_tags(channel),
                    **message,
                )
                return Sent(post.message.id, thread_id=post.thread.id, is_post=True)
            # discord.py adds enforce_nonce: the same one twice is one message
            sent = await self._channel(delivery).send(nonce=delivery.nonce, allowed_mentions=mentions, **message)
        return Sent(sent.id)

    async def refresh(self, card: DeliveryRecord, matter: Matter) -> None:
        self._require_server(card)
        none = discord.AllowedMentions.none()  # who was mentioned at the sending is not mentioned once more
        message_id = card.message_id or 0
        async with self._reaching_out():
            message = self._place_of(card, message_id).get_partial_message(message_id)
            form = self._message(card, matter)
            if isinstance(matter, Announcement) and not card.degraded:
                # Whether followers get a copy may have been changed since; components stay components, text stays text.
                is_components = (await message.fetch()).flags.components_v2
                form = self._full_form(card, matter, for_followers=not is_components, is_there=True)
            await message.edit(**form, allowed_mentions=none)

    async def remove(self, card: DeliveryRecord) -> None:
        self._require_server(card)
        message_id = card.message_id or 0
        try:
            async with self._reaching_out():
                await self._place_of(card, message_id).get_partial_message(message_id).delete()
        except DeliveryRefusedError as error:
            if error.message_id != "delivery-message-gone":
                raise

    async def gone_among(self, cards: Sequence[DeliveryRecord]) -> frozenset[int]:
        self._require_server(cards[0])
        if not _may_read_history(self._client.get_channel(cards[0].channel_id)):
            return frozenset()  # Discord would answer an empty list
        waiting = sorted(card.message_id for card in cards if card.message_id is not None)
        gone: set[int] = set()
        while waiting:
            page = [message.id for message in await self._page(cards[0], after=waiting[0] - 1)]
            # A page that is not full reaches to the present.
            last = page[-1] if len(page) == _A_PAGE else waiting[-1]
            gone |= {message_id for message_id in waiting if message_id <= last} - set(page)
            waiting = [message_id for message_id in waiting if message_id > last]
        return frozenset(gone)

    async def start_thread(self, delivery: Delivery, announcement: Announcement, *, message_id: int) -> int:
        message = self._channel(delivery).get_partial_message(message_id)
        try:
            async with self._reaching_out(waits_for_people=False):
                thread = await message.create_thread(
                    name=thread_name(announcement.issue), auto_archive_duration=_THREAD_ARCHIVED_AFTER_MINUTES
                )
        except DeliveryRefusedError as error:
            if _code(error) == _THREAD_EXISTS:
                return message_id  # a thread on a message has the message's id
            if error.message_id == "delivery-message-gone":
                raise
            is_forbidden = getattr(error.__cause__, "status", 0) == 403
            words = "delivery-thread-not-allowed" if is_forbidden else "delivery-thread-refused"
            raise DeliveryRefusedError(words, **error.params) from error
        return thread.id

    def is_for_followers(self, delivery: Delivery | DeliveryRecord, announcement: Announcement) -> bool:
        self._require_server(delivery)
        channel = self._client.get_channel(delivery.channel_id)
        return announcement.guild.publish and isinstance(channel, discord.TextChannel) and channel.is_news()

    async def publish(self, delivery: Delivery) -> None:
        """Crosspost: show the message in the channels of other servers that follow this one."""
        self._require_server(delivery)
        message = self._channel(delivery).get_partial_message(delivery.target_id or 0)
        try:
            async with self._reaching_out():
                await message.publish()
        except DeliveryRefusedError as error:
            if _code(error) != _PUBLISHED_ALREADY:
                raise

    async def edit(self, delivery: Delivery) -> None:
        self._require_server(delivery)
        language = self._language(delivery.guild_id)
        none = discord.AllowedMentions.none()
        async with self._reaching_out():
            message = await self._target(delivery)
            # What a message is made of cannot be changed: components stay components, text stays text.
            if message.flags.components_v2:
                await message.edit(view=folded_view(delivery, language=language), allowed_mentions=none)
            else:
                words = words_said(delivery, language=language)
                await message.edit(content=words, embeds=[], view=None, allowed_mentions=none)

    def is_open(self, stopped: StoppedChannel) -> bool:
        channel = self._client.get_channel(stopped.channel_id)
        if not isinstance(channel, discord.abc.GuildChannel) or channel.guild.me is None:
            return False
        if stopped.problem.message_id == "delivery-unknown-outcome":
            return _may_read_history(channel)
        if stopped.problem.message_id == "delivery-review-public":
            return not _everybody_sees(channel)
        granted = channel.permissions_for(channel.guild.me)
        return granted.view_channel and granted.send_messages

    def staff_channel(self, guild_id: int) -> int | None:
        channel = self._server(guild_id).public_updates_channel
        if channel is None or not channel.permissions_for(channel.guild.me).send_messages:
            return None
        return channel.id

    def _message(self, delivery: Delivery | DeliveryRecord, matter: Matter) -> dict[str, Any]:
        """The message in the form that this delivery takes, as keywords for discord.py."""
        language, key = self._language(delivery.guild_id), delivery.delivery_key
        if isinstance(matter, Announcement):
            if delivery.degraded:
                return {"content": plain_announcement(matter, delivery_key=key)}
            return self._full_form(delivery, matter, for_followers=self.is_for_followers(delivery, matter))
        look = self._looks[delivery.purpose]
        view = look.draw(matter, language=language, delivery_key=key)
        return {"view": with_commands(view, self._client) if look.names_commands else view}

    def _full_form(
        self,
        delivery: Delivery | DeliveryRecord,
        announcement: Announcement,
        *,
        for_followers: bool,
        is_there: bool = False,
    ) -> dict[str, Any]:
        language, key = self._language(delivery.guild_id), delivery.delivery_key
        if for_followers:
            embed = announcement_embed(announcement, language=language, delivery_key=key)
            buttons = poll_buttons(announcement)
            return {**embed, **({"view": buttons} if buttons or is_there else {})}
        return {"view": announcement_view(announcement, language=language, delivery_key=key)}

    async def _page(
        self, delivery: Delivery | DeliveryRecord, *, before: int | None = None, after: int | None = None
    ) -> list[discord.Message]:
        """Up to a hundred messages: the newest, those before one, or the oldest after a moment; each page in time."""
        async with self._reaching_out():
            history = self._channel(delivery).history(
                limit=_A_PAGE,
                before=discord.Object(before) if before else None,
                after=discord.Object(after) if after else None,
                oldest_first=after is not None,
            )
            return [message async for message in history]

    def _among(self, page: list[discord.Message], delivery: Delivery) -> Sent | None:
        for message in page:
            if message.author == self._client.user and carries(message, delivery):
                return Sent(message.id, thread_id=message.id if message.flags.has_thread else None)
        return None

    async def _find_post(self, forum: discord.ForumChannel, delivery: Delivery, *, since: datetime) -> Sent | None:
        """A forum post takes no nonce, so it is looked for: among the open posts, then among the archived ones."""
        user = self._client.user
        async with self._reaching_out():
            posts = [thread for thread in await forum.guild.active_threads() if thread.parent_id == forum.id]
        before: datetime | None = None
        while True:
            async with self._reaching_out():
                page = [thread async for thread in forum.archived_threads(limit=_A_PAGE, before=before)]
            posts += page
            if len(page) < _A_PAGE or page[-1].archive_timestamp < since:
                break
            before = page[-1].archive_timestamp
        ours = [post for post in posts if user is not None and post.owner_id == user.id]
        for place, post in enumerate(sorted(ours, key=lambda thread: thread.id, reverse=True)):
            if place >= _FEWEST_POSTS and post.created_at is not None and post.created_at < since:
                break
            try:
                async with self._reaching_out():
                    message = await post.fetch_message(post.id)
            except DeliveryRefusedError:
                continue  # somebody deleted the first message
            except ChannelClosedError as error:
                if not error.is_gone:
                    raise
                continue  # somebody deleted the post
            if carries(message, delivery):
                return Sent(message.id, thread_id=post.id, is_post=True)
        return None

    async def _target(self, delivery: Delivery) -> discord.Message:
        target_id = delivery.target_id or 0
        return await self._place_of(delivery, target_id).fetch_message(target_id)

    def _place_of(self, delivery: Delivery | DeliveryRecord, message_id: int) -> discord.PartialMessageable:
        # A forum post is a thread, and its first message has the thread's id.
        is_post = isinstance(self._client.get_channel(delivery.channel_id), discord.ForumChannel)
        place = message_id if is_post else delivery.channel_id
        return self._client.get_partial_messageable(place, guild_id=delivery.guild_id)

    def _require_server(self, delivery: Delivery | DeliveryRecord) -> None:
        """What kind of channel it is, and what is allowed there, is known only while Discord shows the server."""
        self._server(delivery.guild_id)

    def _server(self, guild_id: int) -> discord.Guild:
        guild = self._client.get_guild(guild_id)
        if guild is None or guild.unavailable:
            raise DeliveryError("delivery-server-unavailable", retry_after_seconds=_UNAVAILABLE_PAUSE_SECONDS)
        return guild

    def _channel(self, delivery: Delivery | DeliveryRecord) -> discord.PartialMessageable:
        return self._client.get_partial_messageable(delivery.channel_id, guild_id=delivery.guild_id)

    def _language(self, guild_id: int) -> str:
        guild = self._client.get_guild(guild_id)
        return str(guild.preferred_locale) if guild else DEFAULT_LANGUAGE

    @contextlib.asynccontextmanager
    async def _reaching_out(self, *, waits_for_people: bool = True) -> AsyncIterator[None]:
        """Everything of the background that goes to Discord: paced, bounded, its failures named."""
        self._traffic.refuse_when_closed()
        with background():
            async with _named_failures(waits_for_people=waits_for_people) as timeout:
                with self._traffic.standing.reach(timeout):
                    yield


def _everybody_sees(channel: object) -> bool:
    if not isinstance(channel, discord.abc.GuildChannel):
        return False
    return channel.permissions_for(channel.guild.default_role).view_channel


def _may_read_history(channel: object) -> bool:
    # While its server is not known yet, nothing is known about a channel's permissions either.
    if not isinstance(channel, discord.abc.GuildChannel) or channel.guild.me is None:
        return False
    permissions = channel.permissions_for(channel.guild.me)
    return permissions.view_channel and permissions.read_message_history


def _needed_tags(forum: discord.ForumChannel) -> list[discord.ForumTag]:
    """The first tag that everybody may use, where the forum asks for one."""
    if not forum.flags.require_tag:
        return []
    return [tag for tag in forum.available_tags if not tag.moderated][:1]


def _code(error: DeliveryError) -> int:
    return getattr(error.__cause__, "code", 0)


@contextlib.asynccontextmanager
async def _named_failures(*, waits_for_people: bool = True) -> AsyncIterator[asyncio.Timeout]:
    """Discord's and the network's failures as DeliveryErrors.

    Without `waits_for_people`, what only people can mend is a refusal: a thread that starts late would be announced by
    Discord in the channel, so it starts at once or not at all.
    """
    try:
        async with asyncio.timeout(_SEND_TIMEOUT_SECONDS) as timeout:
            yield timeout
    except TimeoutError as error:
        raise DeliveryError("delivery-slow") from error
    except discord.DiscordServerError as error:
        raise DeliveryError("delivery-trouble", status=error.status) from error
    except discord.HTTPException as error:
        raise _named(error, waits_for_people=waits_for_people) from error
    except (aiohttp.ClientError, OSError) as error:
        raise DeliveryError("delivery-broken") from error


def _named(error: discord.HTTPException, *, waits_for_people: bool) -> DeliveryError:
    reason = error.text or str(error.status)
    if error.status == 401:
        return DiscordClosedError("delivery-token", retry_after_seconds=_TOKEN_REFUSED_PAUSE_SECONDS)
    if error.code in _EDITED_TOO_OFTEN:
        return DeliveryError("delivery-slow-down", retry_after_seconds=_SLOW_EDITS_PAUSE_SECONDS, is_certain=True)
    if error.status == 429:
        return DeliveryError("delivery-slow-down", is_certain=True)
    if error.code == _MESSAGE_GONE:
        return DeliveryRefusedError("delivery-message-gone")
    if waits_for_people and error.status == 404:
        return ChannelClosedError("delivery-channel-gone", is_gone=error.code in _GONE)
    if waits_for_people and error.status == 403:
        return ChannelClosedError("delivery-not-allowed", reason=reason)
    return DeliveryRefusedError("delivery-refused", reason=reason)
