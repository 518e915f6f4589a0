"""A golden message of every version of every event: it fits, it is hashed, and a producer's make one log."""

import json
from pathlib import Path

import pytest

import piaojue_contracts
from piaojue_contracts import all_event_types, golden_messages, verify
from piaojue_contracts.events import PRODUCERS

FOLDER = Path(piaojue_contracts.__file__).parent / "golden"
GOLDEN = [pytest.param(each, golden, id=each.type) for each, golden in golden_messages()]


def test_there_is_one_for_every_version_and_none_is_left_over():
    files = {str(file.relative_to(FOLDER)) for file in FOLDER.rglob("*") if file.is_file()}
    assert files == {f"{each.producer}/{each.routing_key}.json" for each in all_event_types()}


@pytest.mark.parametrize(("event_type", "golden"), GOLDEN)
def test_a_golden_message_fits_its_schema(event_type, golden):
    assert golden.type == event_type.type
    assert golden.source.endswith(f"/{event_type.producer}")
    event_type.check(golden.data)


@pytest.mark.parametrize(("event_type", "golden"), GOLDEN)
def test_a_golden_message_is_of_the_subject_that_was_declared(event_type, golden):
    parts = zip(event_type.subject.strip("`").split("/"), golden.subject.split("/"), strict=True)
    for pattern, part in parts:
        name = pattern.strip("<>")
        assert part == (name if name == pattern else str(golden.data[name]))


@pytest.mark.parametrize("producer", PRODUCERS)
def test_the_golden_messages_of_a_producer_are_a_log(producer):
    own = sorted(
        (golden for each, golden in golden_messages() if each.producer == producer),
        key=lambda golden: golden.sequence,
    )
    assert own
    assert verify(own) == (len(own), own[-1].hash)


def test_ids_are_unique_and_some_tell_of_their_request():
    events = [golden for _, golden in golden_messages()]
    assert len({event.id for event in events}) == len(events)
    for told in ({event.correlation_id for event in events}, {event.traceparent for event in events}):
        assert None in told
        assert len(told) > 1


def test_files_are_written_for_people_to_read():
    for file in FOLDER.rglob("*.json"):
        content = file.read_text(encoding="utf-8")
        assert content == json.dumps(json.loads(content), ensure_ascii=False, indent=2) + "\n"
