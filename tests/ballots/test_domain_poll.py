"""The life of a poll, from the roll call to the declared result."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest

from ballots.domain import (
    BUILT_IN_ADOPTION_RULES,
    Body,
    Deputy,
    InvalidBody,
    InvalidMarks,
    InvalidPoll,
    InvalidRoll,
    InvalidRules,
    MajorityRule,
    Meeting,
    MeetingAlreadyOpen,
    MeetingNotOpen,
    MoreIssuedThanPresent,
    NotDifferential,
    Overvoted,
    Poll,
    PollAlreadyOpened,
    PollNotClosed,
    PollNotCounted,
    PollNotOpen,
    PollState,
    QuorumNotMet,
    RuleChanged,
    Rules,
    UnknownDeputy,
    check_roll,
)

NOW = datetime(2022, 4, 12, 9, 30, tzinfo=UTC)
DEPUTIES = frozenset(f"d{number}" for number in range(79))
RULES = {
    "seats": 2,
    "marking": {"scheme": "choose", "at_most": 2},
    "adoption": {"rule": "majority", "of": "deputies", "more_than": "1/2"},
}


def meeting(present=79):
    return Meeting("m1", "yongan", DEPUTIES).called(sorted(DEPUTIES)[:present])


def prepared(candidates=("water", "roads", "school"), **rules):
    return Poll.prepared(
        id="p1",
        body="yongan",
        meeting="m1",
        title="2022年民生实事项目票决",
        rules=Rules.read(RULES | rules),
        candidates=candidates,
    )


def opened(present=79, **rules):
    return prepared(**rules).open(meeting(present).open(NOW), NOW)


def test_poll_goes_through_its_life():
    poll = opened().issue(70).issue(9)
    assert poll.accept(["school", "water"]) == ["water", "school"]
    poll = poll.close(NOW).count([(70, ["water", "roads"]), (8, ["school"]), (1, [])])
    assert poll.result["adopted"] == ["water", "roads"]
    assert poll.result["pass_mark"] == 40
    assert poll.declare(NOW).state is PollState.DECLARED


def test_meeting_without_quorum_cannot_open():
    with pytest.raises(QuorumNotMet, match=r"^52 of 79 deputies are present; two thirds are 53$"):
        meeting(52).open(NOW)
    assert meeting(53).open(NOW).opened_at == NOW


def test_poll_opened_after_deputies_left_needs_its_quorum_again():
    open_meeting = meeting(53).open(NOW)
    with pytest.raises(QuorumNotMet):
        prepared().open(open_meeting.called(sorted(DEPUTIES)[:52]), NOW)


def test_poll_needs_an_open_meeting_of_its_own():
    with pytest.raises(MeetingNotOpen):
        prepared().open(meeting(), NOW)
    with pytest.raises(InvalidPoll):
        prepared().open(Meeting("m2", "yongan", DEPUTIES, DEPUTIES).open(NOW), NOW)
    with pytest.raises(MeetingAlreadyOpen):
        meeting().open(NOW).open(NOW)


def test_poll_not_differential_cannot_open():
    with pytest.raises(NotDifferential):
        opened(seats=3, differential=True)


def test_opening_fixes_the_rules_and_the_order_of_candidates():
    poll, open_meeting = opened(), meeting().open(NOW)
    assert poll.versions == {"adoption": "1", "marking": "1"}
    assert poll.rules_hash == opened().rules_hash
    other_order = prepared(candidates=("roads", "water", "school")).open(open_meeting, NOW)
    assert len({poll.rules_hash, other_order.rules_hash, opened(seats=1).rules_hash}) == 3
    with pytest.raises(PollAlreadyOpened):
        poll.open(open_meeting, NOW)


def test_slips_are_issued_to_deputies_present_only():
    poll = opened(present=60).issue(60)
    with pytest.raises(MoreIssuedThanPresent):
        poll.issue(1)
    with pytest.raises(PollNotOpen):
        prepared().issue(1)
    with pytest.raises(InvalidPoll):
        poll.issue(0)


def test_paper_overvoted_is_refused_and_may_be_corrected():
    with pytest.raises(Overvoted, match="at_most 2"):
        opened().accept(["water", "roads", "school"])


def test_paper_blank_is_accepted():
    assert opened().accept([]) == []


@pytest.mark.parametrize("marks", [["pool"], ["water", "water"], [1], {"water": "for"}, "water", None])
def test_paper_malformed_is_refused_without_repeating_its_marks(marks):
    with pytest.raises(InvalidMarks) as refusal:
        opened().accept(marks)
    assert (refusal.value.slug, refusal.value.field) == ("invalid-marks", "marks")
    assert not any(word in refusal.value.detail for word in ("water", "pool"))


@pytest.mark.parametrize("poll", [prepared(), opened().close(NOW)])
def test_paper_is_accepted_by_an_open_poll_only(poll):
    with pytest.raises(PollNotOpen):
        poll.accept(["water"])
    with pytest.raises(PollNotOpen):
        poll.close(NOW)


def test_poll_is_counted_once_and_after_closing():
    with pytest.raises(PollNotClosed):
        opened().count([])
    counted = opened().issue(1).close(NOW).count([(1, ["water"])])
    with pytest.raises(PollNotClosed):
        counted.count([])
    with pytest.raises(PollNotCounted):
        opened().declare(NOW)
    with pytest.raises(PollNotCounted):
        counted.declare(NOW).declare(NOW)


def test_poll_closed_by_a_clock_that_was_set_back_is_not_closed_before_it_was_opened():
    poll = opened()
    assert poll.close(NOW - timedelta(hours=1)).closed_at == poll.opened_at == NOW
    later = NOW + timedelta(seconds=1)
    assert poll.close(later).closed_at == later


def test_poll_opened_by_a_clock_that_was_set_back_is_not_opened_before_its_meeting():
    assert prepared().open(meeting().open(NOW), NOW - timedelta(hours=1)).opened_at == NOW


def test_poll_with_more_papers_than_issued_is_void():
    assert opened().issue(1).close(NOW).count([(2, ["water"])]).result["outcome"] == "void"


class StricterMajorityRule(MajorityRule):
    version = "2"


def test_poll_is_counted_by_the_rule_that_opened_it():
    closed = opened().close(NOW)
    for loaded in ({"majority": StricterMajorityRule()}, {}):
        with pytest.raises(RuleChanged):
            closed.count([], adoption_rules={**loaded})
    assert closed.count([], adoption_rules=BUILT_IN_ADOPTION_RULES).result["outcome"] == "shortfall"


@pytest.mark.parametrize(
    "poll", [prepared(), opened(), opened().close(NOW), opened().close(NOW).count([]).declare(NOW)]
)
def test_poll_restored_is_the_same(poll):
    assert Poll.restored(poll.as_stored()) == poll


def test_meeting_restored_is_the_same():
    restored = Meeting.restored(
        id="m1", body="yongan", due=DEPUTIES, present=list(DEPUTIES), quorum="2/3", opened_at=NOW
    )
    assert restored == meeting().open(NOW)


@pytest.mark.parametrize(
    "changes",
    [{"candidates": ()}, {"candidates": ("a", "a")}, {"candidates": ("A b",)}],
)
def test_poll_invalid_cannot_be_built(changes):
    with pytest.raises(InvalidPoll):
        prepared(**changes)


@pytest.mark.parametrize("changes", [{"seats": 0}, {"quorum": "0/1"}, {"extra": 1}, {"adoption": {}}])
def test_rules_invalid_are_refused(changes):
    with pytest.raises(InvalidRules):
        Rules.read(RULES | changes)


def test_roll_call_is_of_deputies_who_are_due():
    called = meeting(2)
    assert (called.attendance.deputies, called.attendance.present) == (79, 2)
    for check in (called.called, called.check_due):
        with pytest.raises(UnknownDeputy) as refused:
            check(["stranger"])
        assert "stranger" not in refused.value.detail


def test_roll_and_body_invalid_cannot_be_built():
    with pytest.raises(InvalidBody):
        Body("yongan", "永安镇", "village")
    with pytest.raises(InvalidRoll):
        Deputy("Wang", "王")
    with pytest.raises(InvalidRoll):
        check_roll([Deputy("d1", "王"), Deputy("d1", "李")])
    with pytest.raises(InvalidRoll):
        check_roll([])
    with pytest.raises(InvalidRoll):
        Meeting("m1", "yongan", frozenset())
    assert Meeting("m1", "yongan", DEPUTIES).quorum == Fraction(2, 3)
