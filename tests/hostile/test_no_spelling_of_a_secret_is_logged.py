"""Libraries write a secret as they please: decoded, encoded, quoted. None of that reaches the log."""

import base64
import logging
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from pydantic import SecretStr

from bot.log import set_up_logging
from bot.settings import Settings
from bot.store.secret_box import SecretBox

PASSWORD = "p@ss/wörd'42"


@pytest.fixture(autouse=True)
def _put_back() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def spellings(secret: str) -> list[str]:
    return [
        secret,
        quote(secret, safe=""),
        quote(secret),
        repr(secret + '"')[1:-2],
        base64.b64encode(secret.encode()).decode(),
    ]


@pytest.mark.parametrize(
    "address",
    [
        f"postgresql://press:{quote(PASSWORD, safe='')}@db/press",
        f"postgresql://db/press?user=press&password={quote(PASSWORD, safe='')}",
    ],
)
def test_the_password_of_the_database_in_every_spelling(capsys: pytest.CaptureFixture[str], address: str) -> None:
    settings = Settings(database_url=SecretStr(address))
    set_up_logging(level="INFO", log_format="text", secrets=settings.secrets)
    log = logging.getLogger("anybody")
    for spelled in [address, *spellings(PASSWORD)]:
        log.info("refused at=%s", spelled)
        told = capsys.readouterr().err
        assert "[secret]" in told
        assert not any(each in told for each in spellings(PASSWORD))


def test_what_a_source_is_read_with_from_the_moment_it_is_sealed_or_opened(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    box = SecretBox(tmp_path / "secret.key")
    set_up_logging(level="INFO", log_format="text")
    log = logging.getLogger("anybody")
    sealed = {box.seal(f"reader:{PASSWORD}one"), box._fernet.encrypt(f"reader:{PASSWORD}two".encode())}
    opened = [box.open(each) for each in sealed]
    for credentials in opened:
        password = credentials.removeprefix("reader:")
        for spelled in [*spellings(password), *spellings(credentials)]:
            log.info("refused by=%s", spelled)
            told = capsys.readouterr().err
            assert "[secret]" in told
            assert spelled not in told


@pytest.mark.parametrize("way", ["hooks", "websub"])
def test_the_address_at_which_somebody_may_call(capsys: pytest.CaptureFixture[str], way: str) -> None:
    set_up_logging(level="INFO", log_format="text")
    token = "Ab-_5" * 8 + "xyz"
    logging.getLogger("anybody").info("called at=https://desk.example/%s/%s", way, token)
    told = capsys.readouterr().err
    assert token not in told
    assert f"/{way}/[secret]" in told


def test_arguments_that_do_not_fit_the_line(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging(level="INFO", log_format="text", secrets=["hunter2"])
    logging.getLogger("anybody").info("connecting as %d", "hunter2")
    told = capsys.readouterr().err
    assert "hunter2" not in told
    assert "connecting as %d" in told


def test_a_short_password_of_one_server_blots_out_no_words_of_others(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    SecretBox(tmp_path / "secret.key").seal("a:e")
    set_up_logging(level="INFO", log_format="text")
    logging.getLogger("anybody").info("issue stored")
    assert "issue stored" in capsys.readouterr().err
