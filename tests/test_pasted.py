"""Addresses as people paste them: one is taken, and nothing is guessed."""

import pytest

from bot.errors import RefusedError
from bot.model.pasted import addresses_in, one_address

POST = "https://paper.example/p/one"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (POST, POST),
        (f"  {POST}\n", POST),
        (f"<{POST}>", POST),
        (f"please look at {POST} today", POST),
        (f"look: {POST}, it is good", POST),
        (f"look at {POST} please", POST),
        (f"{POST} great read!", POST),
        (f"{POST} great!", POST),
        (f"{POST}, please", POST),
        (f"<{POST}> please", POST),
        (f"{POST} 👍", POST),
        (f"{POST} - a good one", POST),
        (f"[the paper]({POST})", POST),
        (f"[the paper](<{POST}>)", POST),
        (f'[the paper]({POST} "with a title")', POST),
        (f"[{POST}]({POST})", POST),
        (f"({POST})", POST),
        (f'"{POST}"', POST),
        (f"'{POST}'", POST),
        (f"“{POST}”", POST),
        (f"«{POST}»", POST),
        (f"`{POST}`", POST),
        (f"**{POST}**", POST),
        (f"__{POST}__", POST),
        (f"||{POST}||", POST),
        (f"{POST}.", POST),
        (f"{POST}),", POST),
        (f"{POST}…", POST),
        (f"{POST}。", POST),
        (f"\u200b{POST}\ufeff", POST),
        (f"{POST} {POST}", POST),
        (f"{POST}\n\nSent from my phone", POST),
        (f"http://{POST}", POST),
        (f"https://{POST}", POST),
        ("feed:https://paper.example/rss", "https://paper.example/rss"),
        ("feed://paper.example/rss", "https://paper.example/rss"),
        ("HTTPS://Paper.Example/P", "HTTPS://Paper.Example/P"),
        (f"paper.example/p/one: {POST}", POST),
        (f"[www.paper.example]({POST})", POST),
        (f"[paper.example/p/o…]({POST})", POST),
        (f"see www.paper.example/p/one/ or {POST}", POST),
        (f"{POST} is on paper.example/ too", POST),
        ("wiki.example/Ink_(stamp): https://wiki.example/Ink_(stamp)", "https://wiki.example/Ink_(stamp)"),
        ("see www.wiki.example/Ink_(stamp) today", "https://www.wiki.example/Ink_(stamp)"),
        ("paper.example", "https://paper.example"),
        ("paper.example/feed", "https://paper.example/feed"),
        ("<paper.example/feed>", "https://paper.example/feed"),
        ("(paper.example/feed).", "https://paper.example/feed"),
        ("paper.example:8080/feed", "https://paper.example:8080/feed"),
        ("paper.example?format=rss", "https://paper.example?format=rss"),
        ("www.paper.example", "https://www.paper.example"),
        ("have a look at www.paper.example/p, please", "https://www.paper.example/p"),
        ("https://bücher.example/straße", "https://bücher.example/straße"),
        ("bücher.example/straße", "https://bücher.example/straße"),
        ("http://localhost:8080/feed", "http://localhost:8080/feed"),
        ("http://[2001:db8::7]:8080/feed", "http://[2001:db8::7]:8080/feed"),
        ("[six](http://[2001:db8::7]/feed)", "http://[2001:db8::7]/feed"),
        ("https://wiki.example/Ink_(stamp)", "https://wiki.example/Ink_(stamp)"),
        ("[ink](https://wiki.example/Ink_(stamp))", "https://wiki.example/Ink_(stamp)"),
        ("(see https://wiki.example/Ink_(stamp)).", "https://wiki.example/Ink_(stamp)"),
        ("https://paper.example/p_", "https://paper.example/p_"),
        ("https://paper.example/?next=https://other.example/x", "https://paper.example/?next=https://other.example/x"),
        (
            "https://web.archive.org/web/2020/https://paper.example/",
            "https://web.archive.org/web/2020/https://paper.example/",
        ),
        ("https://key:word@paper.example/feed", "https://key:word@paper.example/feed"),
        ('[a post](https://example.com/a "Its title")', "https://example.com/a"),
        ("See https://example.com/feed. It is good", "https://example.com/feed"),
    ],
)
def test_the_one_address_is_taken(written: str, meant: str) -> None:
    assert one_address(written) == meant
    assert one_address(meant) == meant


@pytest.mark.parametrize(
    "written",
    [
        "https://a.example/xhttps://b.example/y",
        "https://a.example/https://b.example/y",
        "https://a.examplehttps://b.example",
        "https://a.example/x?y=1.https://b.example/y",
        "a.example/xhttps://b.example/y",
        "https://a.example/x https://b.example/y",
        "www.a.example and https://b.example/y",
        "https://a.example/x or b.example/y",
        "https://a.example/x see a.example/y",
        "https://a.example/x see a.example/xy",
        "https://a.example/x see www.a.example/x?page=2",
        "[a.example/y](https://a.example/x)",
        "www.a.example/x see a.example/y",
        "https://a.example/x\nhttps://b.example/y",
        "https://a.example/x,https://b.example/y",
        "https://a.example/x;https://b.example/y",
        "<https://a.example/x><https://b.example/y>",
        "[one](https://a.example/x)[two](https://b.example/y)",
        "[https://a.example/x](https://b.example/y)",
        "https://a.example/x|https://b.example/y",
        "https://a.example/x?y=1/https://b.example/y",
        "https://archive.mynews.example/https://b.example/feed",
    ],
)
def test_two_addresses_are_asked_about(written: str) -> None:
    with pytest.raises(RefusedError) as caught:
        one_address(written)
    assert caught.value.message_id == "address-several"


@pytest.mark.parametrize(
    "written",
    [
        "https://exa mple.com",
        "https://exa mple",
        "https://example.com /feed",
        "https://example .com/feed",
        "https://example.com/some path/x",
        "https://example.com/ar ticle",
        "https://example.com/ar\nticle",
        "https://example.com/foo bar/",
        "https://example.com/ feed",
        "(https://example.com/ar ticle)",
        "www.example.com/ar ticle",
        "https://example.com/my long file.html",
        "https://example.com/a?b=1 &c=2",
        "https://example.com/a- long-one",
        "https://example.com/some\nthing/else",
        "https://example.com/some\tthing/else",
        "https://example.com/some\u00a0thing/else",
        "https:// example.com/feed",
        "https: //example.com/feed",
        "exa mple.com/feed",
        "look at example.com please",
        "https://example. com",
        "https://news. example.com",
        "https://www.example. com/p",
        "https://example, com/feed",
        "https://example.com: 8080/feed",
        "https://news.example.com/feed. xml",
        "https://example.com/?a=1; b=2",
        "<https://example.com/ar ticle>",
        "[a post](https://example.com/ar ticle)",
        "https://exa<mple.com>",
    ],
)
def test_an_address_in_pieces_is_asked_about(written: str) -> None:
    with pytest.raises(RefusedError) as caught:
        one_address(written)
    assert caught.value.message_id == "address-spaced"


@pytest.mark.parametrize(
    "written",
    [
        "",
        "   ",
        "<>",
        "news",
        "just words",
        "news..example/feed",
        "javascript:alert(1)",
        "mailto:ada@paper.example",
        "ada@paper.example",
        "file:///etc/passwd",
        "ftp://paper.example/x",
        "https://",
        "https:///x",
        "https://x:y/",
        "https://[::1",
        "https://..",
        "https://a..example/",
        "https://good.example\\@evil.example/",
        "https://paper.example/" + "a" * 2000,
    ],
)
def test_what_is_no_address_is_refused(written: str) -> None:
    with pytest.raises(RefusedError) as caught:
        one_address(written, invalid="no-address")
    assert caught.value.message_id == "no-address"


def test_all_addresses_of_a_message_are_found_in_order() -> None:
    message = f"First {POST}, then (https://wiki.example/Ink_(stamp)) and ||https://spoiler.example/x||!"
    assert addresses_in(message) == [POST, "https://wiki.example/Ink_(stamp)", "https://spoiler.example/x"]
    assert addresses_in("www.paper.example/p.") == ["https://www.paper.example/p"]
    assert addresses_in("no link, only Node.js and https://") == []


def test_a_long_text_is_read_in_no_time_worth_naming() -> None:
    for text in ("https://a" * 500, "(" * 4000, "https://a.example/" + ")" * 1900, "www." * 900, "feed:" * 800):
        assert isinstance(addresses_in(text), list)
