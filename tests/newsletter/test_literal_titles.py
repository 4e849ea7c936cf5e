"""Titles, authors and asterisks as they were written: nothing visible is lost, and no markup is shown."""

import html
import json
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.model.issue import Issue
from bot.newsletter import read_newsletter
from bot.newsletter.formats import beehiiv_api, ghost_api
from bot.newsletter.markup.blocks import read_blocks
from bot.newsletter.markup.canonical import canonical_html
from bot.newsletter.markup.markdown import markdown_html
from bot.newsletter.text import folded, literal, titled
from bot.newsletter.understanding.bylines import authors_in

ITEM = "<item><title>{}</title><link>https://w.example/1</link><guid>https://w.example/1</guid>{}</item>"
ATOM = (
    '<feed xmlns="http://www.w3.org/2005/Atom"><title>W</title><id>w</id><entry><title{}>{}</title><id>w1</id>'
    '<link href="https://w.example/1"/></entry></feed>'
)


def rss(title: str, more: str = "") -> Issue:
    text = f"<rss version='2.0'><channel><title>W</title>{ITEM.format(title, more)}</channel></rss>"
    return read_newsletter(text.encode(), source="x.xml")[0]


def atom(title: str, kind: str = "") -> str:
    return read_newsletter(ATOM.format(kind, title).encode(), source="x.xml")[0].title


def json_feed(title: str) -> str:
    feed = {"version": "https://jsonfeed.org/version/1.1", "items": [{"id": "1", "title": title, "content_text": "x"}]}
    return read_newsletter(json.dumps(feed).encode(), source="x.json")[0].title


LITERAL = [
    ("&lt;canvas&gt;", "<canvas>"),
    ("Why &lt;b&gt;bold&lt;/b&gt; is no heading", "Why <b>bold</b> is no heading"),
    ("Option&lt;T&gt; or Result&lt;T, E&gt;", "Option<T> or Result<T, E>"),
    ("Tips &amp;amp; tricks", "Tips & tricks"),
    ("It&amp;#8217;s here", "It’s here"),
    ("a &lt; b &gt; c", "a < b > c"),
]


@pytest.mark.parametrize(("written", "title"), LITERAL)
def test_titles_of_atom_and_json_feed_stand_for_themselves(written: str, title: str) -> None:
    assert atom(written) == atom(written, ' type="text"') == json_feed(html.unescape(written)) == title


@pytest.mark.parametrize(
    ("kind", "written", "title"),
    [
        (' type="html"', "A &lt;i&gt;great&lt;/i&gt; &lt;span class='x'&gt;day&lt;/span&gt;", "A great day"),
        (' type="html"', "&lt;img src='/a.png' alt='x'&gt; Launch", "Launch"),
        (' type="html"', "R&amp;amp;D and &amp;lt;audio&amp;gt;", "R&D and <audio>"),
        (' type="xhtml"', "<div xmlns='http://www.w3.org/1999/xhtml'>An <em>odd</em> &lt;p&gt;</div>", "An odd <p>"),
    ],
)
def test_titles_of_atom_in_html_are_shown_as_browsers_do(kind: str, written: str, title: str) -> None:
    assert atom(written, kind) == title


@pytest.mark.parametrize(
    ("written", "title"),
    [
        ("The &lt;details&gt; element", "The <details> element"),
        ("&lt;video&gt;", "<video>"),
        ("&lt;em&gt;Big&lt;/em&gt; &lt;code&gt;x&lt;/code&gt;", "Big x"),
        ("<![CDATA[<b>H</b>ello <i>there]]>", "Hello <i>there"),
        ("<![CDATA[List<T> &amp; Map<K, V>]]>", "List<T> & Map<K, V>"),
        ("<![CDATA[<p>Whole line</p>]]>", "Whole line"),
        ("<![CDATA[Two<br/>lines]]>", "Two lines"),
        ("<![CDATA[<div><p>Whole <em>line</em></p></div>]]>", "Whole line"),
        ("<![CDATA[<p>One <p>two</p></p>]]>", "One two"),
        ("<![CDATA[<p>One</p><p>two</p>]]>", "One two"),
        ("<![CDATA[<h2>All of <dialog></h2>]]>", "All of <dialog>"),
        ("<![CDATA[<img src='/a.png' alt='A loaf'> Launch day]]>", "Launch day"),
        ("&lt;IMG class=x srcset=https://a.example/1 alt='A loaf'/&gt; Launch day", "Launch day"),
        ("<![CDATA[<p><img alt='A &amp; B' src='https://a.example/1'></p>]]>", "A & B"),
        ("&lt;img&gt; needs words", "<img> needs words"),
        ("What &lt;img loading='lazy'&gt; does", "What <img loading='lazy'> does"),
        ("&lt;img src='…'&gt; or &lt;picture&gt;?", "<img src='…'> or <picture>?"),
        ("&lt;picture&gt; is underused", "<picture> is underused"),
        ("When &lt;p&gt; is no &lt;div&gt;", "When <p> is no <div>"),
        ("Why &lt;p&gt;one&lt;/p&gt; is two", "Why <p>one</p> is two"),
        ("<![CDATA[One<!-- two --> three <!-- four]]>", "One three <!-- four"),
        ("R&amp;amp;amp;B nights", "R&B nights"),
        ("Use &amp;lt;nav&amp;gt;", "Use <nav>"),
    ],
)
def test_titles_of_rss_lose_known_elements_and_nothing_else(written: str, title: str) -> None:
    assert rss(written).title == title


@pytest.mark.parametrize(
    ("written", "title"),
    [
        ("R&B, Q&A, AT&T", "R&B, Q&A, AT&T"),
        ("Barnes & Noble; B&B;", "Barnes & Noble; B&B;"),
        ("Fish &amp; chips & peas &#233;", "Fish & chips & peas é"),
        ("Rock&nbsp;&Roll", "Rock &Roll"),
    ],
)
def test_an_ampersand_that_begins_no_entity_is_one(written: str, title: str) -> None:
    issue = rss(
        written, "<description><![CDATA[<p><a href='https://a.example/1?a=1&b=2'>A & B</a></p>]]></description>"
    )
    assert issue.title == title
    assert [(link.url, link.title) for link in issue.links] == [("https://a.example/1?a=1&b=2", "A & B")]


@given(st.text(min_size=1, max_size=60).filter(lambda text: "&" not in text and folded(text)))
@example("<b>")
@example("<script>x</script>")
@example("**a** *b")
def test_nothing_visible_is_lost_from_a_literal_title(text: str) -> None:
    assert literal(text) == literal(html.escape(text)) == folded(text)
    assert titled(html.escape(html.escape(text))) == folded(text)


@given(
    st.lists(
        st.sampled_from(["<", ">", "</", "dialog", "b", "i", "/>", "a b", " ", "'", '"', "x=", "&lt;"]), max_size=20
    )
)
@example(["<", "b", ">", "x"])
def test_an_rss_title_loses_nothing_but_closed_elements(pieces: list[str]) -> None:
    text = "".join(pieces)
    shown = titled(text)
    for letters in ("dialog", "a b"):
        assert shown.count(letters) >= text.count(letters) - text.count("<" + letters) - text.count("</" + letters)
    if "</" not in text and "/>" not in text:
        assert shown == folded(html.unescape(html.unescape(text)))


@pytest.mark.parametrize(
    ("author", "names"),
    [
        ("<author>mia@moss.garden (Mia Moor)</author>", ("Mia Moor",)),
        ("<author>Mia Moor &lt;mia@moss.museum&gt;</author>", ("Mia Moor",)),
        ("<author>mia@moss.photography</author>", ()),
        ("<author>a@x.example (Ann), b@x.example (Bo Berg)</author>", ("Ann", "Bo Berg")),
        ("<author>Mia Moor (mia@moss.io)</author>", ("Mia Moor",)),
        ("<author>Mia Moor</author>", ("Mia Moor",)),
        ("<author>Mia Moor (mia@moss.io), Bo (bo@moss.io)</author>", ("Mia Moor", "Bo")),
        ("<author>By Mia &lt;mia@moss.io&gt; and Bo &lt;bo@moss.io&gt;</author>", ("Mia", "Bo")),
        ("<author>Mia Moor &amp;lt;mia@moss.io&amp;gt;</author>", ("Mia Moor",)),
        ("<author>mia@moss.io (Mia Moor (editor))</author>", ("Mia Moor (editor)",)),
        ("<author>mia@moss.io (Mia Moor), Bo Berg</author>", ("Mia Moor", "Bo Berg")),
        ("<author>mia@moss.io (), Bo</author>", ("Bo",)),
        ("<author>Mia Moor / mia@moss.io</author>", ("Mia Moor",)),
        ("<author>Mia: mailto:mia@moss.io</author>", ("Mia",)),
        ('<author>"Moor, Mia" &lt;mia@moss.io&gt;</author>', ("Moor, Mia",)),
        ("<author>Mia (@mia@moss.social)</author>", ("Mia (@mia@moss.social)",)),
        ("<author>Mia @ the Lamp</author>", ("Mia @ the Lamp",)),
        ("<author><![CDATA[<a href='mailto:mia@moss.io'>Mia</a>]]></author>", ("Mia",)),
        ("<author>@mia</author>", ("@mia",)),
        ("<dc:creator xmlns:dc='http://purl.org/dc/elements/1.1/'>mia@moss.studio (Mia)</dc:creator>", ("Mia",)),
    ],
)
def test_a_mail_address_is_no_byline(author: str, names: tuple[str, ...]) -> None:
    assert rss("T", author).authors == names


STARRED = ["A* and D* search", "SELECT * FROM t", "B*A*T*M*A*N", "*args or **kwargs", "2**8 and 3 * 4", "C* algebras"]


@pytest.mark.parametrize("title", STARRED)
def test_an_asterisk_in_html_is_text(title: str) -> None:
    body = f"<description><![CDATA[<h2>{title}</h2><ul><li><a href='https://a.example/1'>{title}</a></li></ul>]]></description>"
    issue = rss(title, body)
    assert [issue.title, issue.links[0].title, issue.links[0].excerpt] == [title] * 3


def test_marks_of_bold_text_in_markdown_go_in_pairs() -> None:
    text = (
        "# T\n\n## N\n\n- Torn**bold, [one](https://a.example/1)**and\n- \\*\\*[two](https://a.example/2)\\*\\*more\n"
        "- 2\\*\\*10 or \\*\\*kwargs [three](https://a.example/3)\n- [A\\* search](https://a.example/4)\n"
    )
    issue = read_newsletter(text.encode(), source="x.md")[0]
    excerpts = [link.excerpt for link in issue.links]
    assert excerpts == ["Torn bold, one and", "two more", "2**10 or **kwargs three", "A* search"]
    assert issue.links[3].title == "A* search"


@given(
    st.lists(st.sampled_from(["Mia Moor", "Bo", "Ann Lee"]), min_size=1, max_size=3, unique=True),
    st.sampled_from(["{0} <{1}>", "{1} ({0})", "{0} ({1})", "{0} [{1}]", "{0}, {1}", "{0} - {1}", "mailto:{1} ({0})"]),
    st.sampled_from([", ", "; ", " and ", " & ", " / "]),
)
def test_names_beside_mail_addresses_are_all_that_is_left(names: list[str], form: str, between: str) -> None:
    said = between.join(form.format(name, f"m{number}@moss.io") for number, name in enumerate(names))
    assert authors_in([said]) == tuple(names)


def test_the_byline_in_a_text_names_no_mail_address() -> None:
    text = "# Rye\n\nMia Moor  \nmia@moss.io  \n2 March 2026\n\n[A loaf](https://a.example/1)\n"
    issue = read_newsletter(text.encode(), source="x.md")[0]
    assert issue.authors == ("Mia Moor",)


@pytest.mark.parametrize(
    "code", ["f(**kwargs)", "2**10", "a ** b ** c", "**bold**", "/**/", "*args, **kwargs", "x***y", "****"]
)
@pytest.mark.parametrize("text", ["`{}`", "<kbd>{}</kbd>"])
def test_an_asterisk_in_code_of_markdown_is_text(code: str, text: str) -> None:
    written = text.format(code if text[0] == "`" else code.replace("*", "&#42;"))
    link = f"[rules of {written}](https://a.example/1)"
    source = f"# T\n\n## On {written} and {written}\n\n- **Read** the {link} of {written} **today**\n"
    (section,) = read_newsletter(source.encode(), source="x.md")[0].sections
    assert (section.title, section.links[0].title) == (f"On {code} and {code}", f"rules of {code}")
    assert section.links[0].excerpt == f"Read the rules of {code} of {code} today"


def test_asterisks_in_a_block_of_code_are_text() -> None:
    source = b"# T\n\n```\nx = 2 ** 8\ny = f(**a)\n```\n\n    z = g(**b, **c)\n"
    blocks = read_blocks(canonical_html(markdown_html(source.decode()), bare=True), mend=True)
    assert [block.text for block in blocks] == ["T", "x = 2 ** 8 y = f(**a)", "z = g(**b, **c)"]


STORY = "<p>A loaf of rye, and after a good many days <a href='https://a.example/1'>another from the old mill</a></p>"
NAMESPACES = (
    "xmlns:content='http://purl.org/rss/1.0/modules/content/' xmlns:itunes='http://www.itunes.com/dtds/podcast-1.0.dtd'"
)
CONTENT = f"<content:encoded {NAMESPACES}>{html.escape(STORY)}</content:encoded>"


def atom_summary(text: str, kind: str) -> str | None:
    entry = f"<title>T</title><id>1</id><summary{kind}>{html.escape(text)}</summary>"
    body = f"<content type='html'>{html.escape(STORY)}</content>"
    feed = f"<feed xmlns='http://www.w3.org/2005/Atom'><title>W</title><id>w</id><entry>{entry}{body}</entry></feed>"
    return read_newsletter(feed.encode(), source="x.xml")[0].subtitle


def json_summary(text: str) -> str | None:
    item = {"id": "1", "title": "T", "summary": text, "content_html": STORY}
    feed = {"version": "https://jsonfeed.org/version/1.1", "items": [item]}
    return read_newsletter(json.dumps(feed).encode(), source="x.json")[0].subtitle


def description_of_page(text: str) -> str | None:
    head = f"<title>T</title><meta property='og:description' content='{html.escape(text)}'>"
    page = f"<html><head>{head}</head><body>{STORY}</body></html>"
    return read_newsletter(page.encode(), source="x.html")[0].subtitle


def excerpt_by_ghost(text: str) -> str | None:
    answer = {"posts": [{"id": "1", "title": "T", "custom_excerpt": text, "html": STORY}]}
    return ghost_api.read_posts(json.dumps(answer).encode()).issues[0].subtitle


def subtitle_by_beehiiv(text: str) -> str | None:
    post = {"id": "1", "title": "T", "subtitle": text, "status": "confirmed", "publish_date": 1}
    answer = json.dumps({"data": [post]}).encode()
    return beehiiv_api.read_posts(answer, now=datetime(2026, 1, 1, tzinfo=UTC)).issues[0].subtitle


@pytest.mark.parametrize(
    "read",
    [
        lambda text: atom_summary(text, ""),
        lambda text: atom_summary(text, " type='text'"),
        lambda text: rss("T", f"<description>{html.escape(text)}</description>{CONTENT}").subtitle,
        lambda text: rss("T", f"<description>{html.escape(html.escape(text))}</description>{CONTENT}").subtitle,
        lambda text: rss("T", f"<description><![CDATA[{text}]]></description>{CONTENT}").subtitle,
        lambda text: rss("T", f"<itunes:subtitle {NAMESPACES}>{html.escape(text)}</itunes:subtitle>{CONTENT}").subtitle,
        json_summary,
        description_of_page,
        excerpt_by_ghost,
        subtitle_by_beehiiv,
    ],
)
@pytest.mark.parametrize(
    "text",
    [
        "Why <dialog> beats <div>",
        "What Vec<T> & Option<T, E> share",
        "If a < b and c > d",
        "The <b> tag, or what is left of it",
    ],
)
def test_nothing_visible_is_lost_from_a_subtitle(read: Callable[[str], str | None], text: str) -> None:
    assert read(text) == text


@pytest.mark.parametrize(
    ("written", "subtitle"),
    [
        ("&lt;p&gt;A &lt;b&gt;dark&lt;/b&gt; loaf &amp;amp; a mill&lt;/p&gt;", "A dark loaf & a mill"),
        ("A &lt;em&gt;dark&lt;/em&gt; loaf&lt;br&gt;of &amp;lt;rye&amp;gt;", "A dark loaf of <rye>"),
        ("A &lt;i class='x'&gt;dark&lt;/i&gt; loaf", "A dark loaf"),
        ("Loaf: &lt;img src='x.png' alt=''&gt; dark", "Loaf: dark"),
        ("&lt;p&gt;One&lt;/p&gt;&lt;p&gt;Two&lt;/p&gt;", None),
    ],
)
def test_a_subtitle_in_html_shows_no_markup(written: str, subtitle: str | None) -> None:
    assert rss("T", f"<description>{written}</description>{CONTENT}").subtitle == subtitle
