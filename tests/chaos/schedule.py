"""The seeded schedule: which faults, of whom, for how long, one after the other or two at once."""

from collections.abc import Collection
from dataclasses import dataclass
from random import Random

from tests.support.region import SERVICES

SERVERS = ("rabbitmq", "postgres")
CLOCKS = (-7200, -3600, -90, 5, 90, 3600, 7200)
TOGETHER = 0.25
"""The share of faults that begin while another one lasts."""


@dataclass(frozen=True)
class Kind:
    """A kind of fault: whom it may befall, the seconds that it lasts, how often it comes beside others."""

    name: str
    victims: tuple[str, ...]
    seconds: tuple[float, float]
    weight: int


def ways(*places: str) -> tuple[str, ...]:
    return tuple(f"{name} to {place}" for name in SERVICES for place in places)


BOTH = ways("broker", "database")
KINDS = (
    Kind("kill -9 of a service", SERVICES, (0.0, 1.5), 5),
    Kind("kill -9 of the broker", ("rabbitmq",), (0.0, 1.5), 2),
    Kind("kill -9 of the database", ("postgres",), (0.0, 1.5), 3),
    Kind("SIGSTOP of a service", SERVICES, (1.0, 4.0), 3),
    Kind("SIGSTOP of the broker", ("rabbitmq",), (1.0, 4.0), 2),
    Kind("SIGSTOP of the database", ("postgres",), (1.0, 4.0), 2),
    Kind("connections cut", BOTH, (0.0, 0.1), 4),
    Kind("connections refused", BOTH, (0.5, 3.0), 3),
    Kind("connections stalled", BOTH, (1.0, 6.0), 4),
    Kind("answers lost", BOTH, (0.5, 3.0), 4),
    Kind("broker wiped", ("rabbitmq",), (0.0, 1.0), 2),
    Kind("disk of the database full", ("postgres",), (2.0, 5.0), 2),
    Kind("disk of the broker full", ("rabbitmq",), (1.0, 4.0), 2),
    Kind("clock jump", SERVICES, (1.0, 4.0), 4),
    Kind("handlers fail", ("notifications", "notifications", "proposals", "ratings"), (2.0, 5.0), 2),
    Kind("handlers die", ("notifications", "notifications", "proposals", "ballots"), (2.0, 5.0), 2),
)
NAMES = tuple(kind.name for kind in KINDS)
ON_DISKS = ("disk of the database full", "disk of the broker full")


@dataclass(frozen=True)
class Fault:
    """One of a schedule. ``amount``: the seconds by which a clock is wrong."""

    kind: str
    victim: str
    seconds: float
    amount: int = 0

    def __str__(self) -> str:
        by = f" by {self.amount:+} s" if self.amount else ""
        return f"{self.kind}{by}, {self.victim}, {self.seconds:.1f} s"


Step = tuple[Fault, ...]


def schedule(
    seed: int, faults: int, *, only: Collection[str] = (), without: Collection[str] = ()
) -> list[Step]:
    """So many faults, in steps of one or two at once; every kind comes if there are enough. The same again
    for the same arguments. ``only``: kinds, all if there are none."""
    drawn = Random(seed)
    kinds = [kind for kind in KINDS if kind.name not in without and kind.name in (only or NAMES)]
    chosen = drawn.sample(kinds, min(faults, len(kinds)))
    chosen += drawn.choices(kinds, [kind.weight for kind in kinds], k=faults - len(chosen))
    drawn.shuffle(chosen)
    left = [_fault(kind, drawn) for kind in chosen]
    steps: list[Step] = []
    while left:
        step: Step = (left.pop(),)
        if left and drawn.random() < TOGETHER and left[-1].victim != step[0].victim:
            step += (left.pop(),)
        steps.append(step)
    return steps


def _fault(kind: Kind, drawn: Random) -> Fault:
    amount = drawn.choice(CLOCKS) if kind.name == "clock jump" else 0
    return Fault(kind.name, drawn.choice(kind.victims), round(drawn.uniform(*kind.seconds), 1), amount)
