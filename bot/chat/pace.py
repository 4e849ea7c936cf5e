"""How much of one member, and of one server, is in hand at once: more than that is refused before it costs anything.

Our own rate limit (a concurrency limit by member and server), beside the one that Discord keeps for the bot.
"""

from collections import Counter
from enum import Enum

from bot.errors import TooMuchError


class Kind(Enum):
    """What is done; how many of a server are in hand at most."""

    TYPING = 100
    """Something is offered while somebody types."""
    VOTE = 1_000
    """Ballots are written as sets."""
    OTHER = 300


_MOST_OF_A_MEMBER = 10
_MOST_TYPING_OF_A_MEMBER = 2


class Pace:
    """Counts what is in hand, and keeps nothing of what is not."""

    def __init__(self) -> None:
        self._in_hand: dict[int, tuple[tuple[object, ...], tuple[object, ...]]] = {}
        self._counts: Counter[tuple[object, ...]] = Counter()

    def enter(self, interaction_id: int, kind: Kind, *, guild_id: int, member_id: int) -> None:
        """Take an interaction in hand, once. Raises TooMuchError for one too many of a member, or in a server."""
        if interaction_id in self._in_hand:
            return  # heard again while it is answered, as after a resumption: what leaves first frees its place
        is_typing = kind is Kind.TYPING
        # A person is one, in however many servers they act.
        member, server = (member_id, is_typing), (guild_id, kind, "server")
        if self._counts[member] >= (_MOST_TYPING_OF_A_MEMBER if is_typing else _MOST_OF_A_MEMBER):
            raise TooMuchError("too-fast-of-you")
        if self._counts[server] >= kind.value:
            raise TooMuchError("too-fast-of-all")
        self._in_hand[interaction_id] = member, server
        self._counts.update((member, server))

    def leave(self, interaction_id: int) -> None:
        """It is done, or goes on without keeping anybody waiting. Safe to say twice."""
        for name in self._in_hand.pop(interaction_id, ()):
            self._counts[name] -= 1
            if not self._counts[name]:
                del self._counts[name]
