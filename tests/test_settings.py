"""Settings: all problems in one message, secrets in none."""

from pathlib import Path

import pytest

from bot import settings as settings_module
from bot.errors import SettingsError
from bot.settings import DISCORD_API, Settings

TOKEN = "MTIz.abcdef.the-secret-part"


def test_a_token_is_all_that_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", TOKEN)
    settings = Settings.load()
    assert settings.discord_api_url == DISCORD_API
    assert settings.database_url.get_secret_value() == "sqlite:///data/pressroom.db"
    assert settings.health_port is None


def test_all_problems_are_told_at_once_with_an_example_each(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISCORD_API_URL", "gopher://discord")
    monkeypatch.setenv("DATABASE_URL", "mysql://root:hunter2@db/pressroom")
    monkeypatch.setenv("HEALTH_PORT", "http")
    monkeypatch.setenv("LOG_LEVEL", "LOUD")
    monkeypatch.setenv("POLL_MINUTES", "0")
    with pytest.raises(SettingsError) as caught:
        Settings.load()
    told = str(caught.value)
    for variable in ("DISCORD_API_URL", "DATABASE_URL", "HEALTH_PORT", "LOG_LEVEL", "POLL_MINUTES", "DISCORD_TOKEN"):
        (line,) = (line for line in told.splitlines() if f"  {variable}:" in line)
        assert "Example:" in line
    assert "hunter2" not in told


def test_a_missing_token_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingsError, match="DISCORD_TOKEN: is missing"):
        Settings.load()
    assert Settings.load(need_token=False).discord_token.get_secret_value() == ""
    monkeypatch.setenv("DISCORD_TOKEN", "hunter2")
    with pytest.raises(SettingsError, match="does not look like a bot token") as caught:
        Settings.load()
    assert "hunter2" not in str(caught.value)


def test_the_token_never_travels_in_the_clear(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", TOKEN)
    monkeypatch.setenv("DISCORD_API_URL", "http://discord.example/api/v10")
    with pytest.raises(SettingsError, match="must be https unless it is on this machine"):
        Settings.load()
    monkeypatch.setenv("DISCORD_API_URL", "http://127.0.0.1:1/api/v10/")
    assert Settings.load().discord_api_url == "http://127.0.0.1:1/api/v10"


def test_secrets_do_not_show_in_a_printed_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", TOKEN)
    monkeypatch.setenv("DATABASE_URL", "postgresql://press:hunter2@db/pressroom")
    settings = Settings.load()
    assert TOKEN not in repr(settings)
    assert "hunter2" not in repr(settings) + str(settings) + str(settings.model_dump())
    assert set(settings.secrets) == {TOKEN, "hunter2"}


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://press:hun@ter:2secret@db/x",
        "postgresql://press:hunter2[@db/x",
        "postgresql://db:port/x",
        "sqlite:///",
    ],
)
def test_an_address_with_bare_special_characters_is_told_without_its_password(
    monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", TOKEN)
    monkeypatch.setenv("DATABASE_URL", address)
    with pytest.raises(SettingsError, match="DATABASE_URL") as caught:
        Settings.load()
    assert "secret" not in str(caught.value)
    assert "hun" not in str(caught.value)


def test_an_empty_variable_means_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", TOKEN)
    for variable in ("LOG_LEVEL", "HEALTH_PORT", "POLL_MINUTES", "DATABASE_URL", "SECRET_KEY_FILE"):
        monkeypatch.setenv(variable, "")
    assert Settings.load().log_level == "INFO"
    assert Settings.load().health_port is None


def test_a_settings_file_that_is_no_text_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"DISCORD_TOKEN=\xff\xfe")
    monkeypatch.setattr(settings_module, "_ENV_FILE", tmp_path / ".env")
    with pytest.raises(SettingsError, match="no text in UTF-8"):
        Settings.load()
