"""The demo's page in a real Chromium, over real sockets; nothing of it is played."""

import os
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Locator, Page, Request, async_playwright, expect

from sandbox import Limits, Sandbox
from sandbox.scenery import set_scenery
from sandbox.stage import NEXT, Stage, stage
from sandbox.web import Page as Door
from sandbox.web import Panel
from tests.cogs.conftest import specification

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
DESKTOP, PHONE = {"width": 1360, "height": 860}, {"width": 390, "height": 844}
_NEAR = {"127.0.0.1", "localhost"}

expect.set_options(timeout=60_000)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder needs a browser."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)
            if CHROMIUM is None:
                item.add_marker(pytest.mark.skip(reason="no Chromium found; apt-get install chromium"))


@dataclass
class Tab:
    """One page as somebody has it open, and what a person does with it."""

    page: Page
    context: BrowserContext
    errors: list[str] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)
    forgives: tuple[str, ...] = ()
    """Words of console errors that belong to the test."""

    async def open(self, address: str) -> None:
        await self.page.goto(address)
        await self.ready()

    async def ready(self) -> None:
        await self.page.wait_for_selector("body[data-ready]")

    async def act_as(self, name: str) -> None:
        person = await self.page.locator("#actor option", has_text=name).first.get_attribute("value")
        await self.page.get_by_label("Act as").select_option(person)
        await self.page.wait_for_selector(f"body[data-ready='{person}']")

    async def go(self, channel: str) -> None:
        await self.page.get_by_label("Channels").get_by_role("link", name=channel).first.click()
        await expect(self.page.locator("#place")).to_contain_text(channel)

    def message(self, words: str) -> Locator:
        """The newest message with these words."""
        return self.page.locator("#messages article").filter(has=self.page.locator(".body", has_text=words)).last

    async def pick(self, command: str) -> None:
        """Type a slash command and take it from the picker."""
        await self.page.locator("#box").fill(f"/{command}")
        await self.page.locator("#picker [role=option]", has_text=f"/{command}").first.click()

    def check(self) -> None:
        assert [error for error in self.errors if not any(words in error for words in self.forgives)] == []
        assert self.strangers == [], "the page asked a host that is not this machine"


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chromium() -> AsyncIterator[Browser]:
    """One for all tests; each has a context of its own, which shares nothing with others."""
    assert CHROMIUM is not None
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        )
        yield browser
        await browser.close()


async def _tab(browser: Browser, *, viewport: dict[str, int], **options: object) -> Tab:
    context = await browser.new_context(viewport=viewport, locale="en-GB", timezone_id="UTC", **options)  # type: ignore[arg-type]
    tab = Tab(await context.new_page(), context)

    def requested(request: Request) -> None:
        if urlsplit(request.url).hostname not in _NEAR and not request.url.startswith("data:"):
            tab.strangers.append(request.url)

    tab.page.on("request", requested)
    tab.page.on("console", lambda said: tab.errors.append(said.text) if said.type in ("error", "warning") else None)
    tab.page.on("pageerror", lambda error: tab.errors.append(str(error)))
    return tab


@pytest_asyncio.fixture(loop_scope="session")
async def tab(chromium: Browser) -> AsyncIterator[Tab]:
    tab = await _tab(chromium, viewport=DESKTOP)
    yield tab
    tab.check()
    await tab.context.close()


@pytest_asyncio.fixture(loop_scope="session")
async def phone(chromium: Browser) -> AsyncIterator[Tab]:
    tab = await _tab(chromium, viewport=PHONE, has_touch=True, is_mobile=True, device_scale_factor=2)
    yield tab
    tab.check()
    await tab.context.close()


@pytest_asyncio.fixture(loop_scope="session")
async def sandbox() -> AsyncIterator[Sandbox]:
    """A server without a bot."""
    limits = replace(Limits.off(), answer_seconds=60.0)  # on a busy machine any answer may take long
    async with Sandbox(limits=limits, openapi=specification()) as sandbox:
        sandbox.world.seed()
        yield sandbox
        assert sandbox.violations == []


@pytest_asyncio.fixture(loop_scope="session")
async def door(sandbox: Sandbox) -> AsyncIterator[Door]:
    """The page onto a server without a bot, without the panel."""
    async with Door(sandbox) as door:
        yield door


@pytest_asyncio.fixture(loop_scope="session")
async def demo() -> AsyncIterator[Stage]:
    """What `make demo` shows, with its past, and the real bot in it."""
    async with stage(openapi=specification()) as on_stage:
        panel = Panel(on_stage, [path.read_text(encoding="utf-8") for path in NEXT])
        async with Door(on_stage.sandbox, panel=panel) as door:
            await set_scenery(on_stage)
            door.notice = ""
            yield on_stage
            assert on_stage.sandbox.violations == []
            assert on_stage.sandbox.rejected == []


async def picture(tab: Tab, name: str) -> None:
    """Keep how it looks, as docs/pictures/NAME.png, when `make pictures` asks for that."""
    folder = os.environ.get("PICTURES")
    if folder:
        await tab.page.wait_for_load_state("networkidle")
        await tab.page.screenshot(path=Path(folder) / f"{name}.png", animations="disabled", caret="hide")
