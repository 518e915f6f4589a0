"""Receipts: what a deputy is told, again if need be, and what the store keeps of it."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from ballots import usecases
from ballots.domain import CodeSpent, CodeUnknown, PollNotOpen, UnknownCandidate, receipt_of
from ballots.store import UnknownPoll
from tests.ballots.meetings import (
    BODY,
    NOW,
    accepted,
    cast,
    cast_again,
    finish,
    issue,
    open_poll,
    with_meeting,
)

NONCE = "nonce-of-a-deputy"
OTHER_NONCE = "another-nonce-of-it"


@pytest.fixture
def codes(store):
    with_meeting(store)
    open_poll(store)
    return issue(store, 12)


def kept(of, table):
    with of.engine.connect() as connection:
        return [dict(row._mapping) for row in connection.execute(text(f"SELECT * FROM {table}"))]


def returned(of):
    return usecases.show_poll(of, BODY, "p1")["returned"]


def test_a_cast_with_a_nonce_has_the_receipt_that_its_deputy_can_make(store, codes):
    (answer,) = cast_again(store, [(codes[0].lower(), ["water"], NONCE)])
    assert answer == {"accepted": True, "receipt": receipt_of(BODY, "p1", codes[0], NONCE)}


def test_a_cast_without_a_nonce_is_told_the_one_that_was_drawn(store, codes):
    first, second = cast(store, [(codes[0], ["water"]), (codes[1], ["water"])])
    for code, answer in ((codes[0], first), (codes[1], second)):
        assert answer == {
            "accepted": True,
            "receipt": receipt_of(BODY, "p1", code, answer["nonce"]),
            "nonce": answer["nonce"],
        }
    assert first["nonce"] != second["nonce"]


def test_a_cast_sent_again_has_the_same_answer_whatever_came_between(stores, codes):
    one, two = stores
    (first,) = cast_again(one, [(codes[0], ["water"], NONCE)])
    cast(two, [(code, ["road"]) for code in codes[1:9]])
    assert cast_again(one, [(codes[0], ["water"], NONCE)]) == [first]
    assert cast_again(two, [(codes[0], ["water"], NONCE)]) == [first]
    assert returned(one) == 9
    assert finish(one)["result"]["votes"] == {"water": 1, "road": 8, "clinic": 0}


def test_a_cast_sent_again_after_the_close_stays_accepted(store, codes):
    (first,) = cast_again(store, [(codes[0], ["water"], NONCE)])
    usecases.close_poll(store, BODY, "p1", NOW)
    assert cast_again(store, [(codes[0], ["water"], NONCE)]) == [first]
    refused = cast_again(store, [(codes[0], ["water"], OTHER_NONCE), (codes[1], ["water"], NONCE)])
    assert [type(each) for each in refused] == [PollNotOpen, PollNotOpen]
    assert returned(store) == 1


def test_a_cast_sent_again_changes_no_marks(store, codes):
    (first,) = cast_again(store, [(codes[0], ["water"], NONCE)])
    for marks in (["road"], [], ["nothing-on-the-paper"]):
        assert cast_again(store, [(codes[0], marks, NONCE)]) == [first]
    assert finish(store)["result"]["votes"] == {"water": 1, "road": 0, "clinic": 0}


def test_another_nonce_or_none_is_another_cast_and_its_code_is_spent(store, codes):
    cast_again(store, [(codes[0], ["water"], NONCE)])
    again = cast_again(store, [(codes[0], ["water"], OTHER_NONCE), (codes[0], ["water"], None)])
    assert [type(each) for each in again] == [CodeSpent, CodeSpent]


def test_a_nonce_of_one_code_is_nothing_to_another(store, codes):
    one, two = cast_again(store, [(codes[0], ["water"], NONCE), (codes[1], ["water"], NONCE)])
    assert one["receipt"] != two["receipt"]
    assert returned(store) == 2


def test_a_cast_twice_in_one_group_is_one_paper_with_one_answer(store, codes):
    twice = [(codes[0], ["water"], NONCE)] * 2 + [(codes[0], ["road"], OTHER_NONCE)]
    first, second, third = cast_again(store, twice)
    assert first == second
    assert isinstance(third, CodeSpent)
    assert returned(store) == 1


def test_a_refused_cast_has_no_receipt_and_may_come_again(store, codes):
    (refused,) = cast_again(store, [(codes[0], ["water", "road", "clinic"], NONCE)])
    assert isinstance(refused, Exception)
    assert not isinstance(refused, UnknownCandidate)
    assert kept(store, "receipts") == []
    assert accepted(cast_again(store, [(codes[0], ["water"], NONCE)])[0])


def test_a_cast_nowhere_or_with_a_strange_code_is_refused_as_ever(store, codes):
    with pytest.raises(CodeUnknown):
        cast_again(store, [("nothing", [], NONCE)])
    assert isinstance(cast_again(store, [("3333-3333-33333", [], NONCE)])[0], CodeUnknown)
    assert isinstance(cast_again(store, [(codes[0], [], NONCE)], "p9")[0], UnknownPoll)


def test_two_processes_given_one_cast_at_once_answer_alike(stores, codes):
    with ThreadPoolExecutor(2) as pool:
        for code in codes:
            both = [pool.submit(cast_again, each, [(code, ["road"], NONCE)]) for each in stores]
            one, two = (each.result()[0] for each in both)
            assert accepted(one)
            assert one == two
    assert returned(stores[0]) == len(codes)


def test_the_store_keeps_of_a_receipt_the_poll_and_itself(store, codes):
    answers = cast(store, [(code, ["water"]) for code in codes])
    rows = kept(store, "receipts")
    assert {tuple(sorted(row)) for row in rows} == {("body", "poll", "receipt")}
    assert {row["receipt"] for row in rows} == {answer["receipt"] for answer in answers}


def test_sealing_keeps_all_receipts_and_puts_them_in_their_own_order(store, codes):
    answers = [cast(store, [(code, ["water"])])[0] for code in codes]
    usecases.close_poll(store, BODY, "p1", NOW)
    assert [row["receipt"] for row in kept(store, "receipts")] == sorted(
        answer["receipt"] for answer in answers
    )


def test_receipts_of_another_poll_are_left_as_they_are(store, codes):
    open_poll(store, "p2")
    (other,) = cast(store, [(issue(store, 1, "p2")[0], ["road"])], "p2")
    cast(store, [(code, ["water"]) for code in codes])
    usecases.close_poll(store, BODY, "p1", NOW)
    assert [row["receipt"] for row in kept(store, "receipts") if row["poll"] == "p2"] == [other["receipt"]]
