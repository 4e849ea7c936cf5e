"""The editor's queue as a file: for a spreadsheet, for a program, or ready to paste into the newsletter."""

import csv
import io
import json
from collections.abc import Sequence
from enum import StrEnum

from bot.model.submission import QueueItem, Submission
from bot.texts import DEFAULT_LANGUAGE, text

# Spreadsheets run what begins like that (OWASP, CSV injection).
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_COLUMNS = ("submission", "state", "title", "url", "note", "credit", "sent_at", "approved_at")


class ExportFormat(StrEnum):
    """What the queue is written as; the value is the file's ending."""

    CSV = "csv"
    JSON = "json"
    MARKDOWN = "md"


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
