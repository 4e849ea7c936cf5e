"""Interactions: what the bot receives, how it may answer, and what a person may try."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import discord
import pytest
from discord import app_commands

from sandbox import Limits, ManualClock, NothingHappened, Refused, Sandbox, driver
from sandbox.driver import File
from sandbox.files import png
from sandbox.model import Guild, Message
from tests.sandbox.conftest import DeskBot, Rest, row, running

Got = discord.Interaction[Any]


class Answers:
    """A bot whose answer to every interaction is set by the test."""

    def __init__(self, bot: DeskBot) -> None:
        self.bot = bot
        self.last: Got | None = None
        self.answer: Any = None
        self.errors: list[Exception] = []

    async def __call__(self, interaction: Got) -> None:
        self.last = interaction
        try:
            if self.answer is not None:
                await self.answer(interaction)
        except discord.HTTPException as error:
            self.errors.append(error)


@pytest.fixture
async def answers(sandbox: Sandbox) -> AsyncIterator[Answers]:
    async with running(sandbox) as bot:
        one = Answers(bot)
        bot.add_listener(one.__call__, "on_interaction")
        yield one


@pytest.fixture
async def card(sandbox: Sandbox, rest: Rest, guild: Guild) -> Message:
    selects = [
        {"type": 3, "custom_id": "string", "placeholder": "One", "options": [{"label": "A", "value": "a"}]},
        {"type": 5, "custom_id": "user", "max_values": 2},
        {"type": 6, "custom_id": "role"},
        {"type": 8, "custom_id": "channel"},
    ]
    buttons = row(
        {"type": 2, "style": 1, "label": "Go", "custom_id": "go"},
        {"type": 2, "style": 1, "label": "Off", "custom_id": "off", "disabled": True},
        {"type": 2, "style": 5, "label": "Out", "url": "https://example.com"},
    )
    await rest.post(guild.channel("general"), content="card", components=[buttons, *(row(one) for one in selects)])
    return guild.channel("general").history[-1]


async def test_the_interaction_carries_what_discords_does(
    sandbox: Sandbox, answers: Answers, card: Message, guild: Guild
) -> None:
    answers.answer = lambda got: got.response.send_message("ok", ephemeral=True)
    mara = sandbox.member("mara")
    await mara.click(card, "Go")
    got = answers.last
    assert got is not None
    assert isinstance(got.user, discord.Member)
    assert got.user.joined_at is not None
    assert got.user.joined_at.timestamp() == pytest.approx(mara.member.joined_at)
    assert [role.name for role in got.user.roles] == ["@everyone", "moderator"]
    assert got.permissions.manage_messages
    assert got.app_permissions.manage_threads
    assert (got.locale, got.guild_locale) == (discord.Locale.american_english, discord.Locale.american_english)
    assert got.context.guild
    assert got.guild_id == guild.id
    assert got.filesize_limit == 10 * 1024 * 1024
    assert got.is_guild_integration()
    assert got.entitlements == []
    assert got.message is not None
    assert got.message.id == card.id


async def test_no_answer_in_time_is_a_failed_reply(sandbox: Sandbox, answers: Answers, card: Message) -> None:
    sandbox.world.limits.answer_seconds = 0.02
    is_heard = asyncio.Event()

    async def hears_and_says_nothing(_got: discord.Interaction) -> None:
        is_heard.set()

    answers.answer = hears_and_says_nothing
    reply = await sandbox.member("mia").click(card, "Go")
    assert (reply.failed, reply.type) == (True, "none")
    await is_heard.wait()
    assert answers.last is not None
    with pytest.raises(discord.NotFound) as late:
        await answers.last.response.send_message("late")
    assert late.value.code == 10062


async def test_without_a_connected_bot_the_reply_fails_at_once(sandbox: Sandbox, card: Message) -> None:
    assert (await sandbox.member("mia").click(card, "Go")).failed


async def test_a_second_answer_is_40060(sandbox: Sandbox, answers: Answers, card: Message, rest: Rest) -> None:
    answers.answer = lambda got: got.response.send_message("one")
    reply = await sandbox.member("mia").click(card, "Go")
    path = f"/interactions/{reply.interaction.id}/{reply.interaction.token}/callback"
    status, answer = await rest("POST", path, {"type": 4, "data": {"content": "two"}})
    assert (status, answer["code"]) == (400, 40060)


async def test_deferred_answers_resolve_with_the_follow_up_or_the_edit(
    sandbox: Sandbox, answers: Answers, card: Message
) -> None:
    async def by_edit(got: Got) -> None:
        await got.response.defer(ephemeral=True, thinking=True)
        await got.edit_original_response(content="edited")

    answers.answer = by_edit
    reply = await sandbox.member("mia").click(card, "Go")
    assert (reply.deferred, reply.ephemeral, reply.text) == (True, True, "edited")

    async def by_follow_up(got: Got) -> None:
        await got.response.defer(thinking=True)
        await got.followup.send("first")
        second = await got.followup.send("second", ephemeral=True, wait=True)
        await second.edit(content="second, edited")
        assert (await got.original_response()).content == "first"

    answers.answer = by_follow_up
    reply = await sandbox.member("mia").click(card, "Go")
    assert (reply.text, reply.ephemeral) == ("first", False)
    await sandbox.wait_for(lambda: reply.followups and reply.followups[0].text == "second, edited")
    assert reply.followups[0].ephemeral


async def test_a_deferral_without_an_end_says_so(
    sandbox: Sandbox, answers: Answers, card: Message, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(driver, "DEADLINE_SECONDS", 0.05)
    answers.answer = lambda got: got.response.defer(thinking=True)
    with pytest.raises(NothingHappened, match="never completed"):
        await sandbox.member("mia").click(card, "Go")


async def test_an_acknowledged_press_resolves_at_once_and_an_update_changes_the_message(
    sandbox: Sandbox, answers: Answers, card: Message
) -> None:
    answers.answer = lambda got: got.response.defer()
    assert (await sandbox.member("mia").click(card, "Go")).type == "ack"
    answers.answer = lambda got: got.response.edit_message(content="changed")
    reply = await sandbox.member("mia").click(card, "Go")
    assert (reply.type, reply.message, card.content) == ("update", card, "changed")
    assert card.edited_at is not None


async def test_only_the_one_who_pressed_sees_an_ephemeral_answer(
    sandbox: Sandbox, answers: Answers, card: Message
) -> None:
    answers.answer = lambda got: got.response.send_message("for you", ephemeral=True)
    mia, mara = sandbox.member("mia"), sandbox.member("mara")
    reply = await mia.click(card, "Go")
    assert mia.see("general") == [card, reply.message]
    assert mara.see("general") == [card]
    with pytest.raises(Refused, match="not shown"):
        await mara.click(reply.message, "x")


async def test_every_kind_of_menu_gives_its_values(sandbox: Sandbox, answers: Answers, card: Message) -> None:
    answers.answer = lambda got: got.response.defer()
    mia, guild = sandbox.member("mia"), card.channel.guild
    assert guild is not None
    for custom_id, values, ids in (
        ("One", ["A"], ["a"]),
        ("user", ["mara", mia], [str(guild.member("mara").id), str(mia.id)]),
        ("role", ["editor"], [str(guild.role("editor").id)]),
        ("channel", ["#links"], [str(guild.channel("links").id)]),
    ):
        await mia.select(card, custom_id, values)
        assert answers.last is not None
        assert answers.last.data is not None
        assert answers.last.data["values"] == ids  # type: ignore[typeddict-item]


async def test_what_the_client_would_not_allow_is_refused(sandbox: Sandbox, answers: Answers, card: Message) -> None:
    mia = sandbox.member("mia")
    for attempt, why in (
        (mia.click(card, "Off"), "disabled"),
        (mia.click(card, "Out"), "link"),
        (mia.click(card, "Nothing"), r"\['Go', 'Off', 'Out'\]"),
        (mia.select(card, "One", ["Z"]), "offers"),
        (mia.select(card, "user", ["mia", "mara", "ada"]), "1 to 2"),
        (mia.slash("/nothing"), "unknown"),
    ):
        with pytest.raises(Refused, match=why):
            await attempt
    await mia.delete(await mia.say("general", "x"))
    with pytest.raises(Refused, match="may not delete"):
        await mia.delete(card)
    await sandbox.member("mara").delete(card)
    with pytest.raises(Refused, match="deleted"):
        await mia.click(card, "Go")


def typed(bot: DeskBot) -> None:
    @bot.tree.command(description="All kinds")
    @app_commands.choices(size=[app_commands.Choice(name="Small", value=1), app_commands.Choice(name="Large", value=2)])
    async def kinds(  # noqa: PLR0917
        interaction: Got,
        text: app_commands.Range[str, 2, 5],
        flag: bool = False,  # noqa: FBT001, FBT002
        ratio: float = 0.0,
        size: int = 1,
        who: discord.Member | None = None,
        where: discord.TextChannel | None = None,
        role: discord.Role | None = None,
        file: discord.Attachment | None = None,
    ) -> None:
        held = await file.read() if file else b""
        parts = (text, flag, ratio, size, who and who.name, where and where.name, role and role.name, len(held))
        await interaction.response.send_message(" ".join(map(str, parts)), ephemeral=True)


async def test_options_are_typed_and_wrong_ones_refused(sandbox: Sandbox) -> None:
    async with running(sandbox, typed):
        mia = sandbox.member("mia")
        everything: dict[str, Any] = {
            "flag": True,
            "ratio": 0.5,
            "size": "Large",
            "who": "mara",
            "where": "links",
            "role": "editor",
        }
        reply = await mia.slash("/kinds", text="abc", file=File("a.png", png()), **everything)
        assert reply.text == f"abc True 0.5 2 mara links editor {len(png())}"
        assert (await mia.slash("/kinds text:ab cd ratio:2 flag:true")).text == "ab cd True 2.0 1 None None None 0"
        for options, why in (
            ({}, "needs the option 'text'"),
            ({"text": "a"}, "length"),
            ({"text": "abc", "flag": "maybe"}, "does not take 'maybe'"),
            ({"text": "abc", "ratio": "x"}, "a number"),
            ({"text": "abc", "size": "Huge"}, "offers"),
            ({"text": "abc", "who": "nobody"}, "does not take"),
            ({"text": "abc", "colour": 1}, "no option"),
        ):
            with pytest.raises(Refused, match=why):
                await mia.slash("/kinds", **options)


class Form(discord.ui.Modal, title="Form"):
    name = discord.ui.TextInput[Any](label="Name", custom_id="name", max_length=5)
    boxes: Any = discord.ui.Label(
        text="Boxes",
        component=discord.ui.CheckboxGroup(
            custom_id="boxes",
            options=[discord.CheckboxGroupOption(label=one, value=one.lower()) for one in ("A", "B")],
            required=False,
        ),
    )
    sure: Any = discord.ui.Label(text="Sure", component=discord.ui.Checkbox(custom_id="sure"))
    who: Any = discord.ui.Label(text="Who", component=discord.ui.UserSelect(custom_id="who", required=False))
    file: Any = discord.ui.Label(text="File", component=discord.ui.FileUpload(custom_id="file", required=False))

    async def on_submit(self, interaction: Got) -> None:
        files = [await one.read() for one in self.file.component.values]
        who = [one.name for one in self.who.component.values]
        parts = (self.name.value, self.boxes.component.values, self.sure.component.value, who, [len(f) for f in files])
        await interaction.response.send_message(repr(parts), ephemeral=True)


async def test_a_form_takes_every_kind_of_field(sandbox: Sandbox, answers: Answers, card: Message) -> None:
    answers.answer = lambda got: got.response.send_modal(Form()) if got.type.value == 3 else asyncio.sleep(0)
    mia = sandbox.member("mia")
    reply = await mia.click(card, "Go")
    assert (reply.type, reply.modal.title) == ("modal", "Form")
    assert list(reply.modal.fields) == ["Name", "Boxes", "Sure", "Who", "File"]
    done = await mia.submit(
        reply, {"name": "mia", "Boxes": ["A", "b"], "Sure": True, "Who": ["mara"], "File": File("a.txt", b"abc")}
    )
    assert done.text == "('mia', ['a', 'b'], True, ['mara'], [3])"
    for values, why in (({}, "filled in"), ({"Name": "too long"}, "characters"), ({"Name": "x", "Age": 3}, "no field")):
        with pytest.raises(Refused, match=why):
            await mia.submit(reply, values)


async def test_a_form_has_at_most_five_fields_and_a_short_title(
    sandbox: Sandbox, answers: Answers, card: Message, rest: Rest
) -> None:
    del answers
    pressing = asyncio.ensure_future(sandbox.member("mia").click(card, "Go"))
    await sandbox.wait_for(lambda: sandbox.world.interactions)
    one = next(iter(sandbox.world.interactions.values()))
    path = f"/interactions/{one.id}/{one.token}/callback"
    fields = [row({"type": 4, "custom_id": str(n), "label": "x", "style": 1}) for n in range(6)]
    for data in (
        {"custom_id": "m", "title": "x" * 46, "components": fields[:1]},
        {"custom_id": "m", "title": "x", "components": fields},
    ):
        status, answer = await rest("POST", path, {"type": 9, "data": data})
        assert (status, answer["code"]) == (400, 50035)
    choices = [{"name": str(n), "value": str(n)} for n in range(26)]
    assert (await rest("POST", path, {"type": 8, "data": {"choices": choices}}))[0] == 400
    assert (await rest("POST", path, {"type": 6}))[0] == 204
    assert (await pressing).type == "ack"


async def test_the_token_lives_fifteen_minutes() -> None:
    clock = ManualClock(1_800_000_000)
    async with Sandbox(clock=clock, limits=Limits.off()) as sandbox, aiohttp.ClientSession() as session:
        guild, rest = sandbox.world.seed(), Rest(sandbox, session)
        async with running(sandbox) as bot:
            answers = Answers(bot)
            bot.add_listener(answers.__call__, "on_interaction")
            answers.answer = lambda got: got.response.send_message("ok")
            button = row({"type": 2, "style": 1, "label": "Go", "custom_id": "go"})
            await rest.post(guild.channel("general"), content="x", components=[button])
            reply = await sandbox.member("mia").click(guild.channel("general").history[0], "Go")
            assert answers.last is not None
            clock.advance(899)
            await answers.last.edit_original_response(content="still")
            assert reply.text == "still"
            clock.advance(2)
            with pytest.raises(discord.HTTPException) as dead:
                await answers.last.edit_original_response(content="too late")
            assert dead.value.code == 50027


async def test_direct_messages_reach_who_accepts_them(sandbox: Sandbox, answers: Answers) -> None:
    mia = sandbox.member("mia")
    user = await answers.bot.fetch_user(mia.id)
    await user.send("hello")
    assert [message.text for message in mia.directs()] == ["hello"]
    mia.member.user.accepts_dms = False
    with pytest.raises(discord.Forbidden) as closed:
        await user.send("again")
    assert closed.value.code == 50007


async def test_a_button_in_a_direct_message_works(sandbox: Sandbox, answers: Answers) -> None:
    answers.answer = lambda got: got.response.send_message(f"{got.context.dm_channel} {got.user.name}")
    mia = sandbox.member("mia")
    view = discord.ui.View(timeout=None)
    view.add_item(discord.ui.Button(label="Stop", custom_id="stop"))
    await (await answers.bot.fetch_user(mia.id)).send("hello", view=view)
    assert (await mia.click(mia.directs()[0], "Stop")).text == "True mia"
