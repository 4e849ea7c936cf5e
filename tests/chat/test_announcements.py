"""The announcement: compact, within Discord's limits, and harmless whatever the feed says."""

from dataclasses import replace
from typing import Any

import discord
import pytest
from discord import ui
from hypothesis import given
from hypothesis import strategies as st

from bot.chat.announcements import allowed_mentions, announcement_view, thread_name
from bot.chat.as_text import view_as_text
from bot.chat.links import link_pages, links_view
from bot.chat.marks import message_mark
from bot.model.guild import Guild
from bot.model.issue import Issue, Section
from bot.ports import Announcement
from tests.doubles import sample_issue, sample_link

KEY = "a" * 26
DELIVERY = "b" * 52


def view_of(issue: Issue, *, ping_role_id: int | None = None, delivery_key: str | None = DELIVERY) -> ui.LayoutView:
    announcement = Announcement(issue=issue, issue_key=KEY, guild=Guild(1, "Server"), ping_role_id=ping_role_id)
    return announcement_view(announcement, language="en", delivery_key=delivery_key)


def components_of(view: ui.LayoutView) -> list[Any]:
    return view.to_components()  # type: ignore[no-any-return, no-untyped-call]


def mentions_of(announcement: Announcement) -> dict[str, Any]:
    payload: Any = allowed_mentions(announcement).to_dict()
    return dict(payload)


def custom_ids(components: Any) -> list[str]:
    found = []
    for component in components:
        if "custom_id" in component:
            found.append(component["custom_id"])
        found += custom_ids(component.get("components", []))
    return found


def test_the_card_says_title_author_date_topics_picture_count_and_offers_two_buttons() -> None:
    assert view_as_text(view_of(sample_issue(1))).splitlines() == [
        "## [Issue number 1](<https://news.example/1>)",
        "-# by Ada Printer · <t:1785672000:D>",
        "- Paper",
        "- Ink",
        "[picture] https://news.example/1.png",
        "**3** links",
        "[ Read online → https://news.example/1 ] [ All links ]",
    ]


def test_the_picture_carries_the_newsletters_own_alt_text_and_never_an_invented_one() -> None:
    gallery = components_of(view_of(sample_issue(1)))[0]["components"][2]
    assert gallery["items"][0]["description"] == "A press"
    bare = components_of(view_of(sample_issue(1, images=())))[0]["components"][2]
    assert bare["items"][0].get("description") is None


def test_the_subtitle_stands_in_for_topics() -> None:
    assert "Something about paper" in view_as_text(view_of(sample_issue(1, topics=())))


def test_an_issue_with_nothing_but_a_title_is_a_card_without_buttons() -> None:
    bare = Issue(title="Only a title", identities=("guid:1",))
    assert view_as_text(view_of(bare)) == "## Only a title"


def test_a_paywalled_issue_says_so() -> None:
    assert "the full text is for subscribers" in view_as_text(view_of(sample_issue(1, paywalled=True)))


def test_only_the_chosen_role_is_mentioned() -> None:
    quiet = Announcement(issue=sample_issue(1), issue_key=KEY, guild=Guild(1, "Server"))
    assert mentions_of(quiet) == {"parse": []}
    loud = Announcement(issue=sample_issue(1), issue_key=KEY, guild=Guild(1, "Server"), ping_role_id=55)
    assert mentions_of(loud) == {"parse": [], "roles": [55]}
    assert view_as_text(announcement_view(loud, language="en")).startswith("<@&55>\n")


def test_the_button_carries_the_delivery_key_so_that_the_message_can_be_found() -> None:
    assert custom_ids(components_of(view_of(sample_issue(1)))) == [f"links:{KEY}:{DELIVERY[:25]}"]
    assert custom_ids(components_of(view_of(sample_issue(1), delivery_key=None))) == [f"links:{KEY}"]


def test_an_announcement_without_any_button_can_be_found_again_too() -> None:
    card = components_of(view_of(Issue(title="Only a title", identities=("guid:1",))))[0]
    assert (card["id"], card["components"][0]["id"]) == message_mark(DELIVERY)
    assert message_mark(DELIVERY) != message_mark("c" * 52)


foreign_text = st.text(max_size=500)
foreign_issue = st.builds(
    sample_issue,
    title=foreign_text,
    subtitle=st.none() | foreign_text,
    topics=st.lists(foreign_text, max_size=30).map(tuple),
    authors=st.lists(foreign_text, max_size=10).map(tuple),
    url=st.none() | foreign_text | st.just("https://news.example/" + "x" * 3000),
    image_url=st.none() | foreign_text,
    sections=st.lists(
        st.builds(Section, st.none() | foreign_text, st.lists(st.builds(sample_link), max_size=30).map(tuple)),
        max_size=6,
    ).map(tuple),
)


@given(foreign_issue)
def test_whatever_the_feed_says_the_card_keeps_discords_limits(issue: Issue) -> None:
    view = view_of(issue, ping_role_id=1)
    assert view.content_length() <= 4000
    assert view.total_children_count <= 40
    assert all(len(custom_id) <= 100 for custom_id in custom_ids(components_of(view)))
    assert 1 <= len(thread_name(issue)) <= 100


def big_issue() -> Issue:
    return sample_issue(
        1,
        sections=(
            Section(None, tuple(sample_link(number, section=None) for number in range(40))),
            Section("Tools", tuple(sample_link(number) for number in range(40, 120))),
            Section("Empty"),
            Section("Sponsors", (sample_link(500, sponsored=True),)),
        ),
    )


def test_all_links_are_paged_by_section_and_none_is_lost() -> None:
    pages = link_pages(big_issue(), language="en")
    assert len(pages) > 1
    together = "\n".join(pages)
    assert all(f"[Thing number {number}](" in together for number in [*range(120), 500])
    assert "Empty" not in together
    assert "sponsored" in pages[-1]
    assert all(page.startswith(("**", "- ")) for page in pages)
    assert pages[-2].count("**Tools**") == 1
    for number in range(len(pages)):
        assert links_view(big_issue(), issue_key=KEY, page=number, language="en").content_length() <= 4000


def test_the_first_page_leads_only_forward_and_the_last_only_back() -> None:
    def disabled(page: int) -> list[bool]:
        row = components_of(links_view(big_issue(), issue_key=KEY, page=page, language="en"))[-1]
        return [button["disabled"] for button in row["components"]]

    last = len(link_pages(big_issue(), language="en")) - 1
    assert disabled(0) == [True, False]
    assert disabled(last) == [False, True]
    assert disabled(999) == [False, True]


def test_a_link_too_long_for_a_page_is_named_without_its_address() -> None:
    long = sample_issue(
        1,
        sections=(
            Section(
                None,
                (sample_link(1), sample_link(2)),
            ),
        ),
    )
    from dataclasses import replace

    link = replace(sample_link(3), url="https://example.com/" + "a" * 5000)
    pages = link_pages(replace(long, sections=(Section(None, (link,)),)), language="en")
    assert pages == ["- Thing number 3 · example.com"]


@pytest.mark.parametrize("host", ["bank.example"])
def test_the_host_stands_beside_a_title_that_pretends(host: str) -> None:
    from dataclasses import replace

    link = replace(sample_link(1), title="https://bank.example/login", url="https://evil.example/x")
    (page,) = link_pages(sample_issue(1, sections=(Section(None, (link,)),)), language="en")
    assert page == f"- [{host}/login](<https://evil.example/x>) · evil.example"


def test_every_custom_id_of_a_card_is_known_to_a_button() -> None:
    from bot.client import PRESSES

    ids = custom_ids(components_of(view_of(sample_issue(1))))
    ids += custom_ids(components_of(links_view(big_issue(), issue_key=KEY, page=1, language="en")))
    for custom_id in ids:
        matching = [
            kind for kind in PRESSES if custom_id.startswith(f"{kind.name}:") and kind.from_custom_id(custom_id)
        ]
        assert len(matching) == 1, custom_id


def test_a_view_is_made_without_a_running_client() -> None:
    assert isinstance(view_of(sample_issue(1)), discord.ui.LayoutView)


@pytest.mark.parametrize("letter", ["🥖", "👩‍👩‍👧‍👦", "面"])
def test_text_of_emoji_stays_below_the_bytes_that_discord_takes(letter: str) -> None:
    words = (letter * 300)[:300]
    links = tuple(replace(sample_link(number), title=words) for number in range(200))
    issue = replace(sample_issue(), title=words, subtitle=words, topics=(words,) * 25, authors=(words,) * 3)
    issue = replace(issue, sections=(Section(words, links),))
    views = [view_of(issue), *[links_view(issue, issue_key=KEY, page=page, language="en") for page in range(3)]]
    for view in views:
        shown = [item.content for item in view.walk_children() if isinstance(item, ui.TextDisplay)]
        assert sum(len(each.encode()) for each in shown) <= 10_000
        assert view.content_length() <= 4_000
    assert len(link_pages(issue, language="en")) < 120
