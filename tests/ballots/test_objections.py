"""Objections, on either kind of store: filed and answered once, whoever asks twice or at once, and on
record."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select

from ballots import usecases
from ballots.domain import (
    NotOnesOwnObjection,
    ObjectionAlreadyAnswered,
    ObjectionExists,
    ObjectionsClosed,
    PollNotDeclared,
    TooManyObjections,
    UnknownDeputy,
    UnknownObjection,
)
from ballots.domain.objections import MOST_OF_A_DEPUTY
from ballots.store import UnknownPoll
from chassis.auth import Caller
from chassis.errors import Refused
from chassis.store.tables import event_log
from piaojue_verify import verify_bytes
from tests.ballots.meetings import BODY, NOW, cast, events, finish, issue, open_poll, with_meeting
from tests.support.stores import number_events, told

TEXT = "第三张表决票不应计为废票。"
SECOND_DAY = NOW + timedelta(days=1)
CLERK, SCRUTINEER = (
    Caller("office", frozenset({role}), frozenset({BODY})) for role in ("clerk", "scrutineer")
)
PAGE = {"after": 0, "limit": 100}


def deputy(number):
    return Caller(str(number), frozenset({"deputy"}), frozenset({BODY}))


def with_result(store, poll="p1"):
    """A declared poll."""
    with_meeting(store)
    open_poll(store, poll)
    cast(store, [(code, ["water"]) for code in issue(store, 60, poll)], poll)
    finish(store, poll)


def file(store, objection="o1", caller=None, *, now=SECOND_DAY, text=TEXT, named=None, poll="p1"):
    given = {"objection": objection, "text": text, "deputy": named}
    return usecases.file_objection(store, BODY, poll, given, caller or deputy(7), now)


def answer(store, number=1, outcome="rejected", text="经复核，计票无误。", now=SECOND_DAY):
    return usecases.answer_objection(store, BODY, "p1", number, {"outcome": outcome, "answer": text}, now)


def shown(store, caller=None, now=SECOND_DAY, **page):
    return usecases.show_objections(store, BODY, "p1", PAGE | page, caller, now)


def objection_events(store):
    return [(name, data) for name, data in events(store) if name.startswith("objection_")]


def test_an_objection_is_filed_answered_and_shown_by_number(store):
    with_result(store)
    filed = file(store)
    assert (filed["number"], filed["state"], filed["text"], filed["outcome"]) == (1, "filed", TEXT, None)
    assert filed["answer_by"].isoformat() == "2022-04-24"
    answered = answer(store)
    assert (answered["state"], answered["outcome"], answered["late"]) == ("answered", "rejected", False)
    listed = shown(store)
    assert (listed["filed"], listed["answered"], listed["open_until"].isoformat()) == (1, 1, "2022-04-23")
    assert [each["answer"] for each in listed["objections"]] == ["经复核，计票无误。"]
    assert usecases.show_poll(store, BODY, "p1")["objections"] == {
        name: listed[name] for name in ("filed", "answered", "open_until")
    }


def test_the_declared_result_tells_until_when_it_can_be_objected_to(store):
    with_result(store)
    (data,) = [data for name, data in events(store) if name == "result_declared.v1"]
    assert data["objections_until"] == str(shown(store)["open_until"])


def test_a_poll_says_nothing_of_objections_before_it_is_declared(store):
    with_meeting(store)
    open_poll(store)
    with pytest.raises(PollNotDeclared):
        file(store)
    assert usecases.show_poll(store, BODY, "p1")["objections"] is None
    assert shown(store) == {"filed": 0, "answered": 0, "open_until": None, "objections": []}


def test_what_an_objection_says_is_for_those_who_answer_it_and_for_whose_it_is(store):
    with_result(store)
    file(store, "o1", deputy(7))
    file(store, "o2", CLERK, named="8", text="另一件异议")
    both = [TEXT, "另一件异议"]

    def read(caller):
        return [each["text"] for each in shown(store, caller)["objections"]]

    assert read(CLERK) == read(SCRUTINEER) == both
    assert (read(deputy(7)), read(deputy(8))) == ([TEXT, None], [None, "另一件异议"])
    assert read(deputy(9)) == read(None) == [None, None]
    assert all("deputy" not in each for each in shown(store, CLERK)["objections"])


def test_events_tell_of_an_objection_without_its_text_or_whose_it_is(store):
    with_result(store)
    filed = file(store)
    answer(store, now=SECOND_DAY + timedelta(days=8))
    (first, told_filed), (second, told_answered) = objection_events(store)
    assert (first, second) == ("objection_filed.v1", "objection_answered.v1")
    assert {each["subject"] for each in told(store, "objection")} <= {"polls/yongan/p1"}
    assert (told_filed["objection"], told_filed["answer_by"]) == (1, filed["answer_by"].isoformat())
    assert told_answered == told_filed | {
        "outcome": "rejected",
        "answer": "经复核，计票无误。",
        "answered_at": "2022-04-25T01:30:00.000000Z",
        "late": True,
    }
    assert TEXT not in json.dumps([told_filed, told_answered], ensure_ascii=False)
    assert not {"deputy", "text"} & {*told_filed, *told_answered}


def test_objections_show_where_their_events_stand_in_the_log(store):
    with_result(store)
    file(store, "o1", deputy(7))
    file(store, "o2", deputy(8))
    answer(store, 2)
    assert {each["filed_event"] for each in shown(store)["objections"]} == {None}
    number_events(store)
    answer(store, 1)
    first, second = shown(store)["objections"]
    assert (first["answered_event"], second["answered_event"] is None) == (None, False)
    number_events(store)
    with store.reading() as ballots:
        rows = ballots.connection.execute(select(event_log).order_by(event_log.c.sequence)).all()[-4:]
    in_log = [{"sequence": row.sequence, "hash": row.hash} for row in rows]
    first, second = shown(store)["objections"]
    positions = [
        first["filed_event"],
        second["filed_event"],
        second["answered_event"],
        first["answered_event"],
    ]
    assert positions == in_log


def test_filing_again_has_the_same_answer_even_after_the_last_day(store):
    with_result(store)
    first = file(store)
    assert file(store) == first
    answer(store)
    again = file(store, now=NOW + timedelta(days=30))
    assert (again["number"], again["filed_at"], again["state"]) == (1, first["filed_at"], "answered")
    assert [name for name, _ in objection_events(store)] == ["objection_filed.v1", "objection_answered.v1"]
    for changed in ({"text": "另一件"}, {"caller": deputy(8)}):
        with pytest.raises(ObjectionExists):
            file(store, **changed)
    assert shown(store)["filed"] == 1


def test_answering_again_has_the_same_answer_and_another_one_is_refused(store):
    with_result(store)
    file(store)
    first = answer(store)
    assert answer(store, now=SECOND_DAY + timedelta(days=1)) == first
    with pytest.raises(ObjectionAlreadyAnswered):
        answer(store, outcome="upheld")
    assert [name for name, _ in objection_events(store)].count("objection_answered.v1") == 1
    assert shown(store)["objections"][0]["outcome"] == "rejected"


def test_a_clerk_files_for_deputies_who_were_due_and_deputies_for_themselves(store):
    with_result(store)
    file(store, caller=CLERK, named="79")
    with pytest.raises(UnknownDeputy):
        file(store, "o2", CLERK, named="80")
    with pytest.raises(NotOnesOwnObjection):
        file(store, "o3", deputy(7), named="8")
    assert shown(store)["filed"] == 1


def test_the_days_of_filing_are_kept(store):
    with_result(store)
    file(store, now=NOW + timedelta(days=7, hours=14))  # 23:30 in China
    with pytest.raises(ObjectionsClosed):
        file(store, "o2", now=NOW + timedelta(days=7, hours=15))
    assert shown(store)["filed"] == 1


def test_a_deputy_files_no_more_than_so_many(store):
    with_result(store)
    for number in range(MOST_OF_A_DEPUTY):
        file(store, f"o{number}")
    with pytest.raises(TooManyObjections):
        file(store, "more")
    assert file(store, "more", deputy(8))["number"] == MOST_OF_A_DEPUTY + 1


def test_objections_are_shown_in_parts(store):
    with_result(store)
    for number in range(1, 6):
        file(store, f"o{number}", deputy(number))

    def numbers(**page):
        return [each["number"] for each in shown(store, **page)["objections"]]

    assert (numbers(limit=2), numbers(after=2, limit=2), numbers(after=4)) == ([1, 2], [3, 4], [5])
    assert shown(store, after=5)["filed"] == 5


def test_polls_have_objections_of_their_own(store):
    with_result(store)
    open_poll(store, "p2")
    finish(store, "p2")
    file(store)
    assert file(store, poll="p2")["number"] == 1
    assert shown(store)["filed"] == 1


def test_what_is_not_there_is_told(store):
    with_result(store)
    with pytest.raises(UnknownObjection):
        answer(store)
    with pytest.raises(UnknownPoll):
        file(store, poll="p9")
    with pytest.raises(UnknownPoll):
        usecases.show_objections(store, BODY, "p9", PAGE, None, NOW)


def test_an_objection_changes_nothing_of_the_result_and_its_record(store):
    with_result(store)
    record, poll = usecases.show_record(store, BODY, "p1"), usecases.show_poll(store, BODY, "p1")
    file(store)
    answer(store, outcome="upheld")
    assert usecases.show_record(store, BODY, "p1") == record
    assert verify_bytes(record).ok
    after = usecases.show_poll(store, BODY, "p1")
    assert {name: after[name] for name in after if name != "objections"} == {
        name: poll[name] for name in poll if name != "objections"
    }


def together(stores, *calls):
    """The outcome of each call, of which the first store makes some and the second the others."""

    def outcome(number, call):
        try:
            return call(stores[number % 2])
        except Refused as refusal:
            return type(refusal)

    with ThreadPoolExecutor(len(calls)) as pool:
        asked = [pool.submit(outcome, number, call) for number, call in enumerate(calls)]
        return [each.result() for each in asked]


def test_many_at_once_are_numbered_one_by_one_and_none_is_lost(stores):
    with_result(stores[0])
    outcomes = together(stores, *(lambda s, n=n: file(s, f"o{n}", deputy(n)) for n in range(1, 9)))
    assert sorted(each["number"] for each in outcomes) == list(range(1, 9))
    assert sorted(data["objection"] for _, data in objection_events(stores[0])) == list(range(1, 9))


def test_one_sent_to_two_processes_at_once_is_filed_once(stores):
    with_result(stores[0])
    outcomes = together(stores, *[lambda s: file(s)] * 6)
    assert [each["number"] for each in outcomes] == [1] * 6
    assert len(objection_events(stores[0])) == 1


def test_two_answers_at_once_are_one_answer_and_one_refusal(stores):
    with_result(stores[0])
    file(stores[0])
    outcomes = together(stores, lambda s: answer(s, outcome="upheld"), lambda s: answer(s))
    refused = [each for each in outcomes if each is ObjectionAlreadyAnswered]
    given = [each["outcome"] for each in outcomes if each is not ObjectionAlreadyAnswered]
    assert (len(refused), len(given)) == (1, 1)
    assert shown(stores[1])["objections"][0]["outcome"] == given[0]
    assert [name for name, _ in objection_events(stores[0])][1:] == ["objection_answered.v1"]
