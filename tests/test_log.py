"""Logging: readable, JSON by setting, and never a secret."""

import json
import logging
from collections.abc import Iterator

import pytest

from bot.log import set_up_logging


@pytest.fixture(autouse=True)
def _put_back() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def test_a_secret_is_blotted_out_of_message_arguments_and_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging(level="INFO", log_format="text", secrets=["hunter2"])
    log = logging.getLogger("anybody")
    log.info("connecting url=%s", "postgresql://press:hunter2@db")
    try:
        raise ValueError("hunter2 was refused")
    except ValueError:
        log.exception("failed")
    told = capsys.readouterr().err
    assert "hunter2" not in told
    assert told.count("[secret]") == 3
    assert "ValueError" in told


def test_a_secret_that_is_the_word_in_its_place_is_blotted_out_once(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging(level="INFO", log_format="text", secrets=["hunter2", "secret"])
    logging.getLogger("anybody").info("the secret is hunter2")
    assert capsys.readouterr().err.endswith("the [secret] is [secret]\n")


def test_json_lines_are_one_object_each_with_the_traceback_inside(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging(level="INFO", log_format="json")
    log = logging.getLogger("anybody")
    log.info("issue stored title=%s", "Über “Tinte”\nund Papier")
    try:
        raise ValueError("broken")
    except ValueError:
        log.exception("failed")
    first, second = map(json.loads, capsys.readouterr().err.splitlines())
    assert first["message"] == "issue stored title=Über “Tinte”\nund Papier"
    assert first["level"] == "info"
    assert "ValueError: broken" in second["traceback"]


def test_the_level_is_kept(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging(level="WARNING", log_format="text")
    logging.getLogger("anybody").info("not told")
    assert capsys.readouterr().err == ""
