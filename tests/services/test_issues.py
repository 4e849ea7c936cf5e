"""What the archive answers."""

import pytest

from bot.errors import NotFoundError
from bot.model.issue import Section
from tests.doubles import sample_issue, sample_link
from tests.services.conftest import GUILD, Desk


async def test_an_issue_comes_back_as_it_was_stored(desk: Desk) -> None:
    issue = sample_issue(
        1,
        sections=(
            Section(None, (sample_link(1, section=None),)),
            Section("Nothing here"),
            Section("Tools", (sample_link(2), sample_link(3, sponsored=True))),
        ),
        paywalled=True,
    )
    desk.shelf.lay_out(issue)
    await desk.subscribe()
    await desk.services.sources.read_due()
    assert (await desk.services.issues.latest(GUILD)).issue == issue


async def test_show_finds_by_key_and_by_part_of_the_title_in_any_case(desk: Desk) -> None:
    desk.shelf.lay_out(sample_issue(1, title="Über Äpfel & 100 % Birnen"), sample_issue(2))
    await desk.subscribe()
    await desk.services.sources.read_due()
    by_title = await desk.services.issues.show(GUILD, "über ÄPFEL")
    assert by_title.issue.title == "Über Äpfel & 100 % Birnen"
    assert (await desk.services.issues.show(GUILD, by_title.issue_key)) == by_title
    assert [card.title for card in await desk.services.issues.search_titles(GUILD, "100 %")] == [
        "Über Äpfel & 100 % Birnen"
    ]
    assert await desk.services.issues.search_titles(GUILD, "%") == await desk.services.issues.search_titles(
        GUILD, "100"
    )


async def test_an_unknown_title_and_an_empty_archive_are_said(desk: Desk) -> None:
    await desk.services.guilds.remember(GUILD, name="Empty")
    with pytest.raises(NotFoundError) as caught:
        await desk.services.issues.latest(GUILD)
    assert caught.value.message_id == "issue-none-yet"
    with pytest.raises(NotFoundError) as caught:
        await desk.services.issues.show(GUILD, "whatever")
    assert caught.value.message_id == "issue-not-found"


async def test_topics_come_with_their_issues_newest_first(desk: Desk) -> None:
    desk.shelf.lay_out(sample_issue(1, topics=()), sample_issue(2))
    await desk.subscribe()
    await desk.services.sources.read_due()
    assert [(card.title, topics) for card, topics in await desk.services.issues.topics(GUILD)] == [
        ("Issue number 2", ("Paper", "Ink")),
        ("Issue number 1", ()),
    ]
    assert [card.link_count for card, _ in await desk.services.issues.topics(GUILD)] == [3, 3]


async def test_very_long_names_and_odd_characters_are_stored(desk: Desk) -> None:
    odd = sample_issue(
        1,
        identities=("guid:" + "g" * 5000,),
        title="🫦 " + "t" * 290,
        sections=(Section("s", (sample_link(1),)),),
    )
    desk.shelf.lay_out(odd)
    await desk.subscribe()
    await desk.services.sources.read_due()
    await desk.read()
    assert await desk.titles_sent() == [odd.title]
