"""The archive of links: what is found, in which order, by whom, and how it is kept findable."""

from dataclasses import replace

import pytest
from sqlalchemy import text, update

from bot.errors import NotFoundError, RefusedError
from bot.model.guild import ArchiveAccess
from bot.model.issue import Issue, Link, Section
from bot.model.member import Actor
from bot.model.search import Term, folded, terms_of
from bot.store.tables import issues, links
from tests.doubles import sample_issue
from tests.services.conftest import GUILD, Desk

MEMBER = Actor(member_id=1)
OTHER_GUILD = 7002


def issue(number: int, *titles: str, section: str = "Tools", title: str | None = None) -> Issue:
    """An issue with links of these titles, at addresses that follow from them."""
    found = tuple(
        Link(
            url=f"https://{folded(title).replace(' ', '-')}.example/",
            key=f"{folded(title).replace(' ', '-')}.example",
            title=title,
            text=title,
            section=section,
            excerpt=f"Something about {title}",
        )
        for title in titles
    )
    named = title or f"Issue number {number}"
    return sample_issue(number, title=named, sections=(Section(section, found),))


async def titles(desk: Desk, query: str, *, guild_id: int = GUILD, page: int = 0) -> list[str]:
    try:
        found = await desk.services.archive.search(guild_id, query, page=page, actor=MEMBER)
    except NotFoundError:
        return []
    return [each.link.title for each in found.links]


async def filled(desk: Desk, *given: Issue) -> None:
    await desk.subscribe()
    desk.shelf.lay_out(*given)
    await desk.read()


@pytest.mark.parametrize(
    ("query", "terms"),
    [
        ("Maps", (Term(("maps",)),)),
        ("Ünïcode CASE", (Term(("unicode",)), Term(("case",)))),
        ('"side by side" alone', (Term(("side", "by", "side")), Term(("alone",)))),
        ("pho*", (Term(("pho",), is_prefix=True),)),
        ("a-b.c", (Term(("a", "b", "c")),)),
        ('AND ( OR " - * NEAR', (Term(("and",)), Term(("or",)))),
        ("   ", ()),
        ("* - !", ()),
        ('"unclosed words', (Term(("unclosed", "words")),)),
        (" ".join("abcdefghijklmnop"), tuple(Term((letter,)) for letter in "abcdefghijkl")),
    ],
)
def test_a_query_is_read_as_people_type_it(query: str, terms: tuple[Term, ...]) -> None:
    assert terms_of(query)[: len(terms)] == terms
    assert len(terms_of(query)) <= 12


def test_while_typing_the_last_word_is_open() -> None:
    assert terms_of("open sew", completing=True) == (Term(("open",)), Term(("sew",), is_prefix=True))
    assert terms_of('"quite closed"', completing=True) == (Term(("quite", "closed")),)


async def test_words_phrases_and_beginnings_are_found_in_every_part_of_a_link(desk: Desk) -> None:
    await filled(
        desk,
        issue(1, "Maps that admit doubt", "A café for clocks", section="Straße"),
        issue(2, "Doubtful maps", section="Research", title="Sewing from a sentence"),
    )
    assert await titles(desk, "maps doubt") == ["Maps that admit doubt"]
    assert set(await titles(desk, "doubt*")) == {"Maps that admit doubt", "Doubtful maps"}
    assert await titles(desk, '"admit doubt"') == ["Maps that admit doubt"]
    assert await titles(desk, '"doubt admit"') == []
    assert await titles(desk, "CAFE") == ["A café for clocks"], "without accents"
    assert await titles(desk, "strasse clocks") == ["A café for clocks"], "by its section"
    assert await titles(desk, "sewing sentence") == ["Doubtful maps"], "by its issue"
    assert await titles(desk, "a-cafe-for-clocks.example") == ["A café for clocks"], "by its site"
    assert await titles(desk, 'maps" OR "x') == []
    with pytest.raises(RefusedError, match="archive-no-words"):
        await titles(desk, "?!")


async def test_a_title_counts_more_than_what_stands_around_it_and_recency_breaks_ties(desk: Desk) -> None:
    around = issue(3, "Another thing entirely")
    [section] = around.sections
    around = replace(
        around, sections=(Section("Tools", (replace(section.links[0], excerpt="It mentions lanterns once"),)),)
    )
    await filled(desk, issue(1, "Old lanterns"), issue(2, "New lanterns"), around)
    assert await titles(desk, "lanterns") == ["New lanterns", "Old lanterns", "Another thing entirely"]


async def test_a_link_is_found_once_with_all_issues_in_which_it_ran(desk: Desk) -> None:
    await filled(desk, *(issue(number, "Evergreen", f"Only in {number}") for number in range(1, 6)))
    found = await desk.services.archive.search(GUILD, "evergreen", page=0, actor=MEMBER)
    [hit] = found.links
    assert hit.times == 5
    assert [card.title for card in hit.ran_in] == ["Issue number 5", "Issue number 4", "Issue number 3"]
    assert not found.has_more


async def test_a_link_that_ran_in_many_issues_hides_no_other(desk: Desk) -> None:
    often = [issue(number, "Evergreen paper") for number in range(2, 70)]
    await filled(desk, issue(1, "Rare paper", "Rarer paper"), *often)
    assert await titles(desk, "paper") == ["Evergreen paper", "Rare paper", "Rarer paper"]
    latest = await desk.services.archive.latest(GUILD, page=0, actor=MEMBER)
    assert [each.link.title for each in latest.links] == ["Evergreen paper", "Rare paper", "Rarer paper"]


async def test_a_query_may_begin_with_blanks(desk: Desk) -> None:
    await filled(desk, issue(1, "Paper"))
    assert await titles(desk, " " * 80 + "paper") == ["Paper"]


async def test_pages_hold_each_link_once_and_end(desk: Desk) -> None:
    await filled(desk, issue(1, *(f"Paper number {number}" for number in range(15))))
    seen: list[str] = []
    for page in range(3):
        found = await desk.services.archive.search(GUILD, "paper", page=page, actor=MEMBER)
        seen += [each.link.title for each in found.links]
        assert found.has_more == (page < 2)
    assert len(seen) == len(set(seen)) == 15
    latest = await desk.services.archive.latest(GUILD, page=1, actor=MEMBER)
    assert [each.link.title for each in latest.links] == [f"Paper number {number}" for number in range(6, 12)]


async def test_the_newest_links_come_first_and_any_link_is_no_advertisement(desk: Desk) -> None:
    sponsored = issue(2, "Buy this")
    [section] = sponsored.sections
    sponsored = replace(sponsored, sections=(Section("Ads", (replace(section.links[0], sponsored=True),)),))
    await filled(desk, issue(1, "First", "Second"), sponsored)
    latest = await desk.services.archive.latest(GUILD, page=0, actor=MEMBER)
    assert [each.link.title for each in latest.links] == ["Buy this", "First", "Second"]
    found = {(await desk.services.archive.random(GUILD, actor=MEMBER)).link.title for _ in range(40)}
    assert found == {"First", "Second"}


async def test_nothing_of_one_server_is_found_in_another(desk: Desk) -> None:
    await filled(desk, issue(1, "Common word here"))
    await desk.services.guilds.remember(OTHER_GUILD, name="Other")
    assert await titles(desk, "common", guild_id=OTHER_GUILD) == []
    desk.shelf.lay_out(issue(9, "Common word there"))
    await desk.subscribe(OTHER_GUILD, 8002, url="https://other.example/feed")
    await desk.services.sources.read_due()
    assert await titles(desk, "common", guild_id=OTHER_GUILD) == ["Common word there"]
    assert "Common word there" not in await titles(desk, "common")
    for question in (desk.services.archive.latest(GUILD, page=0, actor=MEMBER),):
        assert [each.link.title for each in (await question).links] == ["Common word here"]


async def test_the_archive_is_open_to_a_role_or_closed_as_the_administrator_says(desk: Desk) -> None:
    await filled(desk, issue(1, "Secret garden"))
    archive, guilds = desk.services.archive, desk.services.guilds
    await guilds.open_archive(GUILD, ArchiveAccess.ROLE, role_id=5, interaction_id=901)
    with pytest.raises(RefusedError, match="archive-only-role"):
        await archive.search(GUILD, "garden", page=0, actor=MEMBER)
    assert await archive.suggest(GUILD, "gard", actor=MEMBER) == []
    for actor in (Actor(1, role_ids=frozenset({5})), Actor(1, manages_server=True)):
        assert (await archive.search(GUILD, "garden", page=0, actor=actor)).links
    await guilds.open_archive(GUILD, ArchiveAccess.OFF, role_id=None, interaction_id=902)
    for actor in (MEMBER, Actor(1, manages_server=True)):
        with pytest.raises(RefusedError, match="archive-off"):
            await archive.latest(GUILD, page=0, actor=actor)
        with pytest.raises(RefusedError, match="archive-off"):
            await archive.random(GUILD, actor=actor)


async def test_links_of_an_older_version_are_found_after_the_worker_was_there(desk: Desk) -> None:
    await filled(desk, issue(1, *(f"Paper number {number}" for number in range(3))))
    async with desk.store.write() as transaction:
        await transaction.execute(text("DELETE FROM link_search"))
        await transaction.execute(update(links).values(search_version=0))
    assert await titles(desk, "paper") == []
    await desk.services.archive.renew(lambda: False)
    assert await titles(desk, "paper") == [], "told to stop, it stops"
    await desk.services.archive.renew()
    await desk.services.archive.renew()
    assert len(await titles(desk, "paper")) == 3


async def test_what_is_deleted_is_found_no_more(desk: Desk) -> None:
    await filled(desk, issue(1, "Gone tomorrow"))
    async with desk.store.write() as transaction:
        await transaction.execute(issues.delete())
    async with desk.store.read() as transaction:
        assert (await transaction.execute(text("SELECT count(*) FROM link_search"))).scalar_one() == 0


async def test_suggestions_complete_what_is_typed(desk: Desk) -> None:
    await filled(desk, issue(1, "Sewing patterns", "Sewage works"))
    found = await desk.services.archive.suggest(GUILD, "sewi", actor=MEMBER)
    assert [link.title for link in found] == ["Sewing patterns"]
    assert await desk.services.archive.suggest(GUILD, "", actor=MEMBER) == []
