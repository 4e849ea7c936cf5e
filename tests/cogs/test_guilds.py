"""`/setup` as an administrator uses it."""

import asyncio

import pytest

from bot.errors import FetchError
from sandbox import Sandbox, permissions
from sandbox.errors import Refused
from sandbox.model import Guild
from tests.cogs.conftest import FEED, Press
from tests.doubles import sample_issue


async def test_only_administrators_are_offered_setup(press: Press) -> None:
    assert any(command.startswith("/setup") for command in press.person("ada").commands())
    for name in ("mia", "nils", "mara", "edda"):
        assert not any(command.startswith("/setup") for command in press.person(name).commands())
    with pytest.raises(Refused):
        await press.person("mia").slash("/setup status")


async def test_a_newsletter_is_added_and_its_newest_issue_announced(press: Press) -> None:
    ada = press.person("ada")
    reply = await ada.slash(f"/setup source address:{FEED} channel:#news")
    assert reply.ephemeral
    assert "**The Sample** is read from now on" in reply.text
    (message,) = await press.announced(1)
    assert "Issue number 3" in message.text


async def test_a_key_that_an_address_asks_for_is_handed_on_and_never_shown(press: Press) -> None:
    ada = press.person("ada")
    reply = await ada.slash(f"/setup source address:{FEED} channel:#news key:h1ve-k3y")
    assert press.shelf.credentials[0] == "h1ve-k3y"
    assert "k3y" not in reply.text + (await ada.slash("/setup status")).text


async def test_an_address_that_cannot_be_read_is_told_and_not_kept(press: Press) -> None:
    ada = press.person("ada")
    press.shelf.answer = FetchError("fetch-nothing-there", host="news.example", status=404)
    reply = await ada.slash(f"/setup source address:{FEED} channel:#news")
    assert "nothing at this address" in reply.text
    assert "No newsletter yet" in (await ada.slash("/setup status")).text


async def test_what_is_no_address_gets_a_sentence(press: Press) -> None:
    ada = press.person("ada")
    for address in ("javascript:alert(1)", "news", "**@everyone**"):
        reply = await ada.slash("/setup source channel:#news", address=address)
        assert "That is no web address" in reply.text
    assert press.shelf.asked == []


async def test_the_first_source_needs_a_channel(press: Press) -> None:
    reply = await press.person("ada").slash("/setup source", address=FEED)
    assert "Choose the channel" in reply.text


async def test_missing_permissions_in_the_channel_are_named(press: Press) -> None:
    ada = press.person("ada")
    bot = next(member for member in ada.guild.members.values() if member.user.bot)
    review = ada.guild.channel("review")
    seen = asyncio.ensure_future(press.client.wait_for("guild_channel_update"))
    await asyncio.wait({seen}, timeout=0)
    press.sandbox.world.permit(review, bot, deny=int(permissions.SEND_MESSAGES | permissions.READ_HISTORY))
    await asyncio.wait_for(seen, 5)
    reply = await ada.slash(f"/setup source address:{FEED} channel:#review")
    assert "I lack" in reply.text
    assert "Send Messages" in reply.text
    assert "Read Message History" in reply.text


async def test_status_names_source_channel_mention_and_threads(press: Press) -> None:
    await press.set_up()
    ada = press.person("ada")
    role = ada.guild.add_role("fans", mentionable=True)
    assert "at most once a day" in (await ada.slash("/setup ping", role=role)).text
    assert "no thread" in (await ada.slash("/setup threads", on=False)).text
    status = await ada.slash("/setup status")
    assert status.ephemeral
    for part in (
        "The Sample",
        f"<#{ada.guild.channel('news').id}>",
        FEED.removeprefix("https://"),
        f"<@&{role.id}>",
        "threads: off",
        "read <t:",
    ):
        assert part in status.text
    assert "mention nobody" in (await ada.slash("/setup ping")).text


async def test_a_failing_source_shows_its_sentence_in_status(press: Press) -> None:
    await press.set_up()
    press.shelf.answer = FetchError("fetch-trouble", host="news.example", status=503)
    await press.read_again()
    assert "trouble of its own" in (await press.person("ada").slash("/setup status")).text


async def test_the_channel_can_be_changed(press: Press) -> None:
    ada = press.person("ada")
    links = ada.guild.channel("links")
    assert "Add a newsletter first" in (await ada.slash("/setup channel channel:#links")).text
    await press.set_up()
    assert f"<#{links.id}>" in (await ada.slash("/setup channel channel:#links")).text
    assert f"<#{links.id}>" in (await ada.slash("/setup status")).text


async def test_a_source_is_removed_by_choosing_it(press: Press) -> None:
    await press.set_up()
    ada = press.person("ada")
    (choice,) = await ada.autocomplete("/setup remove", source="samp")
    assert choice["name"] == "The Sample"
    assert "no longer read" in (await ada.slash("/setup remove", source=choice["value"])).text
    for nonsense in (choice["value"], "nonsense", "-1", "9" * 30):
        assert "does not read" in (await ada.slash("/setup remove", source=nonsense)).text


async def test_a_mention_reaches_the_role_once_a_day(press: Press) -> None:
    ada = press.person("ada")
    role = ada.guild.add_role("fans", mentionable=True)
    await ada.slash("/setup ping", role=role)
    await press.set_up()
    press.shelf.lay_out(sample_issue(4))
    await press.read_again()
    first, second = await press.announced(2)
    assert (first.mention_roles, second.mention_roles) == ([role.id], [])


async def test_a_role_that_discord_would_not_let_the_bot_mention_is_told(press: Press) -> None:
    ada = press.person("ada")
    reply = await ada.slash("/setup ping", role=ada.guild.role("readers"))
    assert "Allow anyone to @mention this role" in reply.text
    assert "Mentions nobody" in (await ada.slash("/setup status")).text


async def test_roles_are_chosen_and_what_integrations_still_lack_is_read_back(
    press: Press, sandbox: Sandbox, guild: Guild
) -> None:
    ada = press.person("ada")
    helpers, writers = guild.add_role("helpers"), guild.add_role("writers")
    assert "who may manage messages" in (await ada.slash("/setup status")).text
    reply = await ada.slash("/setup roles moderators:@helpers editors:@writers")
    assert f"<@&{helpers.id}> is not offered `/desk`, `/poll` yet" in reply.text
    assert f"<@&{writers.id}> is not offered `/queue` yet" in reply.text
    assert "Server Settings → Integrations → Pressroom" in reply.text
    guild.permit_command("desk", {helpers: True})
    guild.permit_command("queue", {writers: True})
    status = (await ada.slash("/setup status")).text
    assert f"<@&{helpers.id}> is not offered `/poll` yet" in status
    assert f"✓ <@&{writers.id}> is offered `/queue`" in status
    guild.permit_command("queue", {writers: False})
    assert f"<@&{writers.id}> is not offered `/queue`" in (await ada.slash("/setup status")).text
    sandbox.faults.fail("GET", r"/commands/permissions$", 503)
    assert "Discord does not say" in (await ada.slash("/setup roles moderators:@moderator")).text
    assert "✓" in (await ada.slash("/setup status")).text, "who may manage messages is offered the commands anyway"
    assert "is no staff" in (await ada.slash("/setup roles", moderators=guild.everyone)).text
    taken = await ada.slash("/setup roles")
    assert "who may manage messages" in taken.text
    assert "who may manage the server" in taken.text


async def test_an_address_for_calls_is_given_only_where_the_operator_opened_a_way_in(press: Press) -> None:
    await press.set_up()
    ada = press.person("ada")
    [choice] = await ada.autocomplete("/setup push", source="")
    reply = await ada.slash("/setup push", source=str(choice["value"]))
    assert reply.ephemeral
    assert "has opened no way in" in reply.text
