"""The address that brings the bot to a server with exactly the permissions it needs."""

import aiohttp
import discord

from bot.client import point_at
from bot.errors import StartError, TokenRefusedError
from bot.settings import Settings
from bot.texts import text

# Each one is needed: to see the channel, announce with a picture, start the discussion, and find a message again
# after a crash.
PERMISSIONS = discord.Permissions(
    view_channel=True,
    send_messages=True,
    embed_links=True,
    create_public_threads=True,
    read_message_history=True,
)


async def invite_address(settings: Settings) -> str:
    """Discord's authorisation address for this application. Raises StartError when the token is refused."""
    point_at(settings.discord_api_url)
    discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False
    client = discord.Client(intents=discord.Intents(guilds=True))
    try:
        async with client:
            await client.login(settings.discord_token.get_secret_value())
            application = await client.application_info()
    except discord.LoginFailure:
        raise TokenRefusedError(text("start-token-refused")) from None
    except (aiohttp.ClientError, OSError) as error:
        raise StartError(text("start-unreachable-now", address=settings.discord_api_url)) from error
    return discord.utils.oauth_url(application.id, permissions=PERMISSIONS, scopes=("bot", "applications.commands"))
