"""Honesty: requests, answers and events against Discord's own specification."""

from pathlib import Path
from typing import Any

import pytest

from sandbox import Limits, Sandbox
from sandbox.model import Guild
from sandbox.rest import all_routes
from sandbox.tolerances import request as tolerate
from sandbox.validation import Specification
from tests.sandbox.conftest import SPECIFICATION, V2, Rest, button, row, running, text

pytestmark = pytest.mark.skipif(
    not SPECIFICATION.is_file(), reason=f"Discord's OpenAPI file is not at {SPECIFICATION}; set DISCORD_OPENAPI"
)


@pytest.fixture(scope="module")
def specification() -> Specification:
    return Specification.load(SPECIFICATION)


def test_every_route_of_the_sandbox_stands_in_the_specification(specification: Specification) -> None:
    for route in all_routes().all:
        assert specification.check_answer(route.key, 599, None) == ["status 599 is not described"], route.key


def test_every_route_takes_the_types_of_body_that_the_specification_declares(specification: Specification) -> None:
    for route in all_routes().all:
        declared = specification.media_of(route.key)
        assert not declared or set(route.media) == declared, route.key


async def test_an_invalid_request_gets_discords_400_and_is_recorded(sandbox: Sandbox, rest: Rest, guild: Guild) -> None:
    status, answer = await rest.post(guild.channel("general"), content="x", components=[row(button("a", style=77))])
    assert (status, answer["code"], answer["message"]) == (400, 50035, "Invalid Form Body")
    assert "style" in answer["errors"]["components"]["0"]["components"]["0"]
    assert len(sandbox.rejected) == 1
    status, answer = await rest.post(guild.channel("general"), content=["not", "text"])
    assert answer["errors"]["content"]["_errors"][0]["code"] == "BASE_TYPE_BAD_TYPE"
    path = f"/channels/{guild.channel('general').id}/messages?limit=101"
    assert (await rest("GET", path))[1]["errors"]["limit"]["_errors"][0]["code"] == "NUMBER_TYPE_MAX"


async def test_an_invalid_answer_of_ours_is_recorded(sandbox: Sandbox, rest: Rest, guild: Guild) -> None:
    guild.name = 5  # type: ignore[assignment]
    await rest("GET", f"/guilds/{guild.id}")
    assert "answer of GET /guilds/{guild_id}: name" in sandbox.violations[0]
    sandbox.violations.clear()


async def test_an_invalid_event_of_ours_is_recorded(sandbox: Sandbox, guild: Guild) -> None:
    async with running(sandbox):
        guild.role("readers").position = "top"  # type: ignore[assignment]
        sandbox.world.edit_role(guild.role("readers"), permissions=0)
        assert sandbox.violations == ["event GUILD_ROLE_UPDATE: GuildRoleResponse: position: Value has the wrong type."]
        sandbox.violations.clear()


async def test_a_crash_of_ours_is_a_500_and_recorded(sandbox: Sandbox, rest: Rest, guild: Guild) -> None:
    guild.roles.clear()
    sandbox.world.forget()
    assert (await rest("GET", f"/channels/{guild.channel('general').id}"))[0] == 500
    assert sandbox.violations[0].startswith("crash in GET /channels/")
    sandbox.violations.clear()


async def test_an_unknown_route_is_a_404_that_says_so_and_recorded(sandbox: Sandbox, rest: Rest) -> None:
    answer = await rest("GET", "/stage-instances/1")
    assert answer == (404, {"message": "404: the sandbox has no GET /stage-instances/1", "code": 0})
    assert sandbox.violations == ["unknown route: GET /stage-instances/1"]
    sandbox.violations.clear()


def test_tolerated_are_integers_where_discord_py_sends_them() -> None:
    body = {
        "content": "x",
        "allowed_mentions": {"parse": [], "users": [1], "replied_user": True},
        "message_reference": {"message_id": 2, "fail_if_not_exists": True},
    }
    assert tolerate(body) == {
        "content": "x",
        "allowed_mentions": {"parse": [], "users": ["1"], "replied_user": True},
        "message_reference": {"message_id": "2", "fail_if_not_exists": True},
    }
    assert body["allowed_mentions"]["users"] == [1]  # type: ignore[index]


def test_a_validator_is_compiled_once_however_often_it_checks(specification: Specification) -> None:
    body: dict[str, Any] = {
        "flags": V2,
        "components": [{"type": 17, "components": [text("x" * 90), row(button("a"), button("b"))]} for _ in range(10)],
    }
    key = "POST /channels/{channel_id}/messages"
    assert specification.check_request(key, {}, body, has_files=False) is None
    compiled = dict(specification._validators)
    assert specification.check_request(key, {}, body, has_files=False) is None
    assert compiled
    assert specification._validators == compiled
    assert {type(validator).__module__.partition(".")[0] for validator in compiled.values()} == {"jsonschema_rs"}


async def test_the_file_is_found_by_option_and_by_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISCORD_OPENAPI", raising=False)
    assert Sandbox(limits=Limits.off()).specification is None
    assert Sandbox(openapi=Path(SPECIFICATION)).specification is not None
    monkeypatch.setenv("DISCORD_OPENAPI", str(SPECIFICATION))
    assert Sandbox().specification is not None
