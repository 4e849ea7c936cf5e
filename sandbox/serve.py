"""`python -m sandbox serve`: one line of JSON on standard output says all that a bot in any language needs."""

import asyncio
import contextlib
import signal
import sys
from argparse import ArgumentTypeError
from pathlib import Path
from typing import Any

import orjson

from sandbox import events, model
from sandbox.server import Sandbox
from sandbox.site import Site


def intents(text: str) -> int:
    """The bits behind names such as `guild_members,message_content`, in any library's spelling; or a number of bits."""
    bits = 0
    for word in text.replace(",", " ").split():
        if word.isdigit():
            bits |= int(word)
            continue
        name = _plain(word)
        found = next((_NAMED[one] for one in (name, f"guild{name}") if one in _NAMED), None)
        if found is None:
            raise ArgumentTypeError(f"unknown intent {word!r}; privileged are {', '.join(events.PRIVILEGED_NAMES)}")
        bits |= found
    if bits & ~events.KNOWN:
        raise ArgumentTypeError(f"{text} has bits that are no intents")
    return bits


def _plain(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "")


_NAMED = {"all": events.KNOWN, "none": 0} | {_plain(name): bit for name, bit in events.INTENTS.items()}


def token(text: str) -> str:
    """The token as given, if a header can carry it."""
    if not text.isascii() or not text.isprintable() or " " in text or not text:
        raise ArgumentTypeError("a token is printable ASCII without spaces")
    return text


def describe(sandbox: Sandbox, site: Site, guild: model.Guild) -> dict[str, Any]:
    """Addresses and ids of a seeded sandbox, ids as strings, as everywhere in Discord's JSON."""
    application = sandbox.world.application
    return {
        "api_url": sandbox.api_url,
        "gateway_url": sandbox.gateway_url,
        "cdn_url": sandbox.origin,
        "token": sandbox.token,
        "application_id": str(application.id),
        "bot_id": str(sandbox.world.bot.id),
        "intents": [name for name in events.PRIVILEGED_NAMES if application.privileged_intents & events.INTENTS[name]],
        "guild_id": str(guild.id),
        "guild_name": guild.name,
        "channels": {one.name: str(one.id) for one in guild.channels.values()},
        "roles": {one.name: str(one.id) for one in guild.roles.values()},
        "members": {one.user.name: str(one.id) for one in guild.members.values()},
        "site_url": site.url,
        "feeds": {"rss": site.feed_url, "atom": site.atom_url, "json": site.json_url},
    }


async def serve(port: int, *, openapi: Path | None, privileged_intents: int, token: str) -> None:
    """Serve until interrupted. Standard output has the one line; what people read goes to standard error."""
    stop = asyncio.Event()
    with contextlib.suppress(NotImplementedError):
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with (
        Sandbox(
            port=port, openapi=openapi, privileged_intents=privileged_intents & events.PRIVILEGED, token=token
        ) as sandbox,
        Site(port=port + 1 if port else 0) as site,
    ):
        guild = sandbox.world.seed()
        site.publish_samples()
        print(orjson.dumps(describe(sandbox, site, guild)).decode(), flush=True)
        print(
            f"Try      curl -H 'Authorization: Bot {sandbox.token}' {sandbox.api_url}/users/@me\n"
            f"Bot      DISCORD_TOKEN={sandbox.token} DISCORD_API_URL={sandbox.api_url} python -m bot run\n"
            "Ctrl-C ends it.",
            file=sys.stderr,
            flush=True,
        )
        await stop.wait()
        for violation in sandbox.violations:
            print("violation:", violation, file=sys.stderr)
