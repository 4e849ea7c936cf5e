"""Logging: one line an event, `event key=value …`, as text or JSON, without secrets.

Modules write `log.info("issue stored source_id=%s issue=%s", source_id, key)`: the event first, then its facts.
"""

import base64
import json
import logging
import re
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Literal
from urllib.parse import quote, quote_plus, unquote

LogFormat = Literal["text", "json"]

# What ends a line, moves the cursor, turns the reading direction or hides: foreign names and titles hold it, too.
_CONTROLS = re.compile(
    "[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff"
    "\U000e0000-\U000e007f]"
)
# Whoever has such an address may call at it; also of one that was never opened here.
_CALL_ADDRESS = re.compile(r"(/(?:hooks|websub)/)[\w-]{43}(?![\w-])")
# What servers enter may be short, and would blot out words of everybody's lines.
_SHORTEST_ENTERED = 4

_entered: set[str] = set()


def keep_secret(secret: str) -> None:
    """Let `secret`, and the password of a `user:password`, never be seen in a log from now on."""
    for part in {secret, secret.partition(":")[2]}:
        if len(part) >= _SHORTEST_ENTERED:
            _entered.update(_spellings(part))


def _spellings(secret: str) -> Iterator[str]:
    """The secret as libraries write it: in an address, in a header, in quotation marks."""
    encoded = secret.encode("utf-8", "replace")
    yield from {
        secret,
        unquote(secret),
        quote(secret, safe="", errors="replace"),
        quote(secret, errors="replace"),
        quote_plus(secret, errors="replace"),
        repr(secret)[1:-1],
        repr(f"'\"{secret}")[4:-1],  # within a text that holds both quotation marks
        json.dumps(secret)[1:-1],
        base64.b64encode(encoded).decode(),
        base64.urlsafe_b64encode(encoded).decode(),
    }


class _Redact(logging.Filter):
    """Replaces each known secret, should a library ever put one into a line."""

    def __init__(self, secrets: Iterable[str]) -> None:
        super().__init__()
        self._secrets = frozenset(spelled for secret in secrets if secret for spelled in _spellings(secret))

    def filter(self, record: logging.LogRecord) -> bool:
        try:
            message = record.getMessage()
        except (TypeError, ValueError):
            message = f"{record.msg} {record.args!r}"  # a library's mistake; its report would show the bare arguments
        record.msg, record.args = self.redact(message), None
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = self.redact(record.exc_text)
        if record.stack_info:
            record.stack_info = self.redact(record.stack_info)
        return True

    def redact(self, text: str) -> str:
        found = {secret for secrets in (self._secrets, _entered) for secret in secrets if secret in text}
        if found:  # one may be a part of another, or of what stands in its place
            longest_first = sorted(found, key=len, reverse=True)
            text = re.sub("|".join(map(re.escape, longest_first)), "[secret]", text)
        return _CALL_ADDRESS.sub(r"\1[secret]", text)


class _TextFormatter(logging.Formatter):
    """One line an event. A traceback follows it, set in: no line of it can pass for an event."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        return _escaped(super().formatMessage(record))

    def format(self, record: logging.LogRecord) -> str:
        record.message = record.getMessage()
        record.asctime = self.formatTime(record, self.datefmt)
        lines = [self.formatMessage(record)]
        for more in (record.exc_text, record.stack_info):
            if more:
                lines += [f"    {_escaped(line)}" for line in more.split("\n")]
        return "\n".join(lines)


class _JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, str] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_text:
            line["traceback"] = record.exc_text
        elif record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return _escaped(json.dumps(line, ensure_ascii=False))


def _escaped(text: str) -> str:
    """The text on one line, with what nobody sees as JSON writes it."""
    return _CONTROLS.sub(lambda sign: json.dumps(sign[0])[1:-1], text)


def set_up_logging(*, level: str, log_format: LogFormat, secrets: Iterable[str] = ()) -> None:
    """Send all logging to standard error in `log_format`, with every one of `secrets` blotted out."""
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(_Redact(secrets))
    if log_format == "json":
        handler.setFormatter(_JsonFormatter())
    else:
        handler.setFormatter(_TextFormatter("%(asctime)s %(levelname)-7s %(name)s: %(message)s", "%H:%M:%S"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for chatty in ("discord.client", "discord.gateway", "discord.http", "apscheduler", "alembic", "aiosqlite"):
        logging.getLogger(chatty).setLevel(max(logging.getLevelName(level), logging.WARNING))
