"""Dates are read however a source writes them, in six languages, and from the title or the name of a file."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.newsletter import read_newsletter
from bot.newsletter.dates import day_of_file, find_day, moment_of

MORNING = datetime(2026, 3, 4, 8, 30, tzinfo=UTC)


def in_feed(date: str) -> datetime | None:
    text = (
        f"<rss version='2.0'><channel><title>W</title><item><title>T</title><guid>1</guid><pubDate>{date}</pubDate>"
        "<description>Some words.</description></item></channel></rss>"
    )
    return read_newsletter(text.encode(), source="x.xml")[0].published_at


@pytest.mark.parametrize(
    "date",
    [
        "Wed, 04 Mar 2026 08:30:00 GMT",
        "wed, 04 mar 2026 08:30:00 gmt",
        "Fri, 04 Mar 2026 09:30:00 +0100",
        "Mi, 04 Mrz 2026 09:30:00 +0100",
        "Mi., 4. März 2026 09:30 MEZ",
        "Mittwoch, den 4. März 2026, 08:30 Uhr",
        "mer., 04 mars 2026 08:30:00 +0000",
        "mercredi 4 mars 2026 à 08h30",
        "mié, 04 mar 2026 08:30:00 GMT",
        "miércoles, 4 de marzo de 2026 08:30",
        "qua, 04 mar 2026 05:30:00 -0300",
        "quarta-feira, 4 de março de 2026 08:30",
        "mercoledì 4 marzo 2026 08:30",
        "March 4, 2026 8:30 AM",
        "Wed,04 Mar 2026 14:00 +0530",
        "2026-03-04T08:30:00Z",
        "2026-03-04 09:30:00 +0100",
        "2026/03/04 08:30",
        "4.3.2026 08:30",
        "1772613000",
        "1772613000000",
        "Wed, 04 Mar 2026 03:30:00 EST",
        "2026年3月4日 08:30",
        "Mi, 04 Mär 26 09:30:00 +0100",
        "Mittwoch, 4. März 2026 - 08:30",
    ],
)
def test_a_feed_s_date_is_read(date: str) -> None:
    assert in_feed(date) == MORNING


@pytest.mark.parametrize(
    ("word", "month"),
    [
        ("Mai", 5), ("Okt", 10), ("Dez.", 12), ("févr.", 2), ("août", 8), ("juil.", 7), ("juin", 6), ("déc", 12),
        ("enero", 1), ("ene", 1), ("ago", 8), ("dic", 12), ("fev", 2), ("set", 9), ("out", 10), ("dezembro", 12),
        ("gen", 1), ("mag", 5), ("giu", 6), ("lug", 7), ("ott", 10), ("Sept", 9), ("jänner", 1), ("ABR", 4),
    ],
)  # fmt: skip
def test_months_of_six_languages_are_known(word: str, month: int) -> None:
    assert moment_of(f"xy, 02 {word} 2026 08:00:00 GMT") == datetime(2026, month, 2, 8, tzinfo=UTC)


@pytest.mark.parametrize("date", ["02/11/2026", "4 jui 2026", "31 Feb 2026", "soon", "12345", "", "2 Monat 2026"])
def test_what_is_no_date_or_two_is_none(date: str) -> None:
    assert moment_of(date) is None


def test_a_number_in_json_feed_is_a_unix_time() -> None:
    text = '{"version": "https://jsonfeed.org/version/1", "items": [{"id": 1, "date_published": 1772613000}]}'
    assert read_newsletter(text.encode(), source="x.json")[0].published_at == MORNING


@pytest.mark.parametrize(
    ("name", "title", "day"),
    [
        ("2026-03-04-loaves.md", "Loaves", 4),
        ("issue.2026.03.05.md", "Loaves", 5),
        ("loaves_2026-03-06.html", "Remembering 11 September 2001", 6),
        ("2026-03-06.md", "Oven 2025.1.1 is out", 6),
        ("12-2026-03-04.md", "Loaves", 4),
        ("loaves_2026_03_04.md", "Loaves", 4),
        ("loaves.md", "Loaves, 2026.03.07 edition", 7),
        ("loaves.md", "Brief vom 8. März 2026", 8),
        ("loaves.md", "Carta del 9 de marzo de 2026", 9),
    ],
)
def test_a_file_is_of_the_day_in_its_name_or_title(name: str, title: str, day: int) -> None:
    text = f"# {title}\n\n[A loaf](https://a.example/1)\n" if name.endswith("md") else f"<h1>{title}</h1><p>Bread.</p>"
    assert read_newsletter(text.encode(), source=name)[0].published_at == datetime(2026, 3, day, tzinfo=UTC)


def test_an_item_of_a_feed_is_of_no_day_in_its_title() -> None:
    assert in_feed("") is None
    text = "<rss version='2.0'><channel><item><title>Since 2024-01-01</title><guid>1</guid></item></channel></rss>"
    assert read_newsletter(text.encode(), source="2026-01-01.xml")[0].published_at is None


@given(st.text(max_size=120))
def test_any_text_gives_a_moment_or_none(text: str) -> None:
    moment_of(text)
    find_day("20" + text)
    day_of_file("20" + text)


@given(st.datetimes(MORNING.replace(year=1971, tzinfo=None), MORNING.replace(year=2200, tzinfo=None)))
def test_a_moment_that_is_written_is_read_back(moment: datetime) -> None:
    moment = moment.replace(microsecond=0, tzinfo=UTC)
    assert moment_of(moment.isoformat()) == moment_of(moment.strftime("%a, %d %b %Y %H:%M:%S GMT")) == moment
    assert moment_of(str(int(moment.timestamp()))) in {moment, None}
