"""What Discord refuses though a schema would let it pass, each in Discord's shape of an error."""

import asyncio
from typing import Any

import aiohttp
import orjson
import pytest

from sandbox import Sandbox
from sandbox.events import GUILD_MEMBERS
from sandbox.model import Guild
from sandbox.permissions import Permission
from tests.sandbox.conftest import V2, Rest, button, row, text
from tests.sandbox.test_gateway import GUILDS, wire

Json = dict[str, Any]


def spot(answer: Json, path: str) -> str:
    """The code that a nested error has at that place."""
    assert (answer["code"], answer["message"]) == (50035, "Invalid Form Body"), answer
    tree = answer["errors"]
    for key in path.split("."):
        tree = tree[key]
    code: str = tree["_errors"][0]["code"]
    return code


def select(**more: Any) -> Json:
    options = [{"label": name, "value": name} for name in "abc"]
    return {"type": 3, "custom_id": "s", "options": options, **more}


def embed(**more: Any) -> Json:
    return {"embeds": [more]}


def v2(*components: Json) -> Json:
    return {"flags": V2, "components": list(components)}


@pytest.mark.parametrize("content", ["", " ", "\n\t", "\u2003 "])
async def test_a_blank_message_is_empty(rest: Rest, guild: Guild, content: str) -> None:
    status, answer = await rest.post(guild.channel("general"), content=content)
    assert (status, answer["code"]) == (400, 50006)
    _, message = await rest.post(guild.channel("general"), content="x")
    path = f"/channels/{guild.channel('general').id}/messages/{message['id']}"
    assert (await rest("PATCH", path, {"content": content}))[1]["code"] == 50006


async def test_blanks_around_a_message_are_cut_off(rest: Rest, guild: Guild) -> None:
    assert (await rest.post(guild.channel("general"), content="\n in the  middle \n"))[1]["content"] == "in the  middle"
    invisible = await rest.post(guild.channel("general"), content="\u200b")
    assert (invisible[0], invisible[1]["content"]) == (200, "\u200b")


@pytest.mark.parametrize(
    ("body", "place", "code"),
    [
        (embed(), "embeds.0.description", "BASE_TYPE_REQUIRED"),
        (embed(color=5), "embeds.0.description", "BASE_TYPE_REQUIRED"),
        (embed(title=" ", description="\n"), "embeds.0.description", "BASE_TYPE_REQUIRED"),
        (embed(url="https://a.example", type="rich"), "embeds.0.description", "BASE_TYPE_REQUIRED"),
        (embed(footer={"text": ""}, fields=[]), "embeds.0.description", "BASE_TYPE_REQUIRED"),
        ({"embeds": [{"title": "x"}, {}]}, "embeds.1.description", "BASE_TYPE_REQUIRED"),
        (embed(fields=[{"name": " ", "value": "x"}]), "embeds.0.fields.0.name", "BASE_TYPE_REQUIRED"),
        (embed(fields=[{"name": "x", "value": "\n"}]), "embeds.0.fields.0.value", "BASE_TYPE_REQUIRED"),
        (
            {"content": "x", "allowed_mentions": {"parse": ["users"], "users": ["5"]}},
            "allowed_mentions",
            "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE",
        ),
        (
            {"content": "x", "allowed_mentions": {"parse": ["users", "roles"], "roles": ["5"]}},
            "allowed_mentions",
            "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE",
        ),
        (v2(text(" \n")), "components.0.content", "BASE_TYPE_REQUIRED"),
        (
            v2({"type": 17, "components": [text(" ")]}),
            "components.0.components.0.content",
            "BASE_TYPE_REQUIRED",
        ),
        (v2(text("x") | {"id": 7}, text("y") | {"id": 7}), "components.1.id", "COMPONENT_ID_DUPLICATED"),
        (
            v2(row(button(label=" "))),
            "components.0.components.0",
            "BUTTON_COMPONENT_INVALID_EMOJI",
        ),
        (
            v2(row(button(emoji={"name": "smile"}))),
            "components.0.components.0.emoji.name",
            "BUTTON_COMPONENT_INVALID_EMOJI",
        ),
        (
            v2(row(button(url="https://a.example"))),
            "components.0.components.0",
            "BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE",
        ),
        (v2(row({"type": 2, "style": 6})), "components.0.components.0", "BUTTON_COMPONENT_PREMIUM_INVALID"),
        (
            v2(row({"type": 2, "style": 6, "sku_id": "5", "label": "x"})),
            "components.0.components.0",
            "BUTTON_COMPONENT_PREMIUM_INVALID",
        ),
        (
            v2(row(select(min_values=2))),
            "components.0.components.0.max_values",
            "SELECT_COMPONENT_MAX_VALUES_INVALID",
        ),
        (
            v2(row(select(max_values=4))),
            "components.0.components.0.max_values",
            "SELECT_COMPONENT_MAX_VALUES_INVALID",
        ),
        (
            v2(row(select(options=[{"label": one, "value": one, "default": True} for one in "ab"]))),
            "components.0.components.0.default_values",
            "SELECT_COMPONENT_DEFAULT_VALUES_INVALID",
        ),
        (
            v2(row({"type": 5, "custom_id": "u", "default_values": [{"id": str(n), "type": "user"} for n in (1, 2)]})),
            "components.0.components.0.default_values",
            "SELECT_COMPONENT_DEFAULT_VALUES_INVALID",
        ),
        (
            v2(row(select(options=[{"label": " ", "value": "x"}]))),
            "components.0.components.0.options.0.label",
            "BASE_TYPE_REQUIRED",
        ),
        (
            {"poll": {"question": {"text": " "}, "answers": [{"poll_media": {"text": "x"}}]}},
            "poll.question.text",
            "BASE_TYPE_REQUIRED",
        ),
        (
            {"poll": {"question": {"text": "x"}, "answers": [{"poll_media": {"text": "y" * 56}}]}},
            "poll.answers.0.poll_media.text",
            "BASE_TYPE_MAX_LENGTH",
        ),
    ],
)
async def test_a_message_that_breaks_a_documented_rule_is_refused(
    rest: Rest, guild: Guild, body: Json, place: str, code: str
) -> None:
    status, answer = await rest.post(guild.channel("general"), **body)
    assert status == 400
    assert spot(answer, place) == code


@pytest.mark.parametrize(
    "body",
    [
        {"content": "x", "allowed_mentions": {"parse": ["users"], "users": []}},
        {"content": "x", "allowed_mentions": {"parse": ["users"], "users": None, "roles": ["5"]}},
        embed(timestamp="2026-11-30T00:00:00Z"),
        embed(author={"name": "x"}),
        v2(text("x") | {"id": 0}, text("y") | {"id": 0}),
        v2(row(button(label="", emoji={"name": "\U0001f44d"}), button("c", emoji={"name": "5\ufe0f\u20e3"}))),
        v2(row(select(min_values=0, max_values=3))),
        v2(row({"type": 2, "style": 6, "sku_id": "5"})),
    ],
)
async def test_what_is_near_to_a_refusal_passes(rest: Rest, guild: Guild, body: Json) -> None:
    status, answer = await rest.post(guild.channel("general"), **body)
    assert status == 200, answer


async def test_the_rules_hold_for_answers_follow_ups_and_posts_too(sandbox: Sandbox, rest: Rest, guild: Guild) -> None:
    _, message = await rest.post(guild.channel("general"), components=[row(button())], content="x")
    card = guild.channel("general").messages[int(message["id"])]
    async with wire(sandbox) as one:
        await one.identify(sandbox.token, GUILDS)
        await one.next()
        await one.next()
        pressed = asyncio.ensure_future(sandbox.member("mia").click(card, "Press"))
        heard = (await one.next())["d"]
        path = f"/interactions/{heard['id']}/{heard['token']}/callback"
        for data, code in (({"content": " "}, 50006), (embed(), 50035)):
            assert (await rest("POST", path, {"type": 4, "data": data}))[1]["code"] == code
        assert (await rest("POST", path, {"type": 4, "data": {"content": "@everyone <@&5>"}}))[0] == 204
        await pressed
        hook = f"/webhooks/{sandbox.application_id}/{heard['token']}"
        assert spot((await rest("POST", hook, embed()))[1], "embeds.0.description") == "BASE_TYPE_REQUIRED"
    forum = guild.channel("ideas")
    status, answer = await rest("POST", f"/channels/{forum.id}/threads", {"name": "x", "message": {"content": " "}})
    assert (status, answer["code"]) == (400, 50006)
    answer = (await rest("POST", f"/channels/{forum.id}/threads", {"name": " ", "message": {"content": "x"}}))[1]
    assert spot(answer, "name") == "BASE_TYPE_REQUIRED"


async def test_an_answer_to_an_interaction_pings_people_only_unless_it_says_otherwise(
    sandbox: Sandbox, rest: Rest, guild: Guild
) -> None:
    role = guild.role("readers")
    sandbox.world.edit_role(role, mentionable=True)
    words = f"<@&{role.id}> <@{sandbox.member('nils').id}>"
    _, plain = await rest.post(guild.channel("general"), content=words, components=[row(button())])
    assert (plain["mention_roles"], len(plain["mentions"])) == ([str(role.id)], 1)
    card = guild.channel("general").messages[int(plain["id"])]
    async with wire(sandbox) as one:
        await one.identify(sandbox.token, GUILDS)
        await one.next()
        await one.next()
        pressed = asyncio.ensure_future(sandbox.member("mia").click(card, "Press"))
        heard = (await one.next())["d"]
        path = f"/interactions/{heard['id']}/{heard['token']}/callback"
        await rest("POST", path, {"type": 4, "data": {"content": words}})
        reply = await pressed
    assert reply.message.mention_roles == []
    assert sandbox.member("nils").member.user in reply.message.mentions


async def test_unknown_files_stickers_and_too_many_files_are_refused(
    sandbox: Sandbox, rest: Rest, guild: Guild
) -> None:
    channel = guild.channel("general")
    assert (await rest.post(channel, content="x", attachments=[{"id": "0"}]))[1]["code"] == 50146
    assert (await rest.post(channel, content="x", sticker_ids=["5"]))[1]["code"] == 50081
    form = aiohttp.FormData()
    form.add_field("payload_json", orjson.dumps({"content": "x"}).decode())
    for number in range(11):
        form.add_field(f"files[{number}]", b"x", filename=f"{number}.txt")
    url, headers = f"{sandbox.api_url}/channels/{channel.id}/messages", {"Authorization": f"Bot {sandbox.token}"}
    async with rest.session.post(url, data=form, headers=headers) as response:
        assert (response.status, (await response.json())["code"]) == (400, 30015)


@pytest.mark.parametrize(
    ("permission", "body"),
    [
        (Permission.EMBED_LINKS, {"embeds": [{"title": "x"}]}),
        (Permission.SEND_POLLS, {"poll": {"question": {"text": "x"}, "answers": [{"poll_media": {"text": "y"}}]}}),
        (Permission.SEND_TTS_MESSAGES, {"content": "x", "tts": True}),
    ],
)
async def test_parts_of_a_message_need_permissions_of_their_own(
    sandbox: Sandbox, rest: Rest, guild: Guild, permission: Permission, body: Json
) -> None:
    assert guild.bot is not None
    channel = guild.channel("general")
    sandbox.world.permit(channel, guild.bot, allow=int(permission))
    assert (await rest.post(channel, **body))[0] == 200
    sandbox.world.permit(channel, guild.bot, deny=int(permission))
    assert (await rest.post(channel, **body))[1]["code"] == 50013


async def test_replies_find_their_message_in_their_own_channel_and_no_system_message(rest: Rest, guild: Guild) -> None:
    general, links = guild.channel("general"), guild.channel("links")
    _, message = await rest.post(links, content="x")
    answer = (
        await rest.post(
            general, content="y", message_reference={"message_id": message["id"], "channel_id": str(links.id)}
        )
    )[1]
    assert spot(answer, "message_reference") == "REPLIES_UNKNOWN_MESSAGE"
    await rest("POST", f"/channels/{general.id}/threads", {"name": "Aside", "type": 11})
    told = general.history[-1]
    answer = (await rest.post(general, content="y", message_reference={"message_id": str(told.id)}))[1]
    assert spot(answer, "message_reference") == "REPLIES_CANNOT_REPLY_TO_SYSTEM_MESSAGE"


async def test_a_poll_comes_back_as_the_specification_has_it(sandbox: Sandbox, rest: Rest, guild: Guild) -> None:
    answers = [
        {"poll_media": {"text": "Yes", "emoji": None}},
        {"poll_media": {"text": "No", "emoji": {"id": None, "name": "\U0001f44e"}}},
    ]
    poll = {"question": {"text": "Well?", "emoji": None}, "answers": answers, "duration": None}
    status, message = await rest.post(guild.channel("general"), poll=poll)
    assert status == 200
    assert message["poll"]["question"] == {"text": "Well?"}
    assert [one["poll_media"] for one in message["poll"]["answers"]] == [
        {"text": "Yes"},
        {"text": "No", "emoji": {"id": None, "name": "\U0001f44e"}},
    ]


async def test_nulls_in_embeds_and_components_mean_that_nothing_was_given(rest: Rest, guild: Guild) -> None:
    body: Json = {
        "embeds": [
            {
                "title": "x",
                "url": None,
                "footer": {"text": "y", "icon_url": None},
                "author": {"name": "z", "url": None},
                "fields": [{"name": "n", "value": "v", "inline": None}],
            }
        ],
        "components": [
            row(button(emoji={"id": None, "name": "\U0001f44d"}, url=None, disabled=None)),
            row(select(placeholder=None, options=[{"label": "l", "value": "v", "description": None, "emoji": None}])),
        ],
    }
    status, message = await rest.post(guild.channel("general"), **body)
    assert status == 200
    assert message["embeds"][0]["footer"] == {"text": "y"}
    assert message["components"][0]["components"][0]["emoji"] == {"name": "\U0001f44d"}


async def test_lists_of_members_need_the_intent_of_the_application(sandbox: Sandbox, rest: Rest, guild: Guild) -> None:
    _, thread = await rest("POST", f"/channels/{guild.channel('general').id}/threads", {"name": "Aside", "type": 11})
    paths = (f"/guilds/{guild.id}/members?limit=5", f"/channels/{thread['id']}/thread-members")
    for path in paths:
        status, answer = await rest("GET", path)
        assert (status, answer) == (403, {"message": "Missing Access", "code": 50001})
    sandbox.world.application.privileged_intents = GUILD_MEMBERS
    for path in paths:
        assert (await rest("GET", path))[0] == 200


async def test_who_comes_to_a_thread_is_told_with_the_members_intent_only(
    sandbox: Sandbox, rest: Rest, guild: Guild
) -> None:
    sandbox.world.application.privileged_intents = GUILD_MEMBERS
    _, thread = await rest("POST", f"/channels/{guild.channel('general').id}/threads", {"name": "Aside", "type": 11})
    members = f"/channels/{thread['id']}/thread-members"
    async with wire(sandbox) as without, wire(sandbox) as one:
        for each, intents in ((without, GUILDS), (one, GUILDS | GUILD_MEMBERS)):
            await each.identify(sandbox.token, intents)
            await each.next()
            await each.next()
        await rest("PUT", f"{members}/{sandbox.member('mia').id}")
        await rest("DELETE", f"{members}/@me")
        assert (await one.next())["d"]["added_members"][0]["user_id"] == str(sandbox.member("mia").id)
        for each in (one, without):
            assert (await each.next())["d"]["removed_member_ids"] == [str(sandbox.world.bot.id)]


async def test_what_is_for_people_who_signed_in_is_refused_to_bots(rest: Rest, guild: Guild) -> None:
    status, answer = await rest("GET", f"/users/@me/guilds/{guild.id}/member")
    assert (status, answer) == (403, {"message": "Bots cannot use this endpoint", "code": 20001})


async def test_text_channels_have_no_capitals_and_no_spaces(sandbox: Sandbox, rest: Rest, guild: Guild) -> None:
    assert guild.bot is not None
    own = guild.roles[guild.bot.roles[0]]
    sandbox.world.edit_role(own, permissions=own.permissions | Permission.MANAGE_CHANNELS)
    for name in ("links", "news", "ideas"):
        path = f"/channels/{guild.channel(name).id}"
        status, channel = await rest("PATCH", path, {"name": " Späte  LINKS "})
        assert (status, channel["name"]) == (200, "späte-links")
        assert spot((await rest("PATCH", path, {"name": "  "}))[1], "name") == "BASE_TYPE_REQUIRED"
    assert guild.add_channel("Off Topic").name == "off-topic"
    assert guild.add_channel("Off Topic", kind="category").name == "Off Topic"
    _, thread = await rest("POST", f"/channels/{guild.channel('general').id}/threads", {"name": "An Aside", "type": 11})
    assert thread["name"] == "An Aside"


async def test_a_channel_is_changed_within_its_rules(sandbox: Sandbox, rest: Rest, guild: Guild) -> None:
    assert guild.bot is not None
    own = guild.roles[guild.bot.roles[0]]
    sandbox.world.edit_role(own, permissions=own.permissions | Permission.MANAGE_CHANNELS)
    links, ideas = (f"/channels/{guild.channel(name).id}" for name in ("links", "ideas"))
    assert spot((await rest("PATCH", links, {"topic": "x" * 1025}))[1], "topic") == "BASE_TYPE_MAX_LENGTH"
    assert (await rest("PATCH", ideas, {"topic": "x" * 1025}))[0] == 200
    tags = [{"name": "a"}, {"name": "a "}]
    assert (await rest("PATCH", ideas, {"available_tags": tags}))[1]["code"] == 40061
    answer = (await rest("PATCH", ideas, {"available_tags": [{"name": "x" * 21}]}))[1]
    assert spot(answer, "available_tags.0.name") == "BASE_TYPE_MAX_LENGTH"

    def overwrite(allow: Permission) -> Json:
        return {"permission_overwrites": [{"id": str(guild.id), "type": 0, "allow": str(int(allow)), "deny": "0"}]}

    assert (await rest("PATCH", links, overwrite(Permission.SEND_MESSAGES)))[0] == 200
    assert (await rest("PATCH", links, overwrite(Permission.BAN_MEMBERS)))[1]["code"] == 50013


@pytest.mark.parametrize(("place", "kind", "code"), [("news", 11, 50035), ("general", 10, 50035), ("Aside", 11, 50024)])
async def test_threads_are_of_the_kind_that_their_place_has(
    rest: Rest, guild: Guild, place: str, kind: int, code: int
) -> None:
    await rest("POST", f"/channels/{guild.channel('general').id}/threads", {"name": "Aside", "type": 11})
    path = f"/channels/{guild.channel(place).id}/threads"
    assert (await rest("POST", path, {"name": "x", "type": kind}))[1]["code"] == code


async def test_tags_of_moderators_and_required_ones_are_minded(sandbox: Sandbox, rest: Rest, guild: Guild) -> None:
    assert guild.bot is not None
    own = guild.roles[guild.bot.roles[0]]
    sandbox.world.edit_role(own, permissions=own.permissions & ~Permission.MANAGE_THREADS)
    forum = guild.add_channel("asks", kind="forum", tags=("open", "done"), requires_tag=True)
    open_tag, done = forum.tags
    done.moderated = True
    post = {"name": "x", "message": {"content": "x"}}
    path = f"/channels/{forum.id}/threads"
    assert (await rest("POST", path, post | {"applied_tags": [str(done.id)]}))[1]["code"] == 50013
    _, thread = await rest("POST", path, post | {"applied_tags": [str(open_tag.id)]})
    for tags, code in (([], 40067), ([str(open_tag.id), str(done.id)], 50013)):
        assert (await rest("PATCH", f"/channels/{thread['id']}", {"applied_tags": tags}))[1]["code"] == code


async def test_small_rules_of_reading_deleting_and_names(sandbox: Sandbox, rest: Rest, guild: Guild) -> None:
    assert guild.bot is not None
    general = guild.channel("general")
    answer = (await rest("GET", f"/channels/{general.id}/messages?before=5&after=4"))[1]
    assert spot(answer, "after") == "MUTUALLY_EXCLUSIVE"
    sandbox.world.permit(general, guild.bot)
    said = await sandbox.member("mia").write_direct("hello")
    assert (await rest("DELETE", f"/channels/{said.channel.id}/messages/{said.id}"))[1]["code"] == 50003
    answer = (await rest("POST", "/users/@me/channels", {"recipient_id": str(sandbox.world.bot.id)}))[1]
    assert answer["code"] == 50033
    me = f"/guilds/{guild.id}/members/@me"
    assert (await rest("PATCH", me, {"nick": "x"}))[0] == 200
    everyone = guild.everyone
    sandbox.world.edit_role(everyone, permissions=everyone.permissions & ~Permission.CHANGE_NICKNAME)
    assert (await rest("PATCH", me, {"nick": "y"}))[1]["code"] == 50013


# commands


def option(kind: int = 3, name: str = "a", **more: Any) -> Json:
    return {"type": kind, "name": name, "description": "x", **more}


def choice(name: str, value: Any) -> Json:
    return {"name": name, "value": value}


@pytest.mark.parametrize(
    ("body", "place", "code"),
    [
        (
            {"options": [option(autocomplete=True, choices=[choice("a", "b")])]},
            "options.0.autocomplete",
            "APPLICATION_COMMAND_OPTIONS_AUTOCOMPLETE_INVALID",
        ),
        ({"options": [option(1), option(3, "b")]}, "options.1", "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID"),
        ({"options": [option(3), option(1, "b")]}, "options.1", "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID"),
        ({"options": [option(4), option(2, "b")]}, "options.1", "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID"),
        (
            {"type": 3, "name": "Menu", "description": "x"},
            "description",
            "APPLICATION_COMMAND_CONTEXT_MENU_DESCRIPTION_INVALID",
        ),
        (
            {"type": 2, "name": "Menu", "description": "x"},
            "description",
            "APPLICATION_COMMAND_CONTEXT_MENU_DESCRIPTION_INVALID",
        ),
        (
            {"type": 3, "name": "Menu", "description": "", "options": [option()]},
            "options",
            "APPLICATION_COMMAND_CONTEXT_MENU_OPTIONS_INVALID",
        ),
        ({"type": 3, "name": " ", "description": ""}, "name", "BASE_TYPE_REQUIRED"),
        ({"description": " "}, "description", "BASE_TYPE_REQUIRED"),
        ({"name": "Upper"}, "name", "APPLICATION_COMMAND_INVALID_NAME"),
        ({"name": "with space"}, "name", "APPLICATION_COMMAND_INVALID_NAME"),
        ({"name_localizations": {"de": "Gross"}}, "name_localizations.de", "APPLICATION_COMMAND_INVALID_NAME"),
        ({"name_localizations": {"xx": "x"}}, "name_localizations.xx", "ENUM_TYPE_COERCE"),
        ({"description_localizations": {"de": " "}}, "description_localizations.de", "BASE_TYPE_REQUIRED"),
        ({"options": [option(name="Title")]}, "options.0.name", "APPLICATION_COMMAND_INVALID_NAME"),
        (
            {"options": [option(1, options=[option(name="a b")])]},
            "options.0.options.0.name",
            "APPLICATION_COMMAND_INVALID_NAME",
        ),
        ({"options": [option(description=" ")]}, "options.0.description", "BASE_TYPE_REQUIRED"),
        (
            {"options": [option(choices=[choice("a", "1"), choice("a", "2")])]},
            "options.0.choices.1",
            "APPLICATION_COMMAND_OPTIONS_CHOICE_NAME_ALREADY_EXISTS",
        ),
        (
            {"options": [option(choices=[choice("a", "x" * 101)])]},
            "options.0.choices.0.value",
            "BASE_TYPE_MAX_LENGTH",
        ),
        ({"options": [option(4, min_value=5, max_value=4)]}, "options.0.max_value", "NUMBER_TYPE_MIN"),
        ({"options": [option(min_length=5, max_length=4)]}, "options.0.max_length", "NUMBER_TYPE_MIN"),
    ],
)
async def test_a_command_that_breaks_a_documented_rule_is_refused(
    sandbox: Sandbox, rest: Rest, body: Json, place: str, code: str
) -> None:
    path = f"/applications/{sandbox.application_id}/commands"
    given = {"name": "x", "description": "x"} | body
    status, answer = await rest("POST", path, given)
    assert (status, spot(answer, place)) == (400, code)
    status, answer = await rest("PUT", path, [{"name": "fine", "description": "x"}, given])
    assert (status, spot(answer, f"1.{place}")) == (400, code)
    assert sandbox.world.commands == {}


async def test_a_command_has_8000_characters_each_text_in_its_longest_language(sandbox: Sandbox, rest: Rest) -> None:
    path = f"/applications/{sandbox.application_id}/commands"

    # 10 options of 2 + 1 characters with 8 choices of 2 + 97 each, and the name: 7,955.
    choices = [choice(f"c{number}", "v" * 97) for number in range(8)]
    options = [option(3, f"o{number}", choices=choices) for number in range(10)]
    command: Json = {"name": "large", "options": options}
    for length, status in ((45, 201), (46, 400)):
        texts = ({"description": "d" * length}, {"description": "d", "description_localizations": {"de": "d" * length}})
        for described in texts:
            await rest("PUT", path, [])
            given, answer = await rest("POST", path, command | described)
            assert given == status
            if status == 400:
                assert answer["errors"]["_errors"][0]["code"] == "APPLICATION_COMMAND_TOO_LARGE"


async def test_permissions_of_a_command_may_be_a_string_as_documented(sandbox: Sandbox, rest: Rest) -> None:
    path = f"/applications/{sandbox.application_id}/commands"
    for body in ({"default_member_permissions": "32"}, {"default_member_permissions": 32}):
        _, answer = await rest("PUT", path, [{"name": "x", "description": "x"} | body])
        assert answer[0]["default_member_permissions"] == "32"


async def test_choices_while_typing_fit_their_option(sandbox: Sandbox, rest: Rest, guild: Guild) -> None:
    path = f"/applications/{sandbox.application_id}/commands"
    body = {"name": "x", "description": "x", "options": [option(1, "sub", options=[option(4, "n", autocomplete=True)])]}
    await rest("POST", path, body)
    async with wire(sandbox) as one:
        await one.identify(sandbox.token, GUILDS)
        await one.next()
        await one.next()
        typed = asyncio.ensure_future(sandbox.member("mia").autocomplete("/x sub", n="1"))
        heard = (await one.next())["d"]
        callback = f"/interactions/{heard['id']}/{heard['token']}/callback"
        for choices, place, code in (
            ([choice("one", "1")], "data.choices.0.value", "BASE_TYPE_BAD_TYPE"),
            ([choice(" ", 1)], "data.choices.0.name", "BASE_TYPE_REQUIRED"),
        ):
            answer = (await rest("POST", callback, {"type": 8, "data": {"choices": choices}}))[1]
            assert spot(answer, place) == code
        assert (await rest("POST", callback, {"type": 8, "data": {"choices": [choice("one", 1)]}}))[0] == 204
        assert await typed == [choice("one", 1)]


@pytest.mark.parametrize(
    ("modal", "spotted"),
    [
        ({"title": " "}, ("data.title", "BASE_TYPE_REQUIRED")),
        ({"components": [{"type": 10, "content": " "}]}, ("data.components.0.content", "BASE_TYPE_REQUIRED")),
        (
            {"components": [{"type": 18, "label": " ", "component": {"type": 4, "custom_id": "i", "style": 1}}]},
            ("data.components.0.label", "BASE_TYPE_REQUIRED"),
        ),
        (
            {
                "components": [
                    {
                        "type": 18,
                        "label": "x",
                        "component": {"type": 4, "custom_id": "i", "style": 1, "min_length": 5, "max_length": 4},
                    }
                ]
            },
            ("data.components.0.component.max_length", "NUMBER_TYPE_MIN"),
        ),
        (
            {
                "components": [
                    {
                        "type": 18,
                        "label": "x",
                        "component": {"type": 4, "custom_id": "i", "style": 1, "max_length": 4, "value": "longer"},
                    }
                ]
            },
            ("data.components.0.component.value", "BASE_TYPE_BAD_LENGTH"),
        ),
    ],
)
async def test_a_form_that_breaks_a_documented_rule_is_refused(
    sandbox: Sandbox, rest: Rest, guild: Guild, modal: Json, spotted: tuple[str, str]
) -> None:
    _, message = await rest.post(guild.channel("general"), components=[row(button())], content="x")
    card = guild.channel("general").messages[int(message["id"])]
    fine: Json = {
        "title": "x",
        "custom_id": "m",
        "components": [{"type": 18, "label": "x", "component": {"type": 4, "custom_id": "i", "style": 1}}],
    }
    async with wire(sandbox) as one:
        await one.identify(sandbox.token, GUILDS)
        await one.next()
        await one.next()
        pressed = asyncio.ensure_future(sandbox.member("mia").click(card, "Press"))
        heard = (await one.next())["d"]
        callback = f"/interactions/{heard['id']}/{heard['token']}/callback"
        place, code = spotted
        assert spot((await rest("POST", callback, {"type": 9, "data": fine | modal}))[1], place) == code
        assert (await rest("POST", callback, {"type": 9, "data": fine}))[0] == 204
        assert (await pressed).modal.title == "x"
