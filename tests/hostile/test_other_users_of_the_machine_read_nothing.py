"""Votes, senders and keys are for the user that runs the bot, whatever the umask; what was open before is told of."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from bot.app import Parts, open_app
from bot.check import Verdict, check
from bot.errors import StoreError
from bot.settings import Settings
from bot.store import Store
from bot.store.secret_box import SecretBox
from bot.store.upgrade import upgrade


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture(params=[0o000, 0o022, 0o077], ids=["open", "usual", "closed"])
def _umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


@pytest.mark.usefixtures("_umask")
async def test_what_the_bot_makes_is_for_its_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "data"
    url = f"sqlite:///{folder}/pressroom.db"
    async with await Store.open(url, exclusive=True) as store:
        await upgrade(url)
        async with store.write() as transaction:
            await transaction.execute(text("UPDATE installation SET id = id"))
        SecretBox(folder / "keys" / "secret.key").seal("reader:password")
        made = {each.relative_to(folder).as_posix(): mode(each) for each in folder.rglob("*") if each.is_file()}
    names = {"pressroom.db", "pressroom.db-wal", "pressroom.db-shm", "pressroom.db.lock", "keys/secret.key"}
    assert made == dict.fromkeys(names, 0o600)
    assert [mode(each) for each in (folder, folder.parent, folder / "keys")] == [0o700] * 3


async def test_what_was_open_before_is_told_of_and_left_as_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "data"
    url, key = f"sqlite:///{folder}/desk.db", folder / "secret.key"
    await upgrade(url)
    SecretBox(key).seal("reader:password")
    settings = Settings(
        discord_token=SecretStr("MTIz.any.token"),
        discord_api_url="http://127.0.0.1:9/api/v10",
        database_url=SecretStr(url),
        secret_key_file=key,
    )
    await check(settings)
    assert Verdict.WARNING not in capsys.readouterr().out
    opened = [
        "desk.db",
        "desk.db-wal",
        "desk.db.lock",
        "desk.db.1",
        "backup-2026",
        "copy.sqlite",
        "old.db.gz",
        "secret.key",
    ]
    async with await Store.open(url):
        for name in opened:
            (folder / name).touch()
            (folder / name).chmod(0o644)
        (folder / "notes.txt").touch(0o644)
        folder.chmod(0o777)
        await check(settings)
        told = capsys.readouterr().out
        for name in opened:
            assert f"chmod 600 {folder / name}" in told
            assert mode(folder / name) == 0o644
    assert "notes.txt" not in told
    assert f"chmod go-w {folder}" in told
    assert mode(folder) == 0o777


@pytest.mark.parametrize("open_mode", [0o620, 0o602, 0o666])
async def test_a_key_that_others_may_write_is_not_used(
    tmp_path: Path, open_mode: int, capsys: pytest.CaptureFixture[str]
) -> None:
    key = tmp_path / "the key" / "secret.key"
    SecretBox(key).seal("reader:password")
    key.chmod(open_mode)
    typed = f"chmod 600 '{key}'"
    for use in (SecretBox(key).require_untouched, lambda: SecretBox(key).seal("more")):
        with pytest.raises(StoreError) as refused:
            use()
        assert typed in str(refused.value)
    settings = Settings(
        discord_token=SecretStr("MTIz.any.token"),
        discord_api_url="http://127.0.0.1:9/api/v10",
        database_url=SecretStr(f"sqlite:///{tmp_path}/desk.db"),
        secret_key_file=key,
    )
    assert await check(settings) == 1
    assert typed in capsys.readouterr().out
    key.chmod(0o600)
    SecretBox(key).require_untouched()


async def test_the_bot_does_not_start_with_such_a_key(tmp_path: Path) -> None:
    key = tmp_path / "secret.key"
    key.touch()
    key.chmod(0o666)
    settings = Settings(database_url=SecretStr(f"sqlite:///{tmp_path}/desk.db"), secret_key_file=key)
    with pytest.raises(StoreError, match="chmod 600"):
        async with open_app(settings, Parts()):
            pass
    assert not (tmp_path / "desk.db").exists()
