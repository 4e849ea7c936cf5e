"""`/setup` as an administrator uses it."""

import asyncio

import pytest
from discord import app_commands

from bot.errors import FetchError
from bot.ports import Reading
from bot.settings import Settings
from sandbox import Sandbox, permissions
from sandbox.errors import Refused
from sandbox.model import Guild
from tests.cogs.conftest import FEED, Press
from tests.doubles import Shelf, sample_issue


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
    assert "I now read **The Sample**" in reply.text
    (message,) = await press.announced(1)
    assert "Issue number 3" in message.text


async def test_a_second_address_is_answered_at_once_while_the_first_is_looked_at(press: Press) -> None:
    ada, looked_at, door = press.person("ada"), asyncio.Event(), asyncio.Event()

    async def wait() -> None:
        looked_at.set()
        await door.wait()

    press.shelf.meanwhile = wait
    first = asyncio.create_task(ada.slash(f"/setup source address:{FEED} channel:#news"))
    await looked_at.wait()
    assert "Wait for that answer" in (await ada.slash(f"/setup source address:{SECOND} channel:#news")).text
    assert [source.url for source in press.shelf.asked] == [FEED]
    door.set()
    assert "I now read" in (await first).text


API = "https://api.beehiiv.com/v2/publications/pub_0b5e55ed-0000-4000-8000-00000000beef"
KEY = "h1ve-k3y"


async def test_a_key_is_typed_into_a_form_and_never_shown(press: Press, caplog: pytest.LogCaptureFixture) -> None:
    press.shelf.keys[API] = KEY
    ada = press.person("ada")
    asked = await ada.slash(f"/setup source address:{API} channel:#links")
    assert "needs a key" in asked.text
    assert API in asked.text
    assert asked.ephemeral
    form = await ada.click(asked.message, "Enter key…")
    assert form.modal.fields["Address"]["value"] == API
    refused = await ada.submit(form, {"Key": "wr0ng-k3y"})
    assert "refuses the key" in refused.text
    assert refused.ephemeral
    assert "No newsletter yet" in (await ada.slash("/setup status")).text
    form = await ada.click(refused.message, "Enter key…")
    assert form.modal.fields["Address"]["value"] == API, "nothing is to be typed twice"
    added = await ada.submit(form, {"Key": KEY})
    assert "I now read **The Sample**" in added.text
    assert await places(press) == {API: ada.guild.channel("links").id}
    shown = [each.text for each in (asked, refused, added, await ada.slash("/setup status"))]
    assert "k3y" not in "".join(shown) + caplog.text


async def test_a_feed_with_a_password_is_added_by_the_same_form(press: Press) -> None:
    ada = press.person("ada")
    press.shelf.answers[FEED] = FetchError("fetch-refused", host="news.example", status=401)
    asked = await ada.slash(f"/setup source address:{FEED} channel:#news", first="Nothing; wait for the next issue")
    del press.shelf.answers[FEED]
    added = await ada.submit(await ada.click(asked.message, "Enter key…"), {"Key": "ada:p4ss"})
    assert "I now read" in added.text
    assert "the newest issue" not in added.text
    assert press.shelf.credentials[-1] == "ada:p4ss"
    press.shelf.answers[SECOND] = FetchError("fetch-refused", host="second.example", status=403)
    assert (await ada.slash("/setup source", address=SECOND)).message.labels == [], "a block is nothing for a key"


async def test_a_password_in_an_address_is_said_to_be_better_typed_into_the_form(press: Press) -> None:
    ada = press.person("ada")
    added = await ada.slash(f"/setup source address:{FEED.replace('//', '//ada:p4ss@')} channel:#news")
    assert "leave it out: I ask for it in a form" in added.text
    assert "p4ss" not in added.text
    assert "leave it out" not in (await ada.slash("/setup source", address=FEED)).text


async def test_who_may_no_longer_set_up_the_server_enters_no_key(press: Press) -> None:
    press.shelf.keys[API] = KEY
    member = press.person("ada").guild.add_member("gil", roles=["administrator"])
    gil = press.person("gil")
    asked = await gil.slash(f"/setup source address:{API} channel:#news")
    form = await gil.click(asked.message, "Enter key…")
    press.sandbox.world.set_roles(member, [])
    assert "Only administrators" in (await gil.submit(form, {"Key": KEY})).text
    assert "Only administrators" in (await gil.click(asked.message, "Enter key…")).text
    assert press.shelf.credentials == []


async def test_a_key_that_no_longer_works_is_replaced_in_a_form(press: Press) -> None:
    press.shelf.keys[API] = KEY
    ada = press.person("ada")
    asked = await ada.slash(f"/setup source address:{API} channel:#news")
    await ada.submit(await ada.click(asked.message, "Enter key…"), {"Key": KEY})
    await press.announced(1)
    press.shelf.keys[API] = "n3w-k3y"
    await press.read_again()
    assert "without options replaces the key" in (await ada.slash("/setup status")).text
    listed = await ada.slash("/setup source")
    form = await ada.select(listed.message, "Replace the key of…", ["The Sample"])
    refused = await ada.submit(form, {"Key": "wr0ng-k3y"})
    assert "refuses the key" in refused.text
    changed = await ada.submit(await ada.click(refused.message, "Enter key…"), {"Key": "n3w-k3y"})
    assert "I now read it with the new key" in changed.text
    await press.read_again()
    assert "refuses" not in (await ada.slash("/setup status")).text
    assert len(await press.announced(1)) == 1


async def test_without_a_key_there_is_none_to_replace(press: Press) -> None:
    await press.set_up()
    assert (await press.person("ada").slash("/setup source")).message.selects == []


async def test_of_a_ghost_site_that_is_added_by_its_feed_the_api_is_offered_to_who_added_it_alone(press: Press) -> None:
    api = "https://news.example/ghost/api/content/"
    press.shelf.lay_out(sample_issue(1))
    press.shelf.answers[FEED] = Reading(title="The Sample", issues=(sample_issue(1),), api_url=api)
    ada = press.person("ada")
    added = await ada.slash(f"/setup source address:{FEED} channel:#links")
    assert "This is a Ghost site" in added.text
    assert added.ephemeral
    form = await ada.click(added.message, "Enter key…")
    assert form.modal.fields["Address"]["value"] == api
    by_api = await ada.submit(form, {"Key": "0" * 26})
    assert "I now read **The Sample**" in by_api.text
    links = ada.guild.channel("links").id
    assert await places(press) == {FEED: links, api: links}
    await press.settled()
    posted = [message for message in ada.see("links") if message.author.bot and not message.ephemeral]
    assert len(posted) == 1, "nothing is announced again, and nobody else is told"
    assert ada.directs() == []


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
        assert "That is not a web address" in reply.text
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
    assert "I need" in reply.text
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
    assert "mention nobody" in (await ada.slash("/setup ping", remove="The mention")).text


async def test_status_says_how_much_of_the_archive_is_the_servers_and_how_much_that_may_be(press: Press) -> None:
    ada = press.person("ada")
    assert "Archive: 0 of 20,000 issues, 0 of 500,000 links." in (await ada.slash("/setup status")).text
    await press.set_up()
    status = await ada.slash("/setup status")
    assert "Archive: 3 of 20,000 issues, 66 of 500,000 links." in status.text
    assert "Limits for one newsletter a day: 1,000 issues and 50,000 links" in status.text


async def test_a_failing_source_shows_its_sentence_in_status(press: Press) -> None:
    await press.set_up()
    press.shelf.answer = FetchError("fetch-trouble", host="news.example", status=503)
    await press.read_again()
    assert "problems of its own" in (await press.person("ada").slash("/setup status")).text


SECOND = "https://second.example/feed"


async def places(press: Press) -> dict[str, int]:
    """Where each newsletter of the server is announced, by its address."""
    status = await press.client.services.guilds.status(press.person("ada").guild.id)
    channels = {each.source_id: each.channel_id for each in status.subscriptions}
    return {source.url: channels[source.source_id] for source in status.sources}


async def two_newsletters(press: Press) -> None:
    press.shelf.answers[SECOND] = Reading(title="The Second", issues=(sample_issue(9, identities=("guid:s9",)),))
    await press.set_up()
    reply = await press.person("ada").slash("/setup source", address=SECOND)
    assert "The Second" in reply.text
    await press.announced(2)


async def test_the_only_newsletter_moves_at_once_and_is_named(press: Press) -> None:
    ada = press.person("ada")
    links = ada.guild.channel("links")
    assert "No newsletter yet" in (await ada.slash("/setup channel channel:#links")).text
    await press.set_up()
    moved = await ada.slash("/setup channel channel:#links")
    assert f"From now on I post **The Sample** in <#{links.id}>" in moved.text
    assert await places(press) == {FEED: links.id}
    assert len(await press.announced(1)) == 1


async def test_of_several_newsletters_the_bot_asks_which_is_moved(press: Press) -> None:
    await two_newsletters(press)
    ada = press.person("ada")
    news, links, general = (ada.guild.channel(name).id for name in ("news", "links", "general"))
    asked = await ada.slash("/setup channel channel:#links")
    assert f"Which newsletters should I post in <#{links}>" in asked.text
    assert await places(press) == {FEED: news, SECOND: news}, "nothing moves before that"
    moved = await ada.select(asked.message, "Choose newsletters…", ["The Second"])
    assert f"From now on I post **The Second** in <#{links}>" in moved.text
    assert "The Sample" not in moved.text
    assert await places(press) == {FEED: news, SECOND: links}
    again = await ada.slash("/setup channel channel:#general")
    everything = await ada.select(again.message, "Choose newsletters…", ["All of them"])
    assert "I post **The Sample**, **The Second** in" in everything.text
    assert await places(press) == {FEED: general, SECOND: general}


async def test_a_newsletter_is_moved_by_its_name_and_shown_without_a_channel(press: Press) -> None:
    await two_newsletters(press)
    ada = press.person("ada")
    news, links = ada.guild.channel("news").id, ada.guild.channel("links").id
    shown = (await ada.slash("/setup channel")).text
    assert f"**The Sample** → <#{news}>" in shown
    assert f"**The Second** → <#{news}>" in shown
    [choice] = await ada.autocomplete("/setup channel", newsletter="second")
    assert "The Second" in (await ada.slash("/setup channel channel:#links", newsletter=choice["value"])).text
    assert await places(press) == {FEED: news, SECOND: links}
    alone = (await ada.slash("/setup channel", newsletter=choice["value"])).text
    assert f"**The Second** → <#{links}>" in alone
    assert "The Sample" not in alone
    assert "does not read" in (await ada.slash("/setup channel channel:#news", newsletter="nonsense")).text
    assert await places(press) == {FEED: news, SECOND: links}


async def test_a_channel_that_was_closed_before_the_choice_is_refused(press: Press) -> None:
    await two_newsletters(press)
    ada = press.person("ada")
    before = await places(press)
    asked = await ada.slash("/setup channel channel:#links")
    menu = asked.message.components[1]["components"][0]
    for place in ("77", str(10**18)):
        menu["custom_id"] = f"move-newsletter:{place}"
        assert "I need" in (await ada.select(asked.message, "Choose newsletters…", ["All of them"])).text
    assert await places(press) == before


async def test_a_newsletter_that_is_read_already_moves_and_is_posted_no_second_time(press: Press) -> None:
    await press.set_up()
    ada = press.person("ada")
    news, links = ada.guild.channel("news"), ada.guild.channel("links")
    reply = await ada.slash("/setup source channel:#links", address="look: <http://www.news.example/feed/> please")
    assert f"I already read **The Sample** here. From now on I post it in <#{links.id}>" in reply.text
    assert f"no longer in <#{news.id}>" in reply.text
    await press.settled()
    assert [message for message in links.messages.values() if message.author.bot and not message.ephemeral] == []
    known = await ada.slash("/setup source", address=FEED)
    assert f"here, and post its new issues in <#{links.id}>" in known.text
    press.shelf.lay_out(sample_issue(4))
    await press.read_again()
    await press.settled()
    [posted] = [message for message in links.messages.values() if message.author.bot and not message.ephemeral]
    assert "Issue number 4" in posted.text
    assert len(await press.announced(1)) == 1


BARE = {
    "source": "**The Sample** → <#",
    "channel": "**The Sample** → <#",
    "ping": "Mentions <@&",
    "threads": "threads: off",
    "staff": "Staff channel: <#",
    "review": "Review channel: <#",
    "roles": "Moderators: <@&",
    "archive": "Archive search: for <@&",
    "push": "shows its address for calls",
    "publish": "Publishing to following channels: on",
    "repeats": "only the digest is posted",
}


async def test_without_options_each_command_shows_and_changes_nothing(press: Press, guild: Guild) -> None:
    await press.set_up()
    ada = press.person("ada")
    fans = guild.add_role("fans", mentionable=True)
    await ada.slash("/setup ping", role=fans)
    await ada.slash("/setup threads on:False")
    await ada.slash("/setup staff channel:#review")
    await ada.slash("/setup review channel:#review")
    await ada.slash("/setup roles moderators:@moderator editors:@editor")
    await ada.slash("/setup archive", access="role", role=fans)
    await ada.slash("/setup publish on:True")
    await ada.slash("/setup repeats on:False")
    setup = next(each for each in press.client.tree.get_commands() if each.name == "setup")
    assert isinstance(setup, app_commands.Group)
    bare = {
        each.name
        for each in setup.commands
        if isinstance(each, app_commands.Command) and not any(option.required for option in each.parameters)
    }
    assert bare == {*BARE, "status"}
    guilds = press.client.services.guilds
    before = await guilds.status(guild.id)
    for name, sentence in BARE.items():
        reply = await ada.slash(f"/setup {name}")
        assert reply.ephemeral
        assert sentence in reply.text, name
    assert (await guilds.status(guild.id)) == before


async def test_what_is_taken_away_is_named_and_never_chosen_at_once(press: Press, guild: Guild) -> None:
    await press.set_up()
    ada = press.person("ada")
    fans = guild.add_role("fans", mentionable=True)
    await ada.slash("/setup ping", role=fans)
    await ada.slash("/setup staff channel:#review")
    assert "at once" in (await ada.slash("/setup ping", role=fans, remove="The mention")).text
    remove = "The staff channel; I use Discord's community updates channel instead"
    assert "at once" in (await ada.slash("/setup staff channel:#review", remove=remove)).text
    settings = (await press.client.services.guilds.status(guild.id)).guild
    assert (settings.ping_role_id, settings.staff_channel_id) == (fans.id, guild.channel("review").id)
    assert "community updates" in (await ada.slash("/setup staff", remove=remove)).text
    assert "mention nobody" in (await ada.slash("/setup ping", remove="The mention")).text
    settings = (await press.client.services.guilds.status(guild.id)).guild
    assert (settings.ping_role_id, settings.staff_channel_id) == (None, None)


async def test_a_source_is_removed_by_choosing_it(press: Press) -> None:
    await press.set_up()
    ada = press.person("ada")
    (choice,) = await ada.autocomplete("/setup remove", source="samp")
    assert choice["name"] == "The Sample"
    said = (await ada.slash("/setup remove", source=choice["value"])).text
    assert "no longer read" in said
    assert "Until then it counts for this server's archive" in said
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
    assert "people who manage messages" in (await ada.slash("/setup status")).text
    reply = await ada.slash("/setup roles moderators:@helpers editors:@writers")
    assert f"<@&{helpers.id}> cannot see `/desk`, `/poll` yet" in reply.text
    assert f"<@&{writers.id}> cannot see `/queue` yet" in reply.text
    assert "Server Settings → Integrations → Pressroom" in reply.text
    guild.permit_command("desk", {helpers: True})
    guild.permit_command("queue", {writers: True})
    status = (await ada.slash("/setup status")).text
    assert f"<@&{helpers.id}> cannot see `/poll` yet" in status
    assert f"✓ <@&{writers.id}> can see `/queue`" in status
    guild.permit_command("queue", {writers: False})
    assert f"<@&{writers.id}> cannot see `/queue`" in (await ada.slash("/setup status")).text
    sandbox.faults.fail("GET", r"/commands/permissions$", 503)
    assert "Discord does not say" in (await ada.slash("/setup roles moderators:@moderator")).text
    assert "✓" in (await ada.slash("/setup status")).text, "who may manage messages is offered the commands anyway"
    assert "cannot be a staff role" in (await ada.slash("/setup roles", moderators=guild.everyone)).text
    shown = (await ada.slash("/setup roles")).text
    assert f"<@&{guild.role('moderator').id}>" in shown
    assert f"<@&{writers.id}>" in shown
    both = await ada.slash("/setup roles moderators:@helpers", remove="The moderators' role")
    assert "at once" in both.text
    taken = await ada.slash("/setup roles moderators:@helpers", remove="The editors' role")
    assert f"Moderators: <@&{helpers.id}>" in taken.text
    assert "people who manage the server" in taken.text
    gone = await ada.slash("/setup roles", remove="Both roles")
    assert "people who manage messages" in gone.text
    assert "people who manage the server" in gone.text


async def test_an_address_for_calls_is_given_only_where_the_operator_opened_a_way_in(press: Press) -> None:
    await press.set_up()
    ada = press.person("ada")
    [choice] = await ada.autocomplete("/setup push", source="")
    reply = await ada.slash("/setup push", source=str(choice["value"]))
    assert reply.ephemeral
    assert "has not opened an address" in reply.text


async def test_the_secret_of_a_webhook_is_written_into_a_form(
    sandbox: Sandbox, settings: Settings, free_port: int
) -> None:
    opened = settings.model_copy(update={"push_port": free_port, "public_url": "https://desk.example"})
    press = Press(sandbox, Shelf(sample_issue(1)), opened)
    await press.start()
    try:
        await press.set_up()
        ada = press.person("ada")
        [choice] = await ada.autocomplete("/setup push", source="")
        shown = await ada.slash("/setup push", source=str(choice["value"]))
        assert "https://desk.example/hooks/" in shown.text
        form = await ada.click(shown.message, "Secret…")
        signed = await ada.submit(form, {"Secret": " honey and wax, 24 jars\t"})
        assert signed.ephemeral
        assert "only calls signed with your secret" in signed.text
        assert "honey" not in signed.text
        form = await ada.click(signed.message, "Secret…")
        refused = await ada.submit(form, {"Secret": "whsec_not-all-of-it"})
        assert "copied as a whole" in refused.text
    finally:
        await press.stop()
