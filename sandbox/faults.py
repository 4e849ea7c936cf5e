"""Things that go wrong on purpose: answers that fail, lines that break, events that never come."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from sandbox.gateway import Gateway

Action = Literal["status", "cut", "lose_answer", "delay"]


@dataclass(slots=True)
class Fault:
    """What happens to the next `times` requests of `method` whose path (after /api/v10) matches `path`."""

    action: Action
    method: str
    path: re.Pattern[str]
    times: int
    status: int = 0
    code: int = 0
    message: str = ""
    retry_after: float = 0.0
    seconds: float = 0.0
    hits: int = 0

    @property
    def is_spent(self) -> bool:
        return self.hits >= self.times


@dataclass(slots=True)
class Faults:
    """Hand out faults; each method returns the `Fault`, whose `hits` tell how often it struck."""

    gateway: "Gateway"
    planned: list[Fault] = field(default_factory=list)
    on_hit: Callable[[], None] = lambda: None

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
    ) -> Fault:
        """Answer with a status (500, 503, 429, 403, 404 …) without acting."""
        return self._plan(
            "status", method, path, times, status=status, code=code, message=message, retry_after=retry_after
        )

    def cut(self, method: str, path: str, *, times: int = 1) -> Fault:
        """Break the connection before acting."""
        return self._plan("cut", method, path, times)

    def lose_answer(self, method: str, path: str, *, times: int = 1) -> Fault:
        """Act, then break the connection instead of answering."""
        return self._plan("lose_answer", method, path, times)

    def delay(self, method: str, path: str, seconds: float, *, times: int = 1) -> Fault:
        """Act and answer, but only after so many seconds."""
        return self._plan("delay", method, path, times, seconds=seconds)

    def clear(self) -> None:
        self.planned.clear()

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
        for fault in self.planned:
            if fault.method in ("*", method) and fault.path.search(path):
                fault.hits += 1
                if fault.is_spent:
                    self.planned.remove(fault)
                self.on_hit()
                return fault
        return None

    def _plan(
        self,
        action: Action,
        method: str,
        path: str,
        times: int,
        *,
        status: int = 0,
        code: int = 0,
        message: str = "",
        retry_after: float = 0.0,
        seconds: float = 0.0,
    ) -> Fault:
        fault = Fault(action, method.upper(), re.compile(path), times, status, code, message, retry_after, seconds)
        self.planned.append(fault)
        return fault
