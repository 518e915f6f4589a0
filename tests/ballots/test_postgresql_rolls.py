"""Rolls, roll calls and officers on PostgreSQL: kept there as on SQLite, and safe from races."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from ballots import usecases
from ballots.domain import RollCallKind, RollRow, RollTable
from tests.ballots.meetings import BODY, NOW, prepare, with_body, with_meeting


@pytest.fixture
def stores(postgresql_stores):
    return postgresql_stores


def test_a_roll_its_history_and_a_roll_call_are_kept(store):
    with_meeting(store)
    table = RollTable((RollRow(2, {"id": "1", "name": "王"}), RollRow(3, {"id": "a", "name": "李"})))
    told = usecases.import_roll(store, BODY, table, "clerk-7", NOW)
    assert (told["added"], told["changed"], told["removed"]) == (1, 1, 78)
    newest, oldest = usecases.show_roll_history(store, BODY, {"before": None, "limit": 5})["changes"]
    assert (newest["by"], newest["at"], oldest["summary"]["added"]) == ("clerk-7", NOW, 79)
    left = usecases.record_roll_call(store, BODY, "m1", RollCallKind.LEFT, ["1"], NOW, at=NOW)
    assert left["present"] == 78
    assert usecases.show_meeting(store, BODY, "m1", NOW)["present"] == 78
    facts = usecases.show_roll_calls(store, BODY, "m1")["roll_calls"]
    assert [(each["kind"], each["at"]) for each in facts] == [("called", NOW), ("left", NOW)]


def test_officers_are_kept(store):
    with_meeting(store)
    prepare(store)
    given = {
        "scrutineers": [{"id": "9", "name": None}, {"id": "3", "name": None}],
        "chief": "3",
        "tellers": [{"id": "s1", "name": "周"}],
        "conflicts": [{"person": "4", "reason": "other"}],
    }
    appointed = usecases.appoint(store, BODY, "p1", given)
    assert [each["id"] for each in appointed["scrutineers"]] == ["9", "3"]
    assert usecases.show_officers(store, BODY, "p1") == appointed


def test_two_processes_that_change_a_roll_leave_one_of_both_and_all_of_the_history(store, other):
    with_body(store)

    def change(which, name):
        table = RollTable((RollRow(2, {"id": name, "name": name}),))
        usecases.import_roll(which, BODY, table, name, NOW)

    with ThreadPoolExecutor(2) as pool:
        for turn in range(20):
            changing = [pool.submit(change, which, f"{turn}-{n}") for n, which in enumerate((store, other))]
            assert [each.result() for each in changing] == [None, None]
    history = usecases.show_roll_history(store, BODY, {"before": None, "limit": 100})["changes"]
    assert [each["number"] for each in history] == list(range(41, 0, -1))
    with store.reading() as ballots:
        assert [each.name for each in ballots.roll(BODY)] == [history[0]["by"]]


def test_two_processes_that_record_arrivals_lose_none(store, other):
    with_meeting(store, present=53)

    def arrive(which, deputy):
        usecases.record_roll_call(which, BODY, "m1", RollCallKind.ARRIVED, [str(deputy)], NOW)

    with ThreadPoolExecutor(2) as pool:
        arriving = [pool.submit(arrive, (store, other)[deputy % 2], deputy) for deputy in range(54, 80)]
        assert [each.result() for each in arriving] == [None] * 26
    assert usecases.show_meeting(store, BODY, "m1")["present"] == 79
