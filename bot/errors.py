"""Every error the bot raises on purpose.

PressroomError
├── OperatorError          an English sentence for whoever runs the bot
│   ├── SettingsError          the environment is incomplete or wrong (exit code 78)
│   ├── StartError             the bot cannot start as things are: no connection, a second process … (exit code 69)
│   │   └── TokenRefusedError      Discord does not know the token
│   └── StoreError             the database cannot do what was asked
│       ├── StoreBusyError         locked by somebody else for too long
│       │   └── StoreSlowError         what was asked took longer than somebody waits
│       ├── StoreDamagedError      what it holds cannot be read any more; stays so until a backup is restored
│       ├── StoreFullError         no room on the disk
│       ├── StoreGoneError         the server is not there, or the connection broke: a commit may have arrived
│       │   └── StoreSilentError       … no answer in time: the server is overloaded, or out of reach
│       ├── StoreReadOnlyError     file, folder or disk does not take writes
│       └── StoreTooNewError       made by a newer Pressroom
└── DomainError            a text of the catalogue with its parameters, said at the door in the reader's language
    ├── UnreadableError        bytes that are no newsletter issue or feed
    │   └── KeyNeededError         … before a key is given, or another one
    ├── FetchError             a source could not be fetched
    ├── DeliveryError          Discord did not take a message; tried again later
    │   ├── DeliveryRefusedError   … and never will, as it is
    │   ├── ChannelClosedError     … nor any other in this channel, before people change something there
    │   └── DiscordClosedError     … nor anything else from this bot, for some time
    └── RefusedError           a person asked for something that a rule refuses
        ├── NotFoundError          … because it is not there
        └── TooMuchError           … because so much is in hand already; nothing else is looked up for the answer
"""


class PressroomError(Exception):
    """Base of all errors raised on purpose."""


class OperatorError(PressroomError):
    """Base of what only the operator meets; `str(error)` is an English sentence."""


class DomainError(PressroomError):
    """Base of what people meet: names a text of the catalogue and its parameters, so that every door can say it.

    `str(error)` is for the log: the message id and the facts.
    """

    def __init__(self, message_id: str, **params: str | int) -> None:
        facts = "".join(f" {name}={value}" for name, value in params.items())
        super().__init__(f"{message_id}{facts}")
        self.message_id = message_id
        self.params: dict[str, str | int] = params


class SettingsError(OperatorError):
    """The settings are incomplete or wrong; the sentence names every variable."""


class StartError(OperatorError):
    """The bot cannot start; the sentence says why and what to do."""


class TokenRefusedError(StartError):
    """Discord does not know the token (any more)."""


class StoreError(OperatorError):
    """The database cannot do what was asked."""


class StoreBusyError(StoreError):
    """The database is locked by somebody else."""


class StoreSlowError(StoreBusyError):
    """What the database was asked took longer than somebody waits for it, so it was broken off."""


class StoreDamagedError(StoreError):
    """What the database holds is damaged; it does not mend itself."""


class StoreFullError(StoreError):
    """The disk has no room; works again when there is some."""


class StoreGoneError(StoreError):
    """The database server is not there or the connection to it broke; works again when it is back.

    A unit that ends with this may be stored all the same, where only the answer to its commit was lost.
    """


class StoreSilentError(StoreGoneError):
    """The database server was asked something and did not answer in time; nobody can know from here why."""


class StoreReadOnlyError(StoreError):
    """The database, its folder or the disk takes no writes."""


class StoreTooNewError(StoreError):
    """The database was made by a newer Pressroom."""


class UnreadableError(DomainError):
    """These bytes are no issue and no feed; the text says what they seem to be."""


class KeyNeededError(UnreadableError):
    """A source says nothing without a key, or refuses the one that was given."""


class FetchError(DomainError):
    """A source could not be fetched; its server wants to be left alone for `retry_after_seconds` where it says so."""

    def __init__(self, message_id: str, *, retry_after_seconds: float = 0.0, **params: str | int) -> None:
        super().__init__(message_id, **params)
        self.retry_after_seconds = retry_after_seconds


class DeliveryError(DomainError):
    """Discord did not take a message now; trying again may help, not before `retry_after_seconds` where given.

    `is_certain`: Discord said so itself. Without its answer the message may have arrived all the same.
    """

    def __init__(
        self, message_id: str, *, retry_after_seconds: float = 0.0, is_certain: bool = False, **params: str | int
    ) -> None:
        super().__init__(message_id, **params)
        self.retry_after_seconds = retry_after_seconds
        self.is_certain = is_certain


class DeliveryRefusedError(DeliveryError):
    """Discord refused a message for what it is; trying again does not change that."""

    def __init__(self, message_id: str, **params: str | int) -> None:
        super().__init__(message_id, retry_after_seconds=0.0, is_certain=True, **params)


class ChannelClosedError(DeliveryError):
    """Nothing can be done in this channel before somebody grants a permission, or chooses another one.

    `is_gone` when the channel no longer exists.
    """

    def __init__(self, message_id: str, *, is_gone: bool = False, **params: str | int) -> None:
        super().__init__(message_id, retry_after_seconds=0.0, is_certain=True, **params)
        self.is_gone = is_gone


class DiscordClosedError(DeliveryError):
    """Discord takes nothing from this bot now: asking it in other channels would only make it worse."""

    def __init__(self, message_id: str, *, retry_after_seconds: float, **params: str | int) -> None:
        super().__init__(message_id, retry_after_seconds=retry_after_seconds, is_certain=True, **params)


class RefusedError(DomainError):
    """A person asked for something that a rule refuses; the text is for that person."""


class NotFoundError(RefusedError):
    """What was asked for is not there."""


class TooMuchError(RefusedError):
    """So much of the same member or server is in hand already; to say so costs as little as can be."""
