"""The demo's page: seconds from its start until it can be used (aim 5), and how smoothly 2,000 messages scroll.

Used can be a page that offers the bot's commands when somebody types a slash; the environment is prepared and a browser
is open. Frames are timed while somebody scrolls through the channel, against one whose messages all stand in the page.
"""

import asyncio
import json
import re
import shutil
import sys
import tempfile
from asyncio.subprocess import DEVNULL, PIPE
from statistics import median, quantiles
from time import perf_counter

from _processes import ROOT, Limits, Sandbox, report
from playwright.async_api import Browser, Page, async_playwright

from sandbox.web import Page as Door

AIM_SECONDS = 5.0
STARTS = 5
MANY, FEW = 2000, 100
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FRAMES = """async () => {
  const root = document.querySelector("#messages");
  const gaps = [];
  let before = performance.now();
  for (let turn = 0; turn < 600; turn++) {
    root.scrollTop += turn % 300 < 290 ? -120 : 120;
    await new Promise(requestAnimationFrame);
    const now = performance.now();
    gaps.push(now - before);
    before = now;
  }
  return gaps;
}"""


async def started(browser: Browser) -> tuple[float, float]:
    """Seconds until the page can be used, and until the server has its past."""
    with tempfile.TemporaryDirectory() as folder:
        begun = perf_counter()
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "sandbox", "demo", "--port", "0"),
            cwd=ROOT, env={"PATH": "/usr/bin:/bin", "TMPDIR": folder}, stdout=PIPE, stderr=DEVNULL,
        )  # fmt: skip
        assert process.stdout is not None
        try:
            while not (found := re.search(rb"http://\S+", await process.stdout.readline())):
                pass
            page = await browser.new_page()
            await page.goto(found[0].decode())
            await page.wait_for_selector("body[data-ready]")
            while True:
                await page.locator("#box").fill("/")
                await page.locator("#picker li").first.wait_for()
                if await page.locator("#picker [role=option]").count():
                    break
                await page.locator("#box").fill("")
            usable = perf_counter() - begun
            while b"has a past" not in await process.stdout.readline():
                pass
            whole = perf_counter() - begun
            await page.close()
            return usable, whole
        finally:
            process.terminate()
            await process.wait()


async def frames(browser: Browser, count: int) -> list[float]:
    """Milliseconds between the frames while a channel of so many messages is scrolled through."""
    async with Sandbox(limits=Limits.off()) as sandbox, Door(sandbox):
        sandbox.world.seed()
        mia = sandbox.member("mia")
        for number in range(count):
            await mia.say("general", f"**message {number}** with [a link](https://{number}.example/) and some words")
        page: Page = await browser.new_page(viewport={"width": 1360, "height": 860})
        await page.goto(f"{sandbox.origin}/")
        await page.wait_for_selector("body[data-ready]")
        await page.get_by_role("link", name="general").click()
        await page.get_by_text(f"message {count - 1}").wait_for()
        gaps: list[float] = await page.evaluate(FRAMES)
        await page.close()
        return gaps


async def main() -> None:
    """Measure and print."""
    if CHROMIUM is None:
        print(json.dumps({"name": "the demo's page", "skipped": "no Chromium found"}))
        return
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        seen = [await started(browser) for _ in range(STARTS)]
        usable, whole = (median(one) for one in zip(*seen, strict=True))
        report(
            "start of the demo to a usable page, seconds",
            value=usable,
            reference=AIM_SECONDS,
            ratio=usable / AIM_SECONDS,
        )
        report(
            "start of the demo to the whole past, seconds",
            value=whole,
            reference=AIM_SECONDS,
            ratio=whole / AIM_SECONDS,
        )
        few, many = await frames(browser, FEW), await frames(browser, MANY)
        late_few, late_many = quantiles(few, n=20)[-1], quantiles(many, n=20)[-1]
        report(
            "95th percentile frame, 2,000 messages, ms", value=late_many, reference=late_few, ratio=late_many / late_few
        )
        report("longest frame, 2,000 messages, ms", value=max(many), reference=max(few), ratio=max(many) / max(few))
        await browser.close()


if __name__ == "__main__":
    asyncio.run(main())
