"""Slips by number, on both databases: printed, issued, spoiled, cast, and what the store knows of them."""

import random

import pytest
from sqlalchemy import text

from ballots import usecases
from ballots.domain import (
    CodeSpent,
    CodeUnknown,
    InvalidPoll,
    MoreIssuedThanPresent,
    PollNotOpen,
    SlipAlreadyIssued,
    SlipNotIssued,
    SlipSpoiled,
    SlipsPrintedMeanwhile,
    UnknownSlip,
    code_hash,
    new_code,
)
from ballots.store import UnknownPoll
from tests.ballots.meetings import (
    BODY,
    KEY,
    NOW,
    RULES_LOADED,
    SCHEMES_LOADED,
    accepted,
    cast,
    count,
    issue,
    open_poll,
    prepare,
    with_meeting,
)


class Press:
    """Prints nothing; remembers what would stand on the slips."""

    def __init__(self):
        self.facts = []

    def __call__(self, facts):
        self.facts.append(facts)
        return b"%PDF-"

    @property
    def codes(self):
        """number → code"""
        return {slip["number"]: slip["code"] for facts in self.facts for slip in facts["slips"]}


@pytest.fixture
def press():
    return Press()


def printed(store, press, slips, poll="p1"):
    return usecases.print_slips(store, BODY, poll, slips, KEY, press, random.Random(slips))


def issued(store, *numbers, poll="p1"):
    return usecases.issue_numbers(store, BODY, poll, numbers)


def spoiled(store, number, code, poll="p1"):
    return usecases.spoil_slip(store, BODY, poll, number, code, KEY)


def rows(store, query):
    with store.begin() as transaction:
        return [tuple(row) for row in transaction.connection.execute(text(query))]


def is_cast(store, code):
    (outcome,) = cast(store, [(code, ["road"])])
    return accepted(outcome)


def refusal(store, code):
    (outcome,) = cast(store, [(code, ["road"])])
    return type(outcome)


def test_slips_are_printed_before_the_poll_opens_and_cast_once_they_are_issued(store, press):
    with_meeting(store)
    prepare(store)
    assert printed(store, press, 84) == b"%PDF-"
    assert sorted(press.codes) == list(range(1, 85))
    usecases.open_poll(store, BODY, "p1", RULES_LOADED, SCHEMES_LOADED, NOW)
    assert refusal(store, press.codes[1]) is CodeUnknown
    shown = issued(store, *range(1, 80))
    assert shown == {"printed": 84, "handed_out": 79, "spoiled": 0, "left": 5, "issued": 79}
    assert all(is_cast(store, press.codes[number]) for number in range(1, 80))
    assert {refusal(store, press.codes[number]) for number in range(80, 85)} == {CodeUnknown}
    assert count(store)["result"]["returned"] == 79


def test_what_stands_on_a_slip_tells_its_poll_and_no_address(store, press):
    with_meeting(store)
    prepare(store)
    printed(store, press, 1)
    (facts,) = press.facts
    (slip,) = facts["slips"]
    assert slip["qr"] == f"piaojue:yongan/p1/{slip['code']}"
    assert (facts["body_name"], facts["title"]) == ("永安镇人民代表大会", "民生实事项目票决")


def test_numbers_go_on_from_one_print_to_the_next(store, press):
    with_meeting(store)
    open_poll(store)
    printed(store, press, 3)
    printed(store, press, 2)
    assert sorted(press.codes) == [1, 2, 3, 4, 5]
    assert len(set(press.codes.values())) == 5


def test_the_order_of_numbers_tells_nothing_of_the_codes(store, press):
    with_meeting(store)
    prepare(store)
    printed(store, press, 50)
    assert list(press.codes.values()) != sorted(press.codes.values())


def test_nothing_is_kept_of_slips_that_could_not_be_typeset(store):
    def broken(facts):
        raise RuntimeError("no paper")

    with_meeting(store)
    prepare(store)
    with pytest.raises(RuntimeError):
        printed(store, broken, 3)
    assert rows(store, "SELECT * FROM slips") == []


def test_of_two_prints_at_once_one_is_refused(store, stores, press):
    with_meeting(store)
    prepare(store)

    def slow(facts):
        printed(stores[1], press, 2)
        return b"%PDF-"

    with pytest.raises(SlipsPrintedMeanwhile):
        printed(store, slow, 3)
    assert usecases.show_slips(store, BODY, "p1")["printed"] == 2


def test_an_issue_is_whole_or_not_at_all(store, press):
    with_meeting(store, present=60)
    open_poll(store)
    printed(store, press, 70)
    issued(store, 1, 2)
    for numbers, error in (
        ((3, 3), InvalidPoll),
        ((3, 71), UnknownSlip),
        ((3, 2), SlipAlreadyIssued),
        (range(3, 62), MoreIssuedThanPresent),
    ):
        with pytest.raises(error):
            issued(store, *numbers)
    assert usecases.show_slips(store, BODY, "p1")["issued"] == 2
    assert refusal(store, press.codes[3]) is CodeUnknown


def test_a_spoiled_slip_is_exchanged_and_both_are_on_record(store, press):
    with_meeting(store, present=60)
    open_poll(store)
    printed(store, press, 62)
    issued(store, *range(1, 61))
    with pytest.raises(MoreIssuedThanPresent):
        issued(store, 61)
    shown = spoiled(store, 7, press.codes[7].lower())
    assert shown == {"printed": 62, "handed_out": 60, "spoiled": 1, "left": 2, "issued": 59}
    assert refusal(store, press.codes[7]) is CodeUnknown
    assert issued(store, 61)["issued"] == 60
    assert is_cast(store, press.codes[61])
    with pytest.raises(MoreIssuedThanPresent):
        issued(store, 62)
    assert count(store)["result"]["issued"] == 60


def test_a_slip_is_not_taken_back_twice_nor_after_its_paper_was_cast(store, press):
    with_meeting(store)
    open_poll(store)
    printed(store, press, 5)
    issued(store, 1, 2, 3)
    cast(store, [(press.codes[1], ["road"])])
    refused = [
        (1, press.codes[1], CodeSpent),
        (2, press.codes[4], CodeUnknown),
        (2, new_code(random.Random(9)), CodeUnknown),
        (2, "not a code", CodeUnknown),
        (4, press.codes[4], SlipNotIssued),
        (6, press.codes[2], UnknownSlip),
    ]
    for number, code, error in refused:
        with pytest.raises(error):
            spoiled(store, number, code)
    spoiled(store, 2, press.codes[2])
    with pytest.raises(SlipSpoiled):
        spoiled(store, 2, press.codes[3])
    with pytest.raises(SlipSpoiled):
        issued(store, 2)
    assert usecases.show_slips(store, BODY, "p1")["issued"] == 2


def test_slips_are_for_a_poll_that_is_there_and_not_closed(store, press):
    with_meeting(store)
    prepare(store)
    printed(store, press, 2)
    with pytest.raises(UnknownPoll):
        printed(store, press, 2, poll="p9")
    with pytest.raises(PollNotOpen):
        issued(store, 1)
    usecases.open_poll(store, BODY, "p1", RULES_LOADED, SCHEMES_LOADED, NOW)
    issued(store, 1)
    count(store)
    with pytest.raises(PollNotOpen):
        printed(store, press, 1)
    with pytest.raises(PollNotOpen):
        issued(store, 2)
    with pytest.raises(PollNotOpen):
        spoiled(store, 1, press.codes[1])


def test_a_poll_that_closes_while_slips_are_typeset_keeps_none_of_them(store, stores):
    with_meeting(store)
    open_poll(store)

    def slow(facts):
        usecases.close_poll(stores[1], BODY, "p1", NOW)
        return b"%PDF-"

    with pytest.raises(PollNotOpen):
        printed(store, slow, 3)
    assert rows(store, "SELECT * FROM slips") == []


def test_slips_with_and_without_numbers_count_together(store, press):
    with_meeting(store)
    open_poll(store)
    codes = issue(store, 70)
    printed(store, press, 9)
    assert issued(store, *range(1, 10))["issued"] == 79
    assert all(is_cast(store, code) for code in [*codes, *press.codes.values()])


def test_the_store_never_holds_a_code_and_no_number_beside_the_hash_of_an_issued_one(store, press):
    with_meeting(store)
    open_poll(store)
    printed(store, press, 5)
    issued(store, 1, 2, 3)
    spoiled(store, 2, press.codes[2])
    kept = str(rows(store, "SELECT * FROM slips") + rows(store, "SELECT * FROM codes"))
    assert not any(code in kept or code.replace("-", "") in kept for code in press.codes.values())
    by_number = dict(rows(store, "SELECT number, hash FROM slips"))
    assert [by_number[number] for number in (1, 2, 3)] == [None, None, None]
    assert by_number[4] == code_hash(press.codes[4], KEY)
    good = {each for (each,) in rows(store, "SELECT hash FROM codes")}
    assert good == {code_hash(press.codes[number], KEY) for number in (1, 3)}


@pytest.mark.real
@pytest.mark.parametrize("stores", ["postgresql_stores"], indirect=True)
def test_a_slip_issued_alone_cannot_be_told_from_the_unspent_ones_by_its_transaction(store, press):
    with_meeting(store)
    open_poll(store)
    printed(store, press, 10)
    issued(store, *range(1, 10))
    spoiled(store, 4, press.codes[4])
    issued(store, 10)
    transactions = rows(store, "SELECT DISTINCT xmin::text FROM codes WHERE NOT spent")
    assert len(transactions) == 1
    assert rows(store, "SELECT count(*) FROM codes WHERE NOT spent") == [(9,)]
