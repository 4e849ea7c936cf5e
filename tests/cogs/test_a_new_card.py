"""A card is added in five places, as `CONTRIBUTING.md` says, and whoever forgets one is told which."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from bot.app import Parts
from bot.chat.kinds import require_whole
from bot.client import EXTENSIONS, LOOKS, PRESSES
from bot.model.delivery import Purpose
from bot.services.building import KINDS
from bot.settings import Settings
from bot.store import Store
from sandbox import Sandbox
from sandbox.model import Channel, Message
from tests.cogs.conftest import Press
from tests.doubles import Shelf, sample_issue
from tests.greeting import GREETING, LOOK, Answer, build_with_greetings, rows

WHOLE: dict[str, Any] = {
    "kinds": (*KINDS, GREETING),
    "build": build_with_greetings,
    "looks": (*LOOKS, LOOK),
    "presses": (*PRESSES, Answer),
    "cogs": (*Parts.cogs, "tests.greeting"),
    "extensions": (*EXTENSIONS, "tests.greeting"),
}


async def add_rows(settings: Settings) -> None:
    async with await Store.open(settings.database_url.get_secret_value()) as store, store.write() as transaction:
        await transaction.run_sync(rows.metadata.create_all)


@pytest.fixture
async def press(sandbox: Sandbox, settings: Settings) -> AsyncIterator[Press]:
    await add_rows(settings)
    press = Press(sandbox, Shelf(sample_issue(1)), settings, **WHOLE)
    await press.start()
    yield press
    await press.stop()


def cards_in(place: Channel) -> list[Message]:
    return [each for each in place.messages.values() if each.author.bot and not each.ephemeral]


async def test_a_card_that_was_added_in_its_places_is_posted_pressed_and_drawn_anew(
    press: Press, general: Channel
) -> None:
    mia = press.person("mia")
    assert "/greet" in (await mia.slash("/help")).text
    assert "on its way" in (await mia.slash("/greet")).text
    [card] = await press.sandbox.wait_for(lambda: cards_in(general), what="the greeting")
    assert "Returned: 0" in card.text
    assert "You said hello" in (await mia.click(card, "Hello")).text
    await press.sandbox.wait_for(lambda: "Returned: 1" in card.text, what="the greeting drawn anew")


_UNTOLD = replace(GREETING, refused_words="notice-greeting-refused")
FORGOTTEN: dict[str, tuple[dict[str, Any], str]] = {
    "rows": ({}, "The rows of greeting have no table: add greetings to bot/store/tables.py, with a migration."),
    "rules": ({"kinds": KINDS}, "The look greeting has no kind: add one to KINDS in bot/services/building.py."),
    "look": ({"looks": LOOKS}, "Messages of the kind greeting have no look: add one to LOOKS in bot/client.py."),
    "presses": ({"presses": PRESSES}, "Answer stands on greeting: add it to PRESSES in bot/client.py."),
    "cog": (
        {"extensions": EXTENSIONS},
        "The commands in tests.greeting are not loaded: add it to EXTENSIONS in bot/client.py.",
    ),
    "texts": (
        {"kinds": (*KINDS, _UNTOLD)},
        "The kind greeting wants a text: add notice-greeting-refused to bot/locales/en.ftl.",
    ),
}


@pytest.mark.parametrize("place", FORGOTTEN)
async def test_the_place_that_was_forgotten_is_named_before_anything_starts(
    sandbox: Sandbox, settings: Settings, place: str
) -> None:
    left_out, named = FORGOTTEN[place]
    if place != "rows":
        await add_rows(settings)
    with pytest.raises(LookupError) as raised:
        await Press(sandbox, Shelf(sample_issue(1)), settings, **{**WHOLE, **left_out}).start()
    assert str(raised.value) == named


@pytest.mark.parametrize("word", ["a word that is too long", "review"])
def test_a_purpose_that_would_not_be_told_apart_or_stored_is_named(word: str) -> None:
    with pytest.raises(LookupError, match=f"{word} stands for two, or has more than 16 characters"):
        require_whole((*KINDS, replace(GREETING, purpose=Purpose(word))), WHOLE["looks"], WHOLE["presses"])


def test_nothing_is_forgotten_of_the_features_there_are() -> None:
    require_whole(KINDS, LOOKS, PRESSES, cogs=Parts.cogs, extensions=EXTENSIONS)
