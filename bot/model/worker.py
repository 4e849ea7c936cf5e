"""The workers of a process, by name."""

from enum import StrEnum


class WorkerName(StrEnum):
    """What each one looks after."""

    SOURCES = "sources"
    OUTBOX = "outbox"
    POLLS = "polls"
    CARDS = "cards"
    CHORES = "chores"
    HUBS = "hubs"
    ARCHIVE = "archive"
    RETENTION = "retention"
    SERVERS = "servers"
