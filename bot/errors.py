"""Every error the bot raises on purpose.

PressroomError
├── SettingsError          the environment is incomplete or wrong (exit code 78)
├── StartError             the bot cannot start as things are: database in use, no connection … (exit code 69)
│   └── TokenRefusedError      Discord does not know the token
├── StoreError             the database cannot do what was asked
│   ├── StoreBusyError         locked by somebody else for too long
│   ├── StoreReadOnlyError     file, folder or disk does not take writes
│   └── StoreTooNewError       made by a newer Pressroom
├── UnreadableError        bytes that are no newsletter issue or feed
├── FetchError             a source could not be fetched
├── DeliveryError          Discord did not take a message; tried again later
│   └── DeliveryRefusedError   … and never will, as it is
└── RefusedError           a person asked for something that a rule refuses
    └── NotFoundError          … because it is not there

`message_id` and `params` name a text of the catalogue; the door that catches the error knows the reader's language.
"""

from typing import Any


class PressroomError(Exception):
    """Base of all errors raised on purpose; `str(error)` is an English sentence for the operator."""

    message_id = "error-unexpected"

    def __init__(self, sentence: str, *, message_id: str | None = None, **params: Any) -> None:
        super().__init__(sentence)
        self.params: dict[str, Any] = params
        if message_id is not None:
            self.message_id = message_id


class SettingsError(PressroomError):
    """The settings are incomplete or wrong; the sentence names every variable."""


class StartError(PressroomError):
    """The bot cannot start; the sentence says why and what to do."""


class TokenRefusedError(StartError):
    """Discord does not know the token (any more)."""

    def __init__(self) -> None:
        super().__init__(
            "Discord refused the token (DISCORD_TOKEN). Make a new one on the Bot page of your application in "
            "Discord's developer portal and put it into .env."
        )


class StoreError(PressroomError):
    """The database cannot do what was asked."""


class StoreBusyError(StoreError):
    """The database is locked by somebody else."""


class StoreReadOnlyError(StoreError):
    """The database, its folder or the disk takes no writes."""


class StoreTooNewError(StoreError):
    """The database was made by a newer Pressroom."""


class UnreadableError(PressroomError):
    """These bytes are no issue and no feed; the sentence says what they seem to be."""

    message_id = "source-unreadable"


class FetchError(PressroomError):
    """A source could not be fetched."""

    message_id = "source-unreachable"


class DeliveryError(PressroomError):
    """Discord did not take a message now; trying again may help, not before `retry_after_seconds` where given."""

    message_id = "delivery-failed"

    def __init__(self, sentence: str, *, retry_after_seconds: float = 0.0) -> None:
        super().__init__(sentence)
        self.retry_after_seconds = retry_after_seconds


class DeliveryRefusedError(DeliveryError):
    """Discord refused a message for what it is; trying again does not change that."""

    message_id = "delivery-refused"


class RefusedError(PressroomError):
    """A person asked for something that a rule refuses; the text is for that person."""

    message_id = "refused"


class NotFoundError(RefusedError):
    """What was asked for is not there."""

    message_id = "not-found"
