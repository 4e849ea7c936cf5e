"""`make demo`: a Discord to try the bot in, as a page in the browser, until Ctrl-C."""

import asyncio
import os
import signal
from collections.abc import Sequence
from pathlib import Path

from sandbox.errors import NothingHappened, SandboxError
from sandbox.scenery import set_scenery
from sandbox.stage import NEXT, ROOT, Stage, stage
from sandbox.web import Page, Panel

PORT = 8765
"""Where the page is looked for first, so that an open tab finds the next demo; any other if it is taken."""


SPECIFICATION = ROOT / "discord-openapi.json"
"""Discord's own file, if somebody put it there: then every request of the bot is checked against it."""
WELCOME = (
    "Welcome! You start as Mia, a member. Type / for commands, press buttons, right-click a message or "
    "press its ⋯. Above you can become a moderator, the editor or the administrator. Backstage makes things happen."
)


async def show(*, issue: Path | None, openapi: Path | None = None, hosts: Sequence[str] = (), port: int = PORT) -> int:
    """Serve the page and let the server have a past; exit code 0 after Ctrl-C.

    issue: Markdown to publish next. hosts: names besides loopback under which the page answers.
    """
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    if openapi is None and not os.environ.get("DISCORD_OPENAPI") and SPECIFICATION.is_file():
        openapi = SPECIFICATION
    async with stage(openapi=openapi, port=await _free(port)) as on_stage:
        drafts = [path.read_text(encoding="utf-8") for path in ([issue] if issue else []) + NEXT]
        async with Page(on_stage.sandbox, panel=Panel(on_stage, drafts), hosts=hosts) as page:
            print(
                f"\n  {on_stage.sandbox.origin}/\n\n"
                "Open this address: a small Discord with the real bot in it, for you alone. Ctrl-C ends it.",
                flush=True,
            )
            setting = asyncio.create_task(_set(on_stage, page))
            await stop.wait()
            setting.cancel()
    print("\nThe demo has ended and left nothing behind.")
    return 0


async def _set(on_stage: Stage, page: Page) -> None:
    setting = asyncio.create_task(set_scenery(on_stage))
    fallen = asyncio.create_task(on_stage.bot.fell.wait())
    try:
        await asyncio.wait({setting, fallen}, return_when=asyncio.FIRST_COMPLETED)
        if not setting.done():
            raise NothingHappened("the bot ended")
        setting.result()
    except SandboxError as error:
        page.notice = f"The preparation of the server broke off: {error}"
        print(f"\n{page.notice}\nThe end of the bot's log:\n{on_stage.bot.last_words}", flush=True)
    else:
        page.notice = WELCOME
        print("The server is ready: it has two issues, messages, waiting links and an open poll.", flush=True)
    finally:
        for task in (setting, fallen):
            task.cancel()


async def _free(port: int) -> int:
    """The port if nobody has it, else 0."""
    try:
        server = await asyncio.get_running_loop().create_server(asyncio.Protocol, "127.0.0.1", port)
    except OSError:
        return 0
    server.close()
    await server.wait_closed()
    return port


def refusal(issue: Path) -> str | None:
    """Why a file cannot take part in the demo, as a sentence; None when it can."""
    if not issue.is_file():
        return f"there is no file {issue}"
    try:
        text = issue.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return f"{issue} is not a text in UTF-8"
    if not text.strip() or "\0" in text:
        return f"{issue} has no text"
    if text.lstrip().startswith("<"):
        return f"{issue} is HTML or a feed; the demo publishes Markdown (python -m bot preview reads the others)"
    return None
