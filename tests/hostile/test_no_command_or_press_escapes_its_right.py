"""Who may do what: every command and every press, asked by everybody, whatever Discord offers them."""

import re
from typing import Any

import discord
import pytest
from discord import app_commands

from bot.client import PRESSES
from bot.texts import text
from sandbox import Sandbox, interactions
from sandbox.driver import Person, Reply
from sandbox.model import Guild
from tests.cogs.conftest import Press, _nothing_is_promised, guild, press, sandbox, settings

__all__ = ["_nothing_is_promised", "guild", "press", "sandbox", "settings"]  # the fixtures

MEMBERS, MODERATORS, STAFF, EDITORS, ADMINISTRATORS = "members", "moderators", "staff", "editors", "administrators"
REFUSALS = {
    MODERATORS: text("only-moderators"),
    STAFF: text("only-staff"),
    EDITORS: text("only-editors"),
    ADMINISTRATORS: text("only-administrators"),
}
# By Discord's permissions, and by the roles of `/setup roles` alone.
AUDIENCES = {
    "mia": {MEMBERS},
    "helen": {MEMBERS, MODERATORS, STAFF},
    "mara": {MEMBERS, MODERATORS, STAFF},
    "wesley": {MEMBERS, EDITORS, STAFF},
    "gil": {MEMBERS, EDITORS, STAFF, ADMINISTRATORS},
    "ada": {MEMBERS, MODERATORS, EDITORS, STAFF, ADMINISTRATORS},
}
KEY = "a" * 26

COMMANDS: dict[str, tuple[str, dict[str, Any]]] = {
    "help": (MEMBERS, {}),
    "issue latest": (MEMBERS, {}),
    "issue show": (MEMBERS, {"title": "x"}),
    "issue topics": (MEMBERS, {}),
    "links search": (MEMBERS, {"words": "paper"}),
    "links latest": (MEMBERS, {}),
    "links random": (MEMBERS, {}),
    "submit link": (MEMBERS, {"address": "https://rights.example/x"}),
    "submit mine": (MEMBERS, {}),
    "vote": (MEMBERS, {}),
    "results": (MEMBERS, {"poll": "x"}),
    "privacy export": (MEMBERS, {}),
    "privacy forget": (MEMBERS, {}),
    "privacy credit": (MEMBERS, {}),
    "Submit to newsletter": (MEMBERS, {}),
    "poll create": (MODERATORS, {}),
    "poll close": (MODERATORS, {"poll": "x"}),
    "desk post": (STAFF, {"issue": "x"}),
    "desk repost": (STAFF, {"issue": "x"}),
    "desk preview": (STAFF, {"issue": "x"}),
    "desk why": (STAFF, {"url": "https://rights.example/x"}),
    "queue list": (STAFF, {}),
    "queue export": (STAFF, {}),
    "setup source": (ADMINISTRATORS, {"address": "https://rights.example/feed"}),
    "setup channel": (ADMINISTRATORS, {"channel": "#news"}),
    "setup ping": (ADMINISTRATORS, {"role": "@moderator"}),
    "setup threads": (ADMINISTRATORS, {"on": True}),
    "setup staff": (ADMINISTRATORS, {"channel": "#review"}),
    "setup review": (ADMINISTRATORS, {"channel": "#review"}),
    "setup roles": (ADMINISTRATORS, {}),
    "setup archive": (ADMINISTRATORS, {"access": "everyone"}),
    "setup push": (ADMINISTRATORS, {"source": "1"}),
    "setup publish": (ADMINISTRATORS, {"on": False}),
    "setup repeats": (ADMINISTRATORS, {"on": True}),
    "setup remove": (ADMINISTRATORS, {"source": "77"}),
    "setup status": (ADMINISTRATORS, {}),
}
PRESSED: dict[str, tuple[str, str, list[str]]] = {
    "links": (MEMBERS, f"links:{KEY}", []),
    "links-page": (MEMBERS, f"links-page:{KEY}:0:next", []),
    "archive": (MEMBERS, "archive:0:next:paper", []),
    "vote": (MEMBERS, f"vote:{KEY}:0", []),
    "withdraw": (MEMBERS, f"withdraw:{KEY}", []),
    "withdraw-one": (MEMBERS, "withdraw-one:mine", []),
    "credit": (MEMBERS, "credit:other", []),
    "credit-name": (MEMBERS, "credit-name:other", []),
    "forget": (MEMBERS, "forget:me", []),
    "pick-link": (MEMBERS, "pick-link:0", ["0"]),
    "approve": (MODERATORS, f"approve:{KEY}", []),
    "decline": (MODERATORS, f"decline:{KEY}", []),
    "declined": (MODERATORS, f"declined:{KEY}", []),
    "ask-poll": (MODERATORS, "ask-poll:{general}", []),
    "flood": (STAFF, f"flood:{KEY}:all", []),
    "floods": (STAFF, "floods:", []),
    "queue": (STAFF, "queue:0:next", []),
    "queue-item": (STAFF, "queue-item:0", [KEY]),
    "queue-mark": (EDITORS, f"queue-mark:{KEY}:planned:0", []),
    "push-secret": (ADMINISTRATORS, "push-secret:1", []),
    "push-signed": (ADMINISTRATORS, "push-signed:1", []),
    "source-key": (ADMINISTRATORS, "source-key:{news}:newest", []),
    "source-keyed": (ADMINISTRATORS, "source-keyed:{news}:newest", []),
    "new-key": (ADMINISTRATORS, "new-key:1", []),
    "new-keyed": (ADMINISTRATORS, "new-keyed:1", []),
    "move-newsletter": (ADMINISTRATORS, "move-newsletter:{news}", ["1"]),
}
FORMS = {"declined", "push-signed", "source-keyed", "new-keyed", "ask-poll", "credit-name"}


@pytest.fixture
async def people(press: Press, sandbox: Sandbox, guild: Guild) -> dict[str, Person]:
    """Everybody is offered everything: an administrator may say so under Integrations."""
    helpers, writers = guild.add_role("helpers"), guild.add_role("writers")
    guild.add_role("managers", permissions=int(discord.Permissions(manage_guild=True).value))
    for name, role in (("helen", "helpers"), ("wesley", "writers"), ("gil", "managers")):
        guild.add_member(name, roles=[role])
    reply = await press.person("ada").slash("/setup roles", moderators=helpers, editors=writers)
    assert f"<@&{helpers.id}>" in reply.text
    for command in ("setup", "desk", "poll", "queue"):
        guild.permit_command(command, {guild.everyone: True})
    return {name: press.person(name) for name in AUDIENCES}


def commands_of(tree: app_commands.CommandTree[Any]) -> set[str]:
    slash = {each.qualified_name for each in tree.walk_commands() if isinstance(each, app_commands.Command)}
    return slash | {each.name for each in tree.get_commands(type=discord.AppCommandType.message)}


def said_by(reply: Reply) -> str:
    """What was said, with commands as the catalogue writes them."""
    return re.sub(r"</([^:>]+):\d+>", r"`/\1`", reply.text) if reply.interaction.modal is None else ""


def test_every_command_and_press_has_its_audience() -> None:
    assert {kind.name for kind in PRESSES} == set(PRESSED)
    for name, (_, custom_id, _) in PRESSED.items():
        kind = next(kind for kind in PRESSES if kind.name == name)
        assert kind.from_custom_id(custom_id.format(general=1, news=1)) is not None, name


async def test_every_command_asks_for_the_right_of_whoever_uses_it(press: Press, people: dict[str, Person]) -> None:
    await press.set_up()
    assert commands_of(press.client.tree) == set(COMMANDS)
    message = await people["mia"].say("general", "no link here")
    for name, (audience, options) in COMMANDS.items():
        for who, person in people.items():
            if name == "Submit to newsletter":
                reply = await person.menu(name, message)
            else:
                reply = await person.slash(f"/{name}", **options)
            if audience in AUDIENCES[who]:
                assert said_by(reply) not in REFUSALS.values(), f"{who} /{name}"
            else:
                assert said_by(reply) == REFUSALS[audience], f"{who} /{name}"
                assert reply.ephemeral
    status = (await people["ada"].slash("/setup status")).text
    assert "The Sample" in status, "nobody took it away"


async def test_every_press_asks_for_the_right_of_whoever_presses(
    press: Press, people: dict[str, Person], guild: Guild
) -> None:
    await press.set_up()
    await press.person("ada").slash("/setup source", address="https://second.example/feed", channel="#news")
    [message, *_] = await press.announced(1)
    places = {name: guild.channel(name).id for name in ("general", "news")}
    for name, (audience, custom_id, values) in PRESSED.items():
        for who, person in people.items():
            is_form, cause = name in FORMS, None
            if is_form:  # it was opened by a press of before
                opened = {"custom_id": f"links:{KEY}", "component_type": 2, "id": 5}
                pressed = await person._act(interactions.COMPONENT, message.channel, opened, message=message)
                cause = pressed.interaction
            data: dict[str, Any] = {"custom_id": custom_id.format(**places)}
            of_form: dict[str, Any] = {"components": []}
            data |= of_form if is_form else {"component_type": 3 if values else 2, "id": 5}
            data |= {"values": values} if values else {}
            kind = interactions.MODAL_SUBMIT if is_form else interactions.COMPONENT
            reply = await person._act(kind, message.channel, data, message=message, cause=cause, name=name)
            said = said_by(reply)
            if audience in AUDIENCES[who]:
                assert not any(refusal in said for refusal in REFUSALS.values()), f"{who} [{name}]"
            else:
                assert REFUSALS[audience] in said, f"{who} [{name}]"


async def test_what_is_offered_while_somebody_types_tells_members_nothing(
    press: Press, people: dict[str, Person]
) -> None:
    await press.set_up()
    for name in ("/setup remove", "/setup push"):
        assert await people["mia"].autocomplete(name, source="") == []
        assert len(await people["gil"].autocomplete(name, source="")) == 1
    assert await people["mia"].autocomplete("/setup channel", newsletter="") == []
    assert await people["helen"].autocomplete("/setup source", address="x") == []


async def test_outside_a_server_commands_and_presses_are_a_sentence(press: Press, people: dict[str, Person]) -> None:
    await press.set_up()
    [message] = await press.announced(1)
    ada = people["ada"]
    direct = ada.world.direct(ada.member.user)
    for name in ("setup", "issue", "help"):
        command = next(each for each in ada.world.commands_of(None) if each.name == name)
        inner = {"setup": "status", "issue": "latest"}.get(name)
        options = [{"name": inner, "type": 1, "options": []}] if inner else []
        data = {"id": str(command.id), "name": name, "type": 1, "options": options}
        reply = await ada._act(interactions.COMMAND, direct, data, name=f"/{name}")
        assert reply.text == text("only-in-servers")
    for custom_id in (f"links:{KEY}", f"approve:{KEY}", "move-newsletter:1", "nobody:1"):
        data = {"custom_id": custom_id, "component_type": 2, "id": 5}
        reply = await ada._act(interactions.COMPONENT, direct, data, message=message, name=custom_id)
        assert reply.text == text("only-in-servers")
