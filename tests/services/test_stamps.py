"""A link is known by its address as it is shown and as it was written, wherever somebody looks for it."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import count

import pytest
from sqlalchemy import select, update

from bot.errors import RefusedError
from bot.model.issue import Issue
from bot.model.member import Act, Actor
from bot.newsletter import link_key, read_newsletter
from bot.ports import Reading
from bot.services.reading import storing
from bot.store.tables import issues, links, outbox, submissions
from tests.services.conftest import ADMIN, GUILD, Desk

HOME = "https://news.example"
STAMPED = "https://a.example/x?ref=news.example"
CLEAN = "https://a.example/x"
MIA, NILS = 11, 12
PRESSES = count(6000)


def read(desk: Desk, *urls: str, number: int = 1) -> tuple[Issue, ...]:
    """What a feed gives whose one issue, just out, links to these."""
    body = "".join(f'<p>Story {place}: <a href="{url}">what is found</a> there.</p>' for place, url in enumerate(urls))
    content = (
        f'<rss version="2.0"><channel><title>News</title><link>{HOME}/</link><item><title>Issue {number}</title>'
        f"<link>{HOME}/p/{number}</link><guid>{number}</guid><description><![CDATA[{body}]]></description>"
        f"<pubDate>{desk.clock.now():%a, %d %b %Y %H:%M:%S} GMT</pubDate></item></channel></rss>"
    )
    return tuple(read_newsletter(content.encode(), source="x.xml"))


async def opened(desk: Desk) -> None:
    await desk.subscribe()
    desk.shelf.answer = Reading(title="News", issues=(), home_url=HOME)
    await desk.read()
    await desk.services.guilds.set_review_channel(Act(GUILD, ADMIN, next(PRESSES)), 8600)


async def publish(desk: Desk, found: Sequence[Issue]) -> None:
    desk.shelf.answer = Reading(title="News", issues=tuple(found), home_url=HOME)
    await desk.read()


async def send(desk: Desk, url: str, member_id: int) -> None:
    await desk.services.submissions.submit(Act(GUILD, Actor(member_id), next(PRESSES)), url)


@pytest.mark.parametrize("sent", [STAMPED, CLEAN, "https://www.a.example/x/?utm_source=n"])
@pytest.mark.parametrize("written", [STAMPED, CLEAN])
async def test_a_link_that_runs_is_credited_however_it_was_sent_and_written(
    desk: Desk, sent: str, written: str
) -> None:
    await opened(desk)
    await send(desk, sent, MIA)
    desk.clock.move(timedelta(hours=1))
    await publish(desk, read(desk, "https://b.example/1", written))
    [mine] = (await desk.services.submissions.mine(GUILD, MIA)).submissions
    assert mine.featured is not None
    assert mine.featured.place == 2


@pytest.mark.parametrize("other", [STAMPED, CLEAN])
async def test_what_ran_and_what_was_sent_is_told_by_both_addresses(desk: Desk, other: str) -> None:
    await opened(desk)
    await publish(desk, read(desk, STAMPED))
    with pytest.raises(RefusedError, match="submit-ran"):
        await send(desk, other, MIA)
    await send(desk, "https://c.example/y?ref=news", MIA)
    for again in ("https://c.example/y", "https://c.example/y?ref=news.example", "https://c.example/y?ref=news"):
        with pytest.raises(RefusedError, match="submit-known"):
            await send(desk, again, NILS)


async def test_two_pages_that_differ_in_an_everyday_parameter_are_sent_both(desk: Desk) -> None:
    await opened(desk)
    pages = ["https://shop.example/kb?ref=4045", "https://shop.example/kb?ref=8285", "https://shop.example/kb"]
    for page in pages:
        await send(desk, page, MIA)
    desk.clock.move(timedelta(hours=1))
    await publish(desk, read(desk, *pages))
    mine = (await desk.services.submissions.mine(GUILD, MIA)).submissions
    assert sorted(each.featured.place for each in mine if each.featured is not None) == [1, 2, 3]
    for page in pages:
        with pytest.raises(RefusedError, match="submit-ran"):
            await send(desk, page, NILS)


async def test_the_archive_finds_a_link_by_both_addresses_and_counts_where_it_ran(desk: Desk) -> None:
    await opened(desk)
    first = read(desk, STAMPED)
    await publish(desk, first)
    desk.clock.move(timedelta(days=1))
    await publish(desk, (*first, *read(desk, CLEAN, number=2)))
    for query in (STAMPED, CLEAN, "https://a.example/x?ref=news"):
        page = await desk.services.archive.search(GUILD, query, page=0, actor=Actor(MIA))
        assert [(each.link.url, each.times) for each in page.links] == [(CLEAN, 2)]
    for asked in (STAMPED, CLEAN, "https://a.example/x?ref=news"):
        findings = await desk.services.explanations.why(GUILD, asked)
        assert findings[0].message_id == "why-link"


async def test_a_link_without_a_stamp_is_found_by_an_address_with_one(desk: Desk) -> None:
    await opened(desk)
    await publish(desk, read(desk, CLEAN))
    assert (await desk.services.archive.search(GUILD, STAMPED, page=0, actor=Actor(MIA))).links
    assert (await desk.services.explanations.why(GUILD, STAMPED))[0].message_id == "why-link"


async def test_a_forgotten_submission_keeps_no_address_in_any_form(desk: Desk) -> None:
    await opened(desk)
    await send(desk, STAMPED, MIA)
    await desk.services.privacy.forget(Act(GUILD, Actor(MIA), next(PRESSES)))
    await desk.services.chores.work_off()
    async with desk.store.read() as transaction:
        [row] = (await transaction.execute(select(submissions))).all()
    assert (row.url, row.link_key, row.alias) == ("", "", None)


async def test_what_older_rules_cut_comes_back_when_the_issue_is_read_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await opened(desk)
    written = [
        "https://shop.example/kb?ref=4045",
        "https://shop.example/kb?ref=8285",
        "https://files.example/My Plan.pdf",
        STAMPED,
        "https://b.example/2",
    ]
    found = read(desk, *written)
    monkeypatch.setattr(storing, "READING_VERSION", 0)
    await publish(desk, found)
    monkeypatch.undo()
    await desk.services.outbox.deliver_due()
    before = ["https://shop.example/kb"] * 2 + ["https://files.example/MyPlan.pdf", CLEAN, "https://b.example/2"]
    async with desk.store.write() as transaction:
        for position, url in enumerate(before):
            await transaction.execute(
                update(links)
                .where(links.c.position == position)
                .values(url=url, key=link_key(url), alias=None, key_version=3)
            )
        sent = (await transaction.execute(select(outbox.c.id, outbox.c.revision))).all()

    await publish(desk, found)
    async with desk.store.read() as transaction:
        rows = (await transaction.execute(select(links).order_by(links.c.position))).all()
        [issue] = (await transaction.execute(select(issues))).all()
        now = (await transaction.execute(select(outbox.c.id, outbox.c.revision))).all()
    assert [row.url for row in rows] == [*written[:2], "https://files.example/My%20Plan.pdf", CLEAN, written[4]]
    assert all(row.key == link_key(row.url) for row in rows)
    assert [row.alias for row in rows] == [None, None, None, link_key(STAMPED), None]
    assert (issue.edited_at, issue.is_redrawn) == (None, False)
    assert now == sent
    with pytest.raises(RefusedError, match="submit-ran"):
        await send(desk, written[0], MIA)


async def test_stored_aliases_follow_the_rules_for_keys(desk: Desk) -> None:
    await opened(desk)
    await publish(desk, read(desk, STAMPED))
    await send(desk, "https://c.example/y?ref=news", MIA)
    async with desk.store.write() as transaction:
        for table in (links, submissions):
            await transaction.execute(update(table).values(key_version=3))
    await desk.services.archive.renew()
    async with desk.store.read() as transaction:
        [link] = (await transaction.execute(select(links.c.key, links.c.alias))).all()
        [sent] = (await transaction.execute(select(submissions.c.link_key, submissions.c.alias))).all()
    assert tuple(link) == ("a.example/x", "a.example/x?ref=news.example")
    assert tuple(sent) == ("c.example/y?ref=news", "c.example/y")
