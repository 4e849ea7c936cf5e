"""`/links` as a member uses it."""

import asyncio
import contextlib
import csv
import io
import json
import sqlite3
import zipfile
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import discord
import pytest

from bot import client
from bot.errors import RefusedError
from bot.model.issue import Section
from sandbox.model import Guild
from tests.cogs.conftest import Press
from tests.doubles import sample_issue, sample_link


async def filled(press: Press) -> None:
    press.shelf.lay_out(*(sample_issue(number, links=9) for number in (1, 2)))
    await press.set_up()


async def test_links_are_searched_paged_and_say_where_they_ran(press: Press) -> None:
    await filled(press)
    mia = press.person("mia")
    offered = await mia.autocomplete("/links search", words="thin")
    assert offered[0]["name"].startswith("Thing number")
    reply = await mia.slash("/links search", words="thing")
    assert reply.ephemeral
    assert "Links about “thing”" in reply.text
    assert "[Issue number 2](" in reply.text
    assert "[Issue number 1](" in reply.text
    first = reply.text
    assert reply.message.labels == ["Previous", "Next"]
    await mia.click(reply.message, "Next")
    assert reply.text != first
    await mia.click(reply.message, "Previous")
    assert reply.text == first
    assert (
        "No link in the archive matches all of “zeppelin”" in (await mia.slash("/links search", words="zeppelin")).text
    )
    assert "The newest links" in (await mia.slash("/links latest")).text
    assert "in [Issue" in (await mia.slash("/links random")).text


async def test_what_is_offered_for_a_long_title_finds_it(press: Press) -> None:
    titles = ("x" * 300, "A title of many words " * 10)
    found = tuple(replace(sample_link(1), title=title) for title in titles)
    press.shelf.lay_out(sample_issue(1, sections=(Section("T", found),)))
    await press.set_up()
    mia = press.person("mia")
    for typed in ("xxx", "many"):
        [choice] = await mia.autocomplete("/links search", words=typed)
        assert "Links about" in (await mia.slash("/links search", words=choice["value"])).text


async def test_an_administrator_opens_the_archive_to_a_role_or_closes_it(press: Press, guild: Guild) -> None:
    await filled(press)
    ada, mia = press.person("ada"), press.person("mia")
    assert "Choose the role" in (await ada.slash("/setup archive", access="role")).text
    readers = guild.role("readers")
    assert f"Only <@&{readers.id}>" in (await ada.slash("/setup archive", access="role", role=readers)).text
    assert f"Only <@&{readers.id}> can search" in (await mia.slash("/links latest")).text
    assert await mia.autocomplete("/links search", words="thin") == []
    assert "Archive search: for" in (await ada.slash("/setup status")).text
    press.sandbox.world.set_roles(mia.member, [readers])
    assert "The newest links" in (await mia.slash("/links latest")).text
    await ada.slash("/setup archive", access="off")
    assert "is closed" in (await mia.slash("/links random")).text
    await ada.slash("/setup archive", access="everyone")
    assert "The newest links" in (await mia.slash("/links latest")).text


@pytest.mark.parametrize("form", ["csv", "json", "sqlite"])
async def test_an_editor_takes_every_link_along(press: Press, tmp_path: Path, form: str) -> None:
    await filled(press)
    edda = press.person("edda")
    reply = await edda.slash("/queue export", what="links", format=form)
    assert reply.ephemeral
    [file] = reply.message.attachments
    assert file.filename == f"links.{form}"
    if form == "sqlite":
        (tmp_path / "links.sqlite").write_bytes(file.data)
        with closing(sqlite3.connect(tmp_path / "links.sqlite")) as database:
            rows = database.execute("SELECT issue, place, title, url FROM links").fetchall()
    elif form == "json":
        rows = [tuple(row[name] for name in ("issue", "place", "title", "url")) for row in json.loads(file.data)]
    else:
        read = csv.DictReader(io.StringIO(file.data.decode("utf-8-sig"), newline=""))
        rows = [(row["issue"], int(row["place"]), row["title"], row["url"]) for row in read]
    assert len(rows) == 18
    assert rows[0] == ("Issue number 1", 1, "Thing number 1", "https://example.com/1")


@pytest.mark.parametrize("form", ["csv", "json", "sqlite"])
async def test_an_archive_that_is_larger_than_discord_takes_is_told(
    press: Press, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    await filled(press)
    monkeypatch.setattr(discord.Guild, "filesize_limit", 100)
    reply = await press.person("edda").slash("/queue export", what="links", format=form)
    assert "python -m bot export links" in reply.text
    assert reply.message.attachments == []


async def test_an_archive_that_discord_takes_only_when_it_is_packed_is_packed(
    press: Press, monkeypatch: pytest.MonkeyPatch
) -> None:
    await filled(press)
    monkeypatch.setattr(discord.Guild, "filesize_limit", 900)
    reply = await press.person("edda").slash("/queue export", what="links", format="csv")
    [file] = reply.message.attachments
    assert file.filename == "links.csv.zip"
    with zipfile.ZipFile(io.BytesIO(file.data)) as packed:
        rows = list(csv.DictReader(io.StringIO(packed.read("links.csv").decode("utf-8-sig"), newline="")))
    assert len(rows) == 18


async def test_what_takes_long_is_broken_off_by_a_stop_with_a_sentence(press: Press) -> None:
    is_begun, is_cancelled = asyncio.Event(), False

    async def endless() -> None:
        nonlocal is_cancelled
        is_begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            is_cancelled = True
            raise

    writing = asyncio.create_task(press.client.unless_stopping(endless()))
    await is_begun.wait()
    await press.client.finish_what_is_in_hand(deadline_seconds=60)
    with pytest.raises(RefusedError, match="stopping"):
        await writing
    assert is_cancelled


async def test_what_does_not_heed_the_stop_is_left_behind_with_a_sentence(
    press: Press, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "_CUT_OFF_SECONDS", 0.01)
    is_begun, may_end = asyncio.Event(), asyncio.Event()

    async def stubborn() -> None:
        is_begun.set()
        while not may_end.is_set():
            with contextlib.suppress(asyncio.CancelledError):
                await may_end.wait()

    writing = asyncio.create_task(press.client.unless_stopping(stubborn()))
    await is_begun.wait()
    await press.client.finish_what_is_in_hand(deadline_seconds=60)
    with pytest.raises(RefusedError, match="stopping"):
        await writing
    assert not may_end.is_set()
    may_end.set()


async def test_what_somebody_looks_for_stands_in_no_log(press: Press, caplog: pytest.LogCaptureFixture) -> None:
    await filled(press)
    caplog.set_level("DEBUG", logger="bot")
    reply = await press.person("mia").slash("/links search", words="my secret illness")
    assert "illness" in reply.text
    assert "interaction refused" in caplog.text
    assert "illness" not in caplog.text


async def test_forms_that_do_not_fit_are_told_and_members_get_nothing(press: Press, guild: Guild) -> None:
    await filled(press)
    edda = press.person("edda")
    assert "Markdown is only for the queue" in (await edda.slash("/queue export", what="links", format="md")).text
    assert "SQLite is only for every link" in (await edda.slash("/queue export", format="sqlite")).text
    guild.permit_command("queue", {guild.everyone: True})
    reply = await press.person("mia").slash("/queue export", what="links")
    assert "and editors" in reply.text
    assert reply.message.attachments == []
