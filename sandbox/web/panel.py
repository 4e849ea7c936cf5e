"""The panel beside the chat: the newsletter's site, trouble on purpose, the bot's process, and what the bot asked."""

from collections.abc import Awaitable, Callable
from itertools import islice
from typing import Any, get_args

from sandbox import permissions
from sandbox.api import Seen
from sandbox.errors import Refused
from sandbox.ghost import KEY as GHOST_KEY
from sandbox.ghost import Ghost
from sandbox.ghost import Post as GhostPost
from sandbox.model import Channel, Member
from sandbox.permissions import Permission
from sandbox.publication import KEY
from sandbox.site import Breakage, Post, Site
from sandbox.stage import FOLDER, Stage

Json = dict[str, Any]

MOST_REQUESTS = 40
_LIMITED_SECONDS = 5.0
_BROKEN = get_args(Breakage)
_SPARE = """# One more thing, number {number}

### ➕ Something that was left over

- A thing that was left over - and is worth a line. ([link](https://left-over.example/{number}))
"""


class Panel:
    """What can be done behind the scenes; `drafts` are the issues to publish next, in Markdown."""

    def __init__(self, stage: Stage, drafts: list[str]) -> None:
        self.stage = stage
        self._drafts = drafts
        self._spare = 1
        self._acts: dict[str, Callable[..., Awaitable[str]]] = {
            "publish": self._publish,
            "correct": self._correct,
            "withdraw": self._withdraw,
            "break": self._break,
            "mend": self._mend,
            "unpublish": self._unpublish,
            "republish": self._republish,
            "fault": self._fault,
            "bot": self._bot,
        }

    async def act(self, name: str, given: Json) -> str:
        """Do it, and say in a sentence what was done. Raises Refused where that is not possible."""
        act = self._acts.get(name)
        if act is None:
            raise Refused(f"The panel has no {name!r}.")
        return await act(**given)

    def show(self) -> Json:
        """The state of everything behind the scenes."""
        sandbox, site, bot = self.stage.sandbox, self.stage.site, self.stage.bot
        return {
            "site": {
                "broken": site.broken,
                "breakages": _BROKEN,
                "next": self._next,
                "ways": _ways(site, self.stage.ghost),
                "posts": [_post(post, site.post_url(post.slug)) for post in site.newest_first],
            },
            "ghost": [_ghost_post(post) for post in reversed(self.stage.ghost.posts.values())],
            "faults": [{"action": fault.action, "status": fault.status} for fault in sandbox.faults.planned],
            "outage": sandbox.gateway.is_out,
            "may_write": self._may_write,
            "bot": {
                "running": bot.is_running,
                "connected": bool(sandbox.gateway.connected),
                "log": bot.last_words,
            },
            "checked": sandbox.specification is not None,
            "violations": sandbox.violations[-3:],
            "requests": [_request(seen) for seen in islice(reversed(sandbox.requests), MOST_REQUESTS)],
        }

    # the newsletter

    @property
    def _next(self) -> str:
        return self._drafts[0] if self._drafts else _SPARE.format(number=self._spare)

    async def _publish(self, text: str) -> str:
        if not text.strip():
            raise Refused("An issue needs a text: write a first line with its title.")
        # What is offered next goes on, whatever became of the offer under the editor's hands.
        if self._drafts:
            del self._drafts[0]
        else:
            self._spare += 1
        site = self.stage.site
        post = site.publish_markdown(text, slug=self._free_slug(text), published_at=site.now)
        return f"“{post.title}” is published. The bot reads the feed every second or so."

    def _free_slug(self, text: str) -> str:
        """An address of its own, for an issue that is called like another one, too."""
        site = self.stage.site
        slug, number = site.slug_of(text), 1
        while slug in site.posts:
            number += 1
            slug = f"{site.slug_of(text)}-{number}"
        return slug

    async def _correct(self, slug: str, text: str) -> str:
        post = self._find(slug)
        if not text.strip():
            raise Refused("An issue needs a text. To remove it, withdraw it.")
        site = self.stage.site
        new = site.publish_markdown(text, slug=slug, published_at=post.published_at, author=post.author)
        return f"“{new.title}” is corrected on the site."

    async def _withdraw(self, slug: str) -> str:
        post = self.stage.site.withdraw(self._find(slug).slug)
        return (
            f"“{post.title}” is gone from the site and its feeds. "
            "The bot crosses out its card after three readings with newer and older issues."
        )

    def _find(self, slug: str) -> Post:
        post = self.stage.site.posts.get(slug)
        if post is None:
            raise Refused("That issue is no longer on the site.")
        return post

    async def _break(self, how: Breakage) -> str:
        if how not in _BROKEN:
            raise Refused(f"The feed cannot be broken by {how!r}.")
        self.stage.site.break_feed(how)
        if how == "gone":
            return "The RSS feed is gone. The bot reads another feed of the site, and tells the staff."
        return "The feed is broken until you repair it."

    async def _mend(self) -> str:
        self.stage.site.mend()
        return "The feed works again. If the bot reads another feed now, it tries this one again once a day."

    # the Ghost site

    async def _unpublish(self, number: int) -> str:
        post = self._find_in_ghost(number)
        self.stage.ghost.unpublish(post.number)
        return (
            f"“{post.title}” is a draft again. If the bot reads the site by its API, the next reading crosses it out."
        )

    async def _republish(self, number: int) -> str:
        post = self.stage.ghost.write(self._find_in_ghost(number).number, status="published")
        return f"“{post.title}” is published again."

    def _find_in_ghost(self, number: int) -> GhostPost:
        post = self.stage.ghost.posts.get(number)
        if post is None:
            raise Refused("The Ghost site has no such post.")
        return post

    # trouble

    async def _fault(self, what: str) -> str:
        sandbox = self.stage.sandbox
        match what:
            case "500":
                sandbox.faults.fail("*", "", 500, times=3)
                return "Discord answers 500 to the next three requests."
            case "429":
                sandbox.faults.fail("*", "", 429, retry_after=_LIMITED_SECONDS)
                return "Discord answers the next request with a rate limit of five seconds."
            case "lost":
                sandbox.faults.lose_answer("POST", r"^/channels/\d+/messages$")
                return "Discord gets the next message, but its answer is lost."
            case "drop":
                sandbox.faults.drop_gateway()
                return "The connection to the gateway is cut."
            case "forbid":
                self._permit_news(is_allowed=False)
                return "The bot can no longer write in #news."
            case "permit":
                self._permit_news(is_allowed=True)
                return "The bot can write in #news again."
            case "outage":
                sandbox.outage()
                return "Discord is down for the bot, until you end the outage."
            case "recover":
                sandbox.recover()
                sandbox.faults.clear()
                return "Discord works again, and all planned trouble is over."
        raise Refused(f"There is no trouble called {what!r}.")

    def _permit_news(self, *, is_allowed: bool) -> None:
        news, bot = self._news
        right = int(Permission.SEND_MESSAGES)
        allow, deny = (right, 0) if is_allowed else (0, right)
        self.stage.sandbox.world.permit(news, bot, allow=allow, deny=deny)

    @property
    def _news(self) -> tuple[Channel, Member]:
        guild = next(iter(self.stage.sandbox.world.guilds.values()))
        if guild.bot is None:
            raise Refused("The bot is not in the server.")
        return guild.channel("news"), guild.bot

    @property
    def _may_write(self) -> bool:
        news, bot = self._news
        return bool(permissions.in_channel(bot, news) & permissions.SEND_MESSAGES)

    async def _bot(self, what: str) -> str:
        match what:
            case "kill":
                await self.stage.bot.kill()
                return "The bot was killed in the middle of its work."
            case "start":
                await self.stage.bot.start()
                return "A new process of the bot starts."
        raise Refused(f"The bot cannot be told to {what!r}.")


def _ways(site: Site, ghost: Ghost) -> list[Json]:
    """Where the newsletter can be read: what to give to `/setup source`."""
    return [
        {"name": "RSS", "address": site.feed_url},
        {"name": "Atom", "address": site.atom_url},
        {"name": "JSON Feed", "address": site.json_url},
        {"name": "Its site, with links to its feeds", "address": f"{site.url}/"},
        {"name": "beehiiv's API", "address": site.api_url, "key": KEY},
        {"name": f"{ghost.title}, by Ghost's Content API", "address": ghost.api, "key": GHOST_KEY},
        {"name": "Another newsletter, in files", "address": f"folder:{FOLDER}"},
    ]


def _post(post: Post, url: str) -> Json:
    return {"slug": post.slug, "title": post.title, "url": url, "text": post.text}


def _ghost_post(post: GhostPost) -> Json:
    return {
        "number": post.number,
        "title": post.title,
        "gated": post.visibility != "public",
        "out": post.status == "published",
    }


def _request(seen: Seen) -> Json:
    return {
        "at": seen.at,
        "method": seen.method,
        "path": seen.path,
        "status": seen.status,
        "struck": seen.is_struck,
        "verdict": seen.verdict,
        "refusal": seen.refusal,
    }
