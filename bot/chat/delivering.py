"""Fulfils `bot.ports.Announcer` with discord.py: sends, finds again, starts threads, and names what went wrong."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Final

import aiohttp
import discord

from bot.chat.announcements import allowed_mentions, announcement_view, message_mark, thread_name
from bot.errors import DeliveryError, DeliveryRefusedError
from bot.model.delivery import Delivery
from bot.ports import Announcement
from bot.texts import DEFAULT_LANGUAGE

# discord.py retries some failures inside with long sleeps and has no limit of its own below aiohttp's five minutes.
_SEND_TIMEOUT_SECONDS = 30.0
_ALWAYS_LOOKED_AT = 100  # what one request of the history brings
_MENDABLE = frozenset({401, 403, 404})
_LONG_WAIT_SECONDS = 900.0
_THREAD_EXISTS = 160004
_THREAD_ARCHIVED_AFTER_MINUTES: Final = 4320


class DiscordAnnouncer:
    def __init__(self, client: discord.Client) -> None:
        self._client = client

    async def send(self, delivery: Delivery, announcement: Announcement) -> int:
        view = announcement_view(
            announcement, language=self._language(delivery.guild_id), delivery_key=delivery.delivery_key
        )
        async with _named_failures():
            message = await self._channel(delivery).send(
                view=view,
                nonce=delivery.nonce,  # discord.py adds enforce_nonce: the same one twice is one message
                allowed_mentions=allowed_mentions(announcement),
            )
        return message.id

    async def find(self, delivery: Delivery, *, since: datetime) -> int | None:
        async with _named_failures():
            channel = self._client.get_channel(delivery.channel_id) or await self._client.fetch_channel(
                delivery.channel_id
            )
        if not _may_read_history(channel):
            # Discord answers an empty list then, not an error: "not there" could not be told from "not shown".
            raise DeliveryError("delivery-unknown-outcome", retry_after_seconds=60.0)
        async with _named_failures():
            looked_at = 0
            async for message in self._channel(delivery).history(limit=None):
                if message.author == self._client.user and _carries(message, delivery):
                    return message.id
                looked_at += 1
                # Our clock may be wrong, so some messages are looked at whatever it says.
                if looked_at >= _ALWAYS_LOOKED_AT and message.created_at < since:
                    break
        return None

    async def start_thread(self, delivery: Delivery, announcement: Announcement, *, message_id: int) -> int:
        message = self._channel(delivery).get_partial_message(message_id)
        try:
            async with _named_failures(waits_for_people=False):
                thread = await message.create_thread(
                    name=thread_name(announcement.issue), auto_archive_duration=_THREAD_ARCHIVED_AFTER_MINUTES
                )
        except DeliveryRefusedError as error:
            if isinstance(error.__cause__, discord.HTTPException) and error.__cause__.code == _THREAD_EXISTS:
                return message_id  # a thread on a message has the message's id
            raise
        return thread.id

    def _channel(self, delivery: Delivery) -> discord.PartialMessageable:
        return self._client.get_partial_messageable(delivery.channel_id, guild_id=delivery.guild_id)

    def _language(self, guild_id: int) -> str:
        guild = self._client.get_guild(guild_id)
        return str(guild.preferred_locale) if guild else DEFAULT_LANGUAGE


def _may_read_history(channel: object) -> bool:
    # While its server is not known yet, nothing is known about a channel's permissions either.
    if not isinstance(channel, discord.abc.GuildChannel) or channel.guild.me is None:
        return False
    permissions = channel.permissions_for(channel.guild.me)
    return permissions.view_channel and permissions.read_message_history


def _carries(message: discord.Message, delivery: Delivery) -> bool:
    components = _walk(message.components)
    if set(message_mark(delivery.delivery_key)) <= {getattr(component, "id", None) for component in components}:
        return True
    return any(delivery.nonce in (getattr(component, "custom_id", None) or "") for component in components)


def _walk(components: object) -> list[object]:
    found: list[object] = []
    for component in components if isinstance(components, list) else []:
        found.append(component)
        found += _walk(list(getattr(component, "children", [])))
    return found


@contextlib.asynccontextmanager
async def _named_failures(*, waits_for_people: bool = True) -> AsyncIterator[None]:
    """Discord's and the network's failures as DeliveryErrors.

    Without `waits_for_people`, what only people can mend is a refusal: a thread that starts late would be announced by
    Discord in the channel, so it starts at once or not at all.
    """
    try:
        async with asyncio.timeout(_SEND_TIMEOUT_SECONDS):
            yield
    except TimeoutError as error:
        raise DeliveryError("delivery-slow") from error
    except discord.RateLimited as error:
        raise DeliveryError("delivery-slow-down", retry_after_seconds=error.retry_after) from error
    except discord.DiscordServerError as error:
        raise DeliveryError("delivery-trouble", status=error.status) from error
    except discord.HTTPException as error:
        if error.status == 429:
            raise DeliveryError("delivery-slow-down") from error
        if waits_for_people and error.status in _MENDABLE:
            # Somebody can mend these (a permission, a channel, the token), so the message waits for it.
            raise DeliveryError(
                "delivery-not-allowed", reason=error.text or str(error.status), retry_after_seconds=_LONG_WAIT_SECONDS
            ) from error
        raise DeliveryRefusedError("delivery-refused", reason=error.text or str(error.status)) from error
    except (aiohttp.ClientError, OSError) as error:
        raise DeliveryError("delivery-broken") from error
