"""Files as a source: what counts as an issue, what is left alone, and whose files may be read."""

import asyncio
import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.errors import UnreadableError
from bot.fetch import Fetcher
from bot.model.guild import Source, folder_address, said_address
from bot.ports import Reading, Unchanged
from bot.sources.beehiiv import BeehiivSource
from bot.sources.feed import FeedSource
from bot.sources.folder import FolderSource
from tests.doubles import MovedClock

SERVER = 7001
NOW = datetime(2026, 11, 9, 12, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=1)
ISSUE = "# Issue {n}\n\n### Things\n\n- [A thing](https://things.example/{n}) - worth it\n"
RSS = (
    '<?xml version="1.0"?><rss version="2.0"><channel><title>Two</title>'
    "<item><title>One</title><guid>g1</guid><description>&lt;p&gt;Text one&lt;/p&gt;</description></item>"
    "<item><title>Two</title><guid>g2</guid><description>&lt;p&gt;Text two&lt;/p&gt;</description></item>"
    "</channel></rss>"
)


class Files:
    """A server's folder called `notes`, and the reader."""

    def __init__(self, root: Path, reader: FolderSource, clock: MovedClock) -> None:
        self.root = root
        self.reader = reader
        self.clock = clock
        self.folder = root / str(SERVER) / "notes"
        self.folder.mkdir(parents=True)

    def write(self, name: str, text: str, *, at: datetime = LONG_AGO) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        os.utime(path, (at.timestamp(), at.timestamp()))
        return path

    async def read(
        self, *, name: str = "notes", etag: str | None = None, first_read_at: datetime | None = LONG_AGO
    ) -> Reading | Unchanged:
        address = folder_address(f"folder:{name}", SERVER)
        assert address is not None
        source = Source(source_id=1, url=address, url_key="", etag=etag, first_read_at=first_read_at)
        return await self.reader.read(source, credentials=None)


@pytest.fixture
async def files(tmp_path: Path) -> AsyncIterator[Files]:
    clock = MovedClock(NOW)
    async with Fetcher(timeout_seconds=5, max_bytes=10_000, allow_private_addresses=True) as fetcher:
        feeds = FeedSource(fetcher, pause_seconds=0)
        others = BeehiivSource(feeds, clock=clock)
        root = tmp_path / "newsletters"
        yield Files(root, FolderSource(others, feeds, root=root, max_bytes=10_000, clock=clock), clock)


def titles(reading: Reading | Unchanged) -> set[str]:
    assert isinstance(reading, Reading)
    return {issue.title for issue in reading.issues}


async def test_each_file_is_an_issue_and_a_feed_among_them_as_many_as_it_holds(files: Files) -> None:
    files.write("1.md", ISSUE.format(n=1))
    files.write("2026/2.html", "<h1>Issue 2</h1><p><a href='https://things.example/2'>A thing</a></p>")
    files.write("both.xml", RSS)
    files.write("cover.png", "no issue")
    reading = await files.read()
    assert titles(reading) == {"Issue 1", "Issue 2", "One", "Two"}
    assert isinstance(reading, Reading)
    assert (reading.title, reading.is_whole, reading.problem) == ("notes", True, None)


async def test_a_file_that_is_corrected_stays_the_same_issue(files: Files) -> None:
    files.write("1.md", ISSUE.format(n=1))
    first = await files.read()
    files.write("1.md", ISSUE.format(n=1).replace("Issue 1", "Issue one").replace("A thing", "Something"))
    second = await files.read()
    assert isinstance(first, Reading)
    assert isinstance(second, Reading)
    assert first.issues[0].identities[0] == second.issues[0].identities[0]
    assert first.issues[0].identities[1] != second.issues[0].identities[1]


async def test_a_file_that_stands_alone_holds_one_issue_after_the_other(files: Files) -> None:
    path = files.write("latest.md", ISSUE.format(n=1))
    path = path.rename(files.folder.parent / "latest.md")
    first = await files.read(name="latest.md")
    path.write_text(ISSUE.format(n=2), encoding="utf-8")
    os.utime(path, (LONG_AGO.timestamp() + 1, LONG_AGO.timestamp() + 1))
    second = await files.read(name="latest.md")
    assert isinstance(first, Reading)
    assert isinstance(second, Reading)
    assert titles(second) == {"Issue 2"}
    assert not set(first.issues[0].identities) & set(second.issues[0].identities)


async def test_what_did_not_change_is_not_read_again(files: Files) -> None:
    path = files.write("1.md", ISSUE.format(n=1))
    first = await files.read()
    assert isinstance(first, Reading)
    assert await files.read(etag=first.etag) == Unchanged()
    os.utime(path, (NOW.timestamp() - 60, NOW.timestamp() - 60))
    assert titles(await files.read(etag=first.etag)) == {"Issue 1"}


async def test_a_file_that_may_still_be_written_waits_and_nothing_counts_as_missing_meanwhile(files: Files) -> None:
    files.write("1.md", ISSUE.format(n=1))
    files.write("2.md", "# Issue 2, half of", at=NOW - timedelta(seconds=1))
    reading = await files.read()
    assert titles(reading) == {"Issue 1"}
    assert isinstance(reading, Reading)
    assert not reading.is_whole
    files.clock.move(timedelta(seconds=10))
    assert len(titles(await files.read(etag=reading.etag))) == 2


async def test_a_first_reading_waits_until_all_is_written(files: Files) -> None:
    files.write("1.md", ISSUE.format(n=1))
    files.write("2.md", ISSUE.format(n=2), at=NOW - timedelta(seconds=1))
    with pytest.raises(UnreadableError, match="folder-writing"):
        await files.read(first_read_at=None)
    files.clock.move(timedelta(seconds=10))
    assert len(titles(await files.read(first_read_at=None))) == 2


async def test_a_file_whose_clock_was_ahead_is_read_at_once(files: Files) -> None:
    files.write("old.md", ISSUE.format(n=1))
    files.write("skewed.md", ISSUE.format(n=2), at=NOW + timedelta(days=400))
    reading = await files.read(first_read_at=None)
    assert isinstance(reading, Reading)
    assert len(reading.issues) == 2


async def test_drafts_hidden_files_and_what_is_dated_in_the_future_are_no_issues_yet(files: Files) -> None:
    files.write("1.md", ISSUE.format(n=1))
    files.write("2.md", "---\ntitle: Two\ndraft: true\n---\n" + ISSUE.format(n=2))
    files.write("3.md", "---\ntitle: Three\npublished: false\n---\n" + ISSUE.format(n=3))
    files.write("_4.md", ISSUE.format(n=4))
    files.write(".git/5.md", ISSUE.format(n=5))
    files.write("6.md", "---\ntitle: Six\ndate: 2026-11-09T12:30:00Z\n---\n" + ISSUE.format(n=6))
    reading = await files.read()
    assert titles(reading) == {"Issue 1"}
    assert isinstance(reading, Reading)
    assert reading.problem is None
    files.clock.move(timedelta(hours=1))
    assert titles(await files.read(etag=reading.etag)) == {"Issue 1", "Six"}


async def test_a_file_that_cannot_be_understood_is_told_and_hides_no_other(files: Files) -> None:
    files.write("1.md", ISSUE.format(n=1))
    files.write("2.md", "")
    files.write("3.md", "x" * 20_000)
    reading = await files.read()
    assert titles(reading) == {"Issue 1"}
    assert isinstance(reading, Reading)
    assert not reading.is_whole
    assert reading.problem is not None
    assert reading.problem.said() == "I skipped 2 files. The first is `2.md`: It is empty."


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("elsewhere", "folder-missing"),
        (".hidden", "folder-missing"),
        ("..", "folder-missing"),
        ("bare", "folder-empty"),
    ],
)
async def test_what_is_not_there_is_said(files: Files, name: str, what: str) -> None:
    (files.root / str(SERVER) / "bare").mkdir()
    (files.root / str(SERVER) / ".hidden").mkdir()
    with pytest.raises(UnreadableError) as caught:
        await files.reader.read(Source(source_id=1, url=f"folder:{SERVER}/{name}", url_key=""), credentials=None)
    assert caught.value.message_id == what


async def test_a_name_that_is_no_utf_8_can_be_kept(files: Files) -> None:
    path = os.fsencode(files.folder) + b"/caf\xe9.md"
    Path(os.fsdecode(path)).write_text(ISSUE.format(n=1), encoding="utf-8")
    os.utime(path, (LONG_AGO.timestamp(), LONG_AGO.timestamp()))
    reading = await files.read()
    assert isinstance(reading, Reading)
    assert next(each.encode() for each in reading.issues[0].identities) == b"file:caf?.md"


async def test_a_link_that_leads_out_of_the_folder_is_not_followed(files: Files, tmp_path: Path) -> None:
    secret = tmp_path / "secret.md"
    secret.write_text("# The operator's secret", encoding="utf-8")
    files.write("1.md", ISSUE.format(n=1))
    (files.folder / "2.md").symlink_to(secret)
    assert titles(await files.read()) == {"Issue 1"}


@pytest.mark.parametrize(
    "given",
    ["folder:../7002/notes", "folder:7002/notes", "folder:/etc", "folder:", "folder:.ssh", "folder:a\\b", "notes"],
)
def test_no_address_leads_to_another_server_or_out_of_the_place(given: str) -> None:
    assert folder_address(given, SERVER) is None


def test_an_address_belongs_to_the_server_that_gave_it() -> None:
    assert folder_address(" folder:field notes ", 7001) == "folder:7001/field notes"
    assert folder_address("file:latest.md", 7002) == "folder:7002/latest.md"
    assert said_address("folder:7001/field notes") == "folder:field notes"
    assert said_address("https://news.example/folder:7001/a") == "https://news.example/folder:7001/a"


async def test_a_server_is_offered_what_lies_in_its_own_place(files: Files) -> None:
    files.write("1.md", ISSUE.format(n=1))
    (files.root / str(SERVER) / "latest.md").write_text("# One", encoding="utf-8")
    (files.root / str(SERVER) / "cover.png").write_text("", encoding="utf-8")
    (files.root / str(SERVER) / "_drafts").mkdir()
    assert await files.reader.addresses_for(SERVER) == ["folder:latest.md", "folder:notes"]
    assert await files.reader.addresses_for(SERVER + 1) == []


async def test_without_a_place_for_them_no_files_are_read(files: Files) -> None:
    closed = FolderSource(
        files.reader,
        FeedSource(Fetcher(timeout_seconds=1, max_bytes=1, allow_private_addresses=False)),
        root=None,
        max_bytes=1,
        clock=files.clock,
    )
    assert await closed.addresses_for(SERVER) == []
    with pytest.raises(UnreadableError, match="folder-closed"):
        await closed.read(Source(source_id=1, url=f"folder:{SERVER}/notes", url_key=""), credentials=None)


async def test_many_files_are_read_without_holding_up_anything_else(files: Files) -> None:
    for number in range(300):
        files.write(f"{number}.md", ISSUE.format(n=number))
    reading = asyncio.create_task(files.read())
    turns = 0
    while not reading.done():
        await asyncio.sleep(0)
        turns += 1
    assert len(titles(reading.result())) == 300
    assert turns > 300
