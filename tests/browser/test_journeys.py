"""What a newcomer does with the demo: the page, the real bot, and everything between."""

import re
from pathlib import Path

import pytest
from playwright.async_api import expect

from sandbox.ghost import KEY
from sandbox.stage import Stage
from tests.browser.conftest import Tab, picture

pytestmark = pytest.mark.asyncio(loop_scope="session")  # that of the browser

_TITLE = "Can a spreadsheet dream?"


async def test_the_issue_is_read_and_its_thread_opened(demo: Stage, tab: Tab) -> None:
    await tab.open(demo.sandbox.origin)
    card = tab.message(_TITLE)
    await expect(card).to_contain_text("Maps that admit doubt")
    await expect(card.get_by_role("link", name="Read online")).to_have_attribute("href", re.compile(r"^http://127"))
    await picture(tab, "issue")
    await card.get_by_role("button", name="All links").click()
    answer = tab.message("Only you can see this")
    await expect(answer).to_contain_text("Forgetting on purpose")
    await answer.get_by_role("button", name="Dismiss").click()
    await expect(tab.page.get_by_text("Only you can see this")).to_have_count(0)

    await tab.message("A clock with manners").get_by_role("link", name="A clock with manners · 3 messages").click()
    await expect(tab.page.locator("#place")).to_contain_text("#news › A clock with manners")
    await expect(tab.message("Plant 17 will be asked")).to_be_visible()
    await expect(tab.page.locator(".starter")).to_contain_text("by Robin Quill")
    await tab.page.locator("#box").fill("I would read that interview.")
    await tab.page.keyboard.press("Enter")
    await expect(tab.message("I would read that interview.")).to_contain_text("Mia")
    await tab.page.go_back()
    await expect(tab.page.get_by_role("link", name="A clock with manners · 4 messages")).to_be_visible()


async def test_a_slash_command_offers_choices_and_answers(demo: Stage, tab: Tab) -> None:
    await tab.open(demo.sandbox.origin)
    await tab.go("general")
    await tab.pick("issue show")
    field = tab.page.get_by_role("combobox", name=re.compile("^title"))
    await expect(tab.page.get_by_role("option", name="Letters to a robot")).to_be_visible()
    await field.fill("clock")
    await tab.page.get_by_role("option", name="A clock with manners").click()
    await tab.page.get_by_role("button", name="Send").click()
    answer = tab.message("Only you can see this")
    await expect(answer).to_contain_text("Mia used /issue show")
    await expect(answer).to_contain_text("A garden on a chip")


async def test_commands_are_offered_to_those_whom_discord_offers_them(demo: Stage, tab: Tab) -> None:
    await tab.open(demo.sandbox.origin)
    await tab.go("general")

    async def offered() -> set[str]:
        await tab.page.locator("#box").fill("/")
        await expect(tab.page.locator("#picker [role=option]").first).to_be_visible()
        names = await tab.page.locator("#picker [role=option] b").all_inner_texts()
        await tab.page.keyboard.press("Escape")
        return {name.split(" ")[0] for name in names}

    member = await offered()
    assert {"/issue", "/submit", "/vote"} <= member
    assert not member & {"/desk", "/queue", "/setup"}
    await expect(tab.page.get_by_label("Channels").get_by_role("link", name="review")).to_have_count(0)
    await tab.act_as("Mara")
    await expect(tab.page.get_by_label("Channels").get_by_role("link", name="review")).to_have_count(1)
    moderator = await offered()
    assert "/desk" in moderator
    assert "/setup" not in moderator
    await tab.act_as("Ada")
    assert {"/desk", "/setup"} <= await offered()


async def test_a_message_is_submitted_by_right_click_and_decided_by_a_moderator(demo: Stage, tab: Tab) -> None:
    await tab.open(demo.sandbox.origin)
    await tab.act_as("Nils")
    await tab.go("links")
    await tab.page.locator("#box").fill("A kettle that hums: https://kettle.example/hum")
    await tab.page.keyboard.press("Enter")
    await tab.message("kettle.example").click(button="right")
    await tab.page.get_by_role("menuitem", name="Submit to newsletter").click()
    await expect(tab.message("Only you can see this")).to_contain_text("Received")

    await tab.act_as("Mara")
    await tab.go("review")
    card = tab.message("kettle.example")
    await picture(tab, "review")
    await card.get_by_role("button", name="Decline…").click()
    form = tab.page.get_by_role("dialog", name="Decline")
    await form.get_by_label("Reason").fill("We had kettles last week")
    await form.get_by_role("button", name="Send").click()
    await expect(card).to_contain_text("declined by @Mara")
    await expect(form).to_have_count(0)

    await tab.act_as("Nils")
    await tab.go("general")
    await tab.pick("submit mine")
    await expect(tab.message("Only you can see this")).to_contain_text("We had kettles last week")


async def test_a_poll_is_asked_by_a_form_and_voted_in(demo: Stage, tab: Tab) -> None:
    await tab.open(demo.sandbox.origin)
    await tab.act_as("Mara")
    await tab.go("general")
    await tab.pick("poll create")
    await tab.page.get_by_role("button", name="Send").click()
    form = tab.page.get_by_role("dialog")
    await form.get_by_role("button", name="Send").click()
    assert await form.get_by_label("Question").evaluate("field => field.matches(':invalid')"), (
        "a form says what it needs"
    )
    await form.get_by_label("Question").fill("Tea or coffee?")
    await form.get_by_label("Answers").fill("Tea\nCoffee")
    await form.get_by_role("button", name="Send").click()
    await tab.act_as("Lena")
    card = tab.message("Tea or coffee?")
    await card.get_by_role("button", name="Coffee").click()
    await expect(card).to_contain_text("Coffee: 1 (100%)")


async def test_an_approved_link_runs_and_its_finder_is_credited(demo: Stage, tab: Tab) -> None:
    await tab.open(demo.sandbox.origin)
    await tab.act_as("Edda")
    await tab.go("general")
    await tab.pick("queue list")
    listed = tab.message("lanterns.example")
    await listed.get_by_role("combobox", name="Choose a link…").click()
    await tab.page.get_by_role("option", name="lanterns.example/paper").click()
    await listed.get_by_role("button", name="Planned").click()
    await expect(listed).to_contain_text("planned")
    await picture(tab, "queue")

    await tab.go("news")
    await tab.page.get_by_role("button", name="Publish the next issue").click()
    await expect(tab.page.get_by_label("Backstage")).to_contain_text("“Paper lanterns and other finds” is published.")
    await expect(tab.message("Paper lanterns and other finds")).to_contain_text("With links from Mia")


async def test_a_correction_and_a_withdrawal_reach_the_site_and_the_card(demo: Stage, tab: Tab) -> None:
    await tab.open(demo.sandbox.origin)
    backstage = tab.page.get_by_label("Backstage")
    await backstage.get_by_role("button", name=f"Correct {_TITLE}").click()
    text = backstage.get_by_label("The issue to correct")
    await text.fill((await text.input_value()).replace(_TITLE, "Can a spreadsheet sing?"))
    await backstage.get_by_role("button", name="Publish the correction").click()
    await expect(backstage.get_by_role("link", name="Can a spreadsheet sing?")).to_be_visible()
    card = tab.message("Can a spreadsheet sing?")
    await expect(card).to_contain_text("(edited)")
    await expect(card.get_by_role("link", name="see the thread")).to_be_visible()
    await backstage.get_by_role("button", name="Withdraw A clock with manners").click()
    await expect(backstage.get_by_role("link", name="A clock with manners")).to_have_count(0)
    withdrawn = tab.message("The newsletter withdrew this issue.")
    await expect(withdrawn.locator("s")).to_have_text("A clock with manners")
    await backstage.get_by_label("The feed is").select_option(label="status 500")
    await backstage.get_by_role("button", name="Break the feed").click()
    await backstage.get_by_role("button", name="Repair the feed").click()
    await expect(backstage.get_by_role("button", name="Break the feed")).to_be_visible()
    assert demo.site.broken is None
    assert [post.title for post in demo.site.newest_first] == ["Can a spreadsheet sing?", "Letters to a robot"]


async def test_the_bot_is_killed_and_an_old_button_works_after_its_restart(demo: Stage, tab: Tab) -> None:
    await tab.open(demo.sandbox.origin)
    backstage = tab.page.get_by_label("Backstage")
    await backstage.get_by_role("button", name="Kill the bot").click()
    await expect(backstage).to_contain_text("Not running")
    card = tab.message(_TITLE)
    await card.get_by_role("button", name="All links").click()
    await expect(card).to_contain_text("The application did not respond")
    await tab.go("general")
    await tab.pick("issue latest")
    await expect(tab.page.locator(".note")).to_contain_text("The application did not respond")

    await backstage.get_by_role("button", name="Start the bot").click()
    await expect(backstage).to_contain_text("Online")
    await tab.go("news")
    card = tab.message(_TITLE)
    await card.get_by_role("button", name="All links").click()
    await expect(tab.message("Only you can see this")).to_contain_text("Forgetting on purpose")
    await expect(tab.page.locator("#messages article", has_text=_TITLE).filter(has_text="Read online")).to_have_count(1)


async def test_trouble_is_seen_in_the_bots_requests(demo: Stage, tab: Tab) -> None:
    await tab.open(demo.sandbox.origin)
    backstage = tab.page.get_by_label("Backstage")
    await backstage.get_by_text("The bot's requests to Discord").click()
    await backstage.get_by_role("button", name="Lose an answer").click()
    await expect(backstage).to_contain_text("Planned: a lost answer.")
    await backstage.get_by_role("button", name="Publish the next issue").click()
    await expect(tab.message("Paper lanterns")).to_be_visible()
    lost = backstage.locator(".requests li", has_text="no answer")
    await expect(lost).to_contain_text(re.compile(r"POST /channels/\d+/messages no answer · trouble"))
    if demo.sandbox.specification is not None:
        await expect(backstage.locator(".requests li", has_text="valid").first).to_be_visible()
    await backstage.get_by_role("button", name="Answer 500").click()
    await backstage.get_by_role("button", name="Rate limit").click()
    await expect(backstage).to_contain_text("Planned: an answer 500, a rate limit.")
    await backstage.get_by_role("button", name="Publish the next issue").click()
    await expect(tab.message("A postscript about doubles")).to_be_visible(timeout=40_000)
    await expect(backstage.locator(".requests li", has_text="500 · trouble").first).to_be_visible()
    await expect(backstage).to_contain_text("No trouble is planned.")
    await backstage.get_by_role("button", name="Cut the gateway").click()
    await expect(backstage).to_contain_text("Online")
    await backstage.get_by_role("button", name="Discord is down").click()
    await expect(backstage).to_contain_text("Discord is down for the bot.")
    await backstage.get_by_role("button", name="End the trouble").click()
    await expect(backstage).to_contain_text("Online")
    await expect(tab.page.locator("#messages article", has_text="Paper lanterns")).to_have_count(1)


async def test_an_administrator_offers_a_command_to_a_role(demo: Stage, tab: Tab) -> None:
    sandbox = demo.sandbox
    guild = next(iter(sandbox.world.guilds.values()))
    sandbox.world.set_roles(guild.member("lena"), ["readers"])
    await tab.open(sandbox.origin)
    await expect(tab.page.get_by_role("button", name="Integrations…")).to_have_count(0)
    await tab.act_as("Ada")
    await tab.page.get_by_role("button", name="Integrations…").click()
    dialog = tab.page.get_by_role("dialog", name="Integrations")
    await dialog.get_by_text("/desk").click()
    await dialog.get_by_label("@readers").locator("visible=true").select_option(label="shown")
    await expect(dialog).to_contain_text("/desk for @readers: shown.")
    assert "/desk why" in sandbox.member("lena").commands("general")
    await dialog.get_by_label("@readers").locator("visible=true").select_option(label="default of the bot")
    await expect(dialog).to_contain_text("/desk for @readers: default of the bot.")
    assert "/desk why" not in sandbox.member("lena").commands("general")
    await tab.page.keyboard.press("Escape")
    await expect(dialog).to_have_count(0)


async def test_a_right_that_is_taken_away_is_told_to_the_staff_and_nothing_is_lost(demo: Stage, tab: Tab) -> None:
    await tab.open(demo.sandbox.origin)
    await tab.act_as("Mara")
    backstage = tab.page.get_by_label("Backstage")
    await backstage.get_by_role("button", name="Forbid the bot to write in #news").click()
    await tab.go("review")
    await backstage.get_by_role("button", name="Publish the next issue").click()
    await expect(tab.message("I can no longer send anything to #news")).to_be_visible()
    await tab.go("news")
    await backstage.get_by_role("button", name="Allow the bot to write in #news again").click()
    await expect(tab.message("Paper lanterns and other finds")).to_be_visible()


async def test_other_sources_are_set_up_and_a_lost_feed_is_told(demo: Stage, tab: Tab) -> None:
    await tab.open(demo.sandbox.origin)
    await tab.act_as("Ada")
    backstage = tab.page.get_by_label("Backstage")
    await backstage.get_by_text("Ways to read it").click()
    await expect(backstage.locator(".ways")).to_contain_text("with the key key-of-the-sandbox")
    await expect(backstage.locator(".ways")).to_contain_text(demo.ghost.api)
    await backstage.get_by_text("A Ghost site").click()
    for label in ("Unpublish", "Publish again", "Unpublish"):
        await backstage.get_by_role("button", name=f"{label} What moths write down").click()
    await expect(backstage).to_contain_text("is a draft again")
    await tab.go("news")
    await tab.pick("setup source")
    await tab.page.get_by_role("combobox", name=re.compile("^address")).fill("fol")
    await tab.page.get_by_role("option", name="folder:field-notes").click()
    await tab.page.get_by_role("button", name="Send").click()
    await expect(tab.message("Only you can see this")).to_contain_text("field-notes")
    card = tab.message("The quiet market")
    await expect(card).to_contain_text("A morning without shouting")

    await backstage.get_by_label("The feed is").select_option(label="gone (RSS only)")
    await backstage.get_by_role("button", name="Break the feed").click()
    await tab.go("review")
    await expect(tab.message("at another address")).to_contain_text("atom.xml")
    await tab.go("news")
    await backstage.get_by_role("button", name="Publish the next issue").click()
    await expect(tab.message("Paper lanterns and other finds")).to_be_visible()
    await tab.pick("setup status")
    status = tab.message("Setup of this server")
    await expect(status).to_contain_text("because the address above fails")
    await expect(status).to_contain_text("tells me about new issues")


async def test_a_ghost_site_is_added_with_its_key_and_its_post_for_members_is_unpublished(
    demo: Stage, tab: Tab
) -> None:
    await tab.open(demo.sandbox.origin)
    await tab.act_as("Ada")
    await tab.go("news")
    await tab.pick("setup source")
    await tab.page.get_by_role("combobox", name=re.compile("^address")).fill(demo.ghost.api)
    await tab.page.keyboard.press("Escape")
    await tab.page.get_by_role("button", name="Send").click()
    await tab.message("needs a key").get_by_role("button", name="Enter key…").click()
    form = tab.page.get_by_role("dialog")
    await expect(form.get_by_label("Address")).to_have_value(demo.ghost.api)
    await form.get_by_label("Key").fill(KEY)
    await form.get_by_role("button", name="Send").click()
    card = tab.message("What moths write down")
    await expect(card).to_contain_text("the full text is for subscribers")
    demo.ghost.unpublish(demo.ghost.newest.number)
    await expect(card).to_contain_text("The newsletter withdrew this issue")


async def test_a_story_that_is_told_twice_is_linked(demo: Stage, tab: Tab) -> None:
    await tab.open(demo.sandbox.origin)
    titles = ["Paper lanterns", "A postscript about doubles", "Corrections and a closed door", "A kettle that hums"]
    for title in (*titles, "Seven finds of the week"):
        await tab.page.get_by_role("button", name="Publish the next issue").click()
        await expect(tab.message(title)).to_be_visible(timeout=20_000)
    await expect(tab.message("A kettle that hums")).to_contain_text("also in Seven finds of the week")


async def test_backstage_opens_with_what_is_known_and_keeps_a_draft(demo: Stage, tab: Tab) -> None:
    await tab.open(demo.sandbox.origin)
    backstage = tab.page.get_by_label("Backstage")
    await backstage.get_by_role("button", name="Kill the bot").click()
    await backstage.get_by_text("The bot's log").click()
    await expect(backstage.locator("pre")).to_contain_text("source read")
    await backstage.get_by_text("The bot's requests to Discord").click()
    await expect(backstage.locator(".requests li").first).to_contain_text(re.compile("accepted|valid"))
    text = backstage.get_by_role("textbox")
    await text.fill("# The same title\n\n- One ([link](https://one.example/))")
    await backstage.get_by_role("button", name=f"Correct {_TITLE}").click()
    await backstage.get_by_role("button", name="Leave it").click()
    await expect(text).to_have_value(re.compile("The same title"))
    await backstage.get_by_role("button", name="Publish the next issue").click()
    await expect(text).not_to_have_value(re.compile("The same title"))
    await text.fill("# The same title\n\n- Two ([link](https://two.example/))")
    await backstage.get_by_role("button", name="Publish the next issue").click()
    await expect(backstage.get_by_role("link", name="The same title")).to_have_count(2)
    await backstage.get_by_role("button", name="Start the bot").click()
    await expect(tab.page.locator("#messages article", has_text="The same title")).to_have_count(2)


async def test_a_phone_is_wide_enough_for_all_of_it(demo: Stage, phone: Tab) -> None:
    page = phone.page
    await phone.open(demo.sandbox.origin)
    card = phone.message(_TITLE)
    await card.scroll_into_view_if_needed()
    await expect(card.get_by_role("button", name="Loved it")).to_be_visible()
    await card.evaluate("card => card.scrollIntoView(true)")
    await picture(phone, "phone")
    await card.get_by_role("button", name="Loved it").tap()
    await expect(phone.message("Only you can see this")).to_be_visible()
    await page.get_by_role("button", name="Channels").tap()
    await page.get_by_label("Channels", exact=True).get_by_role("link", name="general").tap()
    await expect(page.locator("#place")).to_have_text("#general")
    await phone.message("sewing patterns").get_by_role("button", name=re.compile("^More")).tap()
    await page.get_by_role("menuitem", name="Reply").tap()
    await page.locator("#box").fill("Which coat?")
    await page.get_by_role("button", name="Send").tap()
    await expect(phone.message("Which coat?")).to_contain_text("Answers Lena")
    await page.get_by_role("button", name="Backstage").tap()
    await expect(page.get_by_role("button", name="Publish the next issue")).to_be_in_viewport()
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing hangs over the edge"


async def test_the_keyboard_alone_is_enough(demo: Stage, tab: Tab) -> None:
    keys = tab.page.keyboard
    await tab.open(demo.sandbox.origin)
    general = tab.page.get_by_label("Channels").get_by_role("link", name="general")
    for _ in range(20):
        if await general.evaluate("link => link === document.activeElement"):
            break
        await keys.press("Tab")
    await keys.press("Enter")
    await expect(tab.page.locator("#place")).to_have_text("#general")

    await keys.press("/")
    await keys.type("issue s")
    await expect(tab.page.locator("#picker [aria-selected=true]")).to_contain_text("/issue show")
    await keys.press("Enter")
    await expect(tab.page.get_by_role("option", name="Letters to a robot")).to_be_visible()
    await keys.press("ArrowDown")
    await keys.press("ArrowDown")
    await keys.press("Enter")
    await keys.press("Enter")
    answer = tab.message("Only you can see this")
    await expect(answer).to_contain_text("A clock with manners")

    poll = tab.message("Which topic deserves a whole issue?")
    await tab.page.locator("#messages").focus()
    for _ in range(20):
        await keys.press("ArrowUp")
        if await poll.evaluate("message => message === document.activeElement"):
            break
    await keys.press("Tab")
    await keys.press("Enter")
    await expect(poll).to_contain_text("Sewing patterns: 3 (75%)")

    await poll.focus()
    await keys.press("Shift+F10")
    await expect(tab.page.get_by_role("menu")).to_be_visible()
    await keys.press("Escape")
    await expect(tab.page.get_by_role("menu")).to_have_count(0)
    assert await poll.evaluate("message => message === document.activeElement"), "focus comes back"


async def test_a_file_is_sent_with_words(demo: Stage, tab: Tab, tmp_path: Path) -> None:
    note = tmp_path / "note.txt"
    note.write_text("kept", encoding="utf-8")
    await tab.open(demo.sandbox.origin)
    await tab.go("general")
    await tab.page.locator("#composer input[type=file]").set_input_files(note)
    await tab.page.locator("#box").fill("Here it is")
    await tab.page.keyboard.press("Enter")
    async with tab.page.expect_download() as download:
        await tab.message("Here it is").get_by_role("link", name="note.txt").click()
    assert Path(await (await download.value).path()).read_text(encoding="utf-8") == "kept"


async def test_a_direct_message_and_a_forum_post_have_their_places(demo: Stage, tab: Tab) -> None:
    await tab.open(demo.sandbox.origin)
    await tab.go("ideas")
    await expect(tab.page.locator(".post")).to_contain_text("An edition to listen to")
    await tab.page.get_by_text("New post").click()
    await tab.page.get_by_label("Title").fill("A crossword")
    await tab.page.get_by_label("Text").fill("Only words from the archive.")
    await tab.page.get_by_role("checkbox", name="idea").check()
    await tab.page.get_by_role("button", name="Post").click()
    await expect(tab.page.locator("#place")).to_contain_text("#ideas › A crossword")
    await expect(tab.message("Only words from the archive.")).to_be_visible()
    await demo.sandbox.member("mia").write_direct("hello?")
    await tab.go("Pressroom")
    await expect(tab.message("hello?")).to_be_visible()
