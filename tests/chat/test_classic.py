"""Announcements without components."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.chat.classic import announcement_embed, plain_announcement, poll_buttons
from bot.chat.marks import marked_url, reference
from bot.model.guild import Guild
from bot.model.poll import Poll, PollOption
from bot.ports import Announcement
from tests.doubles import sample_issue

KEY = "b" * 52


def announcement(*, ping_role_id: int | None = None, **changes: Any) -> Announcement:
    return Announcement(
        issue=sample_issue(1, **changes), issue_key="a" * 26, guild=Guild(1, "S"), ping_role_id=ping_role_id
    )


def test_the_plain_form_is_title_and_link() -> None:
    assert plain_announcement(announcement(), delivery_key=KEY) == (
        f"**Issue number 1**\nhttps://news.example/1#pressroom-{KEY[:25]}"
    )


def test_without_a_link_a_small_line_carries_the_mark() -> None:
    text = plain_announcement(announcement(url=None, title="@everyone **bold**"), delivery_key=KEY)
    assert text.endswith(reference(KEY))
    assert "@everyone" not in text


def test_the_role_is_named_in_the_text_because_embeds_never_ping() -> None:
    assert plain_announcement(announcement(ping_role_id=5), delivery_key=KEY).startswith("<@&5>\n")
    message = announcement_embed(announcement(ping_role_id=5), language="en", delivery_key=KEY)
    assert message["content"] == "<@&5>"


def test_an_embed_holds_what_a_card_holds() -> None:
    message = announcement_embed(announcement(), language="en", delivery_key=KEY)
    embed = message["embed"].to_dict()
    assert embed["title"] == "Issue number 1"
    assert embed["description"] == "- Paper\n- Ink"
    assert embed["author"]["name"] == "by Ada Printer"
    assert embed["image"]["url"] == "https://news.example/1.png"
    assert embed["footer"]["text"] == "3 links"
    assert message["content"] == ""


def test_an_embed_stays_within_discords_limits() -> None:
    long = announcement(title="t" * 5000, topics=tuple("x" * 900 for _ in range(50)), authors=("a" * 900,) * 9)
    embed = announcement_embed(long, language="en", delivery_key=KEY)["embed"]
    assert len(embed) <= 6000
    assert len(embed.title) <= 256
    assert len(embed.description) <= 4096
    assert len(embed.author.name) <= 256


def test_what_was_taken_back_is_struck_through_and_asks_nothing_more() -> None:
    now = datetime(2026, 3, 1, tzinfo=UTC)
    poll = Poll("p" * 26, 1, "How was it?", (PollOption(0, "Good"), PollOption(1, "Bad")), now, now + timedelta(days=7))
    assert poll_buttons(replace(announcement(), poll=poll)) is not None
    withdrawn = replace(announcement(is_withdrawn=True), poll=poll)
    assert plain_announcement(withdrawn, delivery_key=KEY).startswith("~~**Issue number 1**~~\n")
    embed = announcement_embed(withdrawn, language="en", delivery_key=KEY)["embed"]
    assert embed.title == "~~Issue number 1~~"
    assert "withdrew this issue" in embed.description
    assert poll_buttons(withdrawn) is None


@pytest.mark.parametrize(
    ("url", "marked"),
    [
        ("https://news.example/1", f"https://news.example/1#pressroom-{KEY[:25]}"),
        ("https://news.example/1?a=b#top", f"https://news.example/1?a=b#top&pressroom-{KEY[:25]}"),
        ("javascript:alert(1)", None),
        (None, None),
    ],
)
def test_the_mark_stands_at_the_end_of_the_link(url: str | None, marked: str | None) -> None:
    assert marked_url(url, delivery_key=KEY) == marked


def test_answers_whose_buttons_do_not_hold_them_stand_whole_beside_their_numbers() -> None:
    now = datetime(2026, 11, 9, tzinfo=UTC)
    begin = "Everything that a button has no room for, and then "
    options = tuple(PollOption(place, f"{begin}{end}") for place, end in enumerate(("this", "that")))
    poll = Poll("a" * 26, 1, "Which?", options, opened_at=now, closes_at=now + timedelta(days=1), issue_key="b" * 26)
    shown = replace(announcement(), poll=poll)
    buttons = poll_buttons(shown)
    assert buttons is not None
    first, second = (getattr(button, "label", "") for button in buttons.children)
    assert (first[:3], second[:3]) == ("1. ", "2. ")
    described = announcement_embed(shown, language="en", delivery_key=KEY)["embed"].description
    assert f"1\\. {begin}this\n2\\. {begin}that" in described
