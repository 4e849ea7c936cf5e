"""What is counted while the process lives: names, labels and sums. `bot.web` shows them; nothing is sent anywhere."""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

# Every counter there is: name, help, names of its labels. A test keeps docs/operators.md in step.
COUNTERS = {
    "discord_requests": ("Requests to Discord, interactions' answers apart", ("status",)),
    "discord_invalid_requests": ("Answers 401, 403 and 429, of which Discord allows 10,000 in ten minutes", ()),
    "interactions": ("Commands and presses, by what became of them", ("outcome",)),
    "gateway_identifies": ("Sessions begun at the gateway", ()),
    "deliveries": ("Deliveries of the outbox, by what became of the attempt", ("outcome",)),
    "source_readings": ("Readings of sources, by what became of them", ("outcome",)),
    "issues_stored": ("Newsletter issues taken into the archive", ()),
}


@dataclass(frozen=True, slots=True)
class Sample:
    """One sum."""

    name: str
    labels: tuple[str, ...]
    value: int


class Metrics:
    """Sums since the start of the process."""

    def __init__(self) -> None:
        self._sums: defaultdict[tuple[str, tuple[str, ...]], int] = defaultdict(int)

    def count(self, name: str, *labels: str, by: int = 1) -> None:
        """Add to the counter `name`, one of COUNTERS; `labels` in the order that stands there."""
        assert len(labels) == len(COUNTERS[name][1])  # noqa: S101 - a mistake of the code
        self._sums[name, labels] += by

    def value(self, name: str, *labels: str) -> int:
        """The sum so far."""
        return self._sums.get((name, labels), 0)

    def samples(self) -> Iterator[Sample]:
        """Every sum, those without labels also while they are zero."""
        for name, (_, labels) in COUNTERS.items():
            if not labels:
                self._sums.setdefault((name, ()), 0)
        for (name, values), value in sorted(self._sums.items()):
            yield Sample(name, values, value)


@dataclass(slots=True)
class Meter:
    """What was received from the network, unpacked, while it ran; `most_bytes` is what may be.

    understanding_seconds: what it took to understand that, of a processor; of what had to be ended, by the clock.
    """

    received_bytes: int = 0
    understanding_seconds: float = 0.0
    most_bytes: int | None = None


_meter: ContextVar[Meter | None] = ContextVar("meter", default=None)


@contextmanager
def metered(*, most_bytes: int | None = None) -> Iterator[Meter]:
    """Measure what this task, and what it starts, receives inside the block."""
    meter = Meter(most_bytes=most_bytes)
    token = _meter.set(meter)
    try:
        yield meter
    finally:
        _meter.reset(token)


def note_received(count: int) -> bool:
    """So many bytes came from the network, for whoever measures; whether more may come."""
    meter = _meter.get()
    if meter is None:
        return True
    meter.received_bytes += count
    return meter.most_bytes is None or meter.received_bytes <= meter.most_bytes


def note_understood(seconds: float) -> None:
    """It took so long to understand a document, for whoever measures."""
    meter = _meter.get()
    if meter is not None:
        meter.understanding_seconds += seconds
