"""From a Ghost site to a server: its key, its webhook with a secret, a post for members, and what is unpublished."""

from datetime import UTC, datetime

import pytest

from sandbox.ghost import DIVIDER, KEY, serve_ghost
from sandbox.model import Message
from tests.journeys.scene import Scene

SECRET = "honey and wax, 24 jars"


def titles(scene: Scene) -> list[str]:
    return [message.text for message in scene.announcements()]


@pytest.mark.parametrize("is_private", [False, True], ids=["open", "private"])
async def test_a_ghost_site_is_added_calls_and_takes_a_post_back(
    scene: Scene, unused_tcp_port: int, *, is_private: bool
) -> None:
    scene.environment |= {
        "PUSH_PORT": str(unused_tcp_port),
        "PUBLIC_URL": f"http://127.0.0.1:{unused_tcp_port}",
        "SHORTEST_PAUSE_MINUTES": "0.01",
    }
    async with serve_ghost() as ghost, scene.bot() as bot:
        ghost.is_private = is_private
        ghost.write(1)
        await scene.online()
        ada = scene.sandbox.member("ada")
        asked = await ada.slash(f"/setup source address:{ghost.url if is_private else ghost.api} channel:#news")
        assert ("That site is private" if is_private else "needs a key") in asked.text
        refused = await ada.submit(await ada.click(asked.message, "Enter key…"), {"Key": "0" * 26})
        assert "Ghost's Content API refuses the key" in refused.text
        added = await ada.submit(await ada.click(refused.message, "Enter key…"), {"Key": KEY})
        assert "I now read **The Hive**" in added.text, bot.log
        await scene.complete(1)
        [choice] = await ada.autocomplete("/setup push", source="")
        shown = await ada.slash("/setup push", source=str(choice["value"]))
        await ada.submit(await ada.click(shown.message, "Secret…"), {"Secret": SECRET})
        ghost.hooks = [(next(word for word in shown.text.split("`") if "/hooks/" in word), SECRET)]
        ghost.write(2, visibility="members", body=f"<p>For all.</p>{DIVIDER}<p>The <b>queen</b></p>")
        assert await ghost.call("post.published", 2, at=datetime.now(UTC)) == [202]
        await scene.complete(2)
        assert "Issue 2" in titles(scene)[1]
        assert "the full text is for subscribers" in titles(scene)[1]
        ghost.unpublish(2)
        assert await ghost.call("post.unpublished", 2, at=datetime.now(UTC)) == [202]

        def struck() -> list[Message]:
            return [message for message in scene.announcements() if "~~" in message.text]

        [taken_back] = await scene.sandbox.wait_for(struck, timeout=60, what="the struck announcement")
        assert "Issue 2" in taken_back.text
        assert await bot.stop() == 0, bot.log
        assert KEY not in bot.log
        assert "queen" not in bot.log
