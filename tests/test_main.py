"""The command line as an operator meets it: sentences and exit codes."""

import asyncio
import contextlib
import csv
import io
import json
import os
import re
import shlex
import signal
import sqlite3
import sys
from pathlib import Path

import pytest
from sqlalchemy import select, update

from bot.clock import SystemClock
from bot.model.member import Act, Actor
from bot.services import Credits, Guilds, Submissions
from bot.store import Store
from bot.store import floods as flood_rows
from bot.store import guilds as guild_rows
from bot.store import outbox as outbox_rows
from bot.store import sources as source_rows
from bot.store.secret_box import SecretBox
from bot.store.tables import issues, sources
from bot.store.upgrade import upgrade
from sandbox import Limits, Sandbox
from tests.forked import start
from tests.services.conftest import ADMIN

ROOT = Path(__file__).parents[1]
ISSUE = """# On paper

### Two things about paper

## Tools

- Folder - folds paper by itself. ([link](https://folder.example/?utm_source=us))
- [Cutter](https://cutter.example/)
"""
FEED = """<?xml version="1.0"?><rss version="2.0"><channel><title>Paper</title><link>https://paper.example</link>
<item><title>One</title><guid>1</guid><link>https://paper.example/1</link><description>a</description></item>
<item><title>Two</title><guid>2</guid><link>https://paper.example/2</link><description>b</description></item>
</channel></rss>"""


async def bot(*arguments: str, folder: Path, **environment: str) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of `python -m bot …` run in an empty folder."""
    out, err = folder.parent / f"{folder.name}.out", folder.parent / f"{folder.name}.err"
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **environment}
    process = start("bot", *arguments, cwd=folder, environment=environment, out=out, err=err)
    async with asyncio.timeout(30):
        code = await process.wait()
    return code, out.read_text(encoding="utf-8"), err.read_text(encoding="utf-8")


async def test_without_a_token_the_bot_says_what_is_missing(tmp_path: Path) -> None:
    code, _, told = await bot("run", folder=tmp_path)
    assert code == 78
    assert "DISCORD_TOKEN: is missing" in told
    assert "Traceback" not in told


async def test_the_token_is_read_from_a_file_beside_the_bot(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("DISCORD_TOKEN=nonsense\n", encoding="utf-8")
    code, _, told = await bot("run", folder=tmp_path)
    assert code == 78
    assert "does not look like a bot token" in told
    assert "nonsense" not in told


async def test_a_wrong_token_is_told_and_never_printed(tmp_path: Path) -> None:
    async with Sandbox(limits=Limits.off()) as sandbox:
        code, _, told = await bot(
            "run", folder=tmp_path, DISCORD_TOKEN="MTIz.wrong.hunter2", DISCORD_API_URL=sandbox.api_url
        )
    assert code == 69
    assert "Discord refused the token (DISCORD_TOKEN)" in told
    assert "hunter2" not in told
    assert "Traceback" not in told


async def test_an_unreachable_discord_is_told(tmp_path: Path) -> None:
    code, _, told = await bot(
        "run", folder=tmp_path, DISCORD_TOKEN="MTIz.any.token", DISCORD_API_URL="http://127.0.0.1:9/api/v10"
    )
    assert code == 69
    assert "Discord cannot be reached" in told
    assert "Traceback" not in told


async def test_a_second_process_on_the_same_database_is_refused(tmp_path: Path) -> None:
    async with await Store.open(f"sqlite:///{tmp_path}/data/pressroom.db", exclusive=True):
        code, _, told = await bot("run", folder=tmp_path, DISCORD_TOKEN="MTIz.any.token")
    assert code == 69
    assert "Another Pressroom is running" in told


async def test_a_database_from_the_future_is_refused(tmp_path: Path) -> None:
    await upgrade(f"sqlite:///{tmp_path}/data/pressroom.db")
    connection = sqlite3.connect(tmp_path / "data/pressroom.db")
    with connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    for command in ("run", "migrate"):
        code, _, told = await bot(command, folder=tmp_path, DISCORD_TOKEN="MTIz.any.token")
        assert code == 69
        assert "newer Pressroom" in told
        assert "Traceback" not in told


async def test_a_locked_database_is_told_after_a_while(tmp_path: Path) -> None:
    await upgrade(f"sqlite:///{tmp_path}/data/pressroom.db")
    other = sqlite3.connect(tmp_path / "data/pressroom.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    code, _, told = await bot("run", folder=tmp_path, DISCORD_TOKEN="MTIz.any.token")
    other.close()
    assert code == 69
    assert "locked by another program" in told
    assert "Traceback" not in told


async def test_a_database_path_that_is_no_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("in the way", encoding="utf-8")
    code, _, told = await bot("run", folder=tmp_path, DISCORD_TOKEN="MTIz.any.token")
    assert code == 69
    assert "cannot be opened" in told


async def test_a_database_where_nothing_can_be_written_is_told(tmp_path: Path) -> None:
    # Not even root may write there.
    read_only = next(folder for folder in ("/proc", "/System") if Path(folder).is_dir())
    for command in ("run", "migrate"):
        code, _, told = await bot(
            command,
            folder=tmp_path,
            DISCORD_TOKEN="MTIz.any.token",
            DATABASE_URL=f"sqlite:///{read_only}/pressroom.db",
        )
        assert code == 69
        assert "cannot be" in told
        assert "Traceback" not in told


async def test_interrupted_while_discord_does_not_answer_the_bot_stops(tmp_path: Path) -> None:
    silent, ended = asyncio.Event(), asyncio.Event()

    async def accept(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        silent.set()
        await ended.wait()
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bot",
        "run",
        cwd=tmp_path,
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "DISCORD_TOKEN": "MTIz.any.token",
            "DISCORD_API_URL": f"http://127.0.0.1:{port}/api/v10",
        },
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(60):
        await silent.wait()
        process.send_signal(signal.SIGTERM)
        _, told = await process.communicate()
    ended.set()
    server.close()
    await server.wait_closed()
    assert process.returncode == 0
    assert b"Traceback" not in told


async def test_migrate_says_whether_there_was_something_to_do(tmp_path: Path) -> None:
    assert (await bot("migrate", folder=tmp_path))[:2] == (0, "The database is up to date now.\n")
    assert (await bot("migrate", folder=tmp_path))[:2] == (0, "The database was up to date already.\n")


async def test_invite_prints_the_address_with_just_the_permissions_needed(tmp_path: Path) -> None:
    async with Sandbox(limits=Limits.off()) as sandbox:
        code, out, _ = await bot(
            "invite", folder=tmp_path, DISCORD_TOKEN=sandbox.token, DISCORD_API_URL=sandbox.api_url
        )
        application_id = sandbox.application_id
    assert code == 0
    assert f"client_id={application_id}" in out
    assert "applications.commands" in out
    assert "permissions=34359823360" in out


async def test_check_finds_everything_as_it_should_be(tmp_path: Path) -> None:
    async with Sandbox(limits=Limits.off()) as sandbox:
        environment = {"DISCORD_TOKEN": sandbox.token, "DISCORD_API_URL": sandbox.api_url}
        code, told, _ = await bot("check", folder=tmp_path, **environment)
        assert code == 0
        assert "is not there yet" in told
        await bot("migrate", folder=tmp_path)
        code, told, err = await bot("check", folder=tmp_path, **environment)
    assert (code, err) == (0, "")
    assert "FAIL" not in told
    assert "warn" not in told
    assert "takes writes" in told
    assert "sound" in told
    assert "Pressbot" in told
    assert "1000 of 1000 sessions" in told


async def test_check_counts_what_waits_for_a_decision_and_fails_not_for_it(tmp_path: Path) -> None:
    await bot("migrate", folder=tmp_path)
    async with await Store.open(f"sqlite:///{tmp_path}/data/pressroom.db") as store, store.write() as transaction:
        source = await source_rows.add_plain_source(transaction, "https://news.example/feed")
        await flood_rows.add(
            transaction,
            flood_key="a" * 26,
            guild_id=7001,
            source_id=source.source_id,
            issue_keys=["b" * 26],
            listed=1,
        )
    async with Sandbox(limits=Limits.off()) as sandbox:
        environment = {"DISCORD_TOKEN": sandbox.token, "DISCORD_API_URL": sandbox.api_url}
        code, told, _ = await bot("check", folder=tmp_path, **environment)
    assert code == 0
    assert "warn Once most of a newsletter looked new" in told


async def test_check_warns_of_what_is_open_to_others(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("ALLOW_PRIVATE_ADDRESSES=true\n", encoding="utf-8")
    (tmp_path / ".env").chmod(0o644)
    async with Sandbox(limits=Limits.off()) as sandbox:
        environment = {"DISCORD_TOKEN": sandbox.token, "DISCORD_API_URL": sandbox.api_url}
        code, told, _ = await bot("check", folder=tmp_path, HEALTH_HOST="0.0.0.0", HEALTH_PORT="8080", **environment)
    assert code == 0
    warnings = [line for line in told.splitlines() if line.startswith("warn")]
    assert ["ALLOW_PRIVATE" in warnings[0], "HEALTH_HOST" in warnings[1], "chmod 600" in warnings[2]] == [True] * 3


async def test_check_tells_what_of_the_push_and_the_files_is_missing(tmp_path: Path) -> None:
    nowhere = {"DISCORD_TOKEN": "MTIz.any.token", "DISCORD_API_URL": "http://127.0.0.1:9/api/v10"}
    wrong = {"NEWSLETTERS_FOLDER": "nowhere", "PUSH_PORT": "18081"}
    _, out, _ = await bot("check", folder=tmp_path, **nowhere, **wrong)
    assert "there is no such folder" in out
    assert "PUBLIC_URL is not" in out
    _, out, _ = await bot("check", folder=tmp_path, PUBLIC_URL="https://desk.example", **nowhere)
    assert "PUSH_PORT is not" in out


async def test_check_names_what_keeps_the_bot_from_working(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "pressroom.db").write_bytes(b"this is no database, however long one looks at it" * 100)
    code, told, _ = await bot(
        "check", folder=tmp_path, DISCORD_TOKEN="a1.b2.c3", DISCORD_API_URL="http://127.0.0.1:9/api/v10"
    )
    assert code == 1
    failures = [line for line in told.splitlines() if line.startswith("FAIL")]
    assert ["damaged" in failures[0], "cannot be reached" in failures[1]] == [True, True]


async def test_preview_prints_one_object_an_issue_and_names_what_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "issue.md").write_text(ISSUE, encoding="utf-8")
    (tmp_path / "feed.xml").write_text(FEED, encoding="utf-8")
    (tmp_path / "empty.md").touch()
    code, out, _ = await bot("preview", "issue.md", "missing.md", "empty.md", "feed.xml", "--json", folder=tmp_path)
    assert code == 1
    issue, missing, empty, one, two = map(json.loads, out.splitlines())
    assert (missing["source"], empty["source"]) == ("missing.md", "empty.md")
    assert missing["error"] == "I cannot read the file: No such file or directory."
    assert empty["error"]
    assert [one["title"], two["title"]] == ["One", "Two"]
    assert issue.keys() == {
        "source",
        "title",
        "subtitle",
        "topics",
        "authors",
        "published_at",
        "image_url",
        "paywalled",
        "sections",
        "links",
        "images",
        "polls",
    }
    assert issue["title"] == "On paper"
    assert [link["title"].split()[0] for link in issue["links"]] == ["Folder", "Cutter"]
    assert issue["links"][0].keys() == {"url", "key", "title", "text", "section", "sponsored"}
    assert "utm_source" not in issue["links"][0]["url"]


async def test_preview_shows_the_message_that_would_be_posted(tmp_path: Path) -> None:
    (tmp_path / "issue.md").write_text(ISSUE, encoding="utf-8")
    code, out, err = await bot("preview", "issue.md", folder=tmp_path)
    assert (code, err) == (0, "")
    for part in ("## On paper", "Two things about paper", "**2** links", "[ All links ]", "**Tools**"):
        assert part in out


async def test_preview_reads_an_address(tmp_path: Path) -> None:
    async with Sandbox(limits=Limits.off()) as sandbox:
        code, out, _ = await bot("preview", f"{sandbox.origin}/nothing-here", "--json", folder=tmp_path)
    assert code == 1
    assert "nothing at this address" in json.loads(out)["error"]


@pytest.mark.parametrize("arguments", [[], ["fly"], ["preview"]])
async def test_wrong_usage_is_exit_code_two(tmp_path: Path, arguments: list[str]) -> None:
    code, _, told = await bot(*arguments, folder=tmp_path)
    assert code == 2
    assert "usage: python -m bot" in told


async def test_a_reader_that_has_seen_enough_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "issue.md").write_text(ISSUE, encoding="utf-8")
    process = await asyncio.create_subprocess_shell(
        f"{shlex.quote(sys.executable)} -m bot preview {'issue.md ' * 2000} --json | head -1 >/dev/null",
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
        stderr=asyncio.subprocess.PIPE,
    )
    _, told = await process.communicate()
    assert told == b""


async def test_the_queue_is_exported_for_the_operator(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/pressroom.db"
    code, _, told = await bot("export", "queue", folder=tmp_path, DATABASE_URL=url)
    assert (code, "There is no database at" in told) == (69, True)
    assert list(tmp_path.iterdir()) == [], "asking makes nothing"
    await upgrade(url, to="0002")
    code, _, told = await bot("export", "queue", folder=tmp_path, DATABASE_URL=url)
    assert (code, "python -m bot migrate" in told) == (69, True)
    await upgrade(url)
    code, _, told = await bot("export", "queue", folder=tmp_path, DATABASE_URL=url)
    assert (code, "set up in no server yet" in told) == (69, True)
    now, mia, edda = SystemClock(), 21, Actor(31, manages_messages=True)
    async with await Store.open(url) as store:
        guilds = Guilds(store)
        submissions = Submissions(store, secrets=SecretBox(tmp_path / "secret.key"))
        for guild_id in (7001, 7002):
            await guilds.remember(guild_id, name=f"Server {guild_id}")
            await guilds.set_review_channel(Act(guild_id, ADMIN, guild_id), 8)
        receipt = await submissions.submit(Act(7001, Actor(mia), 1), "https://example.com/x", note="why")
        await submissions.approve(Act(7001, edda, 2), receipt.submission.submission_key)
        await Credits(store, clock=now).answer(Act(7001, Actor(mia), 3), "Mia")
    code, _, told = await bot("export", "queue", folder=tmp_path, DATABASE_URL=url)
    assert code == 69
    assert "--server 7001   Server 7001" in told
    code, out, _ = await bot("export", "queue", "--server", "7001", folder=tmp_path, DATABASE_URL=url)
    assert (code, out) == (0, "- [example.com/x](<https://example.com/x>) - why (found by Mia)\n")
    code, out, _ = await bot(
        "export", "queue", "--server", "7001", "--format", "json", folder=tmp_path, DATABASE_URL=url
    )
    assert json.loads(out)[0]["url"] == "https://example.com/x"
    code, out, _ = await bot(
        "export", "queue", "--server", "7002", "--format", "csv", folder=tmp_path, DATABASE_URL=url
    )
    assert (code, len(out.splitlines())) == (0, 1)


async def prepared(folder: Path) -> Store:
    """A database as a first start leaves it."""
    (folder / "data").mkdir()
    database = f"sqlite:///{folder}/data/pressroom.db"
    await upgrade(database)
    return await Store.open(database)


async def test_an_archive_is_imported_once_and_exported_in_every_form(tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    (archive / "2026").mkdir(parents=True)
    for number in range(30):
        (archive / "2026" / f"paper-{number}.md").write_text(ISSUE.replace("On paper", f"On paper {number}"))
    (archive / "broken.html").write_bytes(b"\0\1\2\3" * 50)
    (archive / "cover.png").write_bytes(b"no issue")
    async with await prepared(tmp_path) as store:
        code, _, told = await bot("import", "archive", folder=tmp_path)
        assert (code, "Say whose archive it is: --source" in told) == (69, True)
        feed = ("--source", "https://paper.example/feed", "--site", "https://paper.example/p")
        code, said, told = await bot("import", "archive", *feed, folder=tmp_path)
        assert code == 1
        assert said == "30 new issues, 0 known already, 1 document not understood\n"
        assert "broken.html: " in told
        assert "31 of 31" in told
        code, said, _ = await bot("import", "archive/2026", *feed, folder=tmp_path)
        assert (code, said) == (0, "0 new issues, 30 known already\n")
        code, said, _ = await bot("import", "archive/2026/paper-1.md", folder=tmp_path)
        assert (code, said) == (0, "0 new issues, 1 known already\n"), "there is one newsletter only"
        (tmp_path / "feed.xml").write_text(FEED)
        code, said, _ = await bot("import", "feed.xml", folder=tmp_path)
        assert (code, said) == (0, "2 new issues, 0 known already\n")
        assert (await bot("import", "nowhere", folder=tmp_path))[0] == 69
        (tmp_path / "draft.md").write_text("---\ntitle: Later\ndraft: true\n---\n" + ISSUE)
        code, said, _ = await bot("import", "draft.md", folder=tmp_path)
        assert (code, said) == (0, "0 new issues, 0 known already, 1 draft left out\n")
        code, _, told = await bot("import", "draft.md", "--source", "nonsense", folder=tmp_path)
        assert (code, "That is not a web address." in told, "Traceback" in told) == (69, True, False)

        code, _, told = await bot("export", "links", folder=tmp_path)
        assert (code, "set up in no server yet" in told) == (69, True)
        await Guilds(store).remember(1, name="Here")
        async with store.write() as transaction:
            [source] = await source_rows.all_sources(transaction)
            await guild_rows.subscribe(transaction, guild_id=1, source_id=source.source_id, channel_id=2)
            assert await outbox_rows.count_open(transaction) == {}, "nothing is announced"
    code, written, _ = await bot("export", "links", folder=tmp_path)
    rows = list(csv.DictReader(io.StringIO(written.removeprefix("\ufeff"), newline="")))
    assert (code, len(rows)) == (0, 60)
    assert {row["url"] for row in rows} == {"https://folder.example/", "https://cutter.example/"}
    assert rows[0]["issue_url"].startswith("https://paper.example/p/paper-")
    code, written, _ = await bot("export", "links", "--format", "json", folder=tmp_path)
    assert (code, len(json.loads(written))) == (0, 60)
    assert (await bot("export", "links", "--format", "md", folder=tmp_path))[0] == 2
    with (tmp_path / "links.db").open("wb") as out:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bot", "export", "links", "--format", "sqlite"),
            cwd=tmp_path,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
            stdout=out,
        )
        assert await process.wait() == 0
    with contextlib.closing(sqlite3.connect(tmp_path / "links.db")) as database:
        assert database.execute("SELECT count(*) FROM links").fetchone() == (60,)


async def test_an_export_to_a_full_disk_ends_with_a_sentence(tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full here, as on Linux")
    async with await prepared(tmp_path) as store:
        await Guilds(store).remember(1, name="Here")
    full = os.open("/dev/full", os.O_WRONLY)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "export", "links"),
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
        stdout=full,
        stderr=asyncio.subprocess.PIPE,
    )
    _, told = await process.communicate()
    os.close(full)
    assert (process.returncode, told) == (
        69,
        b"The links cannot be written: No space left on device. Make room, and export again.\n",
    )


async def test_an_import_without_a_site_gets_its_addresses_when_it_is_repeated_with_one(tmp_path: Path) -> None:
    (tmp_path / "one.md").write_text(ISSUE)
    async with await prepared(tmp_path) as store:
        feed = ("--source", "https://paper.example/feed")
        for site in ((), ("--site", "https://paper.example/p"), ("--site", "https://elsewhere.example")):
            await bot("import", "one.md", *feed, *site, folder=tmp_path)
        async with store.read() as transaction:
            stored = (await transaction.execute(select(issues.c.url))).scalars().all()
    assert stored == ["https://paper.example/p/one"]


async def test_files_of_one_name_are_not_taken_for_one_issue_on_the_site(tmp_path: Path) -> None:
    for place in ("january/index.md", "february/index.md", "2025/news.md", "2026/news.md", "with space.md"):
        path = tmp_path / "archive" / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(ISSUE.replace("On paper", f"On {place}"))
    async with await prepared(tmp_path) as store:
        feed = ("--source", "https://paper.example/feed", "--site", "https://paper.example/p/")
        code, said, told = await bot("import", "archive", *feed, folder=tmp_path)
        async with store.read() as transaction:
            stored = (await transaction.execute(select(issues.c.url))).scalars().all()
    assert (code, said) == (1, "4 new issues, 0 known already, 1 document not understood\n")
    assert "it has the same address as archive/2025/news.md" in told
    assert "No server reads https://paper.example/feed." in told
    assert sorted(stored) == [
        f"https://paper.example/p/{name}" for name in ("february", "january", "news", "with%20space")
    ]


async def test_files_that_name_their_own_addresses_or_are_one_issue_in_two_forms_are_taken(tmp_path: Path) -> None:
    for year in (2023, 2024):
        folder = tmp_path / "archive" / str(year)
        folder.mkdir(parents=True)
        (folder / "welcome.md").write_text(
            f"---\ncanonical_url: https://paper.example/{year}\n---\n" + ISSUE.replace("On paper", f"On {year}")
        )
    (tmp_path / "archive" / "same.md").write_text(ISSUE)
    (tmp_path / "archive" / "same.html").write_text("<h1>On paper</h1><p>In another form.</p>")
    await (await prepared(tmp_path)).close()
    feed = ("--source", "https://paper.example/feed", "--site", "https://paper.example/p")
    code, said, told = await bot("import", "archive", *feed, folder=tmp_path)
    assert (code, said) == (0, "3 new issues, 1 known already\n"), told
    code, said, told = await bot("import", "archive", *feed, folder=tmp_path)
    assert (code, said) == (0, "0 new issues, 4 known already\n"), told


async def test_an_import_for_the_address_of_the_site_is_for_its_feed(tmp_path: Path) -> None:
    (tmp_path / "one.md").write_text(ISSUE)
    async with await prepared(tmp_path) as store:
        async with store.write() as transaction:
            await source_rows.add_plain_source(transaction, "https://paper.example/feed")
            await transaction.execute(update(sources).values(home_url="https://paper.example/"))
        code, said, _ = await bot("import", "one.md", "--source", "https://paper.example", folder=tmp_path)
        assert (code, said) == (0, "1 new issue, 0 known already\n")
        async with store.read() as transaction:
            assert len(await source_rows.all_sources(transaction)) == 1


async def test_what_is_no_file_is_told_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "one.md").write_text(ISSUE)
    for given, words in (
        ("pipe", "is neither a file nor a folder"),
        ("x" * 5000, "cannot be read: File name too long"),
    ):
        code, _, told = await bot("import", given, folder=tmp_path)
        assert (code, words in told, "Traceback" in told) == (69, True, False), told


async def test_an_address_in_capitals_is_no_file(tmp_path: Path) -> None:
    await (await prepared(tmp_path)).close()
    feed = ("--source", "https://paper.example/feed")
    code, said, told = await bot("import", "HTTPS://127.0.0.1:9/old", *feed, folder=tmp_path)
    assert (code, said) == (1, "0 new issues, 0 known already, 1 document not understood\n"), told
    assert "https://127.0.0.1:9/old: " in told


async def test_an_import_of_nothing_or_to_no_site_is_refused(tmp_path: Path) -> None:
    (tmp_path / "one.md").write_text(ISSUE)
    code, _, told = await bot("import", "one.md", "--site", "ftp://paper.example/p", folder=tmp_path)
    assert (code, "--site ftp://paper.example/p: That is not a web address." in told) == (69, True)
    code, _, told = await bot("import", "", folder=tmp_path)
    assert (code, "One of the paths is empty." in told) == (69, True)


async def test_a_folder_is_previewed_with_its_drafts(tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "one.md").write_text(ISSUE)
    (tmp_path / "notes" / "two.md").write_text("---\ntitle: Later\ndraft: true\n---\n" + ISSUE)
    code, out, _ = await bot("preview", "notes", folder=tmp_path)
    assert code == 0
    assert "On paper" in out
    assert "Later" in out


async def test_what_is_no_address_and_no_path_is_not_previewed(tmp_path: Path) -> None:
    (tmp_path / "one.md").write_text(ISSUE)
    code, out, told = await bot("preview", "ftp://paper.example/", "", folder=tmp_path)
    assert (code, out) == (1, "")
    assert told.startswith("ftp://paper.example/: That is not a web address.")


async def test_an_import_that_is_killed_goes_on_where_it_stopped(tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    archive.mkdir()
    for number in range(400):
        (archive / f"{number}.md").write_text(ISSUE.replace("On paper", f"On paper {number}"))
    await (await prepared(tmp_path)).close()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "import", "archive", "--source", "https://paper.example/feed"),
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr is not None
    await process.stderr.readuntil(b"40 of 400\n")
    process.kill()
    await process.wait()
    code, said, _ = await bot("import", "archive", "--source", "https://paper.example/feed", folder=tmp_path)
    assert code == 0
    new, known = (int(word) for word in re.findall(r"\d+", said))
    assert new + known == 400
    assert known >= 25
