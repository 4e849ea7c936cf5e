"""What a seed decides: which database and how many processes, what people do, and what goes wrong meanwhile."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from random import Random
from typing import Literal

Database = Literal["sqlite", "postgresql"]

MEMBERS = ("mia", "nils", "mara", "edda")
ANSWERS = ("A", "B", "C")
_ISSUES = range(2, 9)
KINDS: tuple[Database, ...] = ("sqlite", "postgresql")


@dataclass(frozen=True, slots=True)
class Act:
    """What somebody does; `who` and `what` mean what `tests.history.story` makes of them."""

    name: str
    who: str = ""
    what: str = ""

    def __str__(self) -> str:
        return " ".join(part for part in (self.name, self.who, self.what) if part)


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong while the act at place `during` is done.

    size: how many points are passed before a kill or a stop, a share, or seconds; process: which one it meets.
    """

    during: int
    name: str
    size: float = 0.0
    process: int = 0

    def __str__(self) -> str:
        return f"{self.name}({self.size:g}) of process {self.process} during act {self.during}"


@dataclass(frozen=True, slots=True)
class Plan:
    """All of it. forgets_nonces: minutes pass at Discord between a kill and the next process."""

    seed: int
    database: Database
    processes: int
    publishes: bool
    forgets_nonces: bool
    acts: tuple[Act, ...]
    faults: tuple[Fault, ...]

    @classmethod
    def of(cls, seed: int, *, databases: tuple[Database, ...] = KINDS) -> "Plan":
        """What this seed decides, always the same; of databases it takes one of these."""
        dice = Random(seed)
        database = dice.choice(databases)
        processes = dice.choice((1, 2, 2, 3)) if database == "postgresql" else 1
        acts = tuple(_acts(dice))
        known = [*_EVERYWHERE, *(_BETWEEN if database == "postgresql" else ()), *(_AMONG if processes > 1 else ())]
        faults = [_fault(dice, dice.choice(known), len(acts), processes) for _ in range(dice.randint(1, 4))]
        return cls(
            seed=seed,
            database=database,
            processes=processes,
            publishes=dice.random() < 0.3,
            forgets_nonces=dice.random() < 0.6,
            acts=acts,
            faults=tuple(sorted(faults, key=lambda fault: fault.during)),
        )

    def only(self, faults: tuple[Fault, ...]) -> "Plan":
        """The same with these faults alone."""
        return replace(self, faults=faults)

    def __str__(self) -> str:
        head = f"seed {self.seed}, {self.database}, {self.processes} processes"
        acts = "; ".join(f"{place} {act}" for place, act in enumerate(self.acts))
        return "\n  ".join([f"{head}: {acts}", *map(str, self.faults)])


_EVERYWHERE = ("kill", "kill", "kill", "lose", "trouble", "cut", "slow", "limit", "line", "session", "outage", "jump")
_BETWEEN = ("db cut", "db slow", "db silent", "db lost commit", "db lost commit", "db restart")
_AMONG = ("stop", "kill")
_SIZES: Mapping[str, Callable[[Random], float]] = {
    "kill": lambda dice: dice.randint(0, 12),
    "stop": lambda dice: dice.randint(0, 8),
    "lose": lambda dice: dice.choice((0.3, 0.6, 1.0)),
    "trouble": lambda dice: dice.choice((0.3, 0.7)),
    "cut": lambda dice: dice.choice((0.3, 0.7)),
    "slow": lambda dice: dice.choice((0.05, 0.3)),
    "limit": lambda dice: dice.randint(1, 3),
    "jump": lambda dice: dice.choice((-7200.0, -90.0, 90.0, 7200.0, 172_800.0)),
    "db slow": lambda dice: dice.choice((0.01, 0.05)),
    "db lost commit": lambda dice: dice.randint(0, 5),
}


def _fault(dice: Random, name: str, acts: int, processes: int) -> Fault:
    size = _SIZES[name](dice) if name in _SIZES else 0.0
    return Fault(dice.randrange(acts), name, size, dice.randrange(processes))


def _acts(dice: Random) -> list[Act]:
    """An order of what people do; each issue comes after the links that members sent in for it."""
    acts: list[Act] = []
    issues = iter(_ISSUES)
    said = 1
    for _ in range(dice.randint(6, 10)):
        kind = dice.choice(("publish", "publish", "votes", "votes", "submit", "submit", "decide", "credit", "repost"))
        match kind:
            case "publish":
                said = next(issues, said)
                acts.append(Act("publish", what=str(said)))
            case "votes":
                acts.append(Act("votes", what="".join(dice.choice(ANSWERS) for _ in MEMBERS)))
            case "submit":
                acts.append(Act("submit", dice.choice(("mia", "nils")), str(said + dice.randint(1, 2))))
            case "decide":
                acts.append(Act("decide", what=dice.choice(("approve", "both", "decline"))))
            case "credit":
                acts.append(Act("credit", dice.choice(("mia", "nils")), dice.choice(("shown", "own words", "none"))))
            case "repost":
                acts.append(Act("repost", dice.choice(("mara", "edda")), str(dice.randint(1, said))))
    return acts
