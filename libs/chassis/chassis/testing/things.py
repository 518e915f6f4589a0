"""Something that happens, to be told in tests: an event type of nobody's contracts, and logs full of it."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from time import monotonic
from typing import Any, Final
from uuid import uuid4

from marshmallow import fields

from piaojue_contracts import FIRST_PREVIOUS_HASH, Event, EventType
from piaojue_contracts.event_type import Data

SOURCE: Final = "/regions/test/north"
WITHIN_SECONDS: Final = 20.0


class Thing(Data):
    """What happened."""

    number = fields.Integer(required=True, strict=True)


def event_type(producer: str = "north", name: str = "thing_happened", version: int = 1) -> EventType:
    """A type of its own, which is not declared."""
    return EventType(producer, name, version, Thing, subject="the thing", doc="Something happened.")


HAPPENED: Final = event_type()


def happenings(
    count: int,
    *,
    after: Event | None = None,
    subjects: Iterable[str] = ("things/1",),
    producer: str = "north",
) -> list[Event]:
    """So many events of one log, chained, which go through the subjects in turn."""
    subjects, events = list(subjects), []
    for _ in range(count):
        number = after.sequence + 1 if after else 1
        after = Event(
            id=str(uuid4()),
            source=f"/regions/test/{producer}",
            type=event_type(producer).type,
            subject=subjects[(number - 1) % len(subjects)],
            time="2022-04-16T01:30:00.000000Z",
            sequence=number,
            previous_hash=after.hash if after else FIRST_PREVIOUS_HASH,
            data={"number": number},
        ).sealed()
        events.append(after)
    return events


def altered(event: Event, **changes: Any) -> Event:
    """The event with other contents and the hash that it had."""
    return replace(event, **changes)


def until(condition: Callable[[], Any], what: str, within: float = WITHIN_SECONDS) -> Any:
    """Asks a condition that itself waits a little, until its answer is true. AssertionError: it never was."""
    deadline = monotonic() + within
    while not (answer := condition()):
        assert monotonic() < deadline, f"not within {within:g} s: {what}"
    return answer
