"""Headings and subtitles as a reader sees them: without marks to link by, and without excerpts cut by a machine."""

import pytest

from bot.newsletter import read_newsletter


def sections(body: str) -> list[tuple[str | None, list[str]]]:
    text = f"<h1>T</h1>{body}"
    issue = read_newsletter(text.encode(), source="x.html", base_url="https://w.example/p/1")[0]
    return [(section.title, [link.title for link in section.links]) for section in issue.sections]


@pytest.mark.parametrize(
    "heading",
    [
        '<h2 id="oven">Oven<a class="headerlink" href="#oven" title="Permalink">¶</a></h2>',
        '<h2>Oven <a href="#oven">#</a></h2>',
        '<h2><a href="#oven">🔗</a> Oven</h2>',
        '<h2 id="oven"><a class="anchor" aria-hidden="true" href="#oven"><svg></svg></a>Oven</h2>',
        '<h2>Oven<a class="hash-link" href="#oven">&#8203;</a></h2>',
        '<h2>Oven <a class="header-anchor" href="#oven">Permalink to “Oven”</a></h2>',
        '<h2>Oven <a href="https://w.example/p/1#oven">§</a></h2>',
        '<h2>Oven <a href="http://w.example/p/1/#oven">¶</a></h2>',
        '<h2>Oven <a class="headerlink" href="https://elsewhere.example/p/1#oven">¶</a></h2>',
        '<h2>Oven <a class="permalink" href="/p/1">#</a></h2>',
        '<h2><a href="#oven">Oven</a></h2>',
        '<h2><a class="anchor" href="#oven">Oven</a></h2>',
        '<h3>Oven <a class="anchor-link" href="#oven">&amp;</a></h3>',
    ],
)
def test_what_a_heading_is_linked_to_by_is_no_part_of_its_name(heading: str) -> None:
    body = f"{heading}<ul><li><a href='https://a.example/1'>A good loaf</a></li></ul>"
    assert sections(body) == [("Oven", ["A good loaf"])]


@pytest.mark.parametrize(
    ("heading", "name", "titles"),
    [
        ('<h2>Oven <a href="https://b.example/x#1">by Bo</a></h2>', "Oven by Bo", ["by Bo", "A loaf"]),
        (
            '<h2>Read: <a class="permalink" href="https://b.example/1">Ovens of old</a></h2>',
            "Read: Ovens of old",
            ["Ovens of old", "A loaf"],
        ),
        (
            '<h2>Read: <a class="anchor" href="https://b.example/1#old">Ovens of old</a></h2>',
            "Read: Ovens of old",
            ["Ovens of old", "A loaf"],
        ),
        ('<h2>C# <a href="#c">in 2026</a></h2>', "C# in 2026", ["A loaf"]),
        (
            '<h2><a class="anchor" href="https://b.example/1">Ovens of old</a></h2>',
            "Ovens of old",
            ["Ovens of old", "A loaf"],
        ),
    ],
)
def test_other_links_of_a_heading_stay(heading: str, name: str, titles: list[str]) -> None:
    body = f"{heading}<ul><li><a href='https://a.example/1'>A loaf</a></li></ul>"
    assert sections(body) == [(name, titles)]


def subtitle(summary: str, body: str, title: str = "Issue 2") -> str | None:
    text = (
        "<rss version='2.0' xmlns:content='http://purl.org/rss/1.0/modules/content/'><channel><title>W</title><item>"
        f"<title>{title}</title><guid>1</guid><description><![CDATA[{summary}]]></description>"
        f"<content:encoded><![CDATA[{body}]]></content:encoded></item></channel></rss>"
    )
    return read_newsletter(text.encode(), source="x.xml")[0].subtitle


BODY = "<h1>Issue 2</h1><p>Three loaves this week.</p><h2>Rye</h2><ul><li>A dark one.</li><li>A sour one</li></ul>"


@pytest.mark.parametrize(
    "summary",
    [
        "Three loaves this week.\n Rye\n- A dark one.\n- A sou",
        "Issue 2 Three loaves this week. Rye * A dark one",
        "Three loaves this week — Rye: a dark",
        "Three loaves this week.",
    ],
)
def test_the_beginning_of_the_text_is_no_subtitle(summary: str) -> None:
    assert subtitle(summary, BODY) is None


def test_what_says_more_than_the_text_begins_with_is_the_subtitle() -> None:
    assert subtitle("What rises in the dark", BODY) == "What rises in the dark"


def test_a_text_of_atom_is_no_markup() -> None:
    text = (
        '<feed xmlns="http://www.w3.org/2005/Atom"><title>W</title><id>w</id><entry><title>T</title><id>1</id>'
        '<summary type="text">On Map&lt;K, V&gt; and more</summary>'
        '<content type="html">Some words that say what there is to say.</content></entry></feed>'
    )
    assert read_newsletter(text.encode(), source="x.xml")[0].subtitle == "On Map<K, V> and more"


@pytest.mark.parametrize(
    ("description", "shown"),
    [
        ("Three loaves this week. Rye A dark one. A so", None),
        (
            "Three loaves this week. " + "Rye rises slowly, so leave it alone for a good many days. " * 3,
            None,
        ),
        ("What rises in the dark", "What rises in the dark"),
        ("Three loaves this week.", "Three loaves this week."),
    ],
)
def test_the_description_of_a_page_is_no_cut_excerpt(description: str, shown: str | None) -> None:
    text = "Rye rises slowly, so leave it alone for a good many days. " * 5
    body = "<h1>T</h1><p>Three loaves this week.</p><h2>Rye</h2><p>A dark one.</p><p>A sour one</p>"
    if len(description) > 100:
        body = f"<h1>T</h1><p>Three loaves this week. {text}</p>"
    head = f"<head><title>T</title><meta name='description' content='{description}'></head>"
    page = f"<html>{head}<body>{body}</body></html>"
    assert read_newsletter(page.encode(), source="x.html")[0].subtitle == shown


def test_the_title_of_a_page_has_no_mark_to_link_by() -> None:
    heading = "<h1>On rye<a class='headerlink' href='#on'>¶</a></h1>"
    page = f"<html><head><title>x</title></head><body>{heading}<p>Bread.</p></body></html>"
    assert read_newsletter(page.encode(), source="x.html")[0].title == "On rye"


def test_a_text_of_atom_is_not_its_own_subtitle() -> None:
    text = (
        '<feed xmlns="http://www.w3.org/2005/Atom"><title>W</title><id>w</id><entry><title>T</title><id>1</id>'
        '<content type="text">Use &lt;T: Rye&gt; here. See more.</content></entry></feed>'
    )
    assert read_newsletter(text.encode(), source="x.xml")[0].subtitle is None


@pytest.mark.parametrize(
    ("heading", "title"),
    [
        ('C# or F#? <a href="#c-or-f">#</a>', "C# or F#?"),
        ('<a href="#s">§</a> What § 5 says', "What § 5 says"),
        ('Issue #7 <a class="headerlink" href="#issue-7">Link</a>', "Issue #7"),
        ('Why <em>&lt;nav&gt;</em> &amp; <a href="https://a.example/x">this</a>', "Why <nav> & this"),
    ],
)
def test_only_the_mark_itself_goes_from_the_heading_of_a_page(heading: str, title: str) -> None:
    page = f"<html><head></head><body><article><h1>{heading}</h1><p>Words</p></article></body></html>"
    assert read_newsletter(page.encode(), source="page.html")[0].title == title


FURNITURE = [
    '<p><a href="https://w.example/p/1?utm_source=mail">View in browser</a></p>',
    '<p><a href="https://w.example/"><img src="https://w.example/logo.png" alt="W"></a></p>',
    '<p>Sent on to you? <a href="https://w.example/subscribe">Sign up here</a></p>',
    '<table><tr><td>No. 7 <a href="https://w.example/p/1">Read online</a></td></tr></table>',
    '<p><a href="https://w.example/ads">Advertise</a></p><p><a href="https://w.example/jobs">Jobs</a></p>',
]
STORY = '<p>Bread: <a href="https://a.example/1">a dark loaf</a></p>'


@pytest.mark.parametrize("furniture", FURNITURE)
@pytest.mark.parametrize("preview", ["", "<p>Rye</p><p>3 March</p>"])
@pytest.mark.parametrize("level", [1, 2])
def test_a_heading_that_repeats_the_title_opens_no_section_below_furniture(
    furniture: str, preview: str, level: int
) -> None:
    feed = (
        "<rss version='2.0'><channel><title>W</title><link>https://w.example/</link><item><title>On rye</title>"
        f"<link>https://w.example/p/1</link><description><![CDATA[{preview}{furniture}<h{level}>On rye</h{level}>"
        f"{STORY}]]></description></item></channel></rss>"
    )
    [issue] = read_newsletter(feed.encode(), source="x.xml")
    assert [section.title for section in issue.sections] == [None]


@pytest.mark.parametrize("furniture", FURNITURE)
@pytest.mark.parametrize("heading", ["<h1>On rye</h1>", "<h2>On rye</h2>", "<p>On rye</p>"])
def test_an_issue_without_a_title_is_not_called_like_its_furniture(furniture: str, heading: str) -> None:
    text = f"{furniture}{heading}{STORY}"
    [issue] = read_newsletter(text.encode(), source="x.html", base_url="https://w.example/p/1")
    assert (issue.title, [section.title for section in issue.sections]) == ("On rye", [None])


def test_what_stands_above_the_title_and_is_content_stays() -> None:
    text = "---\ntitle: On rye\n---\n\n[A loaf](https://a.example/1)\n\n# On rye\n\n[Two](https://a.example/2)\n"
    assert [link.key for link in read_newsletter(text.encode(), source="x.md")[0].links] == [
        "a.example/1",
        "a.example/2",
    ]


@pytest.mark.parametrize("marks", ["###", "####", "#####", "######"])
def test_a_small_heading_under_the_title_is_its_subtitle(marks: str) -> None:
    text = f"# On rye\n\n{marks} What rises in the dark\n\nBread: [a loaf](https://a.example/1)\n\n## News\n\n[b](https://b.example/)"
    [issue] = read_newsletter(text.encode(), source="x.md")
    assert (issue.subtitle, [section.title for section in issue.sections]) == ("What rises in the dark", [None, "News"])


@pytest.mark.parametrize(
    "text",
    [
        "#### The first\n\n[A loaf](https://a.example/1)\n\n#### The second\n\n[Two](https://a.example/2)",
        "#### Tools\n\n[A loaf](https://a.example/1)",
        "#### From the mill\n\n- [A loaf](https://a.example/1)",
        "#### Our sponsor: Mill & Co\n\n[A loaf](https://a.example/1)",
        "### 3 March 2026\n\n[A loaf](https://a.example/1)\n\n### 4 March 2026\n\n[Two](https://a.example/2)",
    ],
)
def test_a_heading_that_opens_a_section_is_no_subtitle(text: str) -> None:
    [issue] = read_newsletter(f"# On rye\n\n{text}\n".encode(), source="x.md")
    assert issue.subtitle is None
    assert issue.sections[0].title


@pytest.mark.parametrize("marks", ["##", "###", "####"])
def test_a_heading_that_dates_the_issue_is_neither_section_nor_subtitle(marks: str) -> None:
    text = f"# On rye\n\n{marks} Tuesday, 3 March 2026\n\n[A loaf](https://a.example/1)\n\n## News\n\n[b](https://b.example/)"
    [issue] = read_newsletter(text.encode(), source="x.md")
    assert (issue.subtitle, str(issue.published_at)[:10]) == (None, "2026-03-03")
    assert [section.title for section in issue.sections] == [None, "News"]
