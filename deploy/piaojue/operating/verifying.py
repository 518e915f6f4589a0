"""What ``piaojue events verify`` finds, also after a restore."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from chassis.errors import Unavailable
from chassis.events.ports import Cursor, Tip
from chassis.events.verifying import position_fault, verify_log
from piaojue.operating.places import Place
from piaojue_contracts import ChainBroken

HEADS: Final = ("log", "#events", "last hash", "consumer", "#taken", "what does not fit")


@dataclass(frozen=True)
class Verified:
    """Of a log, or of what a consumer has taken of it. ``missing`` is what kept it from being verified."""

    service: str
    sequence: int | None = None
    hash: str | None = None
    consumer: str | None = None
    taken: int | None = None
    fault: str | None = None
    missing: str | None = None

    def told(self) -> dict[str, Any]:
        return asdict(self)

    def row(self) -> tuple[object, ...]:
        wrong = self.fault or (f"could not be verified: {self.missing}" if self.missing else "")
        hash = self.hash[:16] if self.hash else None
        return (self.service, self.sequence, hash, self.consumer, self.taken, wrong)


def verified(places: Sequence[Place]) -> list[Verified]:
    """Each log, followed by its consumers. Positions are read before the logs, which only grow."""
    taken, found = _positions(places), []
    for place in places:
        try:
            tip = verify_log(place.store, place.source)
            found += [_log(place, tip), *_consumers(place, taken)]
        except ChainBroken as broken:
            found.append(Verified(place.service, sequence=broken.sequence, fault=str(broken)))
        except Unavailable as away:
            found.append(Verified(place.service, missing=away.detail))
    return found


def _positions(places: Sequence[Place]) -> list[tuple[str, str, Cursor | Unavailable]]:
    """Consumer, source and cursor; of a consumer whose store is away, one for all sources."""
    found: list[tuple[str, str, Cursor | Unavailable]] = []
    for place in places:
        try:
            positions = place.inbox.positions()
            found += [(place.service, source, cursor) for source, cursor in positions.items()]
        except Unavailable as away:
            found += [(place.service, other.service, away) for other in places if other is not place]
    return found


def _log(place: Place, tip: Tip) -> Verified:
    """What the broker has confirmed must be there, too: a log that was cut short is whole in itself."""
    published = place.log.published()
    fault = (
        f"event {published} was published, and the log ends with {tip.sequence}"
        if published > place.log.tip().sequence
        else None
    )
    return Verified(place.service, tip.sequence, tip.hash, fault=fault)


def _consumers(place: Place, taken: Sequence[tuple[str, str, Cursor | Unavailable]]) -> list[Verified]:
    found = []
    for consumer, source, cursor in taken:
        if source != place.service:
            continue
        if isinstance(cursor, Unavailable):
            found.append(Verified(source, consumer=consumer, missing=cursor.detail))
            continue
        fault = position_fault(place.store, cursor)
        if cursor.forked is not None:
            fault = f"it has stopped following: {cursor.forked}"
        found.append(Verified(source, consumer=consumer, taken=cursor.sequence, fault=fault))
    return found
