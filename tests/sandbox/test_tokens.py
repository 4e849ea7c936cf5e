"""The bot's token, in the form that clients read."""

import re
from base64 import b64decode

import pytest

from sandbox import Sandbox
from sandbox.tokens import new, owner_of


async def test_a_token_names_its_bot_as_discords_do() -> None:
    sandbox = Sandbox()
    for token in (sandbox.token, sandbox.revoke_token()):
        owner, moment, secret = token.split(".")
        assert b64decode(owner + "==").decode() == str(sandbox.world.bot.id)
        assert "=" not in token
        assert re.fullmatch(r"[\w-]{6}\.[\w-]{27,}", f"{moment}.{secret}")


@pytest.mark.parametrize("bot_id", [7, 123456789012345678, 12345678901234567890 >> 1])
async def test_a_given_token_stays_and_its_bot_has_the_id_that_it_names(bot_id: int) -> None:
    token = new(bot_id)
    sandbox = Sandbox(token=token)
    assert sandbox.token == token
    assert sandbox.world.bot.id == sandbox.application_id == bot_id


@pytest.mark.parametrize("token", ["mine", "a.b.c", "MA.b.c", "LTE.b.c", "4pip.b.c", "", "MTIz" * 20])
async def test_a_token_that_names_no_bot_may_be_used_as_well(token: str) -> None:
    assert owner_of(token) is None
    sandbox = Sandbox(token=token)
    assert sandbox.token == token or not token
    assert sandbox.world.bot.id > 1 << 40
