"""Titles that mean something where the anchor says nothing."""

import pytest

from bot.model.issue import Issue
from bot.newsletter import read_newsletter


def read(text: str, *, name: str = "x.md") -> Issue:
    return read_newsletter(text.encode(), source=name, base_url="https://www.letter.example/p/x")[0]


def titles(text: str, *, name: str = "x.md") -> list[str]:
    return [link.title for link in read(text, name=name).links]


def test_addresses_in_a_row_are_their_own_names() -> None:
    text = "# T\n\n## N\n\n<https://a.example/1> and <https://twitter.com/x/status/1>\n"
    assert titles(text) == ["a.example/1", "twitter.com/x/status/1"]


def test_a_button_to_more_elsewhere_is_not_named_by_the_link_before() -> None:
    more = "[<button>View more →</button>](https://more.example/x)"
    assert titles(f"# T\n\n## N\n\n- [y two](https://b.example/y) {more}\n") == ["y two", "N: View more"]


def test_a_second_link_to_the_same_place_keeps_the_name() -> None:
    text = "# T\n\n## N\n\n- [y two](https://b.example/y) [Read more](https://b.example/z)\n"
    assert titles(text) == ["y two", "y two"]


@pytest.mark.parametrize(
    "quote",
    [
        "> > A loaf rose on its own\n>\n> [— Name (@x)\\\n> Oct 12, 2022](https://twitter.com/x/status/2)\n",
        "> > A loaf rose on its own\n> > [— Name (@x)\\\n> > Oct 12, 2022](https://twitter.com/x/status/2)\n",
        "> A loaf rose on its own\n>\n> — Name (@x) [Oct 12, 2022](https://twitter.com/x/status/2)\n",
    ],
)
def test_a_quoted_post_is_named_by_its_words(quote: str) -> None:
    assert titles(f"# T\n\n## N\n\n{quote}") == ["A loaf rose on its own"]


def test_a_page_that_a_person_is_named_beside_keeps_its_own_name() -> None:
    text = "# T\n\n## N\n\nBread — Name (@x) likes [A loaf](https://a.example/1) most"
    assert titles(text) == ["A loaf"]


@pytest.mark.parametrize("end", ["\n", "\\\n"])
def test_items_with_escaped_marks_are_items(end: str) -> None:
    issue = read(f"# T\n\n## N\n\n\\- [One](https://a.example/1) is good{end}\\- Two ([link](https://a.example/2))\n")
    assert [(link.title, link.excerpt) for link in issue.links] == [("One", "One is good"), ("Two", "Two (link)")]


def test_a_section_that_begins_with_a_picture_is_no_subtitle() -> None:
    issue = read("# T\n\n## News\n\n![x](https://a.example/y.png)\n\n[A loaf](https://a.example/1)\n")
    assert issue.subtitle is None
    assert [section.title for section in issue.sections] == ["News"]


def test_an_emoji_of_wordpress_is_no_lead_picture() -> None:
    issue = read(
        "<h1>T</h1><p><img class='wp-smiley' src='https://s.w.org/images/core/emoji/72x72/1f600.png' alt='x'> "
        "<a href='https://a.example/1'>A loaf</a></p><img src='https://a.example/real.png'>",
        name="x.html",
    )
    assert issue.image_url == "https://a.example/real.png"
    assert len(issue.images) == 1
