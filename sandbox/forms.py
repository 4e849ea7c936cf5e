"""What Discord asks of every text in a form: not blank where it is required, and within its length."""

from typing import Any

from sandbox.errors import ApiError, invalid_form


def required(path: str) -> ApiError:
    return invalid_form(path, "BASE_TYPE_REQUIRED", "This field is required")


def check_length(path: str, text: str, least: int, most: int) -> None:
    if not least <= len(text) <= most:
        raise invalid_form(path, "BASE_TYPE_BAD_LENGTH", f"Must be between {least} and {most} in length.")


def check_text(path: str, text: str | None, most: int) -> None:
    """A text that must say something; blanks alone are cut off first, and say nothing."""
    if not (text or "").strip():
        raise required(path)
    check_most(path, text, most)


def check_most(path: str, text: str | None, most: int) -> None:
    if len(text or "") > most:
        raise invalid_form(path, "BASE_TYPE_MAX_LENGTH", f"Must be {most} or fewer in length.")


def without_nulls(value: Any) -> Any:
    """The value as Discord gives it back: a null in a request means that the field was not given, at every depth."""
    if isinstance(value, dict):
        return {key: without_nulls(one) for key, one in value.items() if one is not None}
    return [without_nulls(one) for one in value] if isinstance(value, list) else value
