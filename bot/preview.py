"""`python -m bot preview`: what is understood of a newsletter, without a Discord and without a database."""

import asyncio
import json
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from bot.errors import DomainError, RefusedError
from bot.fetch import Fetcher
from bot.model.address import is_public
from bot.model.guild import Guild
from bot.model.issue import Issue
from bot.model.problem import Problem
from bot.newsletter import issue_as_json, read_newsletter
from bot.ports import Announcement
from bot.settings import Settings
from bot.sources.folder import documents_in, file_content


async def preview(
    sources: Sequence[str],
    *,
    as_json: bool,
    settings: Settings,
    is_public: Callable[[str], bool] = is_public,
) -> int:
    """Print each source's issues; 1 when a source could not be read, else 0. is_public: as `Fetcher` takes it."""
    failed = False
    max_bytes = settings.fetch_max_bytes
    # An operator at the keyboard may look at his own machine, by name: a page of the internet may not lead there.
    public, private = (
        Fetcher(
            timeout_seconds=settings.fetch_timeout_seconds,
            max_bytes=max_bytes,
            allow_private_addresses=allowed or settings.allow_private_addresses,
            is_public=is_public,
        )
        for allowed in (False, True)
    )
    async with public, private:
        for source in _spread(sources):
            try:
                fetcher = private if await _is_private(source, is_public) else public
                issues = await _read(source, fetcher, max_bytes=max_bytes)
            except DomainError as error:
                failed = True
                sentence = Problem.of(error).said()
                if as_json:
                    print(json.dumps({"source": source, "error": sentence}, ensure_ascii=False))
                else:
                    print(f"{source}: {sentence}", file=sys.stderr)
                continue
            for issue in issues:
                if as_json:
                    print(json.dumps(issue_as_json(issue, source=source), ensure_ascii=False))
                else:
                    print(_as_text(issue, source=source))
    return 1 if failed else 0


def _spread(sources: Sequence[str]) -> Iterator[str]:
    """These sources, with the files of a folder in its place."""
    for source in sources:
        if source and not source.startswith(("http://", "https://")) and Path(source).is_dir():
            yield from map(str, documents_in(Path(source)))
        else:
            yield source


async def _is_private(source: str, is_public: Callable[[str], bool]) -> bool:
    """The address is of this machine or its network, whichever of the host's addresses is dialled."""
    try:
        host = urlsplit(source).hostname
        found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM) if host else []
    except (OSError, ValueError):  # reading it says what is wrong
        return False
    return bool(found) and not any(is_public(str(address[0])) for *_, address in found)


async def _read(source: str, fetcher: Fetcher, *, max_bytes: int) -> list[Issue]:
    if source.startswith(("http://", "https://")):
        fetched = await fetcher.get(source)
        return read_newsletter(
            fetched.body or b"", source=source, content_type=fetched.content_type, base_url=fetched.url
        )
    if "://" in source:
        raise RefusedError("address-invalid")
    return read_newsletter(file_content(Path(source), max_bytes=max_bytes), source=source, with_drafts=True)


def _as_text(issue: Issue, *, source: str) -> str:
    from bot.chat.announcements import announcement_view
    from bot.chat.as_text import view_as_text
    from bot.chat.links import link_pages
    from bot.texts import DEFAULT_LANGUAGE, text

    announcement = Announcement(issue=issue, issue_key="a" * 26, guild=Guild(guild_id=0, name=""))
    view = announcement_view(announcement, language=DEFAULT_LANGUAGE)
    parts = [f"━━ {source}", view_as_text(view)]
    if issue.links:
        parts += [text("preview-links"), *link_pages(issue, language=DEFAULT_LANGUAGE)]
    for poll in issue.polls:
        parts.append(
            "\n".join([text("preview-poll", question=poll.question), *(f"  ( ) {option}" for option in poll.options)])
        )
    return "\n".join(parts) + "\n"
