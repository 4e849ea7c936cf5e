"""A server's folder of newsletters is all that its administrators can read, whatever links lie in it."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.errors import UnreadableError
from bot.fetch import Fetcher
from bot.model.guild import Source, folder_address
from bot.ports import Reading
from bot.sources.feed import FeedSource
from bot.sources.folder import FolderSource
from tests.doubles import MovedClock

OURS, NEIGHBOUR = 7001, 7002


@pytest.fixture
async def reader(tmp_path: Path) -> AsyncIterator[FolderSource]:
    later = MovedClock(datetime.now(UTC) + timedelta(days=1))  # all files are whole by then
    for place in (str(OURS), f"{NEIGHBOUR}/notes"):
        (tmp_path / place).mkdir(parents=True)
    (tmp_path / f"{NEIGHBOUR}/notes/1.md").write_text("# The neighbour's\n\nWords.\n", encoding="utf-8")
    (tmp_path / "outside.md").write_text("# The operator's\n\nWords.\n", encoding="utf-8")
    async with Fetcher(timeout_seconds=5, max_bytes=10_000, allow_private_addresses=False) as fetcher:
        feeds = FeedSource(fetcher)
        yield FolderSource(feeds, feeds, root=tmp_path, max_bytes=10_000, clock=later)


def source(name: str) -> Source:
    address = folder_address(f"folder:{name}", OURS)
    assert address is not None
    return Source(source_id=1, url=address, url_key="")


@pytest.mark.parametrize(
    "target", ["../7002", "../7002/notes", "../7002/notes/1.md", "../outside.md", "..", ".", "../..", "link.md", "/"]
)
async def test_a_name_that_leads_out_of_the_folder_is_not_there(
    reader: FolderSource, tmp_path: Path, target: str
) -> None:
    for name in ("link", "link.md"):
        (tmp_path / str(OURS) / name).symlink_to(target)
        with pytest.raises(UnreadableError, match="folder-missing"):
            await reader.read(source(name), credentials=None)
    assert await reader.addresses_for(OURS) == []


async def test_a_name_that_leads_to_another_place_in_the_folder_is_read(reader: FolderSource, tmp_path: Path) -> None:
    (tmp_path / str(OURS) / "2026").mkdir()
    (tmp_path / str(OURS) / "2026/1.md").write_text("# Ours\n\nWords.\n", encoding="utf-8")
    (tmp_path / str(OURS) / "latest").symlink_to("2026")
    reading = await reader.read(source("latest"), credentials=None)
    assert isinstance(reading, Reading)
    assert [issue.title for issue in reading.issues] == ["Ours"]
    assert await reader.addresses_for(OURS) == ["folder:2026", "folder:latest"]


async def test_a_server_whose_whole_folder_lies_elsewhere_reads_it(reader: FolderSource, tmp_path: Path) -> None:
    (tmp_path / str(OURS)).rmdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/1.md").write_text("# Ours\n\nWords.\n", encoding="utf-8")
    (tmp_path / str(OURS)).symlink_to("elsewhere")  # by the operator, who alone can
    reading = await reader.read(source("1.md"), credentials=None)
    assert isinstance(reading, Reading)
