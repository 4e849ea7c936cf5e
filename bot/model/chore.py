"""What a rule began and leaves to be done in portions, because a server may have stored any amount of it."""

from dataclasses import dataclass
from enum import StrEnum


class ChoreKind(StrEnum):
    """What is to be done."""

    SHOW_WAITING = "show-waiting"  # submissions that wait, in the channel where moderators see them now
    SHOW_NAME = "show-name"  # a member's name, wherever it stands
    MOVE_ANNOUNCEMENTS = "move-announcements"  # of a newsletter, that wait for another channel than its own
    MOVE_NOTICES = "move-notices"  # to the channel where the staff is told now
    LET_GO = "let-go"  # of a source that the server reads no more
    RELEASE = "release"  # what waits for a digest
    ANNOUNCE_FLOOD = "announce-flood"
    FORGET = "forget"  # a member
    FEATURE = "feature"  # who sent in the links of an issue, in whichever servers
    TELL_NEWS = "tell-news"  # every server that reads a source, of what its readings brought
    TELL_STAFFS = "tell-staffs"  # of every server that reads a source, of what befell it
    CHARGE = "charge"  # every server that reads a source, with its share of what a reading cost


@dataclass(frozen=True, slots=True)
class Chore:
    """subject: what it is about, by its kind. member_id: whom; 0 for nobody. place: how far it came, by its kind.

    details: what else it has to know, by its kind; they do not tell it from others.
    """

    kind: ChoreKind
    guild_id: int
    subject: str = ""
    member_id: int = 0
    place: int = 0
    details: str | None = None
