"""Draws the README's picture, docs/demo.svg, from what `make demo ONCE=1` really prints (`make pictures`)."""

import io
import re
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

ROOT = Path(__file__).parents[1]
WIDTH = 104
FIRST_CHAPTER, LAST_CHAPTER = "Mia sends", "Mara asks"
PAPER = TerminalTheme(
    (250, 249, 246),
    (38, 38, 36),
    [(38, 38, 36)] * 7 + [(120, 118, 112)],
)
# Without rich's own frame, which names fonts of another host.
FORMAT = """<svg viewBox="0 0 {width} {height}" style="overflow: visible" xmlns="http://www.w3.org/2000/svg" role="img"
 aria-label="make demo: a member sends a link, moderators decide, it runs and its finder is credited">
<style>
.{unique_id}-matrix {{ font-family: ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace;
 font-size: {char_height}px; line-height: {line_height}px; font-variant-east-asian: full-width; }}
{styles}
</style>
<defs><clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" /></clipPath>{lines}</defs>
<rect fill="#faf9f6" stroke="#d8d5cc" x="1" y="1" width="{width}" height="{height}" rx="8"/>
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}<g class="{unique_id}-matrix">{matrix}</g></g>
</svg>
"""


def main() -> None:
    """Run the demo and draw its middle."""
    told = subprocess.run(
        [sys.executable, "-m", "sandbox", "demo", "--once"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    story = told[told.index(FIRST_CHAPTER) : told.index(LAST_CHAPTER)].rstrip()
    story = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:8000", story)
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True)
    console.print(Text("$ make demo\n", style="dim"))
    for line in story.splitlines():
        console.print(Text(line, style="" if line.startswith(" ") or not line else "bold"))
    picture = console.export_svg(title="", theme=PAPER, code_format=FORMAT, unique_id="demo")
    (ROOT / "docs/demo.svg").write_text(picture, encoding="utf-8")


if __name__ == "__main__":
    main()
