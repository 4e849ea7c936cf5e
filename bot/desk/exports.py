"""The editor's queue and the archive of links as files: for a spreadsheet, a program, a database, or to paste."""

import csv
import io
import json
import re
import shutil
import sqlite3
import unicodedata
from collections.abc import AsyncIterator, Sequence
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO

from bot.model.issue import PlacedLink
from bot.model.submission import QueueItem, Submission
from bot.texts import DEFAULT_LANGUAGE, text

# Spreadsheets run what begins like that (OWASP, CSV injection), some of them in other widths too, and behind blanks.
_FORMULA = frozenset("=+-@\u2212")
_SEPARATORS = re.compile(r"([;\t\r\n])")
# Controls, blanks, marks that stand on the sign before them, and signs without a shape.
_UNSEEN_KINDS = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zs", "Zl", "Zp", "Mn", "Me"})
_UNSEEN = frozenset("\u115f\u1160\u2800\u3164\uffa0")
_LINK_COLUMNS = (
    "issue", "issue_url", "published_at", "place", "section", "title", "url", "excerpt", "sponsored",
)  # fmt: skip
_ROWS_AT_ONCE = 500
_Row = tuple[str | int | None, ...]
_COLUMNS = ("submission", "state", "title", "url", "note", "credit", "sent_at", "approved_at")


class ExportFormat(StrEnum):
    """What the queue is written as; the value is the file's ending."""

    CSV = "csv"
    JSON = "json"
    MARKDOWN = "md"


class LinksFormat(StrEnum):
    """What the archive is written as; the value is the file's ending."""

    CSV = "csv"
    JSON = "json"
    SQLITE = "sqlite"


async def write_links(links: AsyncIterator[PlacedLink], form: LinksFormat, out: BinaryIO) -> int:
    """Write every link with the issue it ran in, a piece at a time; a SQLite file holds one table, `links`.

    How many they were.
    """
    rows = (_link_fields(placed) async for placed in links)
    match form:
        case LinksFormat.CSV:
            return await _write_csv(_LINK_COLUMNS, rows, out)
        case LinksFormat.JSON:
            return await _write_json(_LINK_COLUMNS, rows, out)
        case LinksFormat.SQLITE:
            return await _write_sqlite(rows, out)


async def write_queue(
    items: AsyncIterator[QueueItem], form: ExportFormat, out: BinaryIO, *, language: str = DEFAULT_LANGUAGE
) -> int:
    """Write the queue in UTF-8, a piece at a time; how much stood in it.

    A name stands in it only with its owner's leave; nobody's id does.
    """
    match form:
        case ExportFormat.CSV:
            return await _write_csv(_COLUMNS, (_fields(item) async for item in items), out)
        case ExportFormat.JSON:
            return await _write_json(_COLUMNS, (_fields(item) async for item in items), out)
        case ExportFormat.MARKDOWN:
            count = 0
            async for item in items:
                out.write(f"{_as_markdown(item, language=language)}\n".encode())
                count += 1
            return count


async def write_kept(kept: AsyncIterator[tuple[str, list[dict[str, Any]]]], out: BinaryIO) -> int:
    """Write what is kept of a member as one JSON object, a list a table; how many rows. Tables come in one piece each
    or in several, one after the other.
    """
    count, table = 0, None
    async for name, rows in kept:
        if name != table:
            out.write(("{\n" if table is None else "\n],\n").encode() + f"{json.dumps(name)}: [".encode())
            table, before = name, "\n"
        for row in rows:
            out.write(f"{before}{json.dumps(row, ensure_ascii=False)}".encode())
            before = ",\n"
        count += len(rows)
    out.write(b"{}\n" if table is None else b"\n]\n}\n")
    return count


async def _write_csv(columns: Sequence[str], rows: AsyncIterator[_Row], out: BinaryIO) -> int:
    text_out = io.TextIOWrapper(out, encoding="utf-8", newline="", write_through=True)
    text_out.write("\ufeff")  # without which Excel garbles it
    writer = csv.writer(text_out)
    writer.writerow(columns)
    count = 0
    async for row in rows:
        writer.writerow(_harmless("" if value is None else str(value)) for value in row)
        count += 1
    text_out.detach()  # else it would close what is not ours
    return count


async def _write_json(columns: Sequence[str], rows: AsyncIterator[_Row], out: BinaryIO) -> int:
    before, count = b"[\n", 0
    async for row in rows:
        fields = dict(zip(columns, row, strict=True))
        out.write(before + json.dumps(fields, ensure_ascii=False).encode())
        before = b",\n"
        count += 1
    out.write(b"\n]\n" if count else b"[]\n")
    return count


async def _write_sqlite(links: AsyncIterator[_Row], out: BinaryIO) -> int:
    columns = ", ".join(_LINK_COLUMNS)
    insert = f"INSERT INTO links ({columns}) VALUES ({', '.join('?' * len(_LINK_COLUMNS))})"  # noqa: S608 - no input
    with TemporaryDirectory() as folder:
        path = Path(folder) / "links.sqlite"
        database = sqlite3.connect(path)
        try:
            database.execute(f"CREATE TABLE links ({columns})")
            rows, count = [], 0
            async for row in links:
                rows.append(row)
                count += 1
                if len(rows) == _ROWS_AT_ONCE:
                    database.executemany(insert, rows)
                    rows.clear()
            database.executemany(insert, rows)
            database.commit()
        finally:
            database.close()
        with path.open("rb") as file:
            shutil.copyfileobj(file, out)
    return count


def _link_fields(placed: PlacedLink) -> _Row:
    link, issue = placed.link, placed.issue
    published_at = issue.published_at.isoformat(timespec="seconds") if issue.published_at else ""
    return (
        issue.title,
        issue.url or "",
        published_at,
        placed.place,
        link.section or "",
        link.title,
        link.url,
        link.excerpt,
        int(link.sponsored),
    )


def _fields(item: QueueItem) -> _Row:
    submission = item.submission
    approved_at = submission.decided_at.isoformat(timespec="seconds") if submission.decided_at else None
    return (
        submission.submission_key,
        submission.plan,
        _title(submission),
        submission.url,
        submission.note,
        item.credit,
        submission.sent_at.isoformat(timespec="seconds"),
        approved_at,
    )


def _harmless(value: str) -> str:
    """The value, with an apostrophe before each part of it that a spreadsheet might compute.

    Some part a line at semicolons and tabs, too, whatever stands in quotation marks.
    """
    begins = next((place for place, sign in enumerate(value) if not _is_unseen(sign)), len(value))
    first, *others = _SEPARATORS.split(value[begins:])
    first = value[:begins] + first
    if value[:1] in {"\t", "\r", "\n"} or _is_formula(first):
        first = f"'{first}"
    return first + "".join(f"'{part}" if _is_formula(part) else part for part in others)


def _is_formula(part: str) -> bool:
    first = next((sign for sign in part if not _is_unseen(sign)), "")
    return unicodedata.normalize("NFKC", first) in _FORMULA


def _is_unseen(sign: str) -> bool:
    return sign in _UNSEEN or unicodedata.category(sign) in _UNSEEN_KINDS


def _as_markdown(item: QueueItem, *, language: str) -> str:
    submission = item.submission
    line = f"- [{_escaped(_title(submission))}](<{_bracketed(submission.url)}>)"
    if submission.note:
        line += f" - {_escaped(' '.join(submission.note.split()))}"
    if item.credit is not None:
        line += f" ({text('export-credit', language=language, name=_escaped(item.credit))})"
    return line


def _title(submission: Submission) -> str:
    return submission.title or submission.link_key


def _bracketed(url: str) -> str:
    return url.replace("<", "%3C").replace(">", "%3E").replace("\n", "")


def _escaped(words: str) -> str:
    """Text of a member in Markdown: it formats nothing. An address in it stays one, for the editor to see."""
    return "".join(f"\\{char}" if char in "\\`*_[]<>#|!" else char for char in words)
