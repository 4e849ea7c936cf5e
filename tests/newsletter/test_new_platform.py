"""A platform is one file: what a new one says of itself is used everywhere. No newsletter is named in the product."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.test_house import ROOT, python_files

OVEN = """
from urllib.parse import SplitResult

from bot.newsletter.packed import parameter
from bot.newsletter.platforms.platform import Platform, Tracker
from bot.newsletter.rules import rule


def _destination(parts: SplitResult) -> str | None:
    return parameter(parts.query, "to")


PLATFORM = Platform(
    marks=("oven-card",),
    furniture=(".oven-card",),
    paid=(".oven-gate",),
    ends=(
        rule(
            r"the oven is shut from here",
            "where a letter of Oven's breaks off",
            source="this test",
            specimens=("The oven is shut from here.",),
            others=("The oven is open.",),
            flags=re.IGNORECASE | re.MULTILINE,
        ),
    ),
    called=("oven",),
    furniture_words=("bake this letter",),
    trackers={"ovenclicks": Tracker(_destination)},
)
"""
READ = """
import json, sys
from bot.newsletter import read_newsletter
read = [read_newsletter(text.encode(), source="x.html")[0] for text in json.load(sys.stdin)]
print(json.dumps([[[link.url for link in issue.links], issue.paywalled] for issue in read]))
"""
STORY = '<p>A <a href="https://go.ovenclicks.example/?to=https%3A%2F%2Fa.example%2F1">loaf</a> for all</p>'
HIDDEN = '<p>A <a href="https://b.example/2">bun</a> for few</p>'


def test_a_new_platform_is_one_file(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "bot", tmp_path / "bot", ignore=shutil.ignore_patterns("__pycache__"))
    folder = tmp_path / "bot/newsletter/platforms"
    (folder / "oven.py").write_text(f"import re\n{OVEN}", encoding="utf-8")
    index = (folder / "__init__.py").read_text(encoding="utf-8")
    index, count = re.subn(
        r"^(PLATFORMS: .* = \()$",
        r"from bot.newsletter.platforms import oven\n\n\1\n    oven.PLATFORM,",
        index,
        flags=re.MULTILINE,
    )
    assert count == 1
    (folder / "__init__.py").write_text(index, encoding="utf-8")
    pages = [
        f'<h1>T</h1>{STORY}<div class="oven-card"><p><a href="https://c.example/3">Ours</a></p></div>',
        f'<h1>T</h1>{STORY}<p><a href="https://d.example/4">Bake this letter</a></p>',
        f'<h1>T</h1>{STORY}<p><a href="https://oven.example/">Made with Oven</a></p>',
        f'<h1>T</h1>{STORY}<div class="oven-gate"><p>Pay</p></div>{HIDDEN}',
        f"<h1>T</h1>{STORY}<p>The oven is shut from here.</p>{HIDDEN}",
    ]
    done = subprocess.run(
        [sys.executable, "-P", "-c", READ],
        input=json.dumps(pages),
        env={"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    loaf = ["https://a.example/1"]
    assert json.loads(done.stdout) == [[loaf, False]] * 3 + [[loaf, True]] * 2


def test_no_newsletter_is_named_in_the_product() -> None:
    named = re.compile(
        r"ben.?s.?bites|\bben\.s |stratechery|platformer|tldr\b|morning.?brew|lenny|milk.?road", re.IGNORECASE
    )
    found = [
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for path in python_files("bot", "cogs")
        for line in path.read_text(encoding="utf-8").splitlines()
        if named.search(line)
    ]
    assert found == []
