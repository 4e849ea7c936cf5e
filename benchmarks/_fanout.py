"""Many servers that subscribe to one source, as `/setup source` would have left them behind."""

from datetime import UTC, datetime

from _processes import Sandbox
from _today import asked_for

from bot.store import Store
from bot.store import guilds as guild_rows
from bot.store import sources as source_rows
from bot.store.upgrade import upgrade
from sandbox.model import Channel


def servers(sandbox: Sandbox, count: int) -> list[Channel]:
    """The channel for announcements of so many new servers."""
    channels = []
    for number in range(count):
        guild = sandbox.world.add_guild(f"Server {number}")
        sandbox.add_bot_to(guild)
        channels.append(guild.add_channel("news"))
    return channels


async def subscribe(folder: str, channels: list[Channel], feed_url: str) -> None:
    """Let every channel's server read the feed; it is due at the bot's start."""
    url, now = f"sqlite:///{folder}/pressroom.db", datetime.now(UTC)
    await upgrade(url)
    async with await Store.open(url) as store, store.write() as transaction:
        moment = asked_for(source_rows.add_source, now=now)
        source = await source_rows.add_source(transaction, url=feed_url, url_key="feed", secret=None, **moment)
        for channel in channels:
            assert channel.guild is not None
            await guild_rows.remember_guild(transaction, channel.guild.id, name=channel.guild.name, **moment)
            await guild_rows.subscribe(
                transaction, guild_id=channel.guild.id, source_id=source.source_id, channel_id=channel.id, **moment
            )
