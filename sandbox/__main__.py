"""A small Discord and a newsletter's site on loopback: `demo` shows the bot in it as a page, `serve` just serves."""

import argparse
import asyncio
import contextlib
import gc
import signal
import sys
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Any, TypeVar

from sandbox.demo import PORT, refusal, show
from sandbox.server import Sandbox
from sandbox.site import Site
from sandbox.story import tell

T = TypeVar("T")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    serve = commands.add_parser("serve", help="serve a seeded world until Ctrl-C")
    serve.add_argument("--port", type=int, default=8765, help="of the Discord; the site takes the next (default 8765)")
    serve.add_argument("--openapi", type=Path, help="check everything against Discord's OpenAPI file")
    demo = commands.add_parser("demo", help="a Discord with the real bot in it, in your browser (the default)")
    demo.add_argument("--issue", type=Path, help="a Markdown issue of your own to publish next")
    demo.add_argument("--once", action="store_true", help="no page: tell a story in the terminal, and end")
    demo.add_argument("--port", type=int, default=PORT, help=f"of the page, if it is free (default {PORT})")
    demo.add_argument(
        "--allow-host", action="append", default=[], help="a name besides loopback that the page answers to"
    )
    demo.add_argument("--openapi", type=Path, help="check everything against Discord's OpenAPI file")
    given = parser.parse_args(arguments or sys.argv[1:] or ["demo"])
    _look_for_less_garbage()
    if given.command == "serve":
        _run(run_server(given.port, given.openapi))
        return 0
    if given.issue is not None and (why := refusal(given.issue)) is not None:
        parser.error(why)
    if given.once:
        return _run(tell(issue=given.issue, openapi=given.openapi))
    return _run(show(issue=given.issue, openapi=given.openapi, hosts=given.allow_host, port=given.port))


def _look_for_less_garbage() -> None:
    """What the world keeps is no garbage, so the collector need not go through it again and again."""
    gc.freeze()
    gc.set_threshold(50_000)


def _run(work: Coroutine[Any, Any, T]) -> T:
    if sys.platform == "win32":
        return asyncio.run(work)
    import uvloop

    return uvloop.run(work)


async def run_server(port: int, openapi: Path | None) -> None:
    """Serve until interrupted; problems found by the specification are told at the end."""
    stop = asyncio.Event()
    with contextlib.suppress(NotImplementedError):
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with Sandbox(port=port, openapi=openapi) as sandbox, Site(port=port + 1 if port else 0) as site:
        guild = sandbox.world.seed()
        site.publish_samples()
        print(
            f"server   {guild.name} ({guild.id}), channels {', '.join(c.name for c in guild.channels.values())}\n"
            f"API      {sandbox.api_url}\n"
            f"gateway  {sandbox.gateway_url}\n"
            f"token    {sandbox.token}\n"
            f"feeds    {site.feed_url}  {site.atom_url}  {site.json_url}\n\n"
            f"Try      curl -H 'Authorization: Bot {sandbox.token}' {sandbox.api_url}/users/@me\n"
            f"Bot      DISCORD_TOKEN={sandbox.token} DISCORD_API_URL={sandbox.api_url} python -m bot run\n\n"
            "Ctrl-C ends it.",
            flush=True,
        )
        await stop.wait()
        for violation in sandbox.violations:
            print("violation:", violation)


if __name__ == "__main__":
    sys.exit(main())
