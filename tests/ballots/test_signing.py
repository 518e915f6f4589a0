"""Signing a count, and declaring only what was signed."""

from datetime import timedelta

import pytest
from sqlalchemy import select, text, update

from ballots import usecases
from ballots.domain import (
    ChiefSignsLast,
    CountHashDiffers,
    NotAppointed,
    PollNotCounted,
    PollNotOpen,
    RecordKeyChanged,
    SignaturesMissing,
)
from ballots.service.record_key import Ed25519Key
from ballots.store import EventsNotNumbered, RecordNotPublished, UnknownPoll
from ballots.store.tables import polls
from chassis.auth import new_key
from tests.ballots.meetings import (
    BODY,
    NOW,
    RECORDER,
    RULES_LOADED,
    SCHEMES_LOADED,
    cast,
    count,
    declare,
    events,
    issue,
    prepare,
    with_meeting,
)

SCRUTINEERS = ["7", "8", "9"]
CHIEF = "8"


def signed_poll(store, scrutineers=SCRUTINEERS):
    """A poll that is watched by these, and cast in."""
    with_meeting(store)
    prepare(store)
    given = {
        "scrutineers": [{"id": each, "name": None} for each in scrutineers],
        "chief": CHIEF if scrutineers else None,
        "tellers": [{"id": "t1", "name": "计票员"}],
        "conflicts": [],
    }
    usecases.appoint(store, BODY, "p1", given)
    usecases.open_poll(store, BODY, "p1", RULES_LOADED, SCHEMES_LOADED, NOW)
    cast(store, [(code, ["water"]) for code in issue(store, 50)])


def sign(store, person, count_hash, now=NOW):
    return usecases.sign(store, BODY, "p1", person, count_hash, RECORDER.key, now)


def told(store):
    return [data for name, data in events(store) if name == "count_signed.v1"]


def test_a_count_is_signed_by_all_and_then_declared(store):
    signed_poll(store)
    counted = count(store)
    hash_ = counted["count_hash"]
    assert (counted["signed"], counted["of"]) == (0, 3)
    assert usecases.show_count(store, BODY, "p1") == counted
    assert sign(store, "7", hash_) == {"count_hash": hash_, "signed": 1, "of": 3}
    assert sign(store, "9", hash_)["signed"] == 2
    assert sign(store, "8", hash_)["signed"] == 3
    assert usecases.show_count(store, BODY, "p1")["signed"] == 3
    assert told(store) == [
        {"body": BODY, "poll": "p1", "count_hash": hash_, "signed": number, "of": 3} for number in (1, 2, 3)
    ]
    assert declare(store)["state"] == "declared"
    last = events(store)[-1]
    assert last[0] == "result_declared.v1"
    assert (last[1]["count_hash"], last[1]["receipts_root"]) == (hash_, counted["receipts_root"])


def test_a_count_without_scrutineers_is_declared_without_signatures(store):
    signed_poll(store, [])
    assert count(store)["of"] == 0
    assert declare(store)["state"] == "declared"
    assert told(store) == []


def test_a_count_that_not_all_have_signed_is_not_declared(store):
    signed_poll(store)
    hash_ = count(store)["count_hash"]
    for person in ("7", "9"):
        with pytest.raises(SignaturesMissing):
            declare(store)
        sign(store, person, hash_)
    with pytest.raises(SignaturesMissing):
        declare(store)
    assert usecases.show_poll(store, BODY, "p1")["state"] == "counted"


def test_a_refusal_signs_nothing(store):
    signed_poll(store)
    with pytest.raises(PollNotCounted):
        sign(store, "7", "0" * 64)
    with pytest.raises(PollNotCounted):
        usecases.show_count(store, BODY, "p1")
    hash_ = count(store)["count_hash"]
    with pytest.raises(CountHashDiffers):
        sign(store, "7", "0" * 64)
    with pytest.raises(ChiefSignsLast):
        sign(store, CHIEF, hash_)
    for stranger in ("10", "t1", "someone", ""):
        with pytest.raises(NotAppointed):
            sign(store, stranger, hash_)
    with pytest.raises(UnknownPoll):
        usecases.sign(store, BODY, "p9", "7", hash_, RECORDER.key, NOW)
    assert told(store) == []
    assert usecases.show_count(store, BODY, "p1")["signed"] == 0


def test_signing_once_more_changes_and_tells_nothing(store):
    signed_poll(store)
    hash_ = count(store)["count_hash"]
    first = sign(store, "7", hash_)
    assert sign(store, "7", hash_, NOW + timedelta(minutes=1)) == first
    assert len(told(store)) == 1
    with pytest.raises(CountHashDiffers):
        sign(store, "7", "0" * 64)


def test_what_is_declared_is_not_signed(store):
    signed_poll(store, [])
    hash_ = count(store)["count_hash"]
    declare(store)
    with pytest.raises(PollNotCounted):
        sign(store, "7", hash_)


def test_papers_altered_after_the_signing_are_not_declared(store):
    signed_poll(store)
    hash_ = count(store)["count_hash"]
    for person in ("7", "9", "8"):
        sign(store, person, hash_)
    with store.begin() as transaction:
        transaction.connection.execute(text("UPDATE papers SET marks = '[\"road\"]'"))
    with pytest.raises(SignaturesMissing):
        declare(store)


def test_projects_that_change_names_after_the_signing_are_not_declared(store):
    signed_poll(store)
    hash_ = count(store)["count_hash"]
    for person in ("7", "9", "8"):
        sign(store, person, hash_)
    with store.begin() as transaction:
        titles = transaction.connection.scalar(select(polls.c.titles))
        swapped = titles | {"water": titles["road"], "road": titles["water"]}
        transaction.connection.execute(update(polls).values(titles=swapped))
    with pytest.raises(SignaturesMissing):
        declare(store)


def test_a_count_signed_with_another_key_is_not_declared(store):
    signed_poll(store)
    hash_ = count(store)["count_hash"]
    for person in ("7", "9", "8"):
        sign(store, person, hash_)
    other = usecases.Recorder("demo", Ed25519Key(new_key()))
    with pytest.raises(RecordKeyChanged):
        usecases.declare_result(store, BODY, "p1", other, NOW)


def test_events_without_a_number_are_waited_for_and_then_it_is_refused(store):
    signed_poll(store, [])
    count(store)
    with pytest.raises(EventsNotNumbered):
        usecases.declare_result(store, BODY, "p1", RECORDER, NOW, within=0.05)
    assert usecases.show_poll(store, BODY, "p1")["state"] == "counted"
    with pytest.raises(RecordNotPublished):
        usecases.show_record(store, BODY, "p1")
    assert declare(store)["state"] == "declared"


def test_a_declared_poll_is_neither_declared_nor_cast_in_again(store):
    signed_poll(store, [])
    count(store)
    declare(store)
    record = usecases.show_record(store, BODY, "p1")
    with pytest.raises(PollNotCounted):
        declare(store)
    (refused,) = cast(store, [("3333-3333-33333", [])])
    assert isinstance(refused, PollNotOpen)
    assert usecases.show_record(store, BODY, "p1") == record


def test_the_hash_of_a_count_is_not_told_where_papers_have_no_receipt(store):
    """Who knows the few papers could find it by trying all results."""
    signed_poll(store)
    with store.begin() as transaction:
        transaction.connection.execute(text("DELETE FROM receipts"))
    sign(store, "7", count(store)["count_hash"])
    assert told(store) == [{"body": BODY, "poll": "p1", "signed": 1, "of": 3}]
