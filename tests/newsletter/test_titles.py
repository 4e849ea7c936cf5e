"""Titles that mean something where the anchor says nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

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


@pytest.mark.parametrize(
    ("line", "title"),
    [
        ("[模型](https://a.example/1)发布", "模型"),
        ("[日本](https://a.example/1)のパン", "日本"),
        ("[ö](https://a.example/1) is an island", "ö"),
        ("I use [uv](https://a.example/1) for packages", "I use uv for packages"),
        ("[Go](https://a.example/1) 1.22", "Go 1.22"),
        ("Written in [R](https://a.example/1)", "Written in R"),
        ("A mill opens. Look [at](https://a.example/1) this loaf. It rises.", "Look at this loaf"),
    ],
)
def test_a_short_name_is_a_name_or_takes_the_words_around_it(line: str, title: str) -> None:
    assert titles(f"# T\n\n## N\n\n{line}\n") == [title]


@pytest.mark.parametrize(
    "button",
    ["Join", "Visit", "Continue", "Explore", "Watch now", "Read on", "Read the story", "Keep reading", "Register now",
     "Click here to read", "Hier", "ici", "aquí", "qui", "aqui", "здесь", "Weiterlesen", "Lire la suite", "続きを読む"],
)  # fmt: skip
def test_a_button_is_named_by_the_headline_above_it(button: str) -> None:
    text = f"# T\n\nHello.\n\n### Alpha report is out\n\nIt says so and more.\n\n[{button}](https://a.example/1)\n"
    assert titles(text) == ["Alpha report is out"]


def test_a_button_below_the_name_of_a_section_is_named_by_its_paragraph() -> None:
    text = "# T\n\nHello.\n\n### News\n\nA loaf rose on its own\n\n[Read on](https://a.example/1)\n"
    assert titles(text) == ["A loaf rose on its own"]


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("Dr. Smith wrote a [piece](https://a.example/1) in U.S. News.", "Dr. Smith wrote a piece in U.S. News"),
        ("It rises. Mr. Rye wrote [here](https://a.example/1)", "Mr. Rye wrote"),
        ("Links:<br>1. <a href='https://a.example/1'>link</a> Alpha tool is out<br>2. Beta", "Alpha tool is out"),
        ("It opens:<br>2) Beta ships <a href='https://a.example/1'>link</a>", "Beta ships"),
        ("[^1]: See https://a.example/1", "a.example/1"),
    ],
)
def test_context_ends_where_its_sentence_or_line_does(text: str, title: str) -> None:
    assert titles(f"# T\n\n## N\n\n{text}\n") == [title]


def test_the_marks_of_footnotes_are_no_text() -> None:
    text = "# T\n\n## N\n\nBread rises[^1] ([A loaf](https://a.example/1)).\n\n[^1]: https://b.example/1\n"
    assert [link.excerpt for link in read(text).links] == ["Bread rises (A loaf).", "https://b.example/1"]


@pytest.mark.parametrize(
    ("line", "title"),
    [
        ("The slides are [here](https://a.example/1).", "The slides"),
        ("The code and [paper](https://a.example/1).", "The code"),
        ("- Tickets at [this link](https://a.example/1)", "Tickets"),
        ("- Our loaves were [online](https://a.example/1)", "Our loaves"),
        ("- The recipe is [at this link](https://a.example/1)", "The recipe"),
        ("Die Folien sind [hier](https://a.example/1).", "Die Folien"),
        ("Loaves are [here](https://a.example/1).", "Loaves are here"),
        ("Who we are [here](https://a.example/1)", "Who we are"),
        ("The data is at https://a.example/1", "The data"),
        ("Look [at the old mill](https://a.example/1) of rye.", "the old mill"),
        ("We [are baking new bread](https://a.example/1) now.", "baking new bread"),
        ("See [the new mills and](https://a.example/1) their bread.", "the new mills"),
        ("- [are you baking yet](https://a.example/1)", "are you baking yet"),
        ("- [are mills coming back](https://a.example/1)", "are mills coming back"),
        ("- [at home in Rye](https://a.example/1)", "at home in Rye"),
        ("- [and then there was bread](https://a.example/1)", "and then there was bread"),
        ("Two things.\\\n[see what was](https://a.example/1)\\\nThree.", "see what was"),
        ("- [And Then There Were None](https://a.example/1)", "And Then There Were None"),
        ("- [What to look at](https://a.example/1)", "What to look at"),
    ],
)
def test_no_short_title_begins_or_ends_with_what_only_joins_it_to_others(line: str, title: str) -> None:
    assert titles(f"# T\n\n## N\n\n{line}\n") == [title]


def test_a_remark_behind_a_link_is_named_without_what_joins_it() -> None:
    text = "The recipes are [here](https://a.example/1), and notes are [here](https://a.example/2)."
    assert titles(f"# T\n\n## N\n\n{text}\n") == ["The recipes", "The recipes (notes)"]


JOINING = ["is", "are", "was", "and", "or", "at", "via"]


@given(
    st.lists(st.sampled_from(["Rye", "loaves", "old", "mill", "bread"]), min_size=2, max_size=4),
    st.lists(st.sampled_from(JOINING), max_size=3),
    st.sampled_from(["here", "this link", "online"]),
)
def test_the_words_that_name_a_link_are_all_kept(words: list[str], behind: list[str], anchor: str) -> None:
    line = " ".join([*words, *behind, f"[{anchor}](https://a.example/1)"])
    assert titles(f"# T\n\n## N\n\n- {line}\n") == [" ".join(words)]
