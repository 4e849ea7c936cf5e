"""What the page must bear: hostile text, unknown kinds, thousands of messages, cuts; and every kind of field."""

import re
from typing import Any

import discord
import pytest
from discord import app_commands
from playwright.async_api import expect

from sandbox import Sandbox, posting, threads
from sandbox.driver import File
from sandbox.files import Upload, png
from sandbox.model import Message
from sandbox.payloads import attachment_url
from sandbox.web import Page
from tests.browser.conftest import Tab
from tests.sandbox.conftest import DeskBot, running

pytestmark = pytest.mark.asyncio(loop_scope="session")  # that of the browser

HOSTILE = (
    "<img src=x onerror=\"document.title='taken'\"> <script>document.title='taken'</script> &amp; **bold** "
    "[a link](javascript:document.title='taken') [b](https://ok.example/?q=<script>) <@999> ||hidden||"
)


def says(sandbox: Sandbox, body: dict[str, Any]) -> Message:
    """A message of the bot's, past its limits where need be."""
    general = next(iter(sandbox.world.guilds.values())).channel("general")
    return posting.create(sandbox.world, general, sandbox.world.bot, body, [])


def press(label: str, custom_id: str) -> dict[str, Any]:
    return {"type": 2, "style": 1, "label": label, "custom_id": custom_id}


@pytest.mark.usefixtures("door")
async def test_markup_in_anybodys_text_stays_text(sandbox: Sandbox, tab: Tab) -> None:
    await sandbox.member("mia").say("general", HOSTILE)
    says(sandbox, {"embeds": [{"title": HOSTILE, "description": HOSTILE, "fields": [{"name": HOSTILE, "value": "x"}]}]})
    row = {"type": 1, "components": [{"type": 2, "style": 1, "label": "<b>press</b>", "custom_id": "x"}]}
    says(sandbox, {"flags": 1 << 15, "components": [{"type": 10, "content": HOSTILE}, row]})
    next(iter(sandbox.world.guilds.values())).channel("general").name = "<i>general</i>"
    await tab.open(f"{sandbox.origin}/")
    await tab.page.get_by_label("Channels").get_by_role("link", name="<i>general</i>").click()
    message = tab.message("document.title")
    await expect(message).to_contain_text("<script>document.title='taken'</script>")
    assert await tab.page.title() == "#<i>general</i> · Pressroom's demo"
    assert await tab.page.locator("#messages :is(script, img, iframe)").count() == 0
    assert await tab.page.locator('a[href^="javascript"]').count() == 0
    await expect(tab.page.get_by_role("button", name="<b>press</b>")).to_be_visible()


@pytest.mark.usefixtures("door")
async def test_discords_markdown_is_shown_as_discord_shows_it(sandbox: Sandbox, tab: Tab) -> None:
    guild = next(iter(sandbox.world.guilds.values()))
    text = (
        "## Heading\n-# small\n> quoted\n- one\n  - two\n1. first\n```py\ncode <b>\n```\n"
        "**bold *both*** __under__ ~~gone~~ `a*b*c` \\*plain\\* snake_case_name ||secret||\n"
        f"<@{guild.member('mara').id}> <#{guild.channel('news').id}> <t:0:D> https://plain.example/a_b_c. "
        "[named](<https://named.example/>) @everyone"
    )
    await sandbox.member("ada").say("general", text)
    await tab.open(f"{sandbox.origin}/")
    await tab.go("general")
    shown = tab.message("Heading").locator(".text")
    await expect(shown.get_by_role("heading", name="Heading")).to_be_visible()
    await expect(shown.locator("blockquote")).to_have_text("quoted")
    await expect(shown.locator("li li")).to_have_text("two")
    await expect(shown.locator("pre")).to_have_text("code <b>")
    await expect(shown.locator("strong em")).to_have_text("both")
    await expect(shown.locator("p code")).to_have_text("a*b*c")
    await expect(shown).to_contain_text("*plain* snake_case_name")
    await expect(shown).to_contain_text("@Mara #news 1 January 1970")
    await expect(shown.get_by_role("link", name="https://plain.example/a_b_c")).to_be_visible()
    await expect(shown.get_by_role("link", name="named", exact=True)).to_have_attribute(
        "href", "https://named.example/"
    )
    await shown.get_by_role("button", name="Spoiler").click()
    await expect(shown.get_by_text("secret")).to_be_visible()


@pytest.mark.usefixtures("door")
async def test_what_the_page_does_not_know_is_said_and_never_shown_as_nothing(sandbox: Sandbox, tab: Tab) -> None:
    odd = says(sandbox, {"flags": 1 << 15, "components": [{"type": 10, "content": "known"}]})
    odd.components.append({"type": 77, "id": 9, "wobble": True})
    odd.components.append({"type": 9, "id": 10, "components": []})
    odd.payload = None
    empty = says(sandbox, {"content": "x"})
    empty.content, empty.payload = "", None
    media = {"media": {"url": "https://elsewhere.example/a.png"}, "description": "A far picture"}
    says(sandbox, {"flags": 1 << 15, "components": [{"type": 12, "items": [media]}]})
    says(sandbox, {"poll": {"question": {"text": "Native?"}, "answers": [{"poll_media": {"text": "Yes"}}]}})
    await tab.open(f"{sandbox.origin}/")
    await tab.go("general")
    await expect(tab.message("known")).to_contain_text("This page cannot show a component of type 77")
    await expect(tab.message("known")).to_contain_text("This page cannot show a component of type 9")
    await expect(tab.message("which this page cannot show")).to_be_visible()
    await expect(tab.message("A far picture")).to_contain_text("it is not on this machine")
    await expect(tab.message("Native?")).to_contain_text("votes in it are not simulated")


@pytest.mark.usefixtures("door")
async def test_two_thousand_messages_are_a_window_that_moves(sandbox: Sandbox, tab: Tab) -> None:
    mia = sandbox.member("mia")
    for number in range(2000):
        await mia.say("general", f"message {number:04}")
    await tab.open(f"{sandbox.origin}/")
    await tab.go("general")
    await expect(tab.message("message 1999")).to_be_in_viewport()
    seen: set[str] = set()
    most = 0
    await tab.page.locator("#messages").hover()
    for _ in range(400):
        texts = await tab.page.locator("#messages .text").all_inner_texts()
        most = max(most, len(texts))
        seen.update(texts)
        if "message 0000" in texts:
            break
        await tab.page.mouse.wheel(0, -3000)
        await tab.page.evaluate("() => new Promise(requestAnimationFrame)")
    assert len(seen) == 2000, "nothing is left out on the way"
    assert most <= 200
    await sandbox.member("nils").say("general", "message 2000")
    await tab.page.get_by_role("button", name="Newer messages").click()
    await expect(tab.message("message 2000")).to_be_in_viewport()


async def test_a_cut_line_is_restored_and_nothing_is_missed(sandbox: Sandbox, door: Page, tab: Tab) -> None:
    tab.forgives = ("WebSocket connection",)
    await tab.open(f"{sandbox.origin}/")
    await tab.act_as("Mara")
    await tab.go("review")
    sandbox.page = None  # who comes back is not let in
    for browser in list(door._browsers):
        await browser.close()
    await expect(tab.page.locator("#offline")).to_be_visible()
    await sandbox.member("edda").say("review", "said meanwhile")
    sandbox.page = door._handle
    await tab.ready()
    await expect(tab.page.locator("#offline")).to_be_hidden()
    await expect(tab.message("said meanwhile")).to_be_visible()
    await expect(tab.page.get_by_label("Act as")).to_have_value(str(sandbox.member("mara").id))
    await sandbox.member("edda").say("review", "and now live")
    await expect(tab.message("and now live")).to_be_visible()


@pytest.mark.usefixtures("door")
async def test_talk_elsewhere_marks_its_channel_and_deletion_is_live(sandbox: Sandbox, tab: Tab) -> None:
    await tab.open(f"{sandbox.origin}/")
    await tab.go("general")
    said = await sandbox.member("nils").say("links", "over here")
    entry = tab.page.get_by_label("Channels").get_by_role("link", name="links (new)")
    await expect(entry).to_be_visible()
    await entry.click()
    await expect(tab.message("over here")).to_be_visible()
    await sandbox.member("nils").delete(said)
    await expect(tab.page.locator("#messages article")).to_have_count(0)
    await expect(tab.page.get_by_label("Channels").get_by_role("link", name="links (new)")).to_have_count(0)


@pytest.mark.usefixtures("door")
async def test_light_and_dark_are_both_there(sandbox: Sandbox, tab: Tab) -> None:
    await tab.open(f"{sandbox.origin}/")

    async def paper() -> str:
        colour: str = await tab.page.evaluate("getComputedStyle(document.body).backgroundColor")
        return colour

    await tab.page.emulate_media(color_scheme="dark")
    dark = await paper()
    await tab.page.emulate_media(color_scheme="light")
    light = await paper()
    assert dark != light
    await tab.page.get_by_role("button", name="Light or dark").click()
    await tab.page.get_by_role("button", name="Light", exact=True).click()
    assert await paper() == dark
    await tab.page.reload()
    await tab.ready()
    assert await paper() == dark, "the choice is kept"


class Everything(discord.ui.Modal, title="Everything"):
    """One of the newer kinds of fields each."""

    link: discord.ui.Label[discord.ui.View] = discord.ui.Label(
        text="Link", component=discord.ui.TextInput(custom_id="link", min_length=3)
    )
    kind: discord.ui.Label[discord.ui.View] = discord.ui.Label(
        text="Kind",
        component=discord.ui.RadioGroup(
            custom_id="kind",
            options=[
                discord.RadioGroupOption(label="News", value="n"),
                discord.RadioGroupOption(label="Tools", value="t"),
            ],
        ),
    )
    marks: discord.ui.Label[discord.ui.View] = discord.ui.Label(
        text="Marks",
        component=discord.ui.CheckboxGroup(
            custom_id="marks",
            required=False,
            options=[
                discord.CheckboxGroupOption(label="Mine", value="mine"),
                discord.CheckboxGroupOption(label="Free", value="free"),
            ],
        ),
    )
    where: discord.ui.Label[discord.ui.View] = discord.ui.Label(
        text="Where", component=discord.ui.ChannelSelect(custom_id="where")
    )
    picture: discord.ui.Label[discord.ui.View] = discord.ui.Label(
        text="Picture", component=discord.ui.FileUpload(custom_id="picture", max_values=2)
    )

    async def on_submit(self, interaction: discord.Interaction) -> None:
        link, kind, marks = self.link.component, self.kind.component, self.marks.component
        where, picture = self.where.component, self.picture.component
        assert isinstance(link, discord.ui.TextInput)
        assert isinstance(kind, discord.ui.RadioGroup)
        assert isinstance(marks, discord.ui.CheckboxGroup)
        assert isinstance(where, discord.ui.ChannelSelect)
        assert isinstance(picture, discord.ui.FileUpload)
        sizes = [len(await file.read()) for file in picture.values]
        told = f"{link.value} {kind.value} {sorted(marks.values)} {where.values[0].name} {sizes}"
        await interaction.response.send_message(told)


def set_up(bot: DeskBot) -> None:
    @bot.tree.command(name="form", description="A form")
    async def form(interaction: discord.Interaction) -> None:
        await interaction.response.send_modal(Everything())

    @bot.tree.command(name="kinds", description="Each kind of option")
    async def kinds(  # noqa: PLR0917  (the options of a command are its parameters)
        interaction: discord.Interaction,
        number: app_commands.Range[int, 1, 5],
        on: bool,  # noqa: FBT001  (an option of a command)
        who: discord.Member,
        where: discord.TextChannel,
        file: discord.Attachment,
        role: discord.Role | None = None,
    ) -> None:
        told = f"{number} {on} {who.name} {where.name} {file.filename} {len(await file.read())} {role and role.name}"
        await interaction.response.send_message(told)

    @bot.tree.command(name="slow", description="Thinks first")
    async def slow(interaction: discord.Interaction) -> None:
        await interaction.response.defer()
        await bot.wait_for("message", check=lambda message: not message.author.bot)
        await interaction.followup.send("thought through")

    @bot.tree.command(name="silent", description="Never answers")
    async def silent(_: discord.Interaction) -> None:
        return

    @bot.tree.command(name="pickers", description="Menus")
    async def pickers(interaction: discord.Interaction) -> None:
        several: discord.ui.Select[discord.ui.View] = discord.ui.Select(
            custom_id="several",
            placeholder="Several",
            min_values=2,
            max_values=3,
            options=[discord.SelectOption(label=label) for label in ("One", "Two", "Three", "Four")],
        )
        person: discord.ui.UserSelect[discord.ui.View] = discord.ui.UserSelect(custom_id="person", placeholder="Whom?")
        view: discord.ui.View = discord.ui.View(timeout=None)
        view.add_item(several).add_item(person)
        await interaction.response.send_message(view=view)

    @bot.tree.command(name="quiet", description="Answers you alone")
    async def quiet(interaction: discord.Interaction) -> None:
        await interaction.response.send_message("psst", ephemeral=True)

    @bot.tree.command(name="size", description="Numbers")
    @app_commands.choices(
        size=[app_commands.Choice(name=name, value=value) for name, value in (("Five", 5), ("Six", 6))]
    )
    async def size(interaction: discord.Interaction, size: int, year: int) -> None:
        await interaction.response.send_message(f"{size} in {year}")

    @size.autocomplete("year")
    async def years(_: discord.Interaction, _current: str) -> list[app_commands.Choice[int]]:
        return [app_commands.Choice(name="in 2026", value=2026)]

    @bot.event
    async def on_interaction(interaction: discord.Interaction) -> None:
        data: Any = interaction.data or {}
        if data.get("custom_id") == "late":
            await bot.wait_for("message", check=lambda message: not message.author.bot)
            await interaction.response.send_modal(Everything())
        if data.get("custom_id") in ("several", "person"):
            await interaction.response.send_message(f"{data['custom_id']}: {', '.join(data['values'])}")


@pytest.mark.usefixtures("door")
async def test_every_kind_of_field_takes_what_a_person_gives(sandbox: Sandbox, tab: Tab) -> None:
    files = [
        {"name": "a.png", "mimeType": "image/png", "buffer": b"12345"},
        {"name": "b.txt", "mimeType": "text/plain", "buffer": b"123"},
    ]
    async with running(sandbox, set_up):
        await tab.open(f"{sandbox.origin}/")
        await tab.go("general")
        await tab.pick("form")
        form = tab.page.get_by_role("dialog", name="Everything")
        await form.get_by_label("Link").fill("https://x.example")
        await form.get_by_label("Tools").check()
        await form.get_by_label("Free").check()
        await form.get_by_label("Where").select_option(label="#links")
        await form.get_by_label("Picture").set_input_files(files)  # type: ignore[arg-type]
        await form.get_by_role("button", name="Send").click()
        await expect(tab.message("https://x.example")).to_contain_text("t ['free'] links [5, 3]")

        await tab.pick("kinds")
        box = tab.page.get_by_role("group", name="/kinds")
        await box.get_by_role("button", name="Send").click()
        await expect(box).to_contain_text("Fill in number first.")
        await box.get_by_label("number").fill("9")
        await box.get_by_label(re.compile("^on ")).select_option(label="True")
        await box.get_by_label(re.compile("^who ")).select_option(label="Mara")
        await box.get_by_label(re.compile("^where ")).select_option(label="#links")
        await box.get_by_label(re.compile("^file ")).set_input_files(files[0])  # type: ignore[arg-type]
        await box.get_by_role("button", name="+ role").click()
        await box.get_by_label(re.compile("^role ")).select_option(label="@editor")
        await box.get_by_role("button", name="Send").click()
        await expect(box.get_by_role("alert")).to_contain_text("number: ")
        await box.get_by_label("number").fill("4")
        await box.get_by_role("button", name="Send").click()
        await expect(tab.message("a.png")).to_contain_text("4 True mara links a.png 5 editor")


@pytest.mark.usefixtures("door")
async def test_menus_wait_for_their_choice_and_take_several(sandbox: Sandbox, tab: Tab) -> None:
    async with running(sandbox, set_up):
        await tab.open(f"{sandbox.origin}/")
        await tab.go("general")
        await tab.pick("pickers")
        message = tab.message("Whom?")
        await message.get_by_role("combobox", name="Several").focus()
        keys = tab.page.keyboard
        for key in ("ArrowDown", "Enter", "ArrowDown", "ArrowDown", " ", "Tab", "Enter"):
            await keys.press(key)
        await expect(tab.message("several: One, Three")).to_be_visible()
        await message.get_by_role("combobox", name="Whom?").click()
        await message.get_by_role("option", name="Mara").click()
        await expect(tab.message(f"person: {sandbox.member('mara').id}")).to_be_visible()


@pytest.mark.usefixtures("door")
async def test_thinking_ends_and_silence_is_told(sandbox: Sandbox, tab: Tab) -> None:
    async with running(sandbox, set_up):
        await tab.open(f"{sandbox.origin}/")
        await tab.go("general")
        await tab.pick("slow")
        await expect(tab.message("Pressbot is thinking…")).to_contain_text("thinking")
        await sandbox.member("nils").say("general", "well?")
        await expect(tab.message("thought through")).to_contain_text("Mia used /slow")
        sandbox.world.limits.answer_seconds = 1.0
        await tab.pick("silent")
        await expect(tab.page.locator(".note.failed")).to_contain_text("The application did not respond")


@pytest.mark.usefixtures("door")
async def test_a_picker_that_was_left_opens_again(sandbox: Sandbox, tab: Tab) -> None:
    async with running(sandbox, set_up):
        await tab.open(f"{sandbox.origin}/")
        await tab.go("general")
        keys, box = tab.page.keyboard, tab.page.locator("#box")
        await box.press("/")
        await expect(tab.page.locator("#picker")).to_be_visible()
        await keys.press("Escape")
        await expect(tab.page.locator("#picker")).to_have_count(0)
        await expect(box).to_have_attribute("aria-expanded", "false")
        await box.press("/")
        await keys.type("for")
        await expect(tab.page.locator("#picker [aria-selected=true]")).to_contain_text("/form")
        await keys.press("Escape")
        await box.fill("/usr/bin is a folder")
        await keys.press("Enter")
        await expect(tab.message("/usr/bin is a folder")).to_be_visible()
        await box.fill("a draft")
        await tab.page.locator("#messages").focus()
        await keys.press("/")
        await expect(box).to_have_value("a draft")


async def test_what_is_being_written_outlives_news_and_cuts(sandbox: Sandbox, door: Page, tab: Tab) -> None:
    tab.forgives = ("WebSocket connection",)
    async with running(sandbox, set_up):
        await tab.open(f"{sandbox.origin}/")
        await tab.go("general")
        await tab.page.locator("#box").fill("half written")
        for browser in list(door._browsers):
            await browser.close()
        await expect(tab.page.locator("#offline")).to_be_visible()
        await tab.ready()
        await expect(tab.page.locator("#box")).to_have_value("half written")
        await tab.pick("kinds")
        await tab.page.get_by_label("number").fill("3")
        next(iter(sandbox.world.guilds.values())).add_channel("brand-new")
        await expect(tab.page.get_by_role("link", name="brand-new")).to_be_visible()
        await expect(tab.page.get_by_label("number")).to_have_value("3")


@pytest.mark.usefixtures("door")
async def test_enter_twice_sends_once_and_a_large_file_is_refused_in_words(sandbox: Sandbox, tab: Tab) -> None:
    tab.forgives = ("413",)
    await tab.open(f"{sandbox.origin}/")
    await tab.go("general")
    await tab.page.locator("#box").fill("once")
    await tab.page.keyboard.press("Enter")
    await tab.page.keyboard.press("Enter")
    await expect(tab.message("once")).to_be_visible()
    large = {"name": "large.txt", "mimeType": "text/plain", "buffer": b"x" * 1_500_000}
    await tab.page.locator("#composer input[type=file]").set_input_files(large)  # type: ignore[arg-type]
    await tab.page.locator("#box").press("Enter")
    await expect(tab.message("large.txt")).to_be_visible()
    assert await tab.page.locator("#messages article").count() == 2
    sandbox.world.limits.attachment_bytes = 1_000_000
    await tab.page.locator("#composer input[type=file]").set_input_files(large)  # type: ignore[arg-type]
    await tab.page.locator("#box").fill("too much")
    await tab.page.keyboard.press("Enter")
    await expect(tab.page.get_by_role("alert").filter(has_text="larger than Discord allows")).to_be_visible()
    await expect(tab.page.locator("#box")).to_have_value("too much")


@pytest.mark.usefixtures("door")
async def test_what_is_uploaded_never_runs_in_the_page(sandbox: Sandbox, tab: Tab) -> None:
    evil = b"<script>document.title = 'taken'; fetch('/page/main.js')</script>"
    said = await sandbox.member("nils").say("general", "look", files=[File("evil.html", evil), File("a.svg", evil)])
    await tab.open(f"{sandbox.origin}/")
    for attachment in said.attachments:
        response = await tab.page.request.get(attachment_url(attachment, sandbox.world))
        assert response.headers["content-disposition"] == "attachment"
        assert "sandbox" in response.headers["content-security-policy"]
        assert response.headers["x-content-type-options"] == "nosniff"


@pytest.mark.usefixtures("door")
async def test_a_form_and_a_failure_belong_to_one_person(sandbox: Sandbox, tab: Tab) -> None:
    async with running(sandbox, set_up):
        await tab.open(f"{sandbox.origin}/")
        await tab.go("general")
        says(sandbox, {"components": [{"type": 1, "components": [press("Late", "late"), press("Never", "never")]}]})
        usual, sandbox.world.limits.answer_seconds = sandbox.world.limits.answer_seconds, 1.0
        await tab.page.get_by_role("button", name="Never").click()
        await expect(tab.message("Late")).to_contain_text("The application did not respond")
        sandbox.world.limits.answer_seconds = usual
        await tab.page.get_by_role("button", name="Late").click()
        await tab.act_as("Mara")
        await expect(tab.page.get_by_label("Act as")).to_have_value(str(sandbox.member("mara").id))
        await sandbox.member("nils").say("general", "now")
        await expect(tab.message("now")).to_be_visible()
        await expect(tab.page.get_by_role("dialog")).to_have_count(0)
        await expect(tab.message("Late")).not_to_contain_text("did not respond")


@pytest.mark.usefixtures("door")
async def test_the_first_line_of_a_thread_is_the_message_itself(sandbox: Sandbox, tab: Tab) -> None:
    async with running(sandbox, set_up):
        general = next(iter(sandbox.world.guilds.values())).channel("general")
        said = await sandbox.member("nils").say("general", "a question")
        threads.from_message(sandbox.world, said, sandbox.member("mia").member.user, {"name": "About it"})
        card = says(sandbox, {"components": [{"type": 1, "components": [press("Never", "never")]}]})
        thread = threads.from_message(sandbox.world, card, sandbox.world.bot, {"name": "Pressed"})
        for number in range(70):
            await sandbox.member("mara").say(thread, f"answer {number}")
        await tab.open(f"{sandbox.origin}/")
        await tab.go("About it")
        await expect(tab.page.locator("#messages article").first).to_contain_text("Nils")
        await tab.go("Pressed")
        await expect(tab.message("answer 69")).to_be_in_viewport()
        await tab.page.locator("#messages").evaluate("list => { list.scrollTop = 0; }")
        first = tab.page.locator("#messages article").filter(has=tab.page.locator(".starter"))
        sandbox.world.limits.answer_seconds = 1.0
        await first.get_by_role("button", name="Never").click()
        await expect(first).to_contain_text("The application did not respond")
        posting.edit(sandbox.world, card, {"content": "changed meanwhile"}, [])
        await expect(first).to_contain_text("changed meanwhile")
        assert general.messages


@pytest.mark.usefixtures("door")
async def test_what_is_answered_while_one_reads_far_above_is_shown(sandbox: Sandbox, tab: Tab) -> None:
    async with running(sandbox, set_up):
        mia = sandbox.member("mia")
        for number in range(400):
            await mia.say("general", f"message {number:03}")
        await tab.open(f"{sandbox.origin}/")
        await tab.go("general")
        await expect(tab.message("message 399")).to_be_in_viewport()
        await tab.page.locator("#messages").hover()
        for _ in range(60):
            await tab.page.mouse.wheel(0, -4000)
            await tab.page.evaluate("() => new Promise(requestAnimationFrame)")
        await expect(tab.page.get_by_text("message 000")).to_be_visible()
        await tab.pick("quiet")
        await expect(tab.message("Only you can see this")).to_contain_text("psst")
        await tab.page.locator("#messages").evaluate("list => { list.scrollTop = 0; }")
        for _ in range(1000):
            await sandbox.member("nils").say("general", "chatter")
        await expect(tab.page.get_by_role("button", name="Newer messages")).to_be_visible()
        assert await tab.page.locator("#messages article").count() <= 200


@pytest.mark.usefixtures("door")
async def test_numbers_are_chosen_and_completed_and_a_list_near_the_top_is_whole(sandbox: Sandbox, tab: Tab) -> None:
    async with running(sandbox, set_up):
        await tab.open(f"{sandbox.origin}/")
        await tab.go("general")
        await tab.pick("size")
        box = tab.page.get_by_role("group", name="/size")
        await box.get_by_label(re.compile("^size ")).select_option(label="Six")
        await box.get_by_label(re.compile("^year ")).fill("20")
        await tab.page.get_by_role("option", name="in 2026").click()
        await box.get_by_role("button", name="Send").click()
        await expect(tab.message("6 in 2026")).to_be_visible()
        await tab.pick("pickers")
        await tab.message("Whom?").get_by_role("combobox", name="Several").click()
        await expect(tab.page.get_by_role("option", name="One")).to_be_in_viewport()


@pytest.mark.usefixtures("door")
async def test_one_broken_message_does_not_take_the_others_with_it(sandbox: Sandbox, tab: Tab) -> None:
    broken = says(sandbox, {"embeds": [{"title": "Broken", "url": "javascript:document.title='taken'"}]})
    broken.embeds.append({"image": {}})
    broken.payload = None
    guild = next(iter(sandbox.world.guilds.values()))
    link = f"https://discord.com/channels/{guild.id}/{guild.channel('links').id}/1"
    await sandbox.member("mia").say("general", f"whole, and [a jump]({link})")
    hidden = {"type": 17, "spoiler": True, "components": [{"type": 10, "content": "the end"}]}
    says(sandbox, {"flags": 1 << 15, "components": [hidden]})
    await tab.open(f"{sandbox.origin}/")
    await tab.go("general")
    await expect(tab.message("A message that this page cannot show")).to_be_visible()
    assert await tab.page.locator('a[href^="javascript"]').count() == 0
    await expect(tab.page.get_by_text("the end")).to_have_count(0)
    await tab.page.get_by_role("button", name="Spoiler").click()
    await expect(tab.page.get_by_text("the end")).to_be_visible()
    await tab.page.get_by_role("link", name="a jump").click()
    await expect(tab.page.locator("#place")).to_have_text("#links")


@pytest.mark.usefixtures("door")
async def test_two_menus_at_once_are_one_and_the_skip_link_keeps_the_channel(sandbox: Sandbox, tab: Tab) -> None:
    await sandbox.member("nils").say("general", "here")
    await tab.open(f"{sandbox.origin}/")
    await tab.go("general")
    await tab.message("here").evaluate(
        "one => [1, 2].forEach(() => one.dispatchEvent(new MouseEvent('contextmenu', {bubbles: true, clientX: 9})))"
    )
    await expect(tab.page.get_by_role("menu")).to_have_count(1)
    await tab.page.keyboard.press("Escape")
    await expect(tab.page.get_by_role("menu")).to_have_count(0)
    await tab.page.get_by_role("link", name="Skip to the message box").focus()
    await tab.page.keyboard.press("Enter")
    await expect(tab.page.locator("#box")).to_be_focused()
    await tab.act_as("Mara")
    await expect(tab.page.locator("#place")).to_have_text("#general")


@pytest.mark.usefixtures("door")
async def test_every_kind_of_component_is_drawn(sandbox: Sandbox, tab: Tab) -> None:
    general = next(iter(sandbox.world.guilds.values())).channel("general")
    picture = {"url": "attachment://a.png"}
    inside = [
        {"type": 10, "content": "A text"},
        {
            "type": 9,
            "components": [{"type": 10, "content": "Beside a picture"}],
            "accessory": {"type": 11, "media": picture},
        },
        {"type": 9, "components": [{"type": 10, "content": "Beside a key"}], "accessory": press("Key", "k")},
        {"type": 14, "spacing": 2},
        {"type": 12, "items": [{"media": picture, "description": "Said of it"}, {"media": picture, "spoiler": True}]},
        {"type": 13, "file": {"url": "attachment://b.txt"}},
    ]
    body = {"flags": 1 << 15, "components": [{"type": 17, "accent_color": 0x112233, "components": inside}]}
    uploads = [Upload("0", "a.png", png()), Upload("1", "b.txt", b"text")]
    posting.create(sandbox.world, general, sandbox.world.bot, body, uploads)
    says(sandbox, {"embeds": [{"title": "T", "url": "https://t.example/", "fields": [{"name": "N", "value": "V"}]}]})
    await tab.open(f"{sandbox.origin}/")
    await tab.go("general")
    message = tab.message("Beside a picture")
    await expect(message.get_by_role("img", name="Said of it")).to_be_visible()
    await expect(message.locator(".thumbnail img")).to_be_visible()
    await expect(message.locator("hr.wide")).to_have_count(1)
    await expect(message.get_by_role("button", name="Key")).to_be_visible()
    await expect(message.get_by_role("link", name="b.txt")).to_be_visible()
    await expect(message.locator("img")).to_have_count(2)
    await message.get_by_role("button", name="Spoiler").click()
    await expect(message.locator("img")).to_have_count(3)
    await expect(tab.message("V").get_by_role("link", name="T")).to_have_attribute("href", "https://t.example/")
