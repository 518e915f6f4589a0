"""The envelope: read as it was written, refused where it is none, chained so that nothing can be altered."""

import json
from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from piaojue_contracts import (
    ATTRIBUTES,
    FIRST_PREVIOUS_HASH,
    ChainBroken,
    Event,
    UnreadableEvent,
    canonical,
    verify,
)

ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
ANY_DATA = st.dictionaries(st.text(), ANY_JSON, max_size=4)
MEMBERS = {
    name: st.from_regex(attribute.pattern, fullmatch=True)
    for name, attribute in ATTRIBUTES.items()
    if name != "hash"
} | {"data": ANY_DATA}
ANY_EVENT = st.builds(
    lambda members, hashed: Event.from_json({**members, "hash": hashed}).sealed(),
    st.fixed_dictionaries(MEMBERS),
    st.just(FIRST_PREVIOUS_HASH),
)


def event(sequence: int = 1, previous_hash: str = FIRST_PREVIOUS_HASH, **changes) -> Event:
    made = Event(
        id=f"e-{sequence}",
        source="/regions/430181/ballots",
        type="piaojue.ballots.poll_closed.v1",
        subject="polls/yongan/livelihood-2022",
        time="2022-04-16T02:31:07.204518Z",
        sequence=sequence,
        previous_hash=previous_hash,
        data={"poll": "livelihood-2022"},
    )
    return replace(made, **changes).sealed()


def log(length: int) -> list[Event]:
    events: list[Event] = []
    for number in range(1, length + 1):
        events.append(event(number, events[-1].hash if events else FIRST_PREVIOUS_HASH))
    return events


def wire(**changes) -> bytes:
    return json.dumps({**event().as_json(), **changes}).encode()


@given(ANY_EVENT)
def test_an_event_is_read_as_it_was_written(written):
    read = Event.from_bytes(written.as_bytes())
    assert read == written
    assert read.as_bytes() == written.as_bytes()
    assert read.computed_hash() == written.hash


@given(ANY_EVENT, st.data())
def test_a_change_of_any_member_changes_the_hash_or_is_refused(written, draw):
    members = written.as_json()
    name = draw.draw(st.sampled_from(sorted(MEMBERS)), label="member")
    value = draw.draw(MEMBERS[name] | ANY_JSON, label="value")
    assume(canonical(value) != canonical(members[name]))
    try:
        altered = Event.from_json({**members, name: value})
    except UnreadableEvent:
        return
    assert altered.computed_hash() != written.hash


@pytest.mark.parametrize("name", ["correlationid", "traceparent"])
def test_adding_or_removing_an_optional_member_changes_the_hash(name):
    bare, full = event(), event(correlation_id="c-1", traceparent=f"00-{'a' * 32}-{'b' * 16}-01")
    added = Event.from_json({**bare.as_json(), name: full.as_json()[name]})
    removed = Event.from_json({key: value for key, value in full.as_json().items() if key != name})
    assert added.computed_hash() != bare.hash
    assert removed.computed_hash() != full.hash


def test_a_member_that_the_envelope_does_not_know_is_passed_over():
    read = Event.from_bytes(wire(gatewayseen="2022-04-16", partition=3))
    assert read == event()
    verify([read])


def test_a_body_in_another_order_and_with_spaces_is_the_same_event():
    body = json.dumps(dict(reversed(event().as_json().items())), indent=3).encode()
    assert Event.from_bytes(body) == event()
    assert verify([Event.from_bytes(body)]) == (1, event().hash)


def test_an_event_says_who_told_it_and_how_it_is_routed():
    told = event(type="piaojue.ballots.result_declared.v12")
    assert (told.producer, told.routing_key) == ("ballots", "result_declared.v12")


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"{", b"\xff", b"null", b"[]", b'"text"', b"1", b"[" * 100_000, '{"a":1}'.encode("utf-16")),
        *(wire(data={"n": 1.5}), wire(data={"n": 1.0}), wire(data={"n": float("nan")})),
        wire(data={"n": 1}).replace(b'"n": 1', b'"n": 1e400'),
        wire(data={"n": "\ud800"}),
        wire(data={"\udfff": 1}),
        wire(data={"n": 1}).replace(b'"n"', b'"\xed\xa0\x80"'),
        *(wire(data=data) for data in (None, [], "text", 1)),
        *(wire(id="x" * 37), wire(subject="polls/永安"), wire(subject="a\nb"), wire(source="regions")),
        *(wire(type="piaojue.ballots.poll_closed"), wire(type="other.ballots.poll_closed.v1")),
        *(wire(type="piaojue.ballots.poll_closed.v0"), wire(type="piaojue.ballots.poll_closed.v1\n")),
        *(wire(time="2022-04-16"), wire(time="2022-04-16T02:31:07+08:00"), wire(specversion="0.3")),
        *(wire(sequence="1"), wire(sequence="0" * 15), wire(sequence="٣" * 15), wire(sequence=1)),
        *(wire(hash="g" * 64), wire(hash="A" * 64), wire(previoushash="0" * 63)),
        *(wire(datacontenttype="text/xml"), wire(correlationid="x" * 65), wire(traceparent="00-1-1-1")),
        *(wire(correlationid=7), wire(correlationid="")),
    ],
    ids=lambda body: repr(body[-40:]),
)
def test_what_is_no_event_is_unreadable(body):
    with pytest.raises(UnreadableEvent):
        Event.from_bytes(body)


@pytest.mark.parametrize("name", [name for name, each in ATTRIBUTES.items() if each.required] + ["data"])
def test_an_envelope_that_lacks_a_member_is_unreadable(name):
    members = event().as_json()
    del members[name]
    with pytest.raises(UnreadableEvent, match=name):
        Event.from_json(members)


@pytest.mark.parametrize("name", ATTRIBUTES)
def test_a_reason_does_not_quote_what_was_unreadable(name):
    with pytest.raises(UnreadableEvent) as refused:
        Event.from_json({**event().as_json(), name: "张三 13800138000"})
    assert "张三" not in str(refused.value)
    assert "138" not in str(refused.value)


@given(ANY_DATA)
def test_the_canonical_form_does_not_depend_on_the_order_of_keys(data):
    assert canonical(dict(reversed(data.items()))) == canonical(data)
    assert json.loads(canonical(data)) == data


def test_the_canonical_form_is_short_sorted_and_unescaped():
    assert (
        canonical({"b": [1, None, True], "a": '永安 "\n'}) == '{"a":"永安 \\"\\n","b":[1,null,true]}'.encode()
    )


def test_a_log_that_is_whole_is_verified_in_any_pieces():
    events = log(5)
    assert verify(events) == (5, events[-1].hash)
    after, previous = verify(events[:2])
    assert verify(events[2:], after=after, previous_hash=previous) == (5, events[-1].hash)


def test_nothing_to_verify_leaves_the_cursor_where_it_was():
    assert verify([], after=7, previous_hash="a" * 64) == (7, "a" * 64)


def broken_at(events: list[Event]) -> int:
    with pytest.raises(ChainBroken) as broken:
        verify(events)
    return broken.value.sequence


def test_a_gap_in_a_log_is_found():
    events = log(5)
    assert broken_at(events[:2] + events[3:]) == 4


def test_a_log_that_begins_late_is_found():
    assert broken_at(log(3)[1:]) == 2


def test_an_event_that_comes_twice_is_found():
    events = log(3)
    assert broken_at([*events[:2], events[1]]) == 2


def test_a_fork_of_a_log_is_found():
    events = log(3)
    other = event(2, events[0].hash, data={"poll": "another"})
    assert broken_at([events[0], other, events[2]]) == 3


def test_an_altered_event_is_found():
    events = log(3)
    events[1] = replace(events[1], data={"poll": "another"})
    assert broken_at(events) == 2


def test_an_event_that_was_altered_and_hashed_again_breaks_the_next():
    events = log(3)
    events[1] = replace(events[1], data={"poll": "another"}).sealed()
    assert broken_at(events) == 3
