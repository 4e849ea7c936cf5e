"""The follower of opaque links: it asks trackers only, and stops where they lead out."""

import asyncio

import pytest

from bot.errors import FetchError
from bot.fetch import Fetcher
from bot.sources.following import MOST_HOPS, HttpLinkFollower


class Hops(Fetcher):
    """A web in which every address leads where the test says."""

    def __init__(self, leads: dict[str, str | None]) -> None:
        super().__init__(timeout_seconds=1, max_bytes=1, allow_private_addresses=False)
        self.leads = leads
        self.asked: list[tuple[str, float]] = []

    async def hop(self, url: str) -> str | None:
        self.asked.append((url, asyncio.get_running_loop().time()))
        return self.leads[url]


async def test_it_asks_tracker_after_tracker_and_never_the_page_behind() -> None:
    hops = Hops(
        {
            "https://t.co/aaa": "https://bit.ly/bbb?utm_source=x",
            "https://bit.ly/bbb": "https://www.google.com/url?q=https%3A%2F%2Fpaper.example%2F%3Femail%3Dme%2540mail.example",
        }
    )
    assert await HttpLinkFollower(hops, pause_seconds=0).follow("https://t.co/aaa") == "https://paper.example/"
    assert [url for url, _ in hops.asked] == ["https://t.co/aaa", "https://bit.ly/bbb"]


async def test_what_leads_to_an_action_is_told_and_not_touched() -> None:
    hops = Hops({"https://t.co/aaa": "https://lists.example/unsubscribe?token=secret"})
    assert (
        await HttpLinkFollower(hops, pause_seconds=0).follow("https://t.co/aaa") == "https://lists.example/unsubscribe"
    )
    assert [url for url, _ in hops.asked] == ["https://t.co/aaa"]


async def test_a_mail_address_or_nothing_behind_it_is_no_destination() -> None:
    hops = Hops({"https://t.co/aaa": "mailto:me@mail.example", "https://t.co/bbb": None})
    follower = HttpLinkFollower(hops, pause_seconds=0)
    assert await follower.follow("https://t.co/aaa") is None
    assert await follower.follow("https://t.co/bbb") is None


async def test_a_circle_has_an_end() -> None:
    hops = Hops({"https://t.co/aaa": "https://t.co/bbb", "https://t.co/bbb": "https://t.co/aaa"})
    with pytest.raises(FetchError, match="fetch-circles"):
        await HttpLinkFollower(hops, pause_seconds=0).follow("https://t.co/aaa")
    assert len(hops.asked) == MOST_HOPS


async def test_one_tracker_is_asked_one_thing_after_the_other() -> None:
    names = [f"https://t.co/{name}" for name in ("one", "two", "three")]
    hops = Hops(dict.fromkeys(names, "https://paper.example/"))
    follower = HttpLinkFollower(hops, pause_seconds=0.05)
    await asyncio.gather(*(follower.follow(name) for name in names))
    moments = sorted(moment for _, moment in hops.asked)
    assert moments[2] - moments[0] >= 0.09
