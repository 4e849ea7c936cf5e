"""Guards over the whole project: what must be true of every file, button, command and setting."""

import ast
import re
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import discord
import pytest
from discord import app_commands, ui
from sqlalchemy import BigInteger

from bot.chat.press import Form, Press
from bot.chat.traffic import Traffic
from bot.chat.views import View
from bot.client import EXTENSIONS, PRESSES, CommandsMemory, Pressroom
from bot.metrics import Metrics
from bot.services import Services
from bot.settings import DISCORD_API, Settings
from bot.store.privacy import PARTS
from bot.store.tables import MemberId, metadata
from cogs.help import audience_of

ROOT = Path(__file__).parents[1]


@pytest.fixture
async def tree() -> app_commands.CommandTree[Pressroom]:
    """The command tree as it is registered with Discord."""

    async def remembered() -> None:
        return None

    async def remember(_digest: str) -> None:
        return None

    metrics = Metrics()
    traffic = Traffic(api_url=DISCORD_API, requests_per_second=50, metrics=metrics)
    client = Pressroom(
        api_url=DISCORD_API, commands_memory=CommandsMemory(remembered, remember), traffic=traffic, metrics=metrics
    )
    client.services = cast(Services, SimpleNamespace())  # no command is run here
    for extension in EXTENSIONS:
        await client.load_extension(extension)
    return client.tree


def python_files(*folders: str) -> Iterator[Path]:
    for folder in folders:
        yield from (ROOT / folder).rglob("*.py")


def subclasses(kind: type) -> Iterator[type]:
    children: list[type] = kind.__subclasses__()
    for child in children:
        yield child
        yield from subclasses(child)


def test_everything_that_is_pressed_goes_through_the_one_door() -> None:
    ours = {kind for kind in subclasses(Press) if kind.__module__.startswith(("bot.", "cogs."))}
    assert ours == set(PRESSES)
    assert len({kind.name for kind in PRESSES}) == len(PRESSES)
    assert all(":" not in kind.name for kind in PRESSES)
    others = [ui.DynamicItem, ui.Button, ui.Select, ui.Modal]
    made = {kind for other in others for kind in subclasses(other) if kind.__module__.startswith(("bot.", "cogs."))}
    assert made == {Form}, "a subclass with a callback would be a door of its own"


async def test_no_message_is_made_of_a_view_that_discord_py_keeps() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in python_files("bot", "cogs")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") in {"LayoutView", "View"}
    ]
    assert found == []
    assert View().is_finished()
    assert Form(title="Form", custom_id="form").is_finished()


def test_no_button_label_is_longer_than_a_phone_shows() -> None:
    from bot.texts import DEFAULT_LANGUAGE, message_ids, text

    # As much of a name as is shown, and more issues than a feed has.
    named: dict[str, dict[str, str | int]] = {
        "button-credit-shown": {"name": "n" * 35},
        "button-flood-all": {"count": 1000},
    }
    labels = [
        text(message_id, language=DEFAULT_LANGUAGE, **named.get(message_id, {}))
        for message_id in message_ids()
        if message_id.startswith("button-")
    ]
    assert labels
    assert all(0 < len(label) <= 38 for label in labels)


async def test_each_top_level_command_has_one_audience(tree: app_commands.CommandTree[Pressroom]) -> None:
    audiences = {
        "issue": None,
        "links": None,
        "submit": None,
        "vote": None,
        "results": None,
        "privacy": None,
        "help": None,
        "Submit to newsletter": None,
        "desk": discord.Permissions(manage_messages=True),
        "poll": discord.Permissions(manage_messages=True),
        "queue": discord.Permissions(manage_messages=True),
        "setup": discord.Permissions(administrator=True),
    }
    commands = {command.name: command for command in [*tree.get_commands(), *menus(tree)]}
    assert commands.keys() == audiences.keys()
    for name, permissions in audiences.items():
        command = commands[name]
        assert command.default_permissions == permissions, name
        assert command.guild_only, name
    offered: dict[str, set[object]] = {"help-members": {None}, "help-administrators": {audiences["setup"]}}
    for top in tree.get_commands(type=discord.AppCommandType.chat_input):
        assert audiences[top.name] in offered.get(audience_of(top), {audiences["desk"]}), top.name


def menus(tree: app_commands.CommandTree[Pressroom]) -> list[app_commands.ContextMenu]:
    return tree.get_commands(type=discord.AppCommandType.message)


async def test_every_command_and_option_is_described(tree: app_commands.CommandTree[Pressroom]) -> None:
    for command in tree.walk_commands():
        assert len(command.description) > 5
        if isinstance(command, app_commands.Command):
            for parameter in command.parameters:
                assert str(parameter.description) not in {"", "…"}, f"{command.qualified_name} {parameter.name}"


async def test_every_command_is_in_the_readme_or_the_guides(tree: app_commands.CommandTree[Pressroom]) -> None:
    guides = "".join(path.read_text(encoding="utf-8") for path in [ROOT / "README.md", *ROOT.glob("docs/*.md")])
    for command in tree.walk_commands():
        if isinstance(command, app_commands.Command):
            assert f"/{command.qualified_name}" in guides, command.qualified_name


async def test_every_command_that_a_text_names_exists(tree: app_commands.CommandTree[Pressroom]) -> None:
    texts = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "bot/locales").glob("*.ftl"))
    guides = "".join(path.read_text(encoding="utf-8") for path in [ROOT / "README.md", *ROOT.glob("docs/*.md")])
    named = set(re.findall(r"`/([a-z]+(?: [a-z]+)?)[`\s]", texts + guides)) - {"healthz", "readyz", "metrics"}
    commands = {command.qualified_name for command in tree.walk_commands()}
    assert named
    assert sorted(named - commands) == []
    usable = {command.qualified_name for command in tree.walk_commands() if isinstance(command, app_commands.Command)}
    in_texts = set(re.findall(r"`/([^`]*)`", texts))
    assert sorted(in_texts - usable) == [], "Discord lets nobody click a group, or a command with its options"


def test_every_setting_is_in_the_example_file_and_in_the_operators_guide() -> None:
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    guide = (ROOT / "docs/operators.md").read_text(encoding="utf-8")
    for field in Settings.model_fields:
        assert re.search(rf"^#?{field.upper()}=", example, re.MULTILINE), field
        assert f"`{field.upper()}`" in guide, field
    named = set(re.findall(r"^#?([A-Z_]+)=", example, re.MULTILINE))
    assert named == {field.upper() for field in Settings.model_fields}


_NO_MEMBERS_ID = re.compile(
    r"(guild|channel|role|message|thread|target|interaction|shard|issue|source|section|poll)_id$|_bytes$|^place$|^lock_key$"
)


def test_every_table_that_holds_a_members_id_is_known_to_privacy() -> None:
    holding = {
        table.name
        for table in metadata.tables.values()
        if any(isinstance(column.type, MemberId) for column in table.columns)
    }
    known = [table.name for part in PARTS for table in part.tables]
    assert sorted(known) == sorted(holding)


def test_every_number_of_discords_says_whether_it_is_a_members() -> None:
    undecided = [
        f"{table.name}.{column.name}"
        for table in metadata.tables.values()
        for column in table.columns
        if isinstance(column.type, BigInteger)
        and column.name != "id"
        and not column.foreign_keys
        and not _NO_MEMBERS_ID.search(column.name)
    ]
    assert undecided == []
    mistaken = [
        f"{table.name}.{column.name}"
        for table in metadata.tables.values()
        for column in table.columns
        if isinstance(column.type, MemberId) and _NO_MEMBERS_ID.search(column.name)
    ]
    assert mistaken == []


def test_what_is_said_to_hold_against_strangers_has_a_test() -> None:
    said = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(tests/[\w/.]+)`", said))
    assert [name for name in named if not (ROOT / name).exists()] == []
    shown = {path.relative_to(ROOT).as_posix() for path in (ROOT / "tests/hostile").glob("test_*.py")}
    assert shown - named == set(), "tests of harm that SECURITY.md does not name"
    assert "@" not in said, "reports go to the repository, not to somebody's mail box"


def test_what_is_promised_has_a_test_and_every_room_is_on_the_plan() -> None:
    said = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    assert [name for name in re.findall(r"`((?:tests|bot|cogs)/[\w/.]+)`", said) if not (ROOT / name).exists()] == []
    rooms = {f"bot/{path.name}/" for path in (ROOT / "bot").iterdir() if (path / "__init__.py").exists()}
    assert {room for room in rooms if f"`{room}`" not in said} == set()


def test_a_transaction_says_which_moment_it_is() -> None:
    """Whoever has the transaction asks it, so that no rule sees two moments."""
    for path in python_files("bot"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name != "__init__":
                names = {each.arg for each in (*node.args.args, *node.args.kwonlyargs)}
                assert not names >= {"transaction", "now"}, f"{path.name}: {node.name}"


def test_only_the_store_wakes_workers_for_what_was_stored() -> None:
    """`Processes` rings besides, where this process may send again, and where another one has died."""
    ringing = {path.name for path in python_files("bot/services", "bot/chat", "cogs") if ".ring(" in path.read_text()}
    assert ringing == {"processes.py"}


def test_what_an_interaction_brings_about_is_known_by_its_act() -> None:
    """One idiom of idempotency: no rule takes an interaction by its id alone, or records it itself."""
    for path in python_files("bot/services"):
        text = path.read_text()
        assert "record_effect" not in text, path.name
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and path.name != "interactions.py":
                names = {each.arg for each in (*node.args.args, *node.args.kwonlyargs)}
                assert "interaction_id" not in names, f"{path.name}: {node.name}"


@pytest.mark.parametrize(
    "folder", ["bot/model", "bot/store", "bot/services", "bot/sources", "bot/web", "bot/chat", "cogs", "sandbox"]
)
def test_no_files_import_each_other_in_a_circle(folder: str) -> None:
    """Also by imports within functions; those for types, and what a package's own file gathers, do not count."""
    files = {".".join(path.relative_to(ROOT).with_suffix("").parts): path for path in python_files(folder)}
    imports: dict[str, set[str]] = {}
    for name, path in files.items():
        tree = ast.parse(path.read_text())
        for node in ast.walk(tree):
            if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
                node.body = [ast.Pass()]
        nodes = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
        asked = {f"{node.module}.{each.name}" for node in nodes for each in node.names}
        asked |= {str(node.module) for node in nodes}
        imports[name] = {each for each in asked if each in files and each != name}
    assert list(TopologicalSorter(imports).static_order())


def test_nothing_is_left_behind_in_the_source() -> None:
    marks = re.compile(r"\b(TO[D]O|FIX[M]E|XX[X])\b")
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in python_files("bot", "cogs", "sandbox", "migrations", "benchmarks", "tests")
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if marks.search(line)
    ]
    assert found == []


def test_no_test_sleeps() -> None:
    # Some faults of histories are that time passes: a process is stopped, a proxy is slow. No luck is waited for.
    faults = {ROOT / "tests/history/story.py", ROOT / "tests/proxy.py"}
    sleepers = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in python_files("tests")
        if path not in faults
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "sleep"
        and not (node.args and isinstance(node.args[0], ast.Constant) and node.args[0].value == 0)
    ]
    assert sleepers == []


def test_no_test_replaces_a_function_of_ours_by_its_name() -> None:
    """It would break when the function moves. Rules are watched by what they ask of the database (`tests.statements`).

    A module may have another limit. What takes a part from outside is given it. A method is replaced on its class.
    """
    found = []
    for path in python_files("tests"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        modules = {
            alias.asname or alias.name: f"{node.module}.{alias.name}"
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom)
            and node.module
            and node.module.split(".")[0] in {"bot", "cogs", "sandbox"}
            for alias in node.names
            if is_module(f"{node.module}.{alias.name}")
        }
        for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
            if getattr(call.func, "attr", "") != "setattr":
                continue
            target, name = call.args[0], getattr(call.args[1], "value", "")
            is_by_path = isinstance(target, ast.Constant)
            is_limit = isinstance(name, str) and re.fullmatch("_?[A-Z_]+", name)
            if is_by_path or (isinstance(target, ast.Name) and target.id in modules and not is_limit):
                found.append(f"{path.relative_to(ROOT)}:{call.lineno}")
    assert found == []


def is_module(name: str) -> bool:
    """Whether this is a module of ours."""
    path = ROOT / name.replace(".", "/")
    return path.with_suffix(".py").exists() or (path / "__init__.py").exists()


def test_the_lock_files_are_hashed_pinned_and_name_no_index() -> None:
    for name in ("requirements.lock", "requirements-dev.lock"):
        lock = (ROOT / name).read_text(encoding="utf-8")
        assert "://" not in lock
        assert "--index" not in lock
        assert "--find-links" not in lock
        requirements = re.findall(r"^[a-z].*?(?=^[a-z]|\Z)", lock, re.MULTILINE | re.DOTALL)
        assert len(requirements) > 30
        assert all("==" in requirement and "--hash=sha256:" in requirement for requirement in requirements)


def test_the_development_lock_holds_every_pin_of_the_runtime_lock() -> None:
    pins = [
        set(re.findall(r"^[a-z][^ ]*==[^ ]*", (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE))
        for name in ("requirements.lock", "requirements-dev.lock")
    ]
    assert pins[0] <= pins[1]


def test_no_pattern_uses_a_possessive_group() -> None:
    # Python 3.11.2 (Debian 12) matches them wrongly (gh-106052); an atomic group says the same and is sound.
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in python_files("bot", "cogs", "sandbox")
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if re.search(r"(?<!\\)\)(?:[*+?]|\{[0-9,]+\})\+(?!,)", line)
    ]
    assert found == []
