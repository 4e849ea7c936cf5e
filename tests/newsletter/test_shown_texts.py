"""Addresses that stand bare in a text: what is shown of them names no reader."""

import time

import pytest

from bot.model.issue import Issue
from bot.newsletter import read_newsletter

RAW = "https://letter.example/p/1?email=jane@gmail.com&token=abc"
CLEAN = "https://letter.example/p/1"


def read(text: str, *, name: str = "x.html") -> Issue:
    return read_newsletter(text.encode(), source=name)[0]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (f"Read {RAW} today.", "x.md"),
        (f"# Read {RAW}\n\n## On {RAW}\n\n- [see {RAW}](https://a.example/1) and {RAW}.", "x.md"),
        (f"<p>Read {RAW.replace('&', '&amp;')} today, <a href='{RAW}'>{RAW}</a></p>", "x.html"),
        (f"<p><img src='https://a.example/i.png' alt='{RAW}'></p><h2><mark>On {RAW}</mark></h2>", "x.html"),
        (f"<head><title>On {RAW}</title><meta name=description content='{RAW}'></head><p>Bread.</p>", "x.html"),
    ],
)
def test_no_text_names_the_reader(text: str, name: str) -> None:
    issue = repr(read(text, name=name))
    assert CLEAN in issue or "letter.example/p/1" in issue
    assert "jane" not in issue
    assert "token" not in issue


def test_links_behind_a_cleaned_address_keep_their_words() -> None:
    issue = read(f"<p>From {RAW}, a <a href='https://a.example/1'>loaf of rye</a> ({RAW}). More.</p>")
    assert [(link.title, link.text) for link in issue.links] == [("loaf of rye", "loaf of rye")]
    assert issue.links[0].excerpt == f"From {CLEAN}, a loaf of rye ({CLEAN})."


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        (f"「{RAW}」を読む", f"「{CLEAN}」を読む"),
        ("see https://wiki.example/Ink_(paint), too", "see https://wiki.example/Ink_(paint), too"),
        ("see https://a.example/1?utm_source=x!", "see https://a.example/1!"),
        ("see http://[oven and ://", "see http://[oven and ://"),
    ],
)
def test_what_stands_around_an_address_stays(written: str, shown: str) -> None:
    assert read(f"<h1>T</h1><h2>{written}</h2><p>Bread.</p><h2>More</h2>").sections[0].title == shown


def test_many_addresses_are_cleaned_in_time() -> None:
    began = time.process_time()
    assert read("<p>" + "https://a.example/?email=j@b.example " * 50_000).title.startswith("https://a.example/")
    assert time.process_time() - began < 12
