"""The catalogue: every text that is asked for is there, with its parameters."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.texts import languages, message_ids, text

ROOT = Path(__file__).parents[1]
CATALOGUE = (ROOT / "bot/locales/en.ftl").read_text(encoding="utf-8")
_ID = re.compile(r"[a-z]+(-[a-z]+)+")
_ASKING = {
    "text",
    "say",
    "reply",
    "FetchError",
    "UnreadableError",
    "DeliveryError",
    "DeliveryRefusedError",
    "RefusedError",
    "NotFoundError",
    "Problem",
}


def asked_for() -> set[str]:
    """Ids that stand as strings in calls of the catalogue and in errors."""
    found = set()
    for path in [*ROOT.glob("bot/**/*.py"), *ROOT.glob("cogs/*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(node.value)
    return found


def test_every_text_of_the_catalogue_is_used() -> None:
    assert sorted(message_ids() - asked_for()) == []


def named_in(path: Path) -> Iterator[object]:
    """What is handed to the catalogue in a file: first arguments, `message_id=…`, and what `message_id` is set to."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in _ASKING:
            yield from (argument.value for argument in node.args if isinstance(argument, ast.Constant))
        elif isinstance(node, ast.keyword) and node.arg == "message_id" and isinstance(node.value, ast.Constant):
            yield node.value.value
        elif isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "message_id":
            yield from (part.value for part in ast.walk(node.value) if isinstance(part, ast.Constant))


def test_every_text_that_is_asked_for_exists() -> None:
    paths = [*ROOT.glob("bot/**/*.py"), *ROOT.glob("cogs/*.py")]
    asked = {name for path in paths for name in named_in(path) if isinstance(name, str) and _ID.fullmatch(name)}
    assert len(asked) > 40
    assert sorted(asked - message_ids()) == []


def test_every_language_has_only_texts_that_english_has_with_the_same_parameters() -> None:
    def parameters(catalogue: str) -> dict[str, set[str]]:
        entries = re.split(r"^(?=[a-z][a-z-]* = )", catalogue, flags=re.MULTILINE)[1:]
        return {entry.split(" = ")[0]: set(re.findall(r"\$(\w+)", entry)) for entry in entries}

    english = parameters(CATALOGUE)
    assert english.keys() == message_ids()
    for language in languages()[1:]:
        other = parameters((ROOT / f"bot/locales/{language}.ftl").read_text(encoding="utf-8"))
        assert {key: english.get(key) for key in other} == other


def test_a_language_without_a_catalogue_gets_english() -> None:
    for language in ("en", "en-GB", "zz", "", "../../secret"):
        assert text("button-all-links", language=language) == "All links"


def test_numbers_choose_their_form() -> None:
    assert text("issue-link-count", count=1) == "**1** link"
    assert text("issue-link-count", count=23) == "**23** links"


def test_a_missing_text_or_parameter_is_an_error_of_the_code() -> None:
    with pytest.raises(KeyError):
        text("no-such-text")
    with pytest.raises(ValueError, match="count"):
        text("issue-link-count")
