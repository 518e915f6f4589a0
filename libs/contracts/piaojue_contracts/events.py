"""Every event that Piaojue's services publish, and their golden messages."""

import json
from collections.abc import Iterator
from importlib.resources import files

from piaojue_contracts import ballots, notifications, proposals, ratings
from piaojue_contracts.envelope import Event
from piaojue_contracts.event_type import EventType, declared

PRODUCERS = (proposals.PRODUCER, ballots.PRODUCER, ratings.PRODUCER, notifications.PRODUCER)


def all_event_types() -> tuple[EventType, ...]:
    """By producer, name and version."""
    return tuple(sorted(declared().values(), key=lambda each: (each.producer, each.name, each.version)))


def event_type(type: str) -> EventType | None:
    """The declaration of a CloudEvents ``type``; None for one that this release does not know."""
    return declared().get(type)


def golden_messages() -> Iterator[tuple[EventType, Event]]:
    """A message of every version of every event, as it is on the wire; kept for ever once released."""
    folder = files("piaojue_contracts") / "golden"
    for each in all_event_types():
        content = (folder / each.producer / f"{each.routing_key}.json").read_text(encoding="utf-8")
        yield each, Event.from_json(json.loads(content))
