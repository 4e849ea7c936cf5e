"""What happens to announcements when Discord refuses, loses answers or changes its mind; with real discord.py."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import update

from bot.chat import delivering, traffic
from bot.model.delivery import DeliveryState
from bot.store.tables import outbox
from sandbox import Sandbox
from sandbox.model import Channel, Guild, Message
from sandbox.permissions import Permission
from tests.cogs.conftest import FEED, Press, channel
from tests.doubles import sample_issue

SEND, HISTORY, VIEW = Permission.SEND_MESSAGES, Permission.READ_MESSAGE_HISTORY, Permission.VIEW_CHANNEL
MESSAGES = r"/channels/\d+/messages$"


@pytest.fixture
def news(guild: Guild) -> Channel:
    return channel(guild, "news")


def deny(sandbox: Sandbox, place: Channel, permission: Permission) -> None:
    assert place.guild is not None
    bot = place.guild.bot
    assert bot is not None
    sandbox.world.permit(place, bot, allow=int((VIEW | SEND | HISTORY) & ~permission), deny=int(permission))


def allow(sandbox: Sandbox, place: Channel) -> None:
    assert place.guild is not None
    bot = place.guild.bot
    assert bot is not None
    sandbox.world.permit(place, bot, allow=int(VIEW | SEND | HISTORY))


def by_the_bot(place: Channel) -> list[Message]:
    return [
        message
        for message in place.messages.values()
        if message.author.bot and not message.ephemeral and not message.deleted
    ]


def is_published(message: Message) -> bool:
    return message.is_crossposted


async def arrived(press: Press, place: Channel, count: int) -> list[Message]:
    def found() -> list[Message]:
        messages = by_the_bot(place)
        return messages if len(messages) >= count else []

    return await press.sandbox.wait_for(found, what=f"{count} messages in #{place.name}")


async def told_staff(press: Press, guild: Guild) -> Message:
    return (await arrived(press, channel(guild, "review"), 1))[0]


async def choose_staff_channel(press: Press) -> None:
    reply = await press.person("ada").slash("/setup staff channel:#review")
    assert "I tell the staff" in reply.text


async def publish(press: Press, number: int) -> None:
    press.shelf.lay_out(sample_issue(number))
    await press.read_again()


async def test_a_refused_card_arrives_as_plain_text_with_its_link(press: Press, news: Channel) -> None:
    await press.set_up()
    fault = press.sandbox.faults.fail("POST", MESSAGES, 400, code=50035, message="Invalid Form Body")
    await publish(press, 4)
    card, plain = await arrived(press, news, 2)
    assert card.components
    assert not plain.components
    assert plain.content.startswith("**Issue number 4**\nhttps://news.example/4#pressroom-")
    assert fault.hits == 1


async def test_a_message_refused_twice_is_quarantined_and_its_staff_told(
    press: Press, guild: Guild, news: Channel
) -> None:
    await press.set_up()
    await choose_staff_channel(press)
    press.sandbox.faults.fail("POST", rf"/channels/{news.id}/messages$", 400, code=50035, message="Bad form", times=2)
    await publish(press, 4)
    notice = await told_staff(press, guild)
    assert "I could not post" in notice.text
    assert "Bad form" in notice.text
    await publish(press, 5)
    assert len(await arrived(press, news, 2)) == 2
    reply = await press.person("mara").slash("/desk post issue:Issue number 4")
    assert "I am posting it" in reply.text
    assert len(await arrived(press, news, 3)) == 3


async def test_a_channel_that_may_not_be_posted_to_stops_is_told_and_goes_on_when_mended(
    press: Press, sandbox: Sandbox, guild: Guild, news: Channel
) -> None:
    await press.set_up()
    await choose_staff_channel(press)
    deny(sandbox, news, SEND)
    await publish(press, 4)
    await publish(press, 5)
    notice = await told_staff(press, guild)
    assert "I can no longer send anything to" in notice.text
    assert "Send Messages" in notice.text
    await press.settled()
    refused = [seen for seen in sandbox.requests if seen.status == 403]
    assert len(refused) == 1, "it is asked once"
    status = await press.person("ada").slash("/setup status")
    assert "I cannot send anything to" in status.text
    allow(sandbox, news)
    assert len(await arrived(press, news, 3)) == 3
    assert len(by_the_bot(channel(guild, "review"))) == 1
    assert "I cannot send anything to" not in (await press.person("ada").slash("/setup status")).text


async def test_what_waits_for_a_deleted_channel_goes_to_the_one_that_is_chosen(
    press: Press, sandbox: Sandbox, guild: Guild, news: Channel
) -> None:
    await press.set_up()
    await choose_staff_channel(press)
    sandbox.world.delete_channel(news)
    await publish(press, 4)
    assert "no longer exists" in (await told_staff(press, guild)).text
    reply = await press.person("ada").slash("/setup channel channel:#general")
    assert "From now on I post" in reply.text
    [message] = await arrived(press, channel(guild, "general"), 1)
    assert "Issue number 4" in message.text


async def test_a_message_of_unknown_outcome_is_held_while_the_history_is_hidden(
    press: Press, sandbox: Sandbox, guild: Guild, news: Channel
) -> None:
    await press.set_up()
    await choose_staff_channel(press)
    sandbox.world.limits.nonce_seconds = 0
    deny(sandbox, news, HISTORY)
    lost = sandbox.faults.lose_answer("POST", rf"/channels/{news.id}/messages$")
    await publish(press, 4)
    await sandbox.wait_for(lambda: lost.hits, what="the lost answer")
    await press.settled()
    press.clock.move(timedelta(minutes=5))
    notice = await told_staff(press, guild)
    assert "Read Message History" in notice.text
    await press.settled()
    assert len(by_the_bot(news)) == 2
    allow(sandbox, news)
    await sandbox.wait_for(lambda: all(message.thread for message in by_the_bot(news)), what="the thread")
    assert len(by_the_bot(news)) == 2


async def test_an_issue_becomes_a_forum_post(press: Press, guild: Guild) -> None:
    reply = await press.person("ada").slash(f"/setup source address:{FEED} channel:#ideas")
    assert "I now read" in reply.text, reply.text
    ideas = channel(guild, "ideas")
    [post] = await press.sandbox.wait_for(lambda: list(ideas.threads), what="the post")
    assert post.name == "Issue number 3"
    assert [message.text.splitlines()[0] for message in by_the_bot(post)] == [
        "## [Issue number 3](<https://news.example/3>)"
    ]
    await press.settled()
    answer = await press.person("mara").slash("/desk why url:https://news.example/3")
    assert f"/channels/{guild.id}/{post.id}/{post.id}" in answer.text


@pytest.mark.parametrize("archived", [False, True])
async def test_a_forum_post_whose_answer_was_lost_is_found_and_not_made_again(
    press: Press, sandbox: Sandbox, guild: Guild, *, archived: bool
) -> None:
    ideas = channel(guild, "ideas")
    lost = sandbox.faults.lose_answer("POST", rf"/channels/{ideas.id}/threads")
    await press.person("ada").slash(f"/setup source address:{FEED} channel:#ideas")
    await sandbox.wait_for(lambda: lost.hits, what="the lost answer")
    if archived:
        sandbox.world.archive(ideas.threads[0])
    await press.settled()
    press.clock.move(timedelta(minutes=5))
    await press.settled()
    stored = await press.client.services.issues.latest(guild.id)
    findings = await press.client.services.explanations.why(guild.id, stored.issue_key)
    assert [finding.message_id for finding in findings] == ["why-seen", "why-queued", "why-sent"]
    assert len(ideas.threads) == 1


async def test_a_forum_that_asks_for_a_tag_gets_its_first_one(press: Press, sandbox: Sandbox, guild: Guild) -> None:
    forum = guild.add_channel("issues", kind="forum", tags=("issue",), requires_tag=True)
    sandbox.world.forget()
    allow(sandbox, forum)
    await press.person("ada").slash(f"/setup source address:{FEED} channel:#issues")
    [post] = await sandbox.wait_for(lambda: list(forum.threads), what="the post")
    assert post.thread is not None
    assert [tag.name for tag in forum.tags if tag.id in post.thread.applied_tags] == ["issue"]


async def test_a_restored_backup_posts_nothing_twice(press: Press, sandbox: Sandbox, news: Channel) -> None:
    await press.set_up()
    sandbox.world.limits.nonce_seconds = 0
    await press.settled()
    await as_before_the_sending(press)
    await press.settled()
    assert len(by_the_bot(news)) == 1
    answer = await press.person("mara").slash("/desk why url:https://news.example/3")
    assert str(by_the_bot(news)[0].id) in answer.text


async def test_where_publishing_is_on_followers_get_text_and_embed_once(
    press: Press, sandbox: Sandbox, news: Channel
) -> None:
    await press.person("ada").slash("/setup publish on:True")
    await press.set_up()
    [message] = await arrived(press, news, 1)
    assert message.labels == ["Good", "Bad"], "the poll's answers are for this server; followers get no buttons"
    assert message.embeds[0]["title"] == "Issue number 3"
    assert "How was it?" in message.embeds[0]["description"]
    assert "#pressroom-" in message.embeds[0]["url"]
    assert not is_published(message), "there is time to correct it"
    await press.settled()
    lost = sandbox.faults.lose_answer("POST", r"/crosspost$")
    press.clock.move(timedelta(minutes=3))
    await sandbox.wait_for(lambda: lost.hits, what="the lost answer")
    await press.settled()
    press.clock.move(timedelta(minutes=5))
    await press.settled()
    assert is_published(message)
    answer = await press.person("mara").slash("/desk why url:https://news.example/3")
    assert "I published it" in answer.text


async def test_a_published_announcement_is_found_again_after_a_restore(
    press: Press, sandbox: Sandbox, news: Channel
) -> None:
    await press.person("ada").slash("/setup publish on:True")
    await press.set_up()
    sandbox.world.limits.nonce_seconds = 0
    await press.settled()
    async with press.client.services.outbox._store.write() as transaction:
        await transaction.execute(
            update(outbox)
            .where(outbox.c.purpose == "announce")
            .values(state=DeliveryState.PENDING, due_at=press.clock.now(), attempts=0, message_id=None)
        )
    await press.settled()
    assert len(by_the_bot(news)) == 1


@pytest.mark.parametrize("classic", [False, True])
async def test_a_repost_lets_the_earlier_announcement_fold_to_a_line(
    press: Press, guild: Guild, news: Channel, *, classic: bool
) -> None:
    if classic:
        await press.person("ada").slash("/setup publish on:True")
    await press.set_up()
    await press.settled()
    reply = await press.person("mara").slash("/desk repost issue:Issue number 3")
    assert "The old announcement will link to it" in reply.text
    first, second = await arrived(press, news, 2)
    await press.sandbox.wait_for(lambda: "was posted again" in first.text, what="the fold")
    assert f"/channels/{guild.id}/{news.id}/{second.id}" in first.text
    assert not first.embeds
    assert "All links" not in first.text


async def test_a_message_that_staff_deleted_cannot_be_folded_and_holds_up_nothing(press: Press, news: Channel) -> None:
    await press.set_up()
    await press.settled()
    [first] = await arrived(press, news, 1)
    await press.person("ada").delete(first)
    await press.person("mara").slash("/desk repost issue:Issue number 3")
    await arrived(press, news, 1)
    await press.settled()
    await publish(press, 4)
    assert len(await arrived(press, news, 2)) == 2


async def test_threads_that_cannot_be_started_are_told_and_stand_in_the_status(
    press: Press, sandbox: Sandbox, guild: Guild, news: Channel
) -> None:
    await press.person("ada").slash("/setup staff channel:#review")
    await press.set_up()
    review = channel(guild, "review")
    await press.settled()
    deny(sandbox, news, Permission.CREATE_PUBLIC_THREADS)
    for number in (4, 5):
        await publish(press, number)
        await arrived(press, news, number - 2)
        await press.settled()
    [notice] = await arrived(press, review, 1)
    await press.settled()
    assert f"<#{news.id}> no longer get a discussion thread" in notice.text
    assert "Give me *Create Public Threads*" in notice.text
    ada = press.person("ada")
    assert f"⚠ Announcements in <#{news.id}> have had no thread since" in (await ada.slash("/setup status")).text
    assert (
        "It has no thread: Discord does not let me start"
        in (await ada.slash("/desk why url:https://news.example/5")).text
    )
    allow(sandbox, news)
    await publish(press, 6)
    await arrived(press, news, 4)
    await press.settled()
    assert "get no thread" not in (await ada.slash("/setup status")).text
    assert by_the_bot(review) == [notice]


async def test_what_was_recorded_answers_why(press: Press, guild: Guild, news: Channel) -> None:
    await press.set_up()
    await press.settled()
    mara = press.person("mara")
    [message] = by_the_bot(news)
    answer = await mara.slash("/desk why url:https://news.example/3?utm_source=x")
    assert answer.ephemeral
    assert f"/channels/{guild.id}/{news.id}/{message.id}" in answer.text
    assert "in The Sample on" in answer.text
    assert "only the newest" in (await mara.slash("/desk why url:https://news.example/1")).text
    assert "never seen" in (await mara.slash("/desk why url:https://elsewhere.example/")).text
    assert "not a web address" in (await mara.slash("/desk why url:nonsense")).text
    choices = await mara.autocomplete("/desk why url:number 2")
    assert [choice["name"].split(" · ")[-1] for choice in choices] == ["Issue number 2"]


@pytest.mark.parametrize("scope", ["user", "global", "shared"])
async def test_a_429_of_any_kind_delays_the_message_and_no_more(
    press: Press, sandbox: Sandbox, news: Channel, scope: str
) -> None:
    await press.set_up()
    sandbox.faults.fail("POST", MESSAGES, 429, scope=scope, retry_after=0.3)  # type: ignore[arg-type]
    await publish(press, 4)
    assert len(await arrived(press, news, 2)) == 2
    await press.settled()
    assert len(by_the_bot(news)) == 2


@pytest.mark.parametrize("status", [500, 503])
async def test_trouble_of_discords_own_delays_the_message_and_no_more(
    press: Press, sandbox: Sandbox, news: Channel, status: int
) -> None:
    await press.set_up()
    fault = sandbox.faults.fail("POST", MESSAGES, status)
    await publish(press, 4)
    await sandbox.wait_for(lambda: fault.hits, what="the trouble")
    press.clock.move(timedelta(minutes=1))
    assert len(await arrived(press, news, 2)) == 2


async def test_an_answer_that_comes_too_late_is_none_and_the_message_stands_once(
    press: Press, sandbox: Sandbox, news: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    await press.set_up()
    await press.settled()
    monkeypatch.setattr(delivering, "_SEND_TIMEOUT_SECONDS", 0.3)
    late = sandbox.faults.delay("POST", MESSAGES, 1.0)
    await publish(press, 4)
    await sandbox.wait_for(lambda: late.hits, what="the slow answer")
    await arrived(press, news, 2)
    await press.settled()
    press.clock.move(timedelta(minutes=5))
    await press.settled()
    assert len(by_the_bot(news)) == 2
    assert all(message.thread for message in by_the_bot(news))


async def test_a_cut_line_before_discord_acted_costs_one_more_attempt(
    press: Press, sandbox: Sandbox, news: Channel
) -> None:
    await press.set_up()
    cut = sandbox.faults.cut("POST", MESSAGES)
    await publish(press, 4)
    await sandbox.wait_for(lambda: cut.hits, what="the cut")
    press.clock.move(timedelta(minutes=1))
    assert len(await arrived(press, news, 2)) == 2


async def test_a_post_that_staff_deleted_cannot_be_folded_and_closes_no_forum(
    press: Press, sandbox: Sandbox, guild: Guild
) -> None:
    ideas = channel(guild, "ideas")
    await press.person("ada").slash(f"/setup source address:{FEED} channel:#ideas")
    [post] = await sandbox.wait_for(lambda: list(ideas.threads), what="the first post")
    await press.settled()
    sandbox.world.delete_channel(post)
    await press.person("mara").slash("/desk repost issue:Issue number 3")
    await sandbox.wait_for(lambda: [each for each in ideas.threads if each is not post], what="the new post")
    await press.settled()
    assert "I cannot send" not in (await press.person("ada").slash("/setup status")).text


async def test_a_card_that_may_not_be_read_again_is_folded_later_and_closes_no_channel(
    press: Press, sandbox: Sandbox, guild: Guild, news: Channel
) -> None:
    await press.set_up()
    await choose_staff_channel(press)
    await press.settled()
    deny(sandbox, news, HISTORY)
    await press.person("mara").slash("/desk repost issue:Issue number 3")
    await arrived(press, news, 2)
    await press.settled()
    await publish(press, 4)
    assert len(await arrived(press, news, 3)) == 3
    assert by_the_bot(channel(guild, "review")) == []
    allow(sandbox, news)
    press.clock.move(timedelta(hours=1))
    await press.settled()
    first = by_the_bot(news)[0]
    await sandbox.wait_for(lambda: "was posted again" in first.text, what="the fold")


async def test_a_restored_backup_finds_its_message_below_a_long_talk(
    press: Press, sandbox: Sandbox, news: Channel
) -> None:
    await press.set_up()
    await press.settled()
    sandbox.world.permit(news, news.guild.everyone, allow=int(SEND | VIEW))  # type: ignore[union-attr]
    for number in range(620):
        await press.person("mia").say("news", f"talk {number}")
    sandbox.world.limits.nonce_seconds = 0
    await as_before_the_sending(press)
    await press.settled()
    assert len(by_the_bot(news)) == 1


async def test_a_restored_backup_tells_the_staff_nothing_twice(
    press: Press, sandbox: Sandbox, guild: Guild, news: Channel
) -> None:
    await choose_staff_channel(press)
    await press.set_up()
    deny(sandbox, news, SEND)
    await publish(press, 4)
    await told_staff(press, guild)
    await press.settled()
    sandbox.world.limits.nonce_seconds = 0
    await as_before_the_sending(press, purpose="notice")
    await press.settled()
    assert len(by_the_bot(channel(guild, "review"))) == 1


async def test_a_publication_is_not_forgotten_while_discord_hides_the_server(
    press: Press, sandbox: Sandbox, guild: Guild, news: Channel
) -> None:
    await press.person("ada").slash("/setup publish on:True")
    await press.set_up()
    await press.settled()
    store = press.client.services.outbox._store
    async with store.write() as transaction:  # as after a kill between the message and its thread
        await transaction.execute(outbox.delete().where(outbox.c.purpose == "publish"))
        await transaction.execute(update(outbox).values(state=DeliveryState.PENDING, due_at=press.clock.now()))
    sandbox.gateway.hide_guild(guild)
    async with asyncio.timeout(60):
        while not press.client.get_guild(guild.id).unavailable:  # type: ignore[union-attr]
            await asyncio.wait({asyncio.create_task(press.client.services.outbox.take_over())})
    await press.settled()
    sandbox.gateway.show_guild(guild)
    [message] = by_the_bot(news)
    for _ in range(4):
        press.clock.move(timedelta(minutes=3))
        await press.settled()
    await sandbox.wait_for(lambda: is_published(message), what="the publication")


async def as_before_the_sending(press: Press, *, purpose: str = "announce") -> None:
    """Put the rows back to how they stand in a backup made just before."""
    async with press.client.services.outbox._store.write() as transaction:
        await transaction.execute(
            update(outbox)
            .where(outbox.c.purpose == purpose)
            .values(
                state=DeliveryState.PENDING,
                due_at=press.clock.now(),
                attempts=0,
                message_id=None,
                thread_id=None,
                sent_at=None,
                doubt_since=None,
            )
        )


async def test_too_many_refusals_stop_all_sending_before_discord_shuts_the_address_out(
    press: Press, sandbox: Sandbox, news: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(traffic, "MOST_INVALID_REQUESTS", 4)
    await press.set_up()
    await press.settled()
    refusals = sandbox.faults.sometimes("status", "POST", MESSAGES, 1.0, seed=1, status=429)
    await publish(press, 4)
    for _ in range(12):
        press.clock.move(timedelta(minutes=10))
        await press.settled()
    assert refusals.hits == 4
    answer = await press.person("mara").slash("/desk why url:https://news.example/4")
    assert "Discord refused 4 requests within ten minutes" in answer.text
