"""A small Discord and a newsletter's site on loopback: `demo` shows the bot in it as a page, `serve` just serves."""

import argparse
import asyncio
import gc
import sys
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Any, TypeVar

from sandbox.demo import PORT, refusal, show
from sandbox.serve import intents, serve, token
from sandbox.story import tell

T = TypeVar("T")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    bare = commands.add_parser("serve", help="serve a seeded world until Ctrl-C; one line of JSON says where")
    bare.add_argument("--port", type=int, default=8765, help="of the Discord; the site takes the next (default 8765)")
    bare.add_argument("--openapi", type=Path, help="check everything against Discord's OpenAPI file")
    bare.add_argument(
        "--intents",
        type=intents,
        default=0,
        metavar="NAMES",
        help="the privileged intents of the application: guild_members, guild_presences, message_content, several "
        "with commas, or all (default none)",
    )
    bare.add_argument("--token", type=token, help="what the bot logs in with (default a new one)")
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
        _run(serve(given.port, openapi=given.openapi, privileged_intents=given.intents, token=given.token or ""))
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


if __name__ == "__main__":
    sys.exit(main())
