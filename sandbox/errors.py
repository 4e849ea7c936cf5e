"""What goes wrong, in Discord's words.

SandboxError
├── ApiError         answered to the bot as `{"code": …, "message": …}`
├── Refused          a person tried what Discord's client would not let them do
└── NothingHappened  a wait ended without what was waited for
"""

from collections.abc import Iterator, Sequence
from typing import Any


class SandboxError(Exception):
    """Any error of the sandbox."""


class Refused(SandboxError):  # noqa: N818  (reads as a sentence: "raises Refused")
    """The person cannot do this: the command is hidden, the button disabled, the option unknown."""


class NothingHappened(SandboxError, TimeoutError):  # noqa: N818
    """The deadline passed; the message says what was seen meanwhile."""


class ApiError(SandboxError):
    """An answer in the 400s, with Discord's JSON error code (0 where Discord gives a general one)."""

    def __init__(
        self,
        status: int,
        code: int,
        message: str,
        *,
        errors: dict[str, Any] | None = None,
        retry_after: float | None = None,
        scope: str = "user",
        is_global: bool = False,
    ) -> None:
        super().__init__(f"{status} ({code}): {message}")
        self.status = status
        self.code = code
        self.message = message
        self.errors = errors
        self.retry_after = retry_after
        self.scope = scope
        self.is_global = is_global

    @property
    def sentence(self) -> str:
        """The error for a person: Discord's words, and for a form where they point to."""
        words = f"{self.message} ({self.code})" if self.code else self.message
        return f"{words}: {'; '.join(_spots(self.errors))}" if self.errors else words

    def body(self) -> dict[str, Any]:
        body: dict[str, Any] = {"message": self.message, "code": self.code}
        if self.errors is not None:
            body["errors"] = self.errors
        if self.retry_after is not None:
            body["retry_after"] = round(self.retry_after, 3)
            body["global"] = self.is_global
        return body


def _spots(tree: dict[str, Any], path: str = "") -> Iterator[str]:
    for key, value in tree.items():
        if key == "_errors":
            yield from (f"{path}: {one['message']}" for one in value)
        else:
            yield from _spots(value, f"{path}.{key}".lstrip("."))


def unknown_channel() -> ApiError:
    return ApiError(404, 10003, "Unknown Channel")


def unknown_guild() -> ApiError:
    return ApiError(404, 10004, "Unknown Guild")


def unknown_member() -> ApiError:
    return ApiError(404, 10007, "Unknown Member")


def unknown_message() -> ApiError:
    return ApiError(404, 10008, "Unknown Message")


def unknown_role() -> ApiError:
    return ApiError(404, 10011, "Unknown Role")


def unknown_user() -> ApiError:
    return ApiError(404, 10013, "Unknown User")


def unknown_webhook() -> ApiError:
    return ApiError(404, 10015, "Unknown Webhook")


def unknown_interaction() -> ApiError:
    return ApiError(404, 10062, "Unknown interaction")


def unknown_command() -> ApiError:
    return ApiError(404, 10063, "Unknown application command")


def missing_access() -> ApiError:
    return ApiError(403, 50001, "Missing Access")


def missing_permissions() -> ApiError:
    return ApiError(403, 50013, "Missing Permissions")


def empty_message() -> ApiError:
    return ApiError(400, 50006, "Cannot send an empty message")


def wrong_media(expected: Sequence[str]) -> ApiError:
    """The body is of a type that the operation does not read."""
    named = ", ".join(repr(one) for one in expected)
    return invalid_form("", "CONTENT_TYPE_INVALID", f'Expected "Content-Type" header to be one of {{{named}}}.')


def wrong_version() -> ApiError:
    return ApiError(400, 50041, "Invalid API version provided")


def invalid_form(path: str, code: str, message: str) -> ApiError:
    """Error 50035 for one field; `path` is written with dots: `components.0.label`."""
    tree: dict[str, Any] = {"_errors": [{"code": code, "message": message}]}
    for key in reversed([part for part in path.split(".") if part]):
        tree = {key: tree}
    return ApiError(400, 50035, "Invalid Form Body", errors=tree)
