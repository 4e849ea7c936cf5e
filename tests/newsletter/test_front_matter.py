"""What a Markdown file says of itself before its text."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.newsletter import read_newsletter
from bot.newsletter.formats.front_matter import FrontMatter, take_front_matter

ISSUE = """---
title: "On paper: folding"
description: 'Two things'
date: 2023-01-18T14:00:00Z
authors:
  - Ada Printer
  - Ben Folder
tags: [paper, ink]
canonical_url: https://paper.example/p/folding
draft: false
nested:
  deep: value
---

Hello.

- [A folder](https://folder.example/)
"""


def test_an_issue_takes_its_head_from_there_and_its_links_from_the_text() -> None:
    [issue] = read_newsletter(ISSUE.encode(), source="folding.md")
    assert issue.title == "On paper: folding"
    assert issue.subtitle == "Two things"
    assert issue.authors == ("Ada Printer", "Ben Folder")
    assert issue.published_at == datetime(2023, 1, 18, 14, tzinfo=UTC)
    assert issue.url == "https://paper.example/p/folding"
    assert [link.url for link in issue.links] == ["https://folder.example/"]
    assert "link:paper.example/p/folding" in issue.identities


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2023-01-18", datetime(2023, 1, 18, tzinfo=UTC)),
        ("2023-01-18 14:00:00 +0000", datetime(2023, 1, 18, 14, tzinfo=UTC)),
        ("2023-01-18, in the afternoon", datetime(2023, 1, 18, tzinfo=UTC)),
        ("2023-01-18T14:00:00+02:00", datetime(2023, 1, 18, 12, tzinfo=UTC)),
        ("2023-13-45", None),
        ("0001-01-01T00:00:00+23:59", datetime(1, 1, 1, tzinfo=UTC)),
        ("soon", None),
    ],
)
def test_dates_are_read_as_generators_write_them(written: str, moment: datetime | None) -> None:
    assert take_front_matter(f"---\ndate: {written}\n---\n")[0].published_at == moment


@pytest.mark.parametrize(
    "text",
    [
        "---\n\nA rule, then text\n\n---\n",
        "---\ntitle: open",
        "# Title\n---\na: b\n---\n",
        "---",
        "---\nNote: read this first\n---\n",
        "---\ntitle: a word\nand a sentence that is no field\n---\n",
    ],
)
def test_a_rule_across_the_page_begins_nothing(text: str) -> None:
    assert take_front_matter(text) == (FrontMatter(), text)


@pytest.mark.parametrize("value", [">-\n  folded over\n  lines", "|", "{a: b}", "&anchor x", "*alias", "null", "~"])
def test_what_is_more_than_a_plain_value_is_left_out(value: str) -> None:
    head = f"# a comment\ntitle: Kept\n\nog:image: x\n'quoted': x\nlist: [\n  a,\n]\ndescription: {value}"
    found, text = take_front_matter(f"---\n{head}\n---\nText")
    assert (found.title, found.subtitle, text) == ("Kept", "", "Text")


@given(st.text(alphabet="-: \n\"'[],a1é#", max_size=200))
def test_no_text_breaks_it(text: str) -> None:
    take_front_matter("---\n" + text)
