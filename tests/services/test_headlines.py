"""A corrected headline whose address and guid are made from it: the same issue, edited; two real ones stay two."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.model.issue import Issue
from bot.newsletter import read_feed
from bot.ports import Announcement, Reading
from tests.conftest import SHARED
from tests.services.conftest import GUILD, Desk

AT_EIGHT = datetime(2026, 10, 12, 8, tzinfo=UTC)
AT_NIGHT = datetime(2026, 10, 12, tzinfo=UTC)
LONG = "A text of its own that stays when the line above it is mended."
LINKS = ("https://a.example/1", "https://b.example/2", "https://c.example/3")


def post(
    headline: str, *, at: datetime = AT_EIGHT, words: str = LONG, links: tuple[str, ...] = (), slug: str = ""
) -> str:
    """An item whose address and guid are made from its headline, and that says the headline in its text once more."""
    address = f"https://lamps.example/{slug or headline.lower().replace(' ', '-')}"
    listed = "".join(f"&lt;li&gt;&lt;a href='{link}'&gt;Thing {link}&lt;/a&gt;&lt;/li&gt;" for link in links)
    return (
        f"<item><title>{headline}</title><link>{address}</link><guid>{address}</guid>"
        f"<pubDate>{at:%a, %d %b %Y %H:%M:%S} GMT</pubDate><description>&lt;h1&gt;{headline}&lt;/h1&gt;"
        f"&lt;p&gt;{words}&lt;/p&gt;&lt;ul&gt;{listed}&lt;/ul&gt;</description></item>"
    )


def older(number: int) -> str:
    return post(f"Older {number}", at=AT_EIGHT - timedelta(days=number), words=f"What was said {number} days before.")


def feed(*items: str) -> tuple[Issue, ...]:
    head = "<title>Lamps</title><link>https://lamps.example/</link>"
    return read_feed(f"<rss version='2.0'><channel>{head}{''.join(items)}</channel></rss>".encode()).issues


def drawn_anew(desk: Desk) -> list[tuple[int, Announcement]]:
    return [(message_id, each) for message_id, each in desk.channel.refreshed if isinstance(each, Announcement)]


async def told(desk: Desk, *readings: tuple[Issue, ...]) -> list[str]:
    """What the messages say in the end when a feed holds this and then that."""
    desk.shelf.answer = Reading(title="Lamps", issues=readings[0])
    await desk.subscribe()
    await desk.services.sources.read_due()
    for reading in (*readings[1:], readings[-1]):
        await desk.titles_sent()
        desk.shelf.answer = Reading(title="Lamps", issues=reading)
        await desk.read()
    await desk.titles_sent()
    sent = {message_id: each.issue for message_id, (_, each) in desk.channel.messages.items()}
    sent |= {message_id: each.issue for message_id, each in drawn_anew(desk)}
    return [f"{issue.title}{' (struck)' * issue.is_withdrawn} {issue.url}" for issue in sent.values()]


@pytest.mark.parametrize(
    ("at", "words", "links"),
    [(AT_EIGHT, LONG, ()), (AT_NIGHT, LONG, ()), (AT_EIGHT, "{} today", LINKS), (AT_NIGHT, "{} today", LINKS[:2])],
    ids=["by its text", "by its text, of a day", "by its links", "by its links, of a day"],
)
async def test_a_mended_headline_is_an_edit_although_address_and_guid_are_made_from_it(
    desk: Desk, at: datetime, words: str, links: tuple[str, ...]
) -> None:
    before = post("Lamps that frikcer", at=at, words=words.format("Lamps frikcer"), links=links)
    after = post("Lamps that flicker", at=at, words=words.format("All flicker"), links=links)
    assert await told(desk, feed(before, older(1)), feed(after, older(1)), feed(before, after, older(1))) == [
        "Lamps that flicker https://lamps.example/lamps-that-flicker"
    ], "and when the old address is listed again, that is not news"


async def test_headline_and_address_then_date_and_a_link_then_the_headline_again_is_one_message(desk: Desk) -> None:
    later = AT_EIGHT + timedelta(hours=2)
    other = (*LINKS[:2], "https://c.example/right")
    assert await told(
        desk,
        feed(post("Lmaps", links=LINKS), older(1)),
        feed(post("Lamps", links=LINKS), older(1)),
        feed(post("Lamps", links=other, at=later), older(1)),
        feed(post("Lamps and wicks", links=other, at=later), older(1)),
        feed(post("Lamps, wicks", slug="l-w", links=other, at=later), older(1)),
    ) == ["Lamps, wicks https://lamps.example/l-w"]
    assert len(desk.channel.messages) == 1
    assert len(await desk.services.issues.search_titles(GUILD, "")) == 2


@pytest.mark.parametrize(
    ("gone", "new"),
    [
        (post("Wax", at=AT_NIGHT, words="All about wax."), post("Oil", at=AT_NIGHT, words="All about oil.")),
        (post("Wax", words="All about wax."), post("Oil", words="All about oil.")),
        (post("Wax"), post("Oil", at=AT_EIGHT + timedelta(days=1))),
        (post("Wax", links=LINKS[:1], words="Of wax."), post("Oil", links=LINKS[:1], words="Of oil.")),
        (post("Wax", links=LINKS, words="Of wax."), post("Oil", links=LINKS[:2], words="Of oil.")),
    ],
    ids=["of a day", "of an hour", "of equal words", "with one link", "with other links"],
)
async def test_two_real_issues_of_which_one_goes_as_the_other_comes_are_two(desk: Desk, gone: str, new: str) -> None:
    sent = await told(desk, feed(gone, older(1)), feed(new, older(1)))
    assert [line.split()[0] for line in sent] == ["Wax", "Oil"]


async def test_what_stands_below_every_issue_of_a_day_tells_none_from_another(desk: Desk) -> None:
    def daily(headline: str, day: int) -> str:
        return post(headline, at=AT_NIGHT + timedelta(days=day), words="Read it on our site.")

    before = feed(daily("Wax", 2), daily("Tin", 1), daily("Zinc", 0))
    assert len(await told(desk, before, feed(daily("Oil", 2), daily("Tin", 1), daily("Zinc", 0)))) == 2


async def test_a_date_that_others_have_too_tells_nothing(desk: Desk) -> None:
    stays = post("Tin", words="All about tin, told at the same hour.")
    sent = await told(desk, feed(post("Wax"), stays, older(1)), feed(post("Oil"), stays, older(1)))
    assert [line.split()[0] for line in sent][-1] == "Oil"
    assert len(sent) == 2


async def test_a_reading_that_breaks_off_says_nothing_of_what_is_gone(desk: Desk) -> None:
    desk.shelf.lay_out(*feed(post("Lmaps"), older(1)))
    await desk.subscribe()
    await desk.services.sources.read_due()
    desk.shelf.answer = Reading(title="Lamps", issues=feed(post("Lamps"), older(1)), is_whole=False)
    await desk.read()
    assert await desk.titles_sent() == ["Lmaps", "Lamps"]


async def test_an_issue_that_was_struck_and_comes_back_under_another_headline_stands_again(desk: Desk) -> None:
    newest = post("Newest", at=AT_EIGHT + timedelta(days=1), words="The newest of all.")
    olds = (older(1), older(2), older(3))
    readings = [feed(post("Lmaps"), *olds), feed(newest, post("Lmaps"), *olds)]
    readings += [feed(newest, *olds)] * 3
    assert (await told(desk, *readings))[0].startswith("Lmaps (struck)")
    desk.shelf.lay_out(*feed(newest, post("Lamps"), *olds))
    await desk.read()
    await desk.titles_sent()
    assert [each.issue.title for _, each in drawn_anew(desk) if not each.issue.is_withdrawn] == ["Lamps"]


def test_the_text_of_an_issue_is_told_without_its_headline_and_its_address() -> None:
    def key(headline: str, words: str) -> str | None:
        return feed(post(headline, words=words))[0].text_key

    assert key("Lamps that flicker", LONG) == key("Lamps that frikcer", LONG.upper())
    assert key("Wax lamps", "Of Wax lamps: https://lamps.example/wax-lamps") == key(
        "Oil lamps", "Of Oil lamps: https://lamps.example/oil-lamps"
    )
    assert key("Lamps", LONG) != key("Lamps", LONG[:-9])
    assert key("Wax", "Wax") is None


@pytest.mark.parametrize(("before", "after"), [("slug_before.xml", "slug_after.xml"), ("1second", "2typo")])
async def test_the_cases_that_were_seen_are_edits(desk: Desk, before: str, after: str) -> None:
    cases = SHARED / "cases"
    if not cases.is_dir():
        pytest.skip("../shared/cases is not there")
    one, other = (
        cases / name if name.endswith(".xml") else next((cases / "title_typo").glob(f"{name}*"))
        for name in (before, after)
    )
    was, now = read_feed(one.read_bytes()).issues, read_feed(other.read_bytes()).issues
    assert len(await told(desk, was, now)) == 1
    assert (await desk.services.issues.latest(GUILD)).issue.title == now[0].title != was[0].title
