"""Foreign text in a message may be read and do nothing else."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.chat.plain import button_url, host_of, masked_link, media_url, plain, safe_url, told_apart


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("**bold** _it_ ~~no~~ ||spoiler|| `code`", r"\*\*bold\*\* \_it\_ \~\~no\~\~ \|\|spoiler\|\| \`code\`"),
        ("# heading", r"\# heading"),
        ("- item", r"\- item"),
        ("12. item", r"12\. item"),
        ("> quote", r"\> quote"),
        ("two\nlines\u2028three", "two lines three"),
        ("@everyone and <@123>", "@\u200beveryone and \\<@\u200b123\\>"),
        ("[here](https://evil.example)", r"\[here\]\(evil.example\)"),
        ("see https://evil.example/x", "see evil.example/x"),
        ("join discord.gg/abc", "join discord.gg\u200b/abc"),
        ("a\u202eb\u200bc\u00add", "a b c d"),
        ("$1 & 100 % — “quotes” 🫦", "$1 & 100 % — “quotes” 🫦"),
    ],
)
def test_text_is_shown_as_it_was_written(text: str, seen: str) -> None:
    assert plain(text, longest=200) == seen


def test_long_text_is_cut_before_it_is_escaped() -> None:
    assert plain("*" * 50, longest=10) == r"\*" * 9 + "…"


@given(st.text(max_size=300))
def test_no_text_can_mention_link_break_the_line_or_open_a_format(text: str) -> None:
    seen = plain(text, longest=200)
    assert "\n" not in seen
    assert not re.search(r"@(?!\u200b)", seen)
    assert "://" not in seen
    unescaped = re.sub(r"\\.", "", seen)
    assert not set(unescaped) & set("`*_~|<>[]()#")


@given(st.text(max_size=300), st.text(max_size=200))
def test_a_masked_link_is_one_link_to_where_it_says(title: str, path: str) -> None:
    link = masked_link(title, f"https://example.com/{path}", longest=100)
    shown = link[: link.rindex("](<")]
    assert shown.count("[") == 1
    assert not set(shown) & set("]<>\\`*"), "Discord would obey or show it"
    target = link[link.rindex("](<") + 3 : -2]
    assert target.startswith("https://example.com/")
    assert not set(target) & set(" <>()\n")


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ("GPT-4 (and more)", "[GPT-4 (and more)](<https://a.example/>)"),
        ("**Bold** [tag] `code` <3", "[∗∗Bold∗∗ (tag) ˋcodeˋ ‹3](<https://a.example/>)"),
        ("snake_case and __init__", "[snake_case and ＿init＿](<https://a.example/>)"),
        ("🫦 Ben's bites 🎉", "🫦🎉 [Ben's bites](<https://a.example/>)"),
        ("🆕 1️⃣ ▶️ ©️ all", "🆕1️⃣▶️©️ [all](<https://a.example/>)"),
        ("Route 66 #1", "[Route 66 #1](<https://a.example/>)"),
        ("👩‍💻 at work", "👩‍💻 [at work](<https://a.example/>)"),
        ("…", "[a.example](<https://a.example/>)"),
        ("back\\slash", "[back∖slash](<https://a.example/>)"),
    ],
)
def test_a_title_inside_a_link_is_shown_without_backslashes(title: str, shown: str) -> None:
    assert masked_link(title, "https://a.example/", longest=80) == shown


def test_an_address_that_takes_half_a_message_is_left_out() -> None:
    assert masked_link("Title", "https://a.example/" + "a" * 2000, longest=50) == "Title"
    assert media_url("https://a.example/" + "a" * 2100) is None
    assert media_url("https://a.example/a.png") == "https://a.example/a.png"


@pytest.mark.parametrize("text", ["https:x:////evil.example", "httpshttps://://evil.example", "steam://run/1"])
def test_no_address_puts_itself_together_again(text: str) -> None:
    assert "://" not in plain(text, longest=100)


def test_lone_surrogates_do_no_harm() -> None:
    assert (safe_url("https://a.example/\udcff") or "").isascii()
    assert plain("a\udcffb", longest=10) == "a b"


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "ftp://example.com",
        "https://user:pw@example.com",
        "https://",
        "x",
        "https://[::1",
        "",
    ],
)
def test_what_is_no_plain_web_address_becomes_no_link(url: str) -> None:
    assert safe_url(url) is None
    assert masked_link("Title", url, longest=50) == "Title"


def test_an_address_too_long_for_a_button_is_none() -> None:
    assert button_url("https://example.com/" + "a" * 600) is None
    assert button_url("https://example.com/a(b)") == "https://example.com/a%28b%29"
    assert button_url(None) is None


def test_letters_of_other_alphabets_in_a_host_are_shown_for_what_they_are() -> None:
    assert safe_url("https://bücher.example/ü") == "https://xn--bcher-kva.example/%C3%BC"
    assert host_of("https://аррӏе.example/") == "xn--80ak6aa92e.example"
    assert safe_url("https://" + "ü" * 80 + ".example") is None
    assert safe_url("http://[2606:2800::1]:8080/a%20b") == "http://[2606:2800::1]:8080/a%20b"


def test_the_host_is_shown_without_www() -> None:
    assert host_of("https://www.example.com/a") == "example.com"
    assert host_of("https://[broken") == ""


def test_names_that_do_not_fit_or_look_alike_are_numbered() -> None:
    assert told_apart(["Tea", "Coffee"], longest=38) == ["Tea", "Coffee"]
    begin = "The longer letter on a Friday, with everything "
    assert told_apart([f"{begin}and pictures", f"{begin}but no pictures"], longest=20) == [
        "1. The longer lette…",
        "2. The longer lette…",
    ]
    assert told_apart(["Yes", "yes\u200b"], longest=38) == ["1. Yes", "2. yes"]
    numbered = told_apart(["a" * 90 + str(number) for number in range(10)], longest=38)
    assert len(set(numbered)) == 10
    assert all(len(name) <= 38 for name in numbered)
