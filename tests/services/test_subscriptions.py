"""Which newsletters a server reads: what is understood of an address, and what is refused."""

import pytest

from bot.errors import RefusedError, UnreadableError
from bot.services.subscriptions import split_credentials
from tests.doubles import sample_issue
from tests.services.conftest import CHANNEL, GUILD, Desk


async def test_other_credentials_make_another_source(desk: Desk) -> None:
    await desk.subscribe(url="https://a:one@news.example/feed")
    await desk.subscribe(guild_id=GUILD + 1, url="https://b:two@news.example/feed")
    await desk.subscribe(guild_id=GUILD + 2)
    desk.shelf.credentials.clear()
    await desk.services.sources.read_due()
    assert sorted(map(str, desk.shelf.credentials)) == ["None", "a:one", "b:two"]
    assert len(await desk.services.issues.search_titles(GUILD, "")) == 1
    assert len(await desk.services.issues.search_titles(GUILD + 1, "")) == 1


def test_an_address_as_people_write_it_is_understood() -> None:
    assert split_credentials(" news.example/feed ") == ("https://news.example/feed", None)
    assert split_credentials("news.example:8080") == ("https://news.example:8080", None)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "news",
        "news..example/feed",
        "javascript:alert(1)",
        "file:///etc/passwd",
        "https://",
        "https://x:y/",
        "https://[::1",
        "https://news.example/" + "a" * 2000,
    ],
)
def test_what_is_no_web_address_is_refused_with_a_sentence(address: str) -> None:
    with pytest.raises(RefusedError) as caught:
        split_credentials(address)
    assert caught.value.message_id == "address-invalid"


async def test_the_address_of_a_site_is_enough_where_its_feed_can_be_found(desk: Desk) -> None:
    desk.shelf.lay_out(sample_issue(1))
    desk.shelf.pages = {"https://paper.example/", "https://paper.example/old"}
    desk.shelf.feeds = ["https://paper.example/old", "https://paper.example/feed"]
    await desk.subscribe(url="paper.example/")
    [source] = (await desk.services.guilds.status(GUILD)).sources
    assert source.url == "https://paper.example/feed"


async def test_a_page_without_a_feed_stores_nothing(desk: Desk) -> None:
    desk.shelf.pages = {"https://paper.example/", "https://paper.example/feed"}
    desk.shelf.feeds = ["https://paper.example/feed"]
    with pytest.raises(UnreadableError, match="unreadable-no-feed"):
        await desk.subscribe(url="https://paper.example/")
    assert (await desk.services.guilds.status(GUILD)).sources == ()


async def test_credentials_are_not_taken_to_another_site(desk: Desk) -> None:
    desk.shelf.pages = {"https://paper.example/"}
    desk.shelf.feeds = ["https://elsewhere.example/feed", "https://paper.example/feed"]
    await desk.subscribe(url="https://reader:secret@paper.example/")
    [source] = (await desk.services.guilds.status(GUILD)).sources
    assert source.url == "https://paper.example/feed"
    assert "https://elsewhere.example/feed" not in [asked.url for asked in desk.shelf.asked]


async def test_a_server_reads_so_many_newsletters_and_no_more(desk: Desk) -> None:
    for number in range(20):
        await desk.subscribe(url=f"https://news.example/{number}")
    with pytest.raises(RefusedError, match="setup-too-many-sources count=20"):
        await desk.subscribe(url="https://news.example/20")
    await desk.subscribe(url="https://news.example/3", channel_id=CHANNEL + 1)
    await desk.subscribe(guild_id=GUILD + 1, url="https://news.example/20")
