"""The editor's queue and the archive of links as files: for a spreadsheet, a program, a database, or to paste."""

import csv
import io
import json
import shutil
import sqlite3
from collections.abc import AsyncIterator, Sequence
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO

from bot.model.issue import PlacedLink
from bot.model.submission import QueueItem, Submission
from bot.texts import DEFAULT_LANGUAGE, text

# Spreadsheets run what begins like that (OWASP, CSV injection).
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_LINK_COLUMNS = (
    "issue", "issue_url", "published_at", "place", "section", "title", "url", "excerpt", "sponsored",
)  # fmt: skip
_ROWS_AT_ONCE = 500
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


async def write_links(links: AsyncIterator[PlacedLink], form: LinksFormat, out: BinaryIO) -> None:
    """Write every link with the issue it ran in, a piece at a time; a SQLite file holds one table, `links`."""
    match form:
        case LinksFormat.CSV:
            await _write_csv(links, out)
        case LinksFormat.JSON:
            await _write_json(links, out)
        case LinksFormat.SQLITE:
            await _write_sqlite(links, out)


async def _write_csv(links: AsyncIterator[PlacedLink], out: BinaryIO) -> None:
    text_out = io.TextIOWrapper(out, encoding="utf-8", newline="", write_through=True)
    text_out.write("\ufeff")  # without which Excel garbles it
    writer = csv.writer(text_out)
    writer.writerow(_LINK_COLUMNS)
    async for placed in links:
        writer.writerow(_harmless(str(value)) for value in _link_fields(placed))
    text_out.detach()  # else it would close what is not ours


async def _write_json(links: AsyncIterator[PlacedLink], out: BinaryIO) -> None:
    before = b"[\n"
    async for placed in links:
        fields = dict(zip(_LINK_COLUMNS, _link_fields(placed), strict=True))
        out.write(before + json.dumps(fields, ensure_ascii=False).encode())
        before = b",\n"
    out.write(b"[]\n" if before == b"[\n" else b"\n]\n")


async def _write_sqlite(links: AsyncIterator[PlacedLink], out: BinaryIO) -> None:
    columns = ", ".join(_LINK_COLUMNS)
    insert = f"INSERT INTO links ({columns}) VALUES ({', '.join('?' * len(_LINK_COLUMNS))})"  # noqa: S608 - no input
    with TemporaryDirectory() as folder:
        path = Path(folder) / "links.sqlite"
        database = sqlite3.connect(path)
        try:
            database.execute(f"CREATE TABLE links ({columns})")
            rows = []
            async for placed in links:
                rows.append(_link_fields(placed))
                if len(rows) == _ROWS_AT_ONCE:
                    database.executemany(insert, rows)
                    rows.clear()
            database.executemany(insert, rows)
            database.commit()
        finally:
            database.close()
        with path.open("rb") as file:
            shutil.copyfileobj(file, out)


def _link_fields(placed: PlacedLink) -> tuple[str | int, ...]:
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


def export_queue(items: Sequence[QueueItem], form: ExportFormat, *, language: str = DEFAULT_LANGUAGE) -> bytes:
    """The queue in UTF-8. A name stands in it only with its owner's leave; nobody's id does."""
    match form:
        case ExportFormat.CSV:
            return _as_csv(items).encode("utf-8-sig")  # with a mark, without which Excel garbles it
        case ExportFormat.JSON:
            return (json.dumps([_fields(item) for item in items], ensure_ascii=False, indent=2) + "\n").encode()
        case ExportFormat.MARKDOWN:
            return _as_markdown(items, language=language).encode()


def _fields(item: QueueItem) -> dict[str, str | None]:
    submission = item.submission
    approved_at = submission.decided_at.isoformat(timespec="seconds") if submission.decided_at else None
    values = (
        submission.submission_key,
        submission.plan,
        _title(submission),
        submission.url,
        submission.note,
        item.credit,
        submission.sent_at.isoformat(timespec="seconds"),
        approved_at,
    )
    return dict(zip(_COLUMNS, values, strict=True))


def _as_csv(items: Sequence[QueueItem]) -> str:
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, _COLUMNS)
    writer.writeheader()
    for item in items:
        writer.writerow({name: _harmless(value) for name, value in _fields(item).items()})
    return out.getvalue()


def _harmless(value: str | None) -> str:
    value = value or ""
    return f"'{value}" if value.startswith(_FORMULA) else value


def _as_markdown(items: Sequence[QueueItem], *, language: str) -> str:
    lines = []
    for item in items:
        submission = item.submission
        line = f"- [{_escaped(_title(submission))}](<{_bracketed(submission.url)}>)"
        if submission.note:
            line += f" - {_escaped(' '.join(submission.note.split()))}"
        if item.credit is not None:
            line += f" ({text('export-credit', language=language, name=_escaped(item.credit))})"
        lines.append(line)
    return "\n".join(lines) + ("\n" if lines else "")


def _title(submission: Submission) -> str:
    return submission.title or submission.link_key


def _bracketed(url: str) -> str:
    return url.replace("<", "%3C").replace(">", "%3E").replace("\n", "")


def _escaped(words: str) -> str:
    """Text of a member in Markdown: it formats nothing. An address in it stays one, for the editor to see."""
    return "".join(f"\\{char}" if char in "\\`*_[]<>#|!" else char for char in words)
