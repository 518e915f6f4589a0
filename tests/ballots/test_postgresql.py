"""Ballots on PostgreSQL: races of processes, and what the database notes of papers."""

import random
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from ballots import usecases
from ballots.domain import CodeSpent, PollNotOpen, PollState
from tests.ballots.meetings import (
    BODY,
    KINDS_LOADED,
    NOW,
    RULES_LOADED,
    SCHEMES_LOADED,
    accepted,
    cast,
    declare,
    events,
    finish,
    issue,
    open_poll,
    with_meeting,
)
from tests.support.waiting import eventually


@pytest.fixture
def stores(postgresql_stores):
    return postgresql_stores


def test_a_poll_runs_from_roll_call_to_result(store):
    with_meeting(store)
    open_poll(store)
    cast(store, [(code, ["water"]) for code in issue(store, 50)])
    usecases.tell_turnout(store, NOW)
    assert finish(store)["result"]["adopted"] == ["water"]
    assert [name for name, _ in events(store)][-1] == "result_declared.v1"


def test_two_processes_with_one_code_accept_it_once(store, other):
    with_meeting(store)
    open_poll(store)
    codes, both = issue(store, 79), (store, other)
    with ThreadPoolExecutor(2) as pool:
        for code in codes:
            outcomes = _together(pool, both, code)
            assert sorted(type(each) for each in outcomes if not accepted(each)) == [CodeSpent]
    assert finish(store)["result"]["votes"]["road"] == 79


def _together(pool, stores, code):
    casting = [pool.submit(cast, store, [(code, ["road"])]) for store in stores]
    return [each.result()[0] for each in casting]


def test_two_processes_casting_the_same_codes_in_other_orders_do_not_deadlock(store, other):
    with_meeting(store)
    open_poll(store)
    codes = issue(store, 79)
    shuffled = random.Random(1).sample(codes, len(codes))
    with ThreadPoolExecutor(2) as pool:
        one = pool.submit(cast, store, [(code, []) for code in codes])
        two = pool.submit(cast, other, [(code, []) for code in shuffled])
        outcomes = one.result() + two.result()
    assert sum(accepted(each) for each in outcomes) == 79


def test_closing_amid_casts_of_another_process_counts_exactly_those_accepted(store, other):
    with_meeting(store)
    open_poll(store)
    codes = issue(store, 79)
    with ThreadPoolExecutor(8) as pool:
        casting = [pool.submit(lambda code=code: cast(other, [(code, ["road"])])[0]) for code in codes]
        casting[20].result()
        usecases.close_poll(store, BODY, "p1", NOW)
        outcomes = [each.result() for each in casting]
    kept = sum(accepted(each) for each in outcomes)
    assert all(accepted(each) or isinstance(each, PollNotOpen) for each in outcomes)
    usecases.count_poll(store, BODY, "p1", RULES_LOADED, SCHEMES_LOADED, KINDS_LOADED)
    assert declare(store)["result"]["returned"] == kept


def test_who_closes_has_the_next_turn_however_many_cast(store, other):
    """Those who come later wait until it is closed, though others still hold what they would share."""
    with_meeting(store)
    open_poll(store)
    issue(store, 79)
    with ThreadPoolExecutor(2) as pool:
        with other.transaction() as casting:
            casting.poll_to_cast(BODY, "p1")
            closing = pool.submit(usecases.close_poll, store, BODY, "p1", NOW)
            eventually(lambda: _waiting(other) == 1, 20, "the close waits")
            later = pool.submit(_state_for_a_cast, other)
            eventually(lambda: _waiting(other) == 2, 20, "the later one waits, too")
        closing.result(20)
        assert later.result(20) is PollState.CLOSED


def _waiting(store):
    with store.engine.connect() as connection:
        query = "SELECT count(*) FROM pg_locks WHERE NOT granted AND database = (" + (
            "SELECT oid FROM pg_database WHERE datname = current_database())"
        )
        return connection.scalar(text(query))


def _state_for_a_cast(store):
    with store.transaction() as ballots:
        return ballots.poll_to_cast(BODY, "p1").state


def test_telling_the_turnout_does_not_wait_for_casts_nor_casts_for_it(store, other):
    with_meeting(store)
    open_poll(store)
    codes = issue(store, 79)
    with other.transaction() as telling:
        (turnout,) = telling.turnouts()
        telling.save_told(turnout)
        with ThreadPoolExecutor(1) as pool:
            (outcome,) = pool.submit(cast, store, [(codes[0], [])]).result(20)
    assert accepted(outcome)
    with other.transaction() as casting:
        casting.poll_to_cast(BODY, "p1")
        with ThreadPoolExecutor(1) as pool:
            pool.submit(usecases.tell_turnout, store, NOW).result(20)
    assert [data["returned"] for name, data in events(store) if name == "turnout_changed.v1"] == [1]


def test_after_the_close_transaction_ids_and_places_tell_nothing_of_papers(store):
    with_meeting(store)
    open_poll(store)
    marks = [["water"], ["road"], ["clinic"], []] * 15
    for code, mark in zip(issue(store, 60), marks, strict=True):
        cast(store, [(code, mark)])
    with store.engine.connect() as connection:
        before = set(connection.scalars(text("SELECT xmin::text FROM papers")))
    assert len(before) == 60
    usecases.close_poll(store, BODY, "p1", NOW)
    with store.engine.connect() as connection:
        after = set(connection.scalars(text("SELECT xmin::text FROM papers")))
        in_place = list(connection.scalars(text("SELECT marks FROM papers ORDER BY ctid")))
    assert len(after) == 1
    assert in_place == sorted(in_place)


def test_no_column_of_codes_and_papers_but_the_poll_is_shared(store):
    query = "SELECT column_name FROM information_schema.columns WHERE table_name = :table"
    with store.engine.connect() as connection:
        codes, papers = (
            set(connection.scalars(text(query), {"table": table})) for table in ("codes", "papers")
        )
    assert codes & papers == {"body", "poll"}
    assert papers == {"body", "poll", "id", "marks"}


def test_what_is_cast_together_lies_in_an_order_that_is_not_that_of_casting(store):
    """Amid the poll, too: neither papers nor receipts tell who came before whom."""
    with_meeting(store)
    open_poll(store)
    outcomes = cast(store, [(code, ["water"]) for code in issue(store, 60)])
    with store.engine.connect() as connection:
        ids = list(connection.scalars(text("SELECT id FROM papers ORDER BY ctid")))
        receipts = list(connection.scalars(text("SELECT receipt FROM receipts ORDER BY ctid")))
    assert ids == sorted(ids)
    assert receipts == sorted(each["receipt"] for each in outcomes)
