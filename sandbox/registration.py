"""The rules for application commands: names, texts, options, and how large all of them may be together."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from sandbox.errors import ApiError, invalid_form
from sandbox.forms import check_most, check_text, required, without_nulls

Json = dict[str, Any]

CHAT = 1
SUBCOMMAND, GROUP, STRING, INTEGER, NUMBER = 1, 2, 3, 4, 10
MOST_OPTIONS = MOST_CHOICES = 25
MOST_CHARACTERS = 8000
"""Names, descriptions and values of one command together, each in its longest language."""

# Letters and digits of every script; the marks of Devanagari and Thai, which are no letters, are named besides.
_NAME = re.compile(r"^[-_'\w\u0900-\u097f\u0e00-\u0e7f]{1,32}$")
_LOCALES = frozenset(
    "ar bg cs da de el en-GB en-US es-419 es-ES fi fr he hi hr hu id it ja ko lt nl no pl pt-BR ro ru sv-SE th tr uk "
    "vi zh-CN zh-TW".split()
)
_CHOICES: Mapping[int, tuple[type, ...]] = {STRING: (str,), INTEGER: (int,), NUMBER: (int, float)}


def check(body: Json, path: str = "") -> None:
    """Raise 50035 for what Discord refuses in a command; `path` is what stands before its fields, `"0."` in a list."""
    is_chat = (body.get("type") or CHAT) == CHAT
    _check_name(f"{path}name", body["name"], is_chat=is_chat)
    _check_names(f"{path}name_localizations", body.get("name_localizations"), is_chat=is_chat)
    if is_chat:
        check_text(f"{path}description", body.get("description"), 100)
        _check_descriptions(f"{path}description_localizations", body.get("description_localizations"))
        _check_options(body.get("options") or [], f"{path}options", depth=0)
    else:
        _check_menu(body, path)
    if size(body) > MOST_CHARACTERS:
        raise invalid_form(
            path.rstrip("."), "APPLICATION_COMMAND_TOO_LARGE", f"Command exceeds maximum size ({MOST_CHARACTERS})"
        )


def _check_menu(body: Json, path: str) -> None:
    for field, noun in (("description", "a description"), ("options", "options")):
        if body.get(field):
            raise invalid_form(
                f"{path}{field}",
                f"APPLICATION_COMMAND_CONTEXT_MENU_{field.upper()}_INVALID",
                f"Context menu commands cannot have {noun}",
            )


def _check_name(path: str, name: str, *, is_chat: bool) -> None:
    if not is_chat:
        check_text(path, name, 32)
    elif not _NAME.match(name) or name != name.lower():
        raise invalid_form(path, "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")


def _check_names(path: str, names: Json | None, *, is_chat: bool) -> None:
    for locale, name in _localized(path, names):
        _check_name(f"{path}.{locale}", name, is_chat=is_chat)


def _check_descriptions(path: str, texts: Json | None) -> None:
    for locale, text in _localized(path, texts):
        check_text(f"{path}.{locale}", text, 100)


def _localized(path: str, texts: Json | None) -> Iterable[tuple[str, str]]:
    for locale, text in (texts or {}).items():
        if locale not in _LOCALES:
            raise invalid_form(f"{path}.{locale}", "ENUM_TYPE_COERCE", f'Value "{locale}" is not a valid enum value.')
        yield locale, text


def _check_options(options: list[Json], path: str, *, depth: int) -> None:
    if len(options) > MOST_OPTIONS:
        raise invalid_form(path, "BASE_TYPE_MAX_LENGTH", f"Must be {MOST_OPTIONS} or fewer in length.")
    names, optional = set[str](), False
    for index, option in enumerate(options):
        here = f"{path}.{index}"
        _check_kind(here, option["type"], options[0]["type"], depth)
        _check_name(f"{here}.name", option["name"], is_chat=True)
        _check_names(f"{here}.name_localizations", option.get("name_localizations"), is_chat=True)
        check_text(f"{here}.description", option.get("description"), 100)
        _check_descriptions(f"{here}.description_localizations", option.get("description_localizations"))
        if option["name"] in names:
            raise invalid_form(here, "APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS", "Option name already exists")
        names.add(option["name"])
        if option.get("required") and optional:
            raise invalid_form(
                here,
                "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID",
                "Required options must be placed before non-required options",
            )
        optional = optional or not option.get("required")
        if option["type"] in (SUBCOMMAND, GROUP):
            _check_options(option.get("options") or [], f"{here}.options", depth=depth + option["type"])
        else:
            _check_values(option, here)


def _check_kind(path: str, kind: int, first: int, depth: int) -> None:
    """Subcommands stand beside their like, in groups or in the command; groups in the command alone."""
    # At depth 0 all may stand, in a group (2) subcommands alone, below (1 or 3) what is neither.
    fits = {0: True, 2: kind == SUBCOMMAND}.get(depth, kind not in (SUBCOMMAND, GROUP))
    if not fits or (kind in (SUBCOMMAND, GROUP)) != (first in (SUBCOMMAND, GROUP)):
        raise invalid_form(
            path,
            "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID",
            "Sub-command and sub-command group option types are mutually exclusive to all other types",
        )


def _check_values(option: Json, path: str) -> None:
    choices = option.get("choices") or []
    if option.get("autocomplete") and choices:
        raise invalid_form(
            f"{path}.autocomplete",
            "APPLICATION_COMMAND_OPTIONS_AUTOCOMPLETE_INVALID",
            "Autocomplete and choices are mutually exclusive",
        )
    if len(choices) > MOST_CHOICES:
        raise invalid_form(f"{path}.choices", "BASE_TYPE_MAX_LENGTH", f"Must be {MOST_CHOICES} or fewer in length.")
    seen = set[str]()
    for index, choice in enumerate(choices):
        here = f"{path}.choices.{index}"
        check_choice(choice, option["type"], here)
        if choice["name"] in seen:
            raise invalid_form(
                here, "APPLICATION_COMMAND_OPTIONS_CHOICE_NAME_ALREADY_EXISTS", "Option choice name already exists"
            )
        seen.add(choice["name"])
    for least, most in (("min_value", "max_value"), ("min_length", "max_length")):
        low, high = option.get(least), option.get(most)
        if low is not None and high is not None and low > high:
            raise invalid_form(f"{path}.{most}", "NUMBER_TYPE_MIN", f"Must be greater than or equal to {least}.")


def check_choice(choice: Json, kind: int, path: str) -> None:
    """A choice of an option of that type, whether it stands in the command or comes while somebody types."""
    check_text(f"{path}.name", choice.get("name"), 100)
    value = choice.get("value")
    if value is None:
        raise required(f"{path}.value")
    if isinstance(value, bool) or not isinstance(value, _CHOICES.get(kind, (str, int, float))):
        raise invalid_form(f"{path}.value", "BASE_TYPE_BAD_TYPE", "Value has the wrong type.")
    if isinstance(value, str):
        check_most(f"{path}.value", value, 100)


def size(thing: Json) -> int:
    """The characters of a command's names, descriptions and values, its options and choices included."""
    total = len(str(thing.get("value", "")))
    for field in ("name", "description"):
        texts = [thing.get(field) or "", *(thing.get(f"{field}_localizations") or {}).values()]
        total += max(map(len, texts))
    return total + sum(size(one) for part in ("options", "choices") for one in thing.get(part) or ())


def shape(options: list[Json]) -> list[Json]:
    """The options as Discord gives them back."""
    shaped = []
    for option in options:
        one = without_nulls(option)
        if one["type"] in (SUBCOMMAND, GROUP):
            one["options"] = shape(option.get("options") or [])
        shaped.append(one)
    return shaped


def count(kinds: list[int], most: Mapping[int, int]) -> None:
    """Raise 30032 where there are more commands of a type than Discord keeps."""
    for kind, limit in most.items():
        if kinds.count(kind) > limit:
            raise ApiError(400, 30032, f"Maximum number of application commands reached ({limit}).")
