"""From a member's link to the moderators' decision and the issue in which it runs; with real discord.py."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.chat import delivering
from bot.model.issue import Link, Section
from sandbox import Sandbox
from sandbox.driver import Reply
from sandbox.model import Channel, Guild, Message
from sandbox.permissions import Permission
from tests.cogs.conftest import Press
from tests.doubles import sample_issue, sample_link

GOOD = "https://tools.example/good"


async def open_submissions(press: Press) -> None:
    reply = await press.person("ada").slash("/setup review channel:#review")
    assert "Members can now use" in reply.text, reply.text


def cards(review: Channel) -> list[Message]:
    return [message for message in review.messages.values() if message.author.bot and not message.ephemeral]


async def card(press: Press, review: Channel, number: int = 1) -> Message:
    await press.sandbox.wait_for(lambda: len(cards(review)) >= number, what=f"card {number}")
    return cards(review)[number - 1]


async def sent(press: Press, review: Channel, url: str = GOOD, *, by: str = "mia") -> Message:
    await open_submissions(press)
    reply = await press.person(by).slash(f"/submit link address:{url} why:It is good")
    assert "Received" in reply.text, reply.text
    return await card(press, review)


async def test_a_link_is_received_shown_to_the_moderators_and_approved_in_one_press(
    press: Press, review: Channel, guild: Guild
) -> None:
    await open_submissions(press)
    reply = await press.person("mia").slash(f"/submit link address:{GOOD}?utm_source=x why:It is *good* @everyone")
    assert reply.ephemeral
    assert "tools.example/good" in reply.text
    assert "how may it name you" in reply.text
    shown = await card(press, review)
    assert shown.labels == ["Approve", "Decline…"]
    assert "It is \\*good\\* @\u200beveryone" in shown.text
    assert (shown.mention_everyone, shown.mentions) == (False, [])
    mara = press.person("mara")
    pressed = await mara.click(shown, "Approve")
    assert "approved by" in shown.text
    assert str(mara.id) in shown.text
    assert shown.labels == []
    assert len(shown.text.splitlines()) == 1
    assert not pressed.failed
    mine = await press.person("mia").slash("/submit mine")
    assert "in the editor's queue" in mine.text


async def test_the_second_moderator_is_told_who_was_faster(press: Press, review: Channel) -> None:
    shown = await sent(press, review)
    mara, edda = press.person("mara"), press.person("edda")
    replies: list[Reply] = list(
        await asyncio.gather(mara.click(shown, "Approve"), edda.click(shown, "Approve"), return_exceptions=False)
    )
    late = [reply for reply in replies if "Somebody was faster" in reply.text]
    assert len(late) == 1
    assert late[0].ephemeral
    assert "approved by" in late[0].text


async def test_a_link_is_declined_with_a_reason_that_its_finder_reads(press: Press, review: Channel) -> None:
    shown = await sent(press, review)
    form = await press.person("mara").click(shown, "Decline…")
    await press.person("mara").submit(form, {"Reason": "Ran **twice** <@1>"})
    assert "declined by" in shown.text
    mine = await press.person("mia").slash("/submit mine")
    assert "declined: Ran \\*\\*twice\\*\\*" in mine.text
    assert "<@1>" not in mine.text.replace("\\", "")


async def test_a_reason_that_was_begun_before_a_restart_counts(press: Press, review: Channel) -> None:
    shown = await sent(press, review)
    form = await press.person("mara").click(shown, "Decline…")
    await press.stop()
    await press.start()
    await press.person("mara").submit(form, {"Reason": "Too late for it"})
    assert "Too late for it" in shown.text


async def test_a_button_pressed_after_a_restart_decides(press: Press, review: Channel) -> None:
    shown = await sent(press, review)
    await press.stop()
    await press.start()
    await press.person("mara").click(shown, "Approve")
    assert "approved by" in shown.text


async def test_whose_role_was_just_taken_decides_nothing(press: Press, review: Channel, guild: Guild) -> None:
    trusted = guild.add_role("trusted")
    await press.person("ada").slash("/setup roles moderators:@trusted")
    shown = await sent(press, review)
    nils = guild.members[press.person("nils").id]
    press.sandbox.world.permit(review, nils, allow=1 << 10)
    press.sandbox.world.set_roles(nils, [trusted])
    form = await press.person("nils").click(shown, "Decline…")
    press.sandbox.world.set_roles(nils, [])
    assert "Only moderators" in (await press.person("nils").click(shown, "Approve")).text
    assert "Only moderators" in (await press.person("nils").submit(form, {"Reason": "no"})).text
    assert shown.labels == ["Approve", "Decline…"]
    press.sandbox.world.set_roles(nils, [trusted])
    await press.person("nils").click(shown, "Approve")
    assert "approved by" in shown.text


async def test_undo_takes_a_link_back_and_it_can_be_sent_again(press: Press, review: Channel) -> None:
    await open_submissions(press)
    mia = press.person("mia")
    reply = await mia.slash(f"/submit link address:{GOOD}")
    shown = await card(press, review)
    await mia.click(reply.message, "Undo")
    assert "Withdrawn" in reply.message.text
    press.clock.move(timedelta(seconds=10))
    await press.sandbox.wait_for(lambda: shown.deleted, what="the card of what nobody decided about, gone")
    assert "Received" in (await mia.slash(f"/submit link address:{GOOD}")).text


async def test_a_link_is_taken_back_from_the_list(press: Press, review: Channel) -> None:
    await sent(press, review)
    mia = press.person("mia")
    mine = await mia.slash("/submit mine")
    label = next(iter(mine.message.selects[0]["options"]))["label"]
    await mia.select(mine.message, "Withdraw one…", [label])
    assert "withdrawn" in mine.message.text


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("not a link", "not a web address"),
        ("javascript:alert(1)", "not a web address"),
        ("ftp://files.example/x", "not a web address"),
        ("http://127.0.0.1/admin", "private network"),
        ("http://[::1]/", "private network"),
        ("http://2130706433/", "private network"),
        ("http://0x7f.1/", "private network"),
        ("http://router.local/", "private network"),
        ("http://169.254.169.254/latest", "private network"),
        ("https://me:secret@site.example/", "user name or a password"),
        ("https://discord.gg/abc", "invitations"),
        ("https://discord.com/invite/abc", "invitations"),
    ],
)
async def test_what_nobody_should_press_is_a_sentence_and_is_not_kept(
    press: Press, review: Channel, address: str, sentence: str
) -> None:
    await open_submissions(press)
    reply = await press.person("mia").slash("/submit link", address=address)
    assert reply.ephemeral
    assert sentence in reply.text
    assert "Nothing yet" in (await press.person("mia").slash("/submit mine")).text
    await press.settled()
    assert cards(review) == []


async def test_what_is_known_is_told_before_it_is_kept(press: Press, review: Channel) -> None:
    await press.set_up()
    await open_submissions(press)
    mia, nils = press.person("mia"), press.person("nils")
    ran = await mia.slash("/submit link address:https://example.com/2?utm_source=me")
    assert "already in an issue: **Issue number" in ran.text
    assert "https://news.example/" in ran.text
    assert "Received" in (await mia.slash(f"/submit link address:{GOOD}")).text
    assert "You already submitted that link" in (await mia.slash(f"/submit link address:{GOOD}/?utm_medium=x")).text
    assert "Somebody else already submitted that link" in (await nils.slash(f"/submit link address:{GOOD}")).text
    form = await press.person("mara").click(await card(press, review), "Decline…")
    await press.person("mara").submit(form, {"Reason": ""})
    assert "declined it" in (await nils.slash(f"/submit link address:{GOOD}")).text


async def test_one_member_on_two_devices_sends_a_link_once(press: Press, review: Channel) -> None:
    await open_submissions(press)
    mia = press.person("mia")
    replies = await asyncio.gather(*(mia.slash(f"/submit link address:{GOOD}") for _ in range(2)))
    assert sorted("Received" in reply.text for reply in replies) == [False, True]
    await press.settled()
    assert len(cards(review)) == 1


async def test_without_a_review_channel_nothing_is_taken(press: Press) -> None:
    reply = await press.person("mia").slash(f"/submit link address:{GOOD}")
    assert "takes no submissions yet" in reply.text
    refused = await press.person("ada").slash("/setup review channel:#general")
    assert "Everybody can read" in refused.text
    assert "takes no submissions yet" in (await press.person("mia").slash(f"/submit link address:{GOOD}")).text


async def test_a_review_channel_that_was_opened_to_everybody_gets_no_card(
    press: Press, review: Channel, guild: Guild
) -> None:
    await open_submissions(press)
    press.sandbox.world.permit(review, guild.everyone, allow=1 << 10)
    await press.person("mia").slash(f"/submit link address:{GOOD}")
    await press.settled()
    assert cards(review) == []
    assert "see a submission before a moderator" in (await press.person("ada").slash("/setup status")).text
    press.sandbox.world.permit(review, guild.everyone, deny=1 << 10)
    assert "good" in (await card(press, review)).text


async def test_the_message_menu_asks_which_link_and_takes_it_for_who_wrote_it(
    press: Press, review: Channel, guild: Guild
) -> None:
    await open_submissions(press)
    mia, nils = press.person("mia"), press.person("nils")
    message = await nils.say("links", f"Look at this: {GOOD}. And https://other.example/")
    asked = await mia.menu("Submit to newsletter", message)
    assert "Which link" in asked.text
    reply = await mia.select(asked.message, "Choose a link…", ["0"])
    assert "Received" in reply.text
    assert "tools.example/good" in reply.text
    assert "how may it name you" not in reply.text, "it is not her name that is asked for"
    shown = await card(press, review)
    assert f"found by <@{nils.id}>, brought by <@{mia.id}>" in shown.text
    told = (await nils.slash("/submit mine")).text
    assert "submitted by somebody who saw your message" in told
    assert str(mia.id) not in told, "she gave no leave to be named to him"
    wiki = await nils.say("links", "(see [this](https://wiki.example/Mercury_(planet)), it is ||good||!")
    assert "wiki.example/Mercury_%28planet%29>" in (await mia.menu("Submit to newsletter", wiki)).text
    long = await nils.say("links", " ".join(f"https://long.example/{number}/{'x' * 130}" for number in range(10)))
    choice = await mia.menu("Submit to newsletter", long)
    assert "long.example/9" in (await mia.select(choice.message, "Choose a link…", ["9"])).text
    choice.message.components[1]["components"][0]["options"][0]["value"] = "77"
    assert "older version" in (await mia.select(choice.message, "Choose a link…", ["77"])).text
    assert "tools.example/good" in (await mia.slash("/submit mine")).text
    empty = await nils.say("links", "no link here, only Node.js")
    assert "has no link" in (await mia.menu("Submit to newsletter", empty)).text
    hidden = await press.person("mara").say("review", f"{GOOD}/hidden")
    assert "Not everybody can read" in (await press.person("mara").menu("Submit to newsletter", hidden)).text


async def test_a_card_that_was_deleted_is_shown_again_when_the_channel_is_chosen_anew(
    press: Press, review: Channel
) -> None:
    shown = await sent(press, review)
    await press.settled()
    await press.person("ada").delete(shown)
    await open_submissions(press)
    await press.sandbox.wait_for(
        lambda: [each for each in cards(review) if not each.deleted and each.labels], what="the card"
    )
    await press.settled()
    [again] = [each for each in cards(review) if not each.deleted]
    await press.person("mara").click(again, "Approve")
    assert "approved by" in again.text
    await open_submissions(press)
    await press.settled()
    assert [each for each in cards(review) if not each.deleted] == [again]


async def test_deleted_cards_stand_there_again_after_a_day_and_one_request_finds_them(
    press: Press, review: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    await open_submissions(press)
    for number in range(5):
        await press.person("mia").slash(f"/submit link address:{GOOD}/{number} why:It is good")
        await card(press, review, number + 1)
    await press.settled()
    first = cards(review)
    for gone in (first[1], first[4]):
        await press.person("ada").delete(gone)

    async def look() -> list[str]:
        before = len(press.sandbox.requests)
        press.clock.move(timedelta(days=1))
        await press.client.services.cards.look_due()
        reads = [seen for seen in list(press.sandbox.requests)[before:] if seen.method == "GET"]
        await press.settled()
        return [seen.path for seen in reads if seen.path.startswith(f"/channels/{review.id}/messages")]

    standing = [each for each in cards(review) if not each.deleted]
    assert len(standing) == 3
    reads = await look()
    standing = [each for each in cards(review) if not each.deleted]
    assert len(standing) == 5
    assert len(set(reads)) == 1
    assert len(reads) <= 3, "one for all, and a glance before each is posted"
    monkeypatch.setattr(delivering, "_A_PAGE", 2)
    for gone in standing[::2]:
        await press.person("ada").delete(gone)
    await press.person("mara").say("review", "in between")
    await look()
    standing = [each for each in cards(review) if not each.deleted]
    assert len(standing) == 5, "and by several pages"
    await press.person("mara").click(standing[-1], "Approve")
    assert "approved by" in standing[-1].text


async def test_without_the_history_of_the_channel_no_card_is_taken_for_deleted(
    press: Press, review: Channel, guild: Guild, sandbox: Sandbox
) -> None:
    await sent(press, review)
    await press.settled()
    assert guild.bot is not None
    allowed = int(Permission.VIEW_CHANNEL | Permission.SEND_MESSAGES)
    sandbox.world.permit(review, guild.bot, allow=allowed, deny=int(Permission.READ_MESSAGE_HISTORY))
    await press.person("ada").slash("/setup status")  # answered after the change was heard of
    press.clock.move(timedelta(days=1))
    await press.client.services.cards.look_due()
    await press.settled()
    assert len(cards(review)) == 1


async def test_a_link_that_runs_is_credited_with_leave_only(press: Press, review: Channel) -> None:
    await press.set_up()
    await open_submissions(press)
    mia, nils = press.person("mia"), press.person("nils")
    received = await mia.slash("/submit link address:https://run.example/one")
    assert "names you as **Mia**" in (await mia.click(received.message, "As Mia")).text
    await nils.slash("/submit link address:https://run.example/two")
    links = (sample_link(70), *(_link(name) for name in ("two", "one")))
    issue = sample_issue(9, published_at=press.clock.now(), sections=(Section("Tools", links),))
    press.shelf.lay_out(issue)
    await press.read_again()
    announced = (await press.announced(2))[1]
    assert "With links from Mia" in announced.text
    assert "ils" not in announced.text
    mine = await mia.slash("/submit mine")
    assert "**in the issue** [Issue number 9]" in mine.text
    assert "link number 2" in (await nils.slash("/submit mine")).text
    await mia.click((await mia.slash("/privacy credit")).message, "Stay anonymous")
    press.clock.move(timedelta(minutes=1))
    await press.sandbox.wait_for(lambda: "Mia" not in announced.text, what="the name withdrawn")


async def test_a_name_in_ones_own_words_is_public_only_after_a_moderator_saw_it(press: Press, review: Channel) -> None:
    await press.set_up()
    await open_submissions(press)
    nils, mara = press.person("nils"), press.person("mara")
    received = await nils.slash("/submit link address:https://run.example/one")
    form = await nils.click(received.message, "Another name…")
    told = await nils.submit(form, {"Name": " Buy **now** @everyone  "})
    assert "must approve the name first" in told.text
    shown = await card(press, review)
    await press.sandbox.wait_for(lambda: "wants the name **Buy \\*\\*now" in shown.text, what="the name on the card")
    assert shown.mention_everyone is False
    issue = sample_issue(9, published_at=press.clock.now(), sections=(Section("Tools", (_link("one"),)),))
    press.shelf.lay_out(issue)
    await press.read_again()
    announced = (await press.announced(2))[1]
    assert "With links" not in announced.text
    press.clock.move(timedelta(minutes=1))
    await press.sandbox.wait_for(lambda: not shown.labels, what="the card of what ran, without a decision")
    assert "needs no decision now · **in the issue**" in shown.text
    await nils.slash("/submit link address:https://run.example/two")
    press.clock.move(timedelta(minutes=1))
    await mara.click(await card(press, review, 2), "Approve")
    await press.sandbox.wait_for(lambda: "With links from Buy" in announced.text, what="the name that was seen")
    assert announced.mention_everyone is False
    form = await nils.click((await nils.slash("/privacy credit")).message, "Another name…")
    for invisible in ("\u200b\u200b", "  ", "***"):
        assert "at least one letter" in (await nils.submit(form, {"Name": invisible})).text


async def test_a_name_that_changes_while_a_moderator_presses_is_not_approved(press: Press, review: Channel) -> None:
    await open_submissions(press)
    nils = press.person("nils")
    received = await nils.slash("/submit link address:https://run.example/one")
    shown = await card(press, review)
    await nils.submit(await nils.click(received.message, "Another name…"), {"Name": "Sneaky"})
    await press.person("mara").click(shown, "Approve")
    assert "First the moderators must approve" in (await nils.slash("/submit mine")).text


@pytest.mark.parametrize("label", ["Approve", "Decline…"])
async def test_an_old_button_of_a_link_that_ran_tells_it_and_decides_nothing(
    press: Press, review: Channel, label: str
) -> None:
    await press.set_up()
    await open_submissions(press)
    await press.person("nils").slash("/submit link address:https://run.example/one")
    shown = await card(press, review)
    old = shown.components
    issue = sample_issue(9, published_at=press.clock.now(), sections=(Section("Tools", (_link("one"),)),))
    press.shelf.lay_out(issue)
    await press.read_again()
    await press.sandbox.wait_for(lambda: not shown.labels, what="the card without a decision")
    folded = shown.components
    shown.components = old  # as it still stands on a screen that was not refreshed
    reply = await press.person("mara").click(shown, label)
    assert reply.type == "message"
    assert reply.ephemeral
    assert "It is already in an issue, so you need not decide" in reply.text
    assert "**in the issue** [Issue number 9]" in reply.text
    assert "link number 1" in (await press.person("nils").slash("/submit mine")).text
    shown.components = folded


async def test_forged_custom_ids_are_a_sentence(press: Press, review: Channel, sandbox: Sandbox) -> None:
    shown = await sent(press, review)
    mara = press.person("mara")
    button = shown.components[0]["components"][1]["components"][0]
    nobody = "a" * 26
    for forged in (
        f"approve:{nobody}",
        f"decline:{nobody}",
        f"withdraw:{nobody}",
        "approve:1 OR 1=1",
        "approve:",
        "nobody:x",
        "approve",
    ):
        button["custom_id"] = forged
        reply = await mara.click(shown, "Approve")
        assert reply.ephemeral
        assert "no longer exists" in reply.text or "older version" in reply.text, forged
    sandbox.world.add_guild("Elsewhere", owner="olga")


def _link(name: str) -> Link:
    return replace(sample_link(1), url=f"https://run.example/{name}", key=f"run.example/{name}", title=name)
