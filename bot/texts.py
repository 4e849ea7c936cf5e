"""Every sentence that a person reads: one Fluent catalogue a language in `bot/locales/`.

A text is named by its message id and filled with parameters: `text("links-count", count=23)`. English is complete by
definition; a language that lacks a text shows the English one.
"""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from functools import cache
from pathlib import Path

from fluent.runtime import FluentBundle, FluentResource

DEFAULT_LANGUAGE = "en"
_LOCALES = Path(__file__).parent / "locales"

Parameter = str | int | float | Decimal | datetime


def languages() -> tuple[str, ...]:
    """Codes of the languages that have a catalogue, English first."""
    others = sorted(path.stem for path in _LOCALES.glob("*.ftl") if path.stem != DEFAULT_LANGUAGE)
    return (DEFAULT_LANGUAGE, *others)


def text(message_id: str, *, language: str = DEFAULT_LANGUAGE, **parameters: Parameter) -> str:
    """The text `message_id` in `language` (a Discord locale such as `de` or `en-GB` will do).

    Raises KeyError for an id that the English catalogue lacks and ValueError for a parameter that the text needs and
    did not get: both are mistakes of the code, found by its tests.
    """
    for code in (language, language.partition("-")[0], DEFAULT_LANGUAGE):
        bundle = _bundle(code)
        if bundle is not None and bundle.has_message(message_id):
            return _format(bundle, message_id, parameters)
    raise KeyError(message_id)


def message_ids() -> frozenset[str]:
    """Every id of the English catalogue."""
    bundle = _bundle(DEFAULT_LANGUAGE)
    assert bundle is not None  # noqa: S101 - ships with the package
    return frozenset(bundle._messages)  # noqa: SLF001 - the library offers no public listing


def _format(bundle: FluentBundle, message_id: str, parameters: Mapping[str, Parameter]) -> str:
    pattern = bundle.get_message(message_id).value
    if pattern is None:
        raise KeyError(message_id)
    # Fluent formats numbers and dates by itself; everything else has to be text already.
    formatted, errors = bundle.format_pattern(pattern, dict(parameters))
    if errors:
        raise ValueError(f"text {message_id!r}: {errors[0]}")
    return str(formatted)


@cache
def _bundle(language: str) -> FluentBundle | None:
    path = _LOCALES / f"{language}.ftl"
    if not language.replace("-", "").isalnum() or not path.is_file():
        return None
    # Discord shows Unicode isolation marks as boxes in some fonts, and no supported language mixes directions.
    bundle = FluentBundle([language], use_isolating=False)
    bundle.add_resource(FluentResource(path.read_text(encoding="utf-8")))
    return bundle
