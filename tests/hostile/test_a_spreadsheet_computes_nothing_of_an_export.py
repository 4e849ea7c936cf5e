"""A cell that a spreadsheet would compute is text in every CSV file, however its first sign is hidden or written."""

import csv
import io
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from bot.desk.exports import ExportFormat, LinksFormat, write_links, write_queue
from bot.model.issue import IssueCard, Link, PlacedLink
from bot.model.submission import QueueItem, Submission, SubmissionState

NOW = datetime(2026, 11, 9, 12, tzinfo=UTC)
SIGNS = "=+-@＝＋－＠﹦﹢﹣﹫⁼⁺⁻−"
BEFORE = [
    "",
    " ",
    "\t",
    "\r",
    "\n",
    "\u00a0",
    "\u3000",
    "\u200b",
    "\ufeff",
    "\u202e",
    "\u2060",
    "\u00ad",
    "\u3164",
    "\u0301",
    "\x00",
]
FORMULAS = [f"{before}{sign}1+1" for before in BEFORE for sign in SIGNS]
PARTED = [f"x{separator}{blank}{sign}1+1" for separator in ";\t\n" for blank in ("", " ") for sign in SIGNS]
HARMLESS = ["a; b\tc", "", "plain", "1+1=2", "a@b.example", " spaced - out", "日本語", "“quoted” = so"]


def read(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


async def placed(texts: list[str]) -> AsyncIterator[PlacedLink]:
    for each in texts:
        link = Link("https://a.example", "a.example", each, each, section=each, excerpt=each)
        yield PlacedLink(link, IssueCard("key", each, None, NOW, 1), 1)


def waiting(words: str) -> QueueItem:
    submission = Submission(
        submission_key="s" * 26,
        guild_id=1,
        finder_id=2,
        url="https://a.example",
        link_key="a.example",
        note=words,
        state=SubmissionState.APPROVED,
        sent_at=NOW,
        title=words or "title",
    )
    return QueueItem(submission, credit=words)


async def queued(texts: list[str]) -> AsyncIterator[QueueItem]:
    for each in texts:
        yield waiting(each)


@pytest.mark.parametrize(("texts", "mark"), [(FORMULAS, "'"), (HARMLESS, "")])
async def test_in_the_archive_of_links(texts: list[str], mark: str) -> None:
    out = io.BytesIO()
    await write_links(placed(texts), LinksFormat.CSV, out)
    rows = read(out.getvalue())
    for column in ("issue", "section", "title", "excerpt"):
        assert [row[column] for row in rows] == [f"{mark}{each}" for each in texts]


@pytest.mark.parametrize(("texts", "mark"), [(FORMULAS, "'"), (HARMLESS, "")])
async def test_in_the_queue(texts: list[str], mark: str) -> None:
    out = io.BytesIO()
    await write_queue(queued(texts), ExportFormat.CSV, out)
    rows = read(out.getvalue())
    for column in ("note", "credit"):
        assert [row[column] for row in rows] == [f"{mark}{each}" for each in texts]


async def test_where_a_program_parts_a_line_at_semicolons_or_tabs_each_part_is_text() -> None:
    out = io.BytesIO()
    await write_queue(queued(PARTED), ExportFormat.CSV, out)
    assert [row["note"] for row in read(out.getvalue())] == [f"{each[:2]}'{each[2:]}" for each in PARTED]
