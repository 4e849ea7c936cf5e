"""Every setting, read once from the environment and `.env`; all problems are told in one message."""

import os
import re
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import parse_qsl, unquote, urlsplit

from dotenv import dotenv_values
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator

from bot.errors import SettingsError
from bot.log import LogFormat

DISCORD_API = "https://discord.com/api/v10"

# What a correct value looks like, shown beside each problem.
_EXAMPLES = {
    "DISCORD_TOKEN": "the token from the Bot page of your application in Discord's developer portal",
    "DISCORD_API_URL": DISCORD_API,
    "DATABASE_URL": "sqlite:///data/pressroom.db or postgresql://user:password@host/pressroom",
    "SECRET_KEY_FILE": "data/secret.key",
    "LOG_LEVEL": "INFO",
    "LOG_FORMAT": "text",
    "HEALTH_HOST": "127.0.0.1",
    "HEALTH_PORT": "8080",
    "PUSH_HOST": "127.0.0.1",
    "PUSH_PORT": "8081",
    "PUBLIC_URL": "https://desk.example.com",
    "REQUESTS_PER_SECOND": "50",
    "POLL_MINUTES": "10",
    "FETCH_TIMEOUT_SECONDS": "20",
    "FETCH_MAX_MEGABYTES": "10",
    "SOURCES_PER_SERVER": "20",
    "MEGABYTES_PER_SERVER": "500",
    "ISSUES_PER_DAY": "1000",
    "LINKS_PER_DAY": "50000",
    "ISSUES_PER_SERVER": "20000",
    "LINKS_PER_SERVER": "500000",
    "SUBMISSIONS_PER_MEMBER": "20",
    "SUBMISSIONS_PER_SERVER": "500",
    "HISTORY_DAYS": "90",
    "SHORTEST_PAUSE_MINUTES": "1",
    "NEWSLETTERS_FOLDER": "data/newsletters",
    "FOLLOW_LINKS": "false",
    "ALLOW_PRIVATE_ADDRESSES": "false",
}
_ENV_FILE = Path(".env")
_TOKEN_SHAPE = re.compile(r"[\w-]{2,}\.[\w-]{2,}\.[\w-]{2,}")


class Settings(BaseModel):
    """The bot's settings; field names in upper case are the environment's variables."""

    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)

    discord_token: SecretStr = SecretStr("")
    discord_api_url: str = DISCORD_API
    database_url: SecretStr = SecretStr("sqlite:///data/pressroom.db")
    secret_key_file: Path = Path("data/secret.key")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: LogFormat = "text"
    health_host: str = "127.0.0.1"
    health_port: Annotated[int, Field(ge=1, le=65535)] | None = None
    push_host: str = "127.0.0.1"
    push_port: Annotated[int, Field(ge=1, le=65535)] | None = None
    public_url: str | None = None
    requests_per_second: Annotated[int, Field(ge=2, le=5000)] = 50
    poll_minutes: Annotated[float, Field(ge=0.01, le=1440)] = 10.0
    fetch_timeout_seconds: Annotated[float, Field(gt=0, le=300)] = 20.0
    fetch_max_megabytes: Annotated[float, Field(gt=0, le=100)] = 10.0
    sources_per_server: Annotated[int, Field(ge=1, le=1000)] = 20
    megabytes_per_server: Annotated[float, Field(gt=0, le=1_000_000)] = 500.0
    submissions_per_member: Annotated[int, Field(ge=1, le=100_000)] = 20
    submissions_per_server: Annotated[int, Field(ge=1, le=100_000)] = 500
    issues_per_day: Annotated[int, Field(ge=1, le=1_000_000)] = 1_000
    # One issue may have 300.
    links_per_day: Annotated[int, Field(ge=300, le=100_000_000)] = 50_000
    issues_per_server: Annotated[int, Field(ge=1, le=100_000_000)] = 20_000
    links_per_server: Annotated[int, Field(ge=0, le=1_000_000_000)] = 500_000
    history_days: Annotated[int, Field(ge=7, le=36500)] = 90
    shortest_pause_minutes: Annotated[float, Field(ge=0.01, le=1440)] = 1.0
    follow_links: bool = False
    newsletters_folder: Path | None = None
    allow_private_addresses: bool = False

    @classmethod
    def load(cls, *, need_token: bool = True, **overrides: Any) -> Self:
        """Read the environment and `.env`. Raises SettingsError, which names every wrong variable."""
        try:
            given = _given() | overrides
        except UnicodeDecodeError:
            raise SettingsError("The file .env is no text in UTF-8. Write it anew, see .env.example.") from None
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
        raise SettingsError("\n".join(["The settings (environment or .env) need attention:", *problems]))

    @field_validator("log_level", mode="before")
    @classmethod
    def _fold_level(cls, value: object) -> object:
        return value.upper() if isinstance(value, str) else value

    @field_validator("discord_api_url")
    @classmethod
    def _check_api_url(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError("must be an http or https address")
        if parts.scheme == "http" and parts.hostname not in {"127.0.0.1", "localhost", "::1"}:
            raise ValueError("must be https unless it is on this machine: the token travels with every request")
        return value.rstrip("/")

    @field_validator("public_url")
    @classmethod
    def _check_public_url(cls, value: str | None) -> str | None:
        parts = urlsplit(value or "")
        if value is not None and (parts.scheme not in {"http", "https"} or not parts.hostname):
            raise ValueError("must be an http or https address")
        return value.rstrip("/") if value is not None else None

    @field_validator("database_url")
    @classmethod
    def _check_database_url(cls, value: SecretStr) -> SecretStr:
        scheme, _, rest = value.get_secret_value().partition("://")
        if scheme not in {"sqlite", "postgresql", "postgres"}:
            raise ValueError("must begin with sqlite:/// or postgresql://")
        if scheme == "sqlite" and not rest.removeprefix("/"):
            raise ValueError("must name a file after sqlite:///")
        if scheme != "sqlite" and not _is_server_address(value.get_secret_value()):
            raise ValueError(
                "is no database address; characters like @ : / [ in user or password are written %40 %3A %2F %5B"
            )
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
        return [_problem("DISCORD_TOKEN", "is missing")]
    if not _TOKEN_SHAPE.fullmatch(token):
        return [_problem("DISCORD_TOKEN", "does not look like a bot token (three parts joined by dots)")]
    return []


def _problem(variable: str, what: str) -> str:
    example = _EXAMPLES.get(variable)
    return f"  {variable}: {what}." + (f" Example: {example}" if example else "")
