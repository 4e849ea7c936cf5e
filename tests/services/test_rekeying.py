"""A change of the rules for keys: stored rows follow, wherever that was stopped, and nothing is lost or doubled."""

from datetime import timedelta
from itertools import count

import pytest
from sqlalchemy import select, update

from bot.errors import RefusedError
from bot.model.issue import Link, Section
from bot.model.member import Act, Actor
from bot.model.submission import SubmissionState
from bot.newsletter.addresses.links import KEY_VERSION
from bot.services import Archive
from bot.services.members.rekeying import rekey_links
from bot.store import Store
from bot.store.rekeying import START
from bot.store.tables import links, submissions
from tests.doubles import sample_issue
from tests.services.conftest import ADMIN, GUILD, Desk

ABSTRACT, PDF = "https://arxiv.org/abs/2301.09209", "https://arxiv.org/pdf/2301.09209v3.pdf"
MIA, NILS = 11, 12
PRESSES = count(5000)


async def open_desk(desk: Desk) -> None:
    await desk.services.guilds.remember(GUILD, name="Here")
    await desk.services.guilds.set_review_channel(Act(GUILD, ADMIN, next(PRESSES)), 8600)


async def send(desk: Desk, url: str, member_id: int) -> str:
    receipt = await desk.services.submissions.submit(Act(GUILD, Actor(member_id), next(PRESSES)), url)
    return receipt.submission.submission_key


async def age(desk: Desk, submission_key: str, old_key: str) -> None:
    """Let a row be as the version before stored it."""
    async with desk.store.write() as transaction:
        await transaction.execute(
            update(submissions)
            .where(submissions.c.submission_key == submission_key)
            .values(link_key=old_key, open_key=old_key, key_version=1)
        )


async def rows(desk: Desk) -> dict[int, tuple[str, str | None, int]]:
    """(key, key while open, version) by finder."""
    async with desk.store.read() as transaction:
        found = await transaction.execute(select(submissions).order_by(submissions.c.id))
        return {row.finder_id: (row.link_key, row.open_key, row.key_version) for row in found}


async def test_what_an_older_version_stored_is_known_before_and_after_it_follows(desk: Desk) -> None:
    await open_desk(desk)
    await age(desk, await send(desk, PDF, MIA), "arxiv.org/pdf/2301.09209v3.pdf")
    with pytest.raises(RefusedError, match="submit-known"):
        await send(desk, PDF, NILS)
    await desk.services.archive.renew()
    with pytest.raises(RefusedError, match="submit-known"):
        await send(desk, ABSTRACT, NILS)
    assert (await rows(desk))[MIA] == ("arxiv.org/abs/2301.09209", "arxiv.org/abs/2301.09209", KEY_VERSION)


async def test_two_that_become_one_link_both_stay_with_their_finders_and_both_are_credited(desk: Desk) -> None:
    await open_desk(desk)
    await desk.subscribe()
    await desk.services.sources.read_due()
    first = await send(desk, "https://paper.example/1", MIA)
    second = await send(desk, "https://paper.example/2", NILS)
    async with desk.store.write() as transaction:
        for key, url in ((first, ABSTRACT), (second, PDF)):
            await transaction.execute(update(submissions).where(submissions.c.submission_key == key).values(url=url))
    await age(desk, first, "arxiv.org/abs/2301.09209")
    await age(desk, second, "arxiv.org/pdf/2301.09209v3.pdf")
    await desk.services.archive.renew()
    await desk.services.archive.renew()
    one = "arxiv.org/abs/2301.09209"
    assert await rows(desk) == {MIA: (one, one, KEY_VERSION), NILS: (one, None, KEY_VERSION)}

    desk.clock.move(timedelta(hours=1))
    paper = Link(url=ABSTRACT, key=one, title="A paper", text="A paper")
    desk.shelf.lay_out(sample_issue(1, sections=(Section(None, (paper,)),), published_at=desk.clock.now()))
    await desk.read()
    for member in (MIA, NILS):
        [mine] = (await desk.services.submissions.mine(GUILD, member)).submissions
        assert mine.featured is not None
        assert mine.featured.place == 1
        assert mine.state is SubmissionState.PENDING


async def test_an_issue_that_comes_before_the_rows_have_followed_still_credits(desk: Desk) -> None:
    await open_desk(desk)
    await desk.subscribe()
    await desk.services.sources.read_due()
    await age(desk, await send(desk, PDF, MIA), "arxiv.org/pdf/2301.09209v3.pdf")
    desk.clock.move(timedelta(hours=1))
    paper = Link(url=ABSTRACT, key="arxiv.org/abs/2301.09209", title="A paper", text="A paper")
    desk.shelf.lay_out(sample_issue(1, sections=(Section(None, (paper,)),), published_at=desk.clock.now()))
    await desk.read()
    [mine] = (await desk.services.submissions.mine(GUILD, MIA)).submissions
    assert mine.featured is not None
    assert mine.featured.place == 1


async def test_links_follow_a_few_at_a_time_and_go_on_where_they_were_stopped(desk: Desk) -> None:
    papers = tuple(Link(url=f"{PDF}?{n}", key=f"old-{n}", title=f"Paper {n}", text="x") for n in range(5))
    desk.shelf.lay_out(sample_issue(1, sections=(Section(None, papers),)))
    await desk.subscribe()
    await desk.services.sources.read_due()
    async with desk.store.write() as transaction:
        await transaction.execute(update(links).values(key_version=1))
    async with desk.store.write() as transaction:
        place = await rekey_links(transaction, after=START, limit=2)
    assert place is not None
    assert place.version == 1
    async with desk.store.read() as transaction:
        keys = list((await transaction.execute(select(links.c.key))).scalars())
    assert sum(key.startswith("old-") for key in keys) == 3
    await desk.services.archive.renew()
    async with desk.store.read() as transaction:
        keys = list((await transaction.execute(select(links.c.key))).scalars())
        versions = set((await transaction.execute(select(links.c.key_version))).scalars())
    assert not any(key.startswith("old-") for key in keys)
    assert versions == {KEY_VERSION}


async def test_where_nothing_is_stale_nobody_waits_for_a_look_at_it(desk: Desk, database_url: str) -> None:
    class Unwritten(Store):
        async def commit_hook(self) -> None:
            raise AssertionError("a write transaction was begun")

    await desk.subscribe()
    await desk.services.sources.read_due()
    async with await Unwritten.open(database_url, clock=desk.clock) as store:
        assert await Archive(store).renew() is None
