"""``python -m tests.contracts.release``: takes what is new in the events into the released baseline.

``released/<producer>/<name>.v<version>.json`` holds the schema of each version as others rely on it. Nothing
writes there but this command, which adds new versions, and optional fields to known ones; whatever would
break a reader it names, and refuses. As long as a producer's events are in no release yet, nobody relies on
them: delete its folder there, and run this again.

The golden message of a new version is written by hand, without ``sequence``, ``previoushash`` and ``hash``:
this command makes it the next of its producer's golden log. A golden message with a released schema is
never changed.
"""

import json
import sys
from pathlib import Path

from piaojue_contracts import FIRST_PREVIOUS_HASH, Event, EventType, all_event_types, golden_messages
from tests.contracts.compatibility import breaking_changes
from tests.support.event_schemas import message_schema
from tests.support.generate import TOP
from tests.support.generate_events import as_text

RELEASED = Path(__file__).parent / "released"
GOLDEN = TOP / "libs/contracts/piaojue_contracts/golden"
_LAST = "9" * 15


def file_of(event_type: EventType, folder: Path = RELEASED) -> Path:
    return folder / event_type.producer / f"{event_type.routing_key}.json"


def seal_new_golden_messages(golden: Path = GOLDEN, released: Path = RELEASED) -> None:
    """Number, chain and hash the golden messages of versions that are not released."""
    for producer in {event_type.producer for event_type in all_event_types()}:
        own = [each for each in all_event_types() if each.producer == producer]
        known = [_members(each, golden) for each in own if file_of(each, released).exists()]
        new = [each for each in own if not file_of(each, released).exists()]
        number, previous = max(
            ((int(each["sequence"]), each["hash"]) for each in known), default=(0, FIRST_PREVIOUS_HASH)
        )
        for event_type in sorted(new, key=lambda each: _members(each, golden).get("sequence", _LAST)):
            number += 1
            placed = {"sequence": f"{number:015}", "previoushash": previous, "hash": FIRST_PREVIOUS_HASH}
            event = Event.from_json(_members(event_type, golden) | placed).sealed()
            file_of(event_type, golden).write_text(as_text(event.as_json()), encoding="utf-8")
            previous = event.hash


def _members(event_type: EventType, golden: Path) -> dict[str, str]:
    return json.loads(file_of(event_type, golden).read_text(encoding="utf-8"))


def release(folder: Path = RELEASED) -> list[str]:
    """Write what is new; return what was refused."""
    refused = []
    for event_type, golden in golden_messages():
        file, current = file_of(event_type, folder), message_schema(event_type, golden)
        changes = []
        if file.exists():
            released = json.loads(file.read_text(encoding="utf-8"))
            changes = breaking_changes(released, current)
            if released["examples"] != current["examples"]:
                changes.append("the golden message was changed")
        if changes:
            refused += [f"{event_type.type}: {change}" for change in changes]
        else:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(as_text(current), encoding="utf-8")
    return refused


if __name__ == "__main__":
    seal_new_golden_messages()
    if refused := release():
        print(*refused, "Declare a new version, beside the old one.", sep="\n", file=sys.stderr)
        sys.exit(1)
