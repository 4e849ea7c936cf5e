"""An invitation to a server is advertising on every other one; posts, buttons and submissions refuse its spellings."""

from urllib.parse import quote

import pytest

from bot.chat.plain import button_url, masked_link, media_url, safe_url
from bot.errors import RefusedError
from bot.model.invitation import invites
from bot.newsletter import read_newsletter
from bot.services.members.submissions import _safe_link

SPELLINGS = [
    "https://discord.gg/abc",
    "http://DISCORD.GG/abc",
    "https://discord.gg./abc",
    "https://discord.gg:443/abc",
    "https://discord.gg:8443/abc",
    "https://www.discord.gg/abc",
    "https://%64iscord.gg/abc",
    "https://discord%2Egg/abc",
    "https://%2564iscord.gg/abc",
    "https://\uff44\uff49scord.gg/abc",
    "https://discord\u3002gg/abc",
    "https://discord\uff61gg/abc",
    "https://dis\u00adcord.gg/abc",
    "https://di\u200bscord.gg/abc",
    "https://disc\u1d3frd.gg/abc".replace("\u1d3f", "\u2134"),
    "https://news.example@discord.gg/abc",
    "https://news.example%2F@discord.gg/abc",
    "https://discord.com/invite/abc",
    "https://discord.com/INVITE/abc",
    "https://discord.com/%69nvite/abc",
    "https://discord.com/%2569nvite/abc",
    "https://discord.com//invite//abc",
    "https://discord.com/./invite/abc",
    "https://discord.com/x/../invite/abc",
    "https://discord.com/%2e/invite/abc",
    "https://canary.discord.com/invite/abc",
    "https://ptb.discordapp.com/invite/abc",
    "https://discordapp.com/invite/abc?utm_source=news",
    "https://discord.me/abc",
    "https://dsc.gg/abc",
    "https://disboard.org/de/server/join/1",
    "https://discord.com/es-419/invite/abc",
    "https://discord.com/login?redirect_to=%2Finvite%2Fabc",
    "https://discord.com/register?x=1&redirect_to=/invite/abc",
]
WRAPPED = [f"https://www.google.com/url?q={quote(each, safe='')}" for each in SPELLINGS[:3]]
HARMLESS = [
    "https://news.example/discord.gg/abc",
    "https://news.example/?to=https://discord.gg/abc",
    "https://discord.com/developers/docs/intro",
    "https://discord.com/blog/invite",
    "https://discord.com/login?redirect_to=%2Fchannels%2F1",
    "https://notdiscord.gg/abc",
    "https://discord.gg.example/abc",
    "https://b\u00fccher.example/50%25",
    "https://disboard.org/servers",
]


@pytest.mark.parametrize("address", [*SPELLINGS, *WRAPPED], ids=ascii)
async def test_in_no_post_on_no_button_and_in_no_submission(address: str) -> None:
    assert (safe_url(address), button_url(address), media_url(address)) == (None, None, None)
    assert "](" not in masked_link("Come in", address, longest=80)
    with pytest.raises(RefusedError):
        _safe_link(address)
    page = f"# News\n\n## Links\n\n- [Come in]({quote(address, safe=':/?=@%.&')}) - now\n- [Kept](https://kept.example/a)\n"
    issues = read_newsletter(page.encode(), source="issue.md")
    assert [link.key for issue in issues for link in issue.links] == ["kept.example/a"]


@pytest.mark.parametrize("address", HARMLESS, ids=ascii)
async def test_what_only_looks_like_one_is_a_link_as_any(address: str) -> None:
    assert not invites(address)
    assert safe_url(address) is not None
    assert _safe_link(address)[0]


@pytest.mark.parametrize("address", ["https:\\\\discord.gg\\abc", "https:discord.gg/abc", "ht\ntps://disc\tord.gg/abc"])
def test_what_browsers_would_make_an_invitation_of(address: str) -> None:
    assert invites(address)
    assert safe_url(address) is None
