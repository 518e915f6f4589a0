"""Objections to a declared result: who may file them, until when, and how they are answered."""

from datetime import UTC, date, datetime, timedelta

import pytest

from ballots.domain import (
    LONGEST_OBJECTION,
    Attendance,
    InvalidObjection,
    NotOnesOwnObjection,
    Objection,
    ObjectionAlreadyAnswered,
    ObjectionExists,
    ObjectionsClosed,
    Poll,
    PollNotDeclared,
    PollState,
    Rules,
    TooManyObjections,
    new_objection,
    open_until,
    whose_objection,
)
from ballots.domain.objections import MOST_OF_A_DEPUTY, MOST_OF_A_POLL
from tests.ballots.meetings import RULES, RULES_LOADED, SCHEMES_LOADED
from tests.ballots.test_domain_profiles import read

LATE_EVENING = datetime(2022, 4, 16, 15, 59, tzinfo=UTC)  # 23:59 in China
"""When the result is declared."""


def declared(**changes):
    values = {
        **{"id": "p1", "body": "yongan", "meeting": "m1", "title": "票决", "candidates": ("water", "road")},
        **{"rules": Rules.read(RULES, RULES_LOADED, SCHEMES_LOADED), "state": PollState.DECLARED},
        **{"attendance": Attendance(79, 79), "rules_hash": "0" * 64, "result": {}},
        "declared_at": LATE_EVENING,
    }
    return Poll(**values | changes)


def filed(now, poll=None, earlier=(0, 0), **changes):
    values = {"id": "o1", "deputy": "7", "text": "计票有误"} | changes
    return new_objection(poll or declared(), earlier, now=now, **values)


def in_china(month, day, hour=0, minute=0):
    return datetime(2022, month, day, hour, minute, tzinfo=UTC) - timedelta(hours=8)


def test_days_are_those_of_the_profile_and_seven_without_one():
    assert open_until(declared()) == date(2022, 4, 23)
    assert open_until(declared(profile=read(objection_days=3))) == date(2022, 4, 19)


def test_an_objection_can_be_filed_until_the_last_minute_of_the_last_day_in_china():
    assert filed(in_china(4, 23, 23, 59)).number == 1
    with pytest.raises(ObjectionsClosed, match="2022-04-23"):
        filed(in_china(4, 24))


def test_a_result_declared_after_midnight_in_china_has_a_day_more():
    poll = declared(declared_at=LATE_EVENING + timedelta(minutes=1))
    assert open_until(poll) == date(2022, 4, 24)
    assert filed(in_china(4, 24, 23, 59), poll).answer_by == date(2022, 5, 1)


def test_where_the_profile_gives_no_days_none_can_be_filed():
    poll = declared(profile=read(objection_days=0))
    assert open_until(poll) is None
    with pytest.raises(ObjectionsClosed, match="no days"):
        filed(LATE_EVENING, poll)


@pytest.mark.parametrize("state", [PollState.OPEN, PollState.CLOSED, PollState.COUNTED])
def test_nothing_but_a_declared_result_can_be_objected_to(state):
    poll = declared(state=state, declared_at=None, result={} if state is PollState.COUNTED else None)
    assert open_until(poll) is None
    with pytest.raises(PollNotDeclared):
        filed(LATE_EVENING, poll)


def test_an_objection_is_never_before_the_declaration_it_is_to():
    assert filed(LATE_EVENING - timedelta(seconds=2)).filed_at == LATE_EVENING


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"id": "No Id"}, "objection"),
        ({"text": " "}, "text"),
        ({"text": "字" * (LONGEST_OBJECTION + 1)}, "text"),
        ({"text": "a\x00b"}, "text"),
        ({"deputy": ""}, "deputy"),
        ({"deputy": "a\nb"}, "deputy"),
    ],
)
def test_an_objection_of_another_form_cannot_be_built(changes, field):
    with pytest.raises(InvalidObjection) as refusal:
        filed(LATE_EVENING, **changes)
    assert refusal.value.field == field


def test_an_objection_may_have_lines_and_the_greatest_length():
    text = "一\n" * (LONGEST_OBJECTION // 2)
    assert filed(LATE_EVENING, text=text).text == text


def test_a_deputy_files_so_many_and_all_together_so_many():
    assert filed(LATE_EVENING, earlier=(MOST_OF_A_POLL - 1, MOST_OF_A_DEPUTY - 1)).number == MOST_OF_A_POLL
    for earlier in ((MOST_OF_A_DEPUTY, MOST_OF_A_DEPUTY), (MOST_OF_A_POLL, 0)):
        with pytest.raises(TooManyObjections):
            filed(LATE_EVENING, earlier=earlier)


@pytest.mark.parametrize(
    ("deputy", "roles", "whose"),
    [
        (None, {"deputy"}, "someone"),
        ("someone", {"deputy"}, "someone"),
        ("7", {"clerk"}, "7"),
        ("7", {"clerk", "deputy"}, "7"),
        (None, {"clerk", "deputy"}, "someone"),
    ],
)
def test_deputies_file_their_own_and_a_clerk_for_others(deputy, roles, whose):
    assert whose_objection(deputy, "someone", roles) == whose


def test_a_clerk_says_for_whom_and_a_deputy_files_for_nobody_else():
    with pytest.raises(InvalidObjection) as refusal:
        whose_objection(None, "someone", {"clerk"})
    assert refusal.value.field == "deputy"
    for roles in ({"deputy"}, {"scrutineer"}):
        with pytest.raises(NotOnesOwnObjection):
            whose_objection("7", "someone", roles)


def test_an_answer_is_given_once_and_the_same_again_changes_nothing():
    answered = filed(LATE_EVENING).answered("rejected", "无误", in_china(4, 18))
    assert (answered.state, answered.outcome, answered.answer) == ("answered", "rejected", "无误")
    assert answered.answered("rejected", "无误", in_china(4, 19)) is answered
    for outcome, text in (("upheld", "无误"), ("rejected", "有误")):
        with pytest.raises(ObjectionAlreadyAnswered):
            answered.answered(outcome, text, in_china(4, 19))


def test_an_answer_is_late_from_the_day_after_its_last_and_is_taken():
    objection = filed(in_china(4, 18, 12))
    assert objection.answer_by == date(2022, 4, 25)
    last, after = in_china(4, 25, 23, 59), in_china(4, 26)
    assert (objection.is_late(last), objection.is_late(after)) == (False, True)
    on_time, late = (objection.answered("rejected", "无误", moment) for moment in (last, after))
    assert (on_time.is_late(after), late.is_late(after)) == (False, True)


@pytest.mark.parametrize(
    ("outcome", "answer", "field"),
    [("perhaps", "无误", "outcome"), ("upheld", "", "answer"), ("upheld", "字" * 2001, "answer")],
)
def test_an_answer_of_another_form_is_refused(outcome, answer, field):
    with pytest.raises(InvalidObjection) as refusal:
        filed(LATE_EVENING).answered(outcome, answer, in_china(4, 18))
    assert refusal.value.field == field


@pytest.mark.parametrize("part", [{"outcome": "upheld"}, {"answer": "有误"}])
def test_half_an_answer_cannot_be_built(part):
    with pytest.raises(InvalidObjection):
        Objection(1, "o1", "7", "计票有误", LATE_EVENING, date(2022, 4, 23), **part)


def test_what_is_filed_again_under_one_id_must_be_the_same():
    objection = filed(LATE_EVENING)
    objection.check_repeated("7", "计票有误")
    for deputy, text in (("8", "计票有误"), ("7", "废票有误")):
        with pytest.raises(ObjectionExists):
            objection.check_repeated(deputy, text)
