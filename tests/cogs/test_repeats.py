"""Stories that are told twice, as administrators meet them."""

from datetime import timedelta

from bot.store import repeats as repeat_rows
from sandbox.model import Guild
from tests.cogs.conftest import Press
from tests.doubles import sample_issue


async def test_what_waits_for_a_digest_is_told_and_let_go_by_the_setting(press: Press, guild: Guild) -> None:
    press.shelf.lay_out(sample_issue(2), sample_issue(1))
    await press.set_up()
    ada = press.person("ada")
    assert "Each story is announced once" in (await ada.slash("/setup repeats on:False")).text
    assert "for a digest" not in (await ada.slash("/setup status")).text
    services = press.client.services
    [waiting] = await services.issues.search_titles(guild.id, "number 1")
    async with services.sources._store.write() as transaction:
        await repeat_rows.hold(
            transaction,
            guild_id=guild.id,
            source_id=1,
            issue_key=waiting.issue_key,
            release_at=press.clock.now() + timedelta(hours=11),
        )
    assert "One short issue waits for a digest" in (await ada.slash("/setup status")).text
    assert "follows at once" in (await ada.slash("/setup repeats on:True")).text
    assert waiting.title in (await press.announced(2))[-1].text
    assert "for a digest" not in (await ada.slash("/setup status")).text
