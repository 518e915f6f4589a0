"""The roll call as facts: each is kept, and who is present at a time follows from those up to then."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from ballots.domain.errors import InvalidRollCall

LONGEST_AGO = timedelta(days=31)


class RollCallKind(Enum):
    CALLED = "called"
    ARRIVED = "arrived"
    LEFT = "left"


@dataclass(frozen=True, slots=True)
class RollCall:
    """One fact: ``deputies`` were present (a whole roll call), arrived or left, at ``at``.

    ``number``: in the order of their recording; ``by``: whose token recorded it, None of those from before
    that was kept.
    """

    number: int
    kind: RollCallKind
    deputies: frozenset[str]
    at: datetime
    recorded_at: datetime
    by: str | None


def present_at(facts: Iterable[RollCall], at: datetime | None = None) -> frozenset[str]:
    """Who was present at a time, or by all facts; of facts of one time the one recorded last holds.

    A fact that was recorded late counts from its own time on: one that corrects a roll call moves nobody who
    arrived or left after it.
    """
    present: frozenset[str] = frozenset()
    for fact in sorted(facts, key=lambda each: (each.at, each.number)):
        if at is not None and fact.at > at:
            break
        match fact.kind:
            case RollCallKind.CALLED:
                present = fact.deputies
            case RollCallKind.ARRIVED:
                present |= fact.deputies
            case RollCallKind.LEFT:
                present -= fact.deputies
    return present


def read_at(given: datetime | None, facts: Iterable[RollCall], now: datetime) -> datetime:
    """When a fact was so: now, and after all ``facts``, unless it says otherwise. Raises InvalidRollCall."""
    if given is None:
        return max([now, *(fact.at for fact in facts)])  # clocks of processes may differ a little
    if not now - LONGEST_AGO <= given <= now:
        raise InvalidRollCall(f"at: must not be to come, nor over {LONGEST_AGO.days} days ago", field="at")
    return given
