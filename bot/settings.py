"""Every setting, read once from the environment and `.env`; all problems are told in one message."""

import os
import re
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import parse_qsl, unquote, urlsplit

from dotenv import dotenv_values
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator

from bot.errors import SettingsError
from bot.log import LogFormat
from bot.texts import text

DISCORD_API = "https://discord.com/api/v10"

_ENV_FILE = Path(".env")
_TOKEN_SHAPE = re.compile(r"[\w-]{2,}\.[\w-]{2,}\.[\w-]{2,}")


class Settings(BaseModel):
    """The bot's settings; field names in upper case are the environment's variables."""

    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)

    discord_token: SecretStr = Field(
        default=SecretStr(""),
        examples=[text("settings-token-example")],
    )
    discord_api_url: str = Field(default=DISCORD_API, examples=[DISCORD_API])
    database_url: SecretStr = Field(
        default=SecretStr("sqlite:///data/pressroom.db"),
        examples=[text("settings-database-example")],
    )
    secret_key_file: Path = Field(default=Path("data/secret.key"), examples=["data/secret.key"])
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(default="INFO", examples=["INFO"])
    log_format: LogFormat = Field(default="text", examples=["text"])
    health_host: str = Field(default="127.0.0.1", examples=["127.0.0.1"])
    health_port: int | None = Field(default=None, ge=1, le=65535, examples=["8080"])
    push_host: str = Field(default="127.0.0.1", examples=["127.0.0.1"])
    push_port: int | None = Field(default=None, ge=1, le=65535, examples=["8081"])
    public_url: str | None = Field(default=None, examples=["https://desk.example.com"])
    requests_per_second: int = Field(default=50, ge=2, le=5000, examples=["50"])
    poll_minutes: float = Field(default=10.0, ge=0.01, le=1440, examples=["10"])
    fetch_timeout_seconds: float = Field(default=20.0, gt=0, le=300, examples=["20"])
    fetch_max_megabytes: float = Field(default=10.0, gt=0, le=100, examples=["10"])
    sources_per_server: int = Field(default=20, ge=1, le=1000, examples=["20"])
    megabytes_per_server: float = Field(default=500.0, gt=0, le=1_000_000, examples=["500"])
    submissions_per_member: int = Field(default=20, ge=1, le=100_000, examples=["20"])
    submissions_per_server: int = Field(default=500, ge=1, le=100_000, examples=["500"])
    issues_per_day: int = Field(default=1_000, ge=1, le=1_000_000, examples=["1000"])
    # One issue may have 300.
    links_per_day: int = Field(default=50_000, ge=300, le=100_000_000, examples=["50000"])
    issues_per_server: int = Field(default=20_000, ge=1, le=100_000_000, examples=["20000"])
    links_per_server: int = Field(default=500_000, ge=0, le=1_000_000_000, examples=["500000"])
    history_days: int = Field(default=90, ge=7, le=36500, examples=["90"])
    shortest_pause_minutes: float = Field(default=1.0, ge=0.01, le=1440, examples=["1"])
    follow_links: bool = Field(default=False, examples=["false"])
    newsletters_folder: Path | None = Field(default=None, examples=["data/newsletters"])
    allow_private_addresses: bool = Field(default=False, examples=["false"])

    @classmethod
    def load(cls, *, need_token: bool = True, **overrides: Any) -> Self:
        """Read the environment and `.env`. Raises SettingsError, which names every wrong variable."""
        try:
            given = _given() | overrides
        except UnicodeDecodeError:
            raise SettingsError(text("settings-no-text")) from None
        try:
            settings = cls.model_validate(given)
            if not need_token or _TOKEN_SHAPE.fullmatch(settings.discord_token.get_secret_value()):
                return settings
            problems = []
        except ValidationError as error:
            problems = [
                _problem(str(detail["loc"][0]).upper(), str(detail["msg"]).removeprefix("Value error, "))
                for detail in error.errors(include_url=False, include_input=False)
            ]
        if need_token:
            problems += _token_problems(str(given.get("discord_token", "")))
        raise SettingsError("\n".join([text("settings-attention"), *problems]))

    @field_validator("log_level", mode="before")
    @classmethod
    def _fold_level(cls, value: object) -> object:
        return value.upper() if isinstance(value, str) else value

    @field_validator("discord_api_url")
    @classmethod
    def _check_api_url(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError(text("settings-http-address"))
        if parts.scheme == "http" and parts.hostname not in {"127.0.0.1", "localhost", "::1"}:
            raise ValueError(text("settings-https"))
        return value.rstrip("/")

    @field_validator("public_url")
    @classmethod
    def _check_public_url(cls, value: str | None) -> str | None:
        parts = urlsplit(value or "")
        if value is not None and (parts.scheme not in {"http", "https"} or not parts.hostname):
            raise ValueError(text("settings-http-address"))
        return value.rstrip("/") if value is not None else None

    @field_validator("database_url")
    @classmethod
    def _check_database_url(cls, value: SecretStr) -> SecretStr:
        scheme, _, rest = value.get_secret_value().partition("://")
        if scheme not in {"sqlite", "postgresql", "postgres"}:
            raise ValueError(text("settings-database-scheme"))
        if scheme == "sqlite" and not rest.removeprefix("/"):
            raise ValueError(text("settings-database-file"))
        if scheme != "sqlite" and not _is_server_address(value.get_secret_value()):
            raise ValueError(text("settings-database-address"))
        return value

    @property
    def fetch_max_bytes(self) -> int:
        return int(self.fetch_max_megabytes * 1_000_000)

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must never be seen in a log."""
        database = urlsplit(self.database_url.get_secret_value())
        in_query = [value for name, value in parse_qsl(database.query) if "pass" in name]
        # As it is written in the address, and as the server hears it.
        passwords = [database.password or "", unquote(database.password or ""), *in_query]
        return tuple(filter(None, (self.discord_token.get_secret_value(), *passwords)))


def _given() -> dict[str, Any]:
    """What is set, by field; the environment comes before `.env`, and an empty value is none."""
    variables = {**dotenv_values(_ENV_FILE, encoding="utf-8"), **os.environ}
    named = {name.upper(): value for name, value in variables.items() if value}
    return {field: named[field.upper()] for field in Settings.model_fields if field.upper() in named}


def _is_server_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises where it is no number
        user, _, _ = parts.netloc.rpartition("@")
        return user.count(":") <= 1 and not set(user) & set("@[]")
    except ValueError:
        return False


def _token_problems(token: str) -> list[str]:
    if not token:
        return [_problem("DISCORD_TOKEN", text("settings-token-missing"))]
    if not _TOKEN_SHAPE.fullmatch(token):
        return [_problem("DISCORD_TOKEN", text("settings-token-shape"))]
    return []


def _problem(variable: str, what: str) -> str:
    field = Settings.model_fields.get(variable.lower())
    [example] = (field and field.examples) or [None]
    if not example:
        return "  " + text("settings-problem", variable=variable, problem=what)
    return "  " + text("settings-problem-example", variable=variable, problem=what, example=example)
