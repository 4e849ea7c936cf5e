"""Polls from the question to the result; with real discord.py."""

import asyncio
from datetime import timedelta

import pytest

from sandbox.driver import Reply
from sandbox.model import Channel, Guild, Message
from tests.cogs.conftest import Press
from tests.doubles import sample_issue


async def ask(
    press: Press, *, question: str = "Tea or coffee?", options: str = "Tea\nCoffee", closes: str = "3 days"
) -> Reply:
    mara = press.person("mara")
    form = await mara.slash("/poll create channel:#general")
    return await mara.submit(form, {"Question": question, "Answers": options, "Closes": closes})


def of_the_bot(place: Channel) -> list[Message]:
    return [message for message in place.messages.values() if message.author.bot and not message.ephemeral]


async def opened(press: Press, general: Channel, **asked: str) -> Message:
    reply = await ask(press, **asked)
    assert "I am posting your poll" in reply.text, reply.text
    before = len(of_the_bot(general))
    [*_, message] = await press.sandbox.wait_for(
        lambda: of_the_bot(general) if len(of_the_bot(general)) >= max(before, 1) else [], what="the poll"
    )
    return message


async def test_a_poll_is_asked_voted_on_changed_and_closed(press: Press, general: Channel) -> None:
    message = await opened(press, general)
    assert message.text.splitlines()[0] == "### Tea or coffee?"
    assert message.labels == ["Tea", "Coffee"]
    mia, nils = press.person("mia"), press.person("nils")
    first = await mia.click(message, "Tea")
    assert first.ephemeral
    assert "Your vote for **Tea** counts" in first.text
    assert "already voted for" in (await mia.click(message, "Tea")).text
    assert "Changed: your vote is now for **Coffee**" in (await mia.slash("/vote", option="Coffee")).text
    await nils.click(message, "Coffee")
    press.clock.move(timedelta(seconds=10))
    await press.sandbox.wait_for(lambda: "Coffee: **2** (100%)" in message.text, what="the tally on the card")
    results = await mia.slash("/results", poll="Tea or")
    assert "Tea: **0**" in results.text
    assert "your vote" in results.text
    closed = await press.person("mara").slash("/poll close", poll="Tea or")
    assert "closed" in closed.text
    press.clock.move(timedelta(seconds=10))
    await press.sandbox.wait_for(lambda: message.labels == [], what="the closed card")
    assert "Coffee: **2**" in message.text
    assert "No poll is open" in (await mia.slash("/vote")).text


async def test_vote_offers_the_newest_open_poll(press: Press, general: Channel) -> None:
    await opened(press, general, question="Old?")
    await opened(press, general, question="New?", options="Yes\nNo\nPerhaps")
    mia = press.person("mia")
    offered = await mia.slash("/vote")
    assert offered.ephemeral
    assert "### New?" in offered.text
    assert "counts" in (await mia.click(offered.message, "Perhaps")).text
    assert "your vote" in (await mia.slash("/vote")).text
    polls = await mia.autocomplete("/vote", poll="")
    assert [choice["name"] for choice in polls] == ["New?", "Old?"]
    options = await mia.autocomplete("/vote", option="")
    assert [choice["name"] for choice in options] == ["Yes", "No", "Perhaps"]
    older = await mia.autocomplete("/vote", poll=polls[1]["value"], option="")
    assert [choice["name"] for choice in older] == ["Tea", "Coffee"]
    assert "counts" in (await mia.slash("/vote", option=older[0]["value"], poll=polls[1]["value"])).text
    assert "has no answer" in (await mia.slash("/vote", option="Nonsense")).text


async def test_the_clock_closes_a_poll_once_also_after_downtime(press: Press, general: Channel) -> None:
    message = await opened(press, general, closes="1 hour")
    await press.person("mia").click(message, "Tea")
    await press.settled()
    await press.stop()
    press.clock.move(timedelta(hours=3))
    await press.start()
    await press.sandbox.wait_for(lambda: message.labels == [], what="the closed card")
    assert "Tea: **1**" in message.text
    reply = await press.person("nils").slash("/vote", option="Tea", poll="Tea or")
    assert "No poll is called" in reply.text or "closed" in reply.text


async def test_one_member_on_two_devices_has_one_vote(press: Press, general: Channel) -> None:
    message = await opened(press, general)
    mia = press.person("mia")
    await asyncio.gather(mia.click(message, "Tea"), mia.click(message, "Coffee"), mia.slash("/vote", option="Tea"))
    results = await mia.slash("/results", poll="Tea or")
    assert "**1** vote" in results.text


async def test_a_button_of_a_poll_pressed_after_a_restart_counts(press: Press, general: Channel) -> None:
    message = await opened(press, general)
    await press.stop()
    await press.start()
    assert "counts" in (await press.person("mia").click(message, "Tea")).text


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"options": "Only one"}, "has 2 to 10 answers"),
        ({"options": "\n".join(f"Answer {number}" for number in range(30))}, "You wrote 30"),
        ({"options": "Same\nsame"}, "are the same"),
        ({"options": "a" * 81 + "\nb"}, "at most 80"),
        ({"closes": "2020-01-01"}, "in the past"),
        ({"closes": "soon"}, "do not understand"),
        ({"closes": "2026-13-40"}, "do not understand"),
        ({"closes": "1 min"}, "at least 5 minutes"),
        ({"closes": "900 weeks"}, "at most 92 days"),
    ],
)
async def test_what_is_no_poll_is_a_sentence_and_what_was_written_comes_back(
    press: Press, general: Channel, asked: dict[str, str], sentence: str
) -> None:
    reply = await ask(press, **asked)
    assert reply.ephemeral
    assert sentence in reply.text
    assert "Tea or coffee?" in reply.text
    assert "No poll is open" in (await press.person("mia").slash("/vote")).text
    await press.settled()
    assert of_the_bot(general) == []


async def test_markup_and_mentions_in_a_poll_are_text(press: Press, general: Channel) -> None:
    message = await opened(
        press, general, question="# **Who** <@1> @everyone?", options="[a](https://evil.example)\n@everyone"
    )
    assert "\\#" in message.text
    assert "\\*\\*Who\\*\\*" in message.text
    assert "](https" not in message.text.replace("\\]", "")
    assert (message.mention_everyone, message.mentions) == (False, [])


async def test_the_poll_of_an_issue_hangs_on_its_announcement(press: Press) -> None:
    await press.set_up()
    [message] = await press.announced(1)
    assert "### How was it?" in message.text
    assert "Good" in message.labels
    assert "Your vote for **Good** counts" in (await press.person("mia").click(message, "Good")).text
    press.clock.move(timedelta(minutes=1))
    await press.sandbox.wait_for(lambda: "Good: **1** (100%)" in message.text, what="the tally")
    assert "All links" in message.labels
    await press.settled()
    press.clock.move(timedelta(days=8))
    await press.sandbox.wait_for(lambda: "Good" not in message.labels, what="the end of the poll")
    assert "All links" in message.labels
    press.shelf.lay_out(sample_issue(9, published_at=press.clock.now()))
    await press.read_again()
    newer = (await press.announced(2))[1]
    assert "Good: **0**" in newer.text


async def test_a_vote_on_a_published_announcement_counts_and_costs_no_edit(press: Press) -> None:
    await press.person("ada").slash("/setup publish on:True")
    await press.set_up()
    [message] = await press.announced(1)
    await press.settled()
    seen = len(press.sandbox.requests)
    assert "counts" in (await press.person("mia").click(message, "Good")).text
    press.clock.move(timedelta(minutes=1))
    await press.settled()
    edits = [each for each in list(press.sandbox.requests)[seen:] if each.method == "PATCH"]
    assert edits == []
    await press.person("mara").slash("/poll close", poll="How was")
    press.clock.move(timedelta(minutes=1))
    await press.sandbox.wait_for(lambda: message.labels == [], what="the result")
    assert "Good: **1**" in message.embeds[0]["description"]


async def test_answers_that_are_numbers_are_not_taken_for_places(press: Press, general: Channel) -> None:
    await opened(press, general, question="How many?", options="5\n4\n3\n2\n1\n0")
    mia = press.person("mia")
    offered = await mia.autocomplete("/vote", option="")
    chosen = next(choice for choice in offered if choice["name"] == "2")
    assert "Your vote for **2** counts" in (await mia.slash("/vote", option=chosen["value"])).text
    assert "your vote is now for **1**" in (await mia.slash("/vote", option="1")).text


async def test_a_poll_of_a_channel_is_shown_to_nobody_who_does_not_see_it(press: Press, review: Channel) -> None:
    mara, mia = press.person("mara"), press.person("mia")
    form = await mara.slash("/poll create channel:#review")
    await mara.submit(form, {"Question": "Shall we?", "Answers": "Yes\nNo", "Closes": "1 day"})
    await press.settled()
    assert "No poll is open" in (await mia.slash("/vote")).text
    assert "No poll is called" in (await mia.slash("/results", poll="Shall")).text
    assert await mia.autocomplete("/results", poll="") == []
    assert "Shall we?" in (await mara.slash("/vote")).text


async def test_a_poll_is_asked_only_where_its_asker_may_write(press: Press, general: Channel, guild: Guild) -> None:
    mara = press.person("mara")
    refused = await mara.slash("/poll create channel:#news")
    assert "both of us can write" in refused.text
    form = await mara.slash("/poll create channel:#general")
    news = next(channel for channel in guild.channels.values() if channel.name == "news")
    elsewhere = press.sandbox.world.add_guild("Elsewhere", owner="olga").add_channel("plaza")
    for place in (news.id, elsewhere.id, 10**18, int("9" * 19)):
        assert form.modal is not None
        form.modal.body["custom_id"] = f"ask-poll:{place}"
        reply = await mara.submit(form, {"Question": "Q?", "Answers": "A\nB", "Closes": "1 day"})
        assert "both of us can write" in reply.text
    assert of_the_bot(elsewhere) == of_the_bot(general) == []


async def test_a_poll_that_is_meant_by_half_its_name_is_not_closed(press: Press, general: Channel) -> None:
    await opened(press, general, question="Same one?")
    await opened(press, general, question="Same two?")
    mara = press.person("mara")
    assert "Several polls" in (await mara.slash("/poll close", poll="Same")).text
    assert "closed" in (await mara.slash("/poll close", poll="Same two")).text


async def test_what_is_closed_already_is_not_closed_again(press: Press, general: Channel) -> None:
    message = await opened(press, general, closes="1 hour")
    mara, mia = press.person("mara"), press.person("mia")
    [choice] = await mara.autocomplete("/poll close", poll="Tea")
    assert "closed <t:" in (await mara.slash("/poll close", poll=choice["value"])).text
    for poll in (choice["value"], "Tea or"):
        for person, command in ((mara, "/poll close"), (mia, "/vote option:Tea")):
            reply = await person.slash(command, poll=poll)
            assert "Tea or coffee?” was already closed, so nothing changed" in reply.text
            assert "closed <t:" not in reply.text
    assert await mia.autocomplete("/vote", poll=choice["value"], option="") == []
    assert await mia.autocomplete("/vote", poll="Tea or", option="") == []
    await press.sandbox.wait_for(lambda: message.labels == [], what="the closed card")


async def test_long_answers_that_begin_alike_have_numbers_and_stand_whole_on_the_card(
    press: Press, general: Channel
) -> None:
    begin = "A longer letter once a week, on Friday, with all that happened"
    message = await opened(press, general, options=f"{begin} here\n{begin} there\nNone")
    first, second, third = message.labels
    assert (first[:3], second[:3], third) == ("1. ", "2. ", "3. None")
    assert all(len(label) <= 38 for label in message.labels)
    assert f"1\\. {begin} here: **0**" in message.text
    assert f"2\\. {begin} there: **0**" in message.text
    reply = await press.person("mia").click(message, second)
    assert f"Your vote for **{begin} there** counts" in reply.text


async def test_an_earlier_announcement_stays_folded_whatever_the_poll_says(press: Press, guild: Guild) -> None:
    await press.set_up()
    await press.person("ada").slash("/setup channel channel:#general")
    await press.person("mara").slash("/desk repost issue:Issue number 3")
    places = [channel for channel in guild.channels.values() if channel.name in {"news", "general"}]
    await press.sandbox.wait_for(lambda: all(of_the_bot(place) for place in places), what="both announcements")
    [old], [new] = of_the_bot(places[0]), of_the_bot(places[1])
    await press.sandbox.wait_for(lambda: "posted again" in old.text, what="the fold")
    await press.person("mia").click(new, "Good")
    press.clock.move(timedelta(minutes=1))
    await press.sandbox.wait_for(lambda: "Good: **1**" in new.text, what="the tally")
    await press.settled()
    assert "posted again" in old.text
    assert old.labels == []


async def test_where_publishing_is_on_an_ordinary_channel_shows_its_tally(press: Press, general: Channel) -> None:
    await press.person("ada").slash("/setup publish on:True")
    await press.person("ada").slash("/setup source address:https://news.example/feed channel:#general")
    [message] = await press.sandbox.wait_for(lambda: of_the_bot(general), what="the announcement")
    await press.settled()
    await press.person("mia").click(message, "Good")
    press.clock.move(timedelta(minutes=1))
    await press.sandbox.wait_for(lambda: "Good: **1**" in message.text, what="the tally")


async def test_forged_votes_are_a_sentence(press: Press, general: Channel) -> None:
    message = await opened(press, general)
    button = message.components[0]["components"][1]["components"][0]
    key = button["custom_id"].split(":")[1]
    for forged in (f"vote:{key}:7", f"vote:{key}:99", f"vote:{'a' * 26}:0", f"vote:{key}:-1", "vote:x:y"):
        button["custom_id"] = forged
        reply = await press.person("mia").click(message, "Tea")
        assert "no longer exists" in reply.text or "older version" in reply.text, forged
    assert "Tea: **0**" in (await press.person("mia").slash("/results", poll="Tea or")).text


async def test_a_poll_in_a_channel_that_was_hidden_takes_no_vote_any_more(
    press: Press, guild: Guild, general: Channel
) -> None:
    await opened(press, general)
    mia = press.person("mia")
    elsewhere = await mia.slash("/vote", in_channel="links")
    assert "counts" in (await mia.click(elsewhere.message, "Tea")).text
    press.sandbox.world.permit(general, guild.everyone, deny=1 << 10)
    assert "no longer exists" in (await mia.click(elsewhere.message, "Coffee")).text
    assert "No poll" in (await mia.slash("/vote", in_channel="links", option="Coffee")).text
    press.sandbox.world.permit(general, guild.everyone, allow=1 << 10)
    assert "already voted for" in (await mia.click(elsewhere.message, "Tea")).text
