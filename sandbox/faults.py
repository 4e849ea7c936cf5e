"""Things that go wrong on purpose: answers that fail, lines that break, events that never come."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf
from random import Random
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from sandbox.gateway import Gateway

Action = Literal["status", "cut", "lose_answer", "delay"]
Scope = Literal["user", "global", "shared"]


@dataclass(slots=True)
class Fault:
    """What happens to the next `times` requests of `method` whose path (after /api/v10) matches `path`.

    With `dice` it strikes a pseudo-random `share` of them only.
    """

    action: Action
    method: str
    path: re.Pattern[str]
    times: float
    status: int = 0
    code: int = 0
    message: str = ""
    retry_after: float = 0.0
    scope: Scope = "user"
    seconds: float = 0.0
    share: float = 1.0
    dice: Random | None = None
    hits: int = 0

    @property
    def is_spent(self) -> bool:
        return self.hits >= self.times

    def meets(self, method: str, path: str) -> bool:
        """Whether this request is struck; each question is a throw of the dice."""
        if self.method not in ("*", method) or not self.path.search(path):
            return False
        return self.dice is None or self.dice.random() < self.share


@dataclass(slots=True)
class Faults:
    """Hand out faults; each method returns the `Fault`, whose `hits` tell how often it struck.

    Where several meet a request, the one planned first strikes.
    """

    gateway: "Gateway"
    planned: list[Fault] = field(default_factory=list)
    on_hit: Callable[[], None] = lambda: None
    _outage: Fault | None = field(default=None, init=False)
    _longest_way: float = field(default=0.0, init=False)
    _way: Random = field(default_factory=Random, init=False)

    def fail(
        self,
        method: str,
        path: str,
        status: int,
        *,
        times: int = 1,
        code: int = 0,
        message: str = "",
        retry_after: float = 0.0,
        scope: Scope = "user",
    ) -> Fault:
        """Answer with a status (500, 503, 429, 403, 404 …) without acting; `retry_after` and `scope` are a 429's."""
        return self._plan(
            Fault(
                "status",
                method.upper(),
                re.compile(path),
                times,
                status=status,
                code=code,
                message=message,
                retry_after=retry_after,
                scope=scope,
            )
        )

    def cut(self, method: str, path: str, *, times: int = 1) -> Fault:
        """Break the connection before acting."""
        return self._plan(Fault("cut", method.upper(), re.compile(path), times))

    def lose_answer(self, method: str, path: str, *, times: int = 1) -> Fault:
        """Act, then break the connection instead of answering."""
        return self._plan(Fault("lose_answer", method.upper(), re.compile(path), times))

    def delay(self, method: str, path: str, seconds: float, *, times: int = 1) -> Fault:
        """Act and answer, but only after so many seconds."""
        return self._plan(Fault("delay", method.upper(), re.compile(path), times, seconds=seconds))

    def sometimes(
        self,
        action: Action,
        method: str,
        path: str,
        share: float,
        *,
        seed: int,
        status: int = 503,
        seconds: float = 0.1,
    ) -> Fault:
        """Strike a share (0 to 1) of the matching requests until `clear`; `seconds` are those of a delay.

        The same seed and order of requests give the same strikes. Several may be planned at once.
        """
        return self._plan(
            Fault(
                action,
                method.upper(),
                re.compile(path),
                inf,
                status=status,
                seconds=seconds,
                share=share,
                dice=Random(seed),
            )
        )

    def jitter(self, longest_seconds: float, *, seed: int) -> None:
        """Let every request arrive after a pseudo-random time of up to `longest_seconds`, until `clear`.

        It is no fault: whatever was sent arrives, but not in the order of the sending, and a rate limit counts it when
        it arrives. The same seed gives the same times.
        """
        self._longest_way, self._way = longest_seconds, Random(seed)

    def clear(self) -> None:
        """Forget all planned faults and the jitter; an outage goes on."""
        self.planned.clear()
        self._longest_way = 0.0

    def seconds_before_arrival(self, fault: Fault | None) -> float:
        """How long a request is on its way that meets this fault."""
        delay = fault.seconds if fault is not None and fault.action == "delay" else 0.0
        return delay + (self._way.uniform(0.0, self._longest_way) if self._longest_way else 0.0)

    def outage(self) -> Fault:
        """Every request is answered with 503, the gateway is gone and lets no one in, until `recover`."""
        self._outage = Fault("status", "*", re.compile(""), inf, status=503)
        self.gateway.shut()
        return self._outage

    def recover(self) -> None:
        """The outage is over; who was connected may resume."""
        self._outage = None
        self.gateway.is_out = False

    def reconnect(self) -> None:
        """The gateway asks for a reconnect (opcode 7)."""
        self.gateway.ask_reconnect()

    def invalidate(self, *, resumable: bool = False) -> None:
        """The gateway declares the session invalid (opcode 9)."""
        self.gateway.invalidate(resumable=resumable)

    def drop_gateway(self) -> None:
        """The gateway's line breaks."""
        self.gateway.drop()

    def strike(self, method: str, path: str) -> Fault | None:
        """The fault that this request meets, counted."""
        if self._outage is not None:
            fault = self._outage
        else:
            for fault in self.planned:
                if fault.meets(method, path):
                    break
            else:
                return None
        fault.hits += 1
        if fault.is_spent:
            self.planned.remove(fault)
        self.on_hit()
        return fault

    def _plan(self, fault: Fault) -> Fault:
        self.planned.append(fault)
        return fault
