"""File names and titles are foreign text: in the log they stay one value of one line."""

import json
import logging
from collections.abc import Iterator

import pytest

from bot.log import LogFormat, set_up_logging

# Everything that ends a line somewhere, moves the cursor, turns the reading direction, or hides.
SIGNS = [chr(code) for code in (*range(0x20), *range(0x7F, 0xA0), 0x61C, *range(0x200B, 0x2010))]
SIGNS += [chr(code) for code in (*range(0x2028, 0x202F), *range(0x2066, 0x206A), 0xFEFF, 0xE0041)]
FORGED = "12:00:00 INFO    bot.app: all is well"


@pytest.fixture(autouse=True)
def _put_back() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.mark.parametrize("log_format", ["text", "json"])
@pytest.mark.parametrize("sign", SIGNS, ids=lambda sign: f"U+{ord(sign):04X}")
def test_a_sign_that_nobody_sees_is_written_out(
    capsys: pytest.CaptureFixture[str], sign: str, log_format: LogFormat
) -> None:
    set_up_logging(level="INFO", log_format=log_format)
    logging.getLogger("anybody").info("document passed over name=%s kind=%s", f"notes{sign}{FORGED}", sign)
    told = capsys.readouterr().err.removesuffix("\n")
    assert len(told.splitlines()) == 1
    assert sign not in told
    assert json.dumps(f"notes{sign}{FORGED}")[1:-1] in told


def test_a_traceback_is_set_in_so_that_no_line_of_it_passes_for_an_event(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging(level="INFO", log_format="text")
    try:
        raise ValueError(f"no document\n{FORGED}\r{FORGED}\u2028{FORGED}")
    except ValueError:
        logging.getLogger("anybody").exception("failed", stack_info=True)
    event, *more = capsys.readouterr().err.removesuffix("\n").splitlines()
    assert event.endswith("anybody: failed")
    assert more
    assert all(line.startswith("    ") for line in more)


def test_what_everybody_can_read_stays_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging(level="INFO", log_format="text")
    logging.getLogger("anybody").info("issue stored title=%s", "Über “Tinte” 日本語 👍 \\n")
    assert "title=Über “Tinte” 日本語 👍 \\n\n" in capsys.readouterr().err
