"""What a message shows of a newsletter invites nobody to a server."""

import pytest

from bot.chat.plain import button_url, label, masked_link, plain, safe_url

INVITES = [
    "discord.gg/abc",
    "discord.com/invite/abc",
    "canary.discord.com/invite/abc",
    "ptb.discord.com/Invite/abc",
    "discord.com//invite/abc",
    "discordapp.com/invite/abc",
    "dsc.gg/abc",
    "discord.io/abc",
    "discord.link/abc",
    "invite.gg/abc",
    "disboard.org/server/join/1",
]


@pytest.mark.parametrize("invite", INVITES)
def test_an_invitation_has_no_effect_in_a_message(invite: str) -> None:
    for text in (plain(f"come to {invite}", longest=200), label(f"come to {invite}", longest=200)):
        assert invite not in text
        assert text.replace("\u200b", "").endswith(invite)
    assert safe_url(f"https://{invite}") is None
    assert button_url(f"https://{invite}") is None
    assert masked_link("A loaf", f"https://{invite}", longest=100) == "A loaf"


def test_other_addresses_at_discord_are_links() -> None:
    assert safe_url("https://discord.com/channels/1/2") == "https://discord.com/channels/1/2"
    assert safe_url("https://disboard.org/servers") == "https://disboard.org/servers"
