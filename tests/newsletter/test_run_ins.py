"""Newsletters without headings: bold run-ins are their sections, the italic line above them says what follows."""

import pytest

from bot.model.issue import Issue
from bot.newsletter import read_newsletter

LETTER = """\
Dry Ink — 2026.03.04 edition
============================

*Paper mills, ink recipes, a printer's diary, and who sold type.*

*👋 [We look for a typesetter](https://jobs.example.org/1).*

**Paper mills.** The [register](https://mills.example.org/) lists [all of them](https://mills.example.org/list).

**Ink recipes.** [Ada Sorts](https://ink.example.com/a)’s book says “boil it twice”. The [data](https://ink.example.com/d)
— from [old notes](https://notes.example.org/) — has prices. Also by [Bo Berg](https://bo.example.net/)'s [site](https://s.example.net/x).

Another [paragraph](https://more.example.org/) of the same story.

__A printer’s diary:__ What he wrote, as a [table](https://diary.example.org/t.csv).

*Ideas? Write to us. An archive of all editions is at [dry-ink.example](https://www.dry-ink.example).*
"""


def read(text: str, name: str = "letter.md") -> Issue:
    return read_newsletter(text.encode(), source=name)[0]


def as_html(text: str) -> str:
    body = "".join(f"<p>{part}</p>" for part in text.split("\n\n"))
    return f"<h1>T</h1>{body}"


def test_run_ins_are_sections_and_the_line_above_them_the_subtitle() -> None:
    issue = read(LETTER)
    assert [section.title for section in issue.sections] == [None, "Paper mills", "Ink recipes", "A printer’s diary"]
    assert issue.subtitle == "Paper mills, ink recipes, a printer's diary, and who sold type."
    assert issue.topics == ("Paper mills", "ink recipes", "a printer's diary", "who sold type")
    assert str(issue.published_at) == "2026-03-04 00:00:00+00:00"
    assert [link.key for link in issue.links if "dry-ink" in link.key] == []
    assert [link.key for link in issue.sections[2].links][-1] == "more.example.org"


def test_no_title_begins_with_what_the_link_before_owns() -> None:
    titles = {link.key: link.title for link in read(LETTER).links}
    assert titles["ink.example.com/d"].startswith("The data")
    assert titles["s.example.net/x"] == "Bo Berg's site"
    assert not any(title.startswith(("’s", "'s")) for title in titles.values())


@pytest.mark.parametrize(
    ("bold", "name"),
    [
        ("<strong>Rye.</strong> ", "Rye"),
        ("<b>Oats:</b> ", "Oats"),
        ("<strong>What rises?</strong> ", "What rises?"),
        ("<strong>Barley</strong>: ", "Barley"),
        ("<strong>Spelt —</strong> ", "Spelt"),
        ("<b>Salt &amp; water.</b> ", "Salt & water"),
    ],
)
def test_a_run_in_of_html_ends_with_a_stop(bold: str, name: str) -> None:
    stories = [f"{bold}Good <a href='https://a.example/{n}'>loaves of {n}</a> here." for n in ("one", "two")]
    assert [section.title for section in read(as_html("\n\n".join(stories)), "x.html").sections] == [name, name]


LINK = "<a href='https://a.example/{0}'>loaf of {0} grains</a>"


@pytest.mark.parametrize(
    "text",
    [
        f"<b>Acme</b> has {LINK.format(1)}.\n\n<b>Bo</b> eats {LINK.format(2)}.",
        f"<b>Rye.</b> Good {LINK.format(1)}.\n\nA {LINK.format(2)}.\n\nA {LINK.format(3)}.",
        f"<b>One.</b> A {LINK.format(1)}.</p><h2>News</h2><p>\n\n<b>Two.</b> A {LINK.format(2)}.",
    ],
)
def test_bold_words_of_other_texts_open_nothing(text: str) -> None:
    assert {section.title for section in read(as_html(text), "x.html").sections} <= {None, "News"}


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        ("All past issues: [dryink.example](https://dryink.example/)", 3),
        ("Back issues are [here](https://elsewhere.example/archive)", 3),
        ("[Dry Ink](https://dry-ink.example) is free.", 3),
        ("The archive of a printer is at [type.example](https://type.example/)", 4),
        ("Read [the report](https://dry-ink.example/report/1)", 4),
    ],
)
def test_the_newsletter_s_own_site_is_no_content(line: str, kept: int) -> None:
    stories = "".join(f"[Loaf {name}](https://{name}.example/1)\n\n" for name in ("one", "two", "three"))
    assert len(read(f"# Dry Ink #7\n\n{stories}{line}\n").links) == kept
