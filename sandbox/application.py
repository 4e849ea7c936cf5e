"""The application that a bot logs in as: its token and what its developer switched on."""

from dataclasses import dataclass, field

from sandbox import events, tokens
from sandbox.model import User


@dataclass(slots=True)
class Application:
    id: int
    name: str
    owner: User
    privileged_intents: int = 0
    token: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        if not self.token:
            self.reset_token()

    def reset_token(self) -> str:
        """A new token, as the developer portal gives it; the old one is void."""
        self.token = tokens.new(self.id)
        return self.token

    @property
    def flags(self) -> int:
        """The "limited" intent flags, as an application in fewer than 100 servers has them."""
        presence, members, content = (
            bool(self.privileged_intents & bit)
            for bit in (events.GUILD_PRESENCES, events.GUILD_MEMBERS, events.MESSAGE_CONTENT)
        )
        return presence << 13 | members << 15 | content << 19
