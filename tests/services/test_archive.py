"""The archive of links: what is found, in which order, by whom, and how it is kept findable."""

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy import func, select, text, update

from bot.errors import NotFoundError, RefusedError
from bot.model.guild import ArchiveAccess
from bot.model.issue import Issue, Link, Section
from bot.model.member import Act, Actor
from bot.model.search import Term, folded, terms_of
from bot.ports import Reading
from bot.services import Archive
from bot.store import search as search_rows
from bot.store.tables import issues, links
from tests.doubles import sample_issue
from tests.services.conftest import ADMIN, GUILD, Desk, only_postgresql

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
    await guilds.open_archive(Act(GUILD, ADMIN, 901), ArchiveAccess.ROLE, role_id=5)
    with pytest.raises(RefusedError, match="archive-only-role"):
        await archive.search(GUILD, "garden", page=0, actor=MEMBER)
    assert await archive.suggest(GUILD, "gard", actor=MEMBER) == []
    for actor in (Actor(1, role_ids=frozenset({5})), Actor(1, manages_server=True)):
        assert (await archive.search(GUILD, "garden", page=0, actor=actor)).links
    await guilds.open_archive(Act(GUILD, ADMIN, 902), ArchiveAccess.OFF, role_id=None)
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


@pytest.mark.parametrize("hits", [40, 130])
async def test_pages_are_cut_from_one_list_however_alike_the_hits_are(desk: Desk, hits: int) -> None:
    await filled(
        desk,
        *(issue(number, *(f"Tool {number} of {place}" for place in range(10))) for number in range(1, hits // 10 + 1)),
    )
    seen: list[str] = []
    for page in range(20):
        seen += await titles(desk, "tool", page=page)
    assert len(seen) == len(set(seen)) == min(hits, 120)
    assert seen[:2] == [f"Tool {hits // 10} of 0", f"Tool {hits // 10} of 1"], "the newest first among equals"
    assert seen[-1].startswith(f"Tool {1 + max(0, hits - 120) // 10} of")


@pytest.mark.parametrize(
    ("title", "queries"),
    [
        ("日本語のリンク集", ("日本語", "日本", "リンク", "のリ*")),
        ("東京タワーの歴史", ("東京", "タワー")),
        ("ภาษาไทย", ("ไทย",)),
        ("Łódź, Đà Nẵng, ışık, Æther", ("lodz", "da nang", "isik", "aether", "łódź")),
    ],
)
async def test_words_are_found_in_every_script(desk: Desk, title: str, queries: tuple[str, ...]) -> None:
    await filled(desk, issue(1, title, "Something else"))
    for query in queries:
        assert await titles(desk, query) == [title], query


@pytest.mark.parametrize(
    "query",
    [
        "https://openai.com/blog/chatgpt?utm_source=x",
        "openai.com/blog/chatgpt",
        "www.openai.com/blog/chatgpt/",
        "https://openai.com",
        "www.openai.com",
        "openai.com",
    ],
)
async def test_an_address_finds_its_page_and_a_host_its_links(desk: Desk, query: str) -> None:
    page = replace(issue(1, "A page").links[0], url="https://openai.com/blog/chatgpt", key="openai.com/blog/chatgpt")
    other = issue(1, "Another one").links[0]
    await filled(desk, sample_issue(1, sections=(Section("T", (page, other)),)))
    assert await titles(desk, query) == ["A page"]


async def test_an_address_that_is_longer_than_a_query_finds_its_page(desk: Desk) -> None:
    long = "news.example/2026/11/" + "a-story-about-bread-" * 6
    page = replace(issue(1, "A page").links[0], url=f"https://{long}", key=long)
    await filled(desk, sample_issue(1, sections=(Section("T", (page,)),)))
    assert await titles(desk, f"https://www.{long}") == ["A page"]


async def test_a_host_is_found_as_people_write_it(desk: Desk) -> None:
    page = replace(issue(1, "Bier").links[0], url="https://xn--mnchen-3ya.example/x", key="xn--mnchen-3ya.example/x")
    await filled(desk, sample_issue(1, sections=(Section("T", (page,)),)))
    for query in ("münchen", "münchen.example", "xn--mnchen-3ya.example"):
        assert await titles(desk, query) == ["Bier"], query


async def test_a_random_link_is_drawn_among_the_servers_own(desk: Desk) -> None:
    await filled(desk, issue(1, *(f"Foreign {number}" for number in range(30))))
    await desk.services.guilds.remember(OTHER_GUILD, name="Other")
    desk.shelf.answers["https://own.example/feed"] = Reading(
        title="Own", issues=(issue(2, *(f"Own {number}" for number in range(4))),)
    )
    await desk.subscribe(OTHER_GUILD, 8002, url="https://own.example/feed")
    await desk.services.sources.read_due()
    drawn = {(await desk.services.archive.random(OTHER_GUILD, actor=MEMBER)).link.title for _ in range(100)}
    assert drawn == {"Own 0", "Own 1", "Own 2", "Own 3"}


async def test_a_new_key_makes_a_link_be_found_by_its_new_host(desk: Desk) -> None:
    await filled(desk, issue(1, "A page"))
    async with desk.store.write() as transaction:
        await transaction.execute(
            update(links).values(key="click.tracker.example/abc", key_version=1, url="https://told.example/p0")
        )
        await search_rows.renew_links(transaction, [1])
    await desk.services.archive.renew()
    assert await titles(desk, "told.example") == ["A page"]
    assert await titles(desk, "tracker.example") == []


@only_postgresql
async def test_two_processes_that_renew_the_archive_do_not_wait_for_each_other(desk: Desk) -> None:
    await filled(desk, issue(1, *(f"Link {number}" for number in range(700))))
    async with desk.store.write() as transaction:
        await transaction.execute(update(links).values(key_version=1, search_version=0))
    await asyncio.gather(desk.services.archive.renew(), Archive(desk.store).renew(), Archive(desk.store).renew())
    async with desk.store.read() as transaction:
        stale = (links.c.key_version == 1) | (links.c.search_version == 0)
        assert (await transaction.execute(select(func.count()).where(stale))).scalar_one() == 0
