"""Stories that are told twice, as administrators meet them."""

from datetime import timedelta

from bot.model.issue import IssueCard
from bot.store import repeats as repeat_rows
from sandbox.model import Guild
from tests.cogs.conftest import Press
from tests.doubles import sample_issue


async def _let_one_wait(press: Press, guild: Guild) -> IssueCard:
    """Set up with an issue that waits for a digest."""
    press.shelf.lay_out(sample_issue(2), sample_issue(1))
    await press.set_up()
    ada = press.person("ada")
    assert "each story once" in (await ada.slash("/setup repeats on:False")).text
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
    return waiting


async def test_what_waits_for_a_digest_is_told_and_let_go_by_the_setting(press: Press, guild: Guild) -> None:
    waiting, ada = await _let_one_wait(press, guild), press.person("ada")
    assert "One short issue waits for a digest" in (await ada.slash("/setup status")).text
    assert "follow at once" in (await ada.slash("/setup repeats on:True")).text
    assert waiting.title in (await press.announced(2))[-1].text
    assert "for a digest" not in (await ada.slash("/setup status")).text


async def test_removing_a_newsletter_says_what_waited_and_is_not_announced(press: Press, guild: Guild) -> None:
    await _let_one_wait(press, guild)
    ada = press.person("ada")
    removed = await ada.slash("/setup remove source:1")
    assert "One short issue waited for a digest, and I will not post it" in removed.text
    assert "does not read that newsletter" in (await ada.slash("/setup remove source:1")).text
