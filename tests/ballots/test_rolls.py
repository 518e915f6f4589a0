"""The roll of a body: imported whole or not at all, its number of deputies, its history."""

import pytest

from ballots import usecases
from ballots.domain import InvalidBody, InvalidRoll, QuorumNotMet, RollHasFaults, RollRow, RollTable
from ballots.store import UnknownBody
from tests.ballots.meetings import (
    BODY,
    NOW,
    RULES_LOADED,
    SCHEMES_LOADED,
    cast,
    events,
    finish,
    issue,
    open_poll,
    prepare,
    with_body,
    with_meeting,
)


@pytest.fixture
def stores(sqlite_stores):
    return sqlite_stores


def table(*names, ignored=()):
    """Of deputies 1, 2, …; None for one who is not there."""
    rows = [
        RollRow(number + 1, {"id": str(number), "name": name})
        for number, name in enumerate(names, 1)
        if name is not None
    ]
    return RollTable(tuple(rows), ignored)


def imported(store, *names, **options):
    return usecases.import_roll(store, BODY, table(*names), "clerk-7", NOW, **options)


def history(store, before=None, limit=20):
    return usecases.show_roll_history(store, BODY, {"before": before, "limit": limit})["changes"]


def register(store, total=None):
    given = {"name": "永安镇人民代表大会", "level": "township", "deputies_total": total}
    usecases.register_body(store, BODY, given)


def test_an_import_replaces_the_roll_and_tells_what_it_changed(store):
    register(store)
    assert imported(store, "甲", "乙", "丙")["added"] == 3
    told = usecases.import_roll(store, BODY, table(None, "乙", "冰", "丁", ignored=("性别",)), "c", NOW)
    assert told == {
        "added": 1,
        "removed": 1,
        "changed": 1,
        "unchanged": 1,
        "imported": True,
        "ignored_columns": ("性别",),
    }
    with store.reading() as ballots:
        assert [(each.id, each.name) for each in ballots.roll(BODY)] == [
            ("2", "乙"),
            ("3", "冰"),
            ("4", "丁"),
        ]


def test_an_import_with_faults_leaves_the_roll_as_it_was(store):
    register(store)
    imported(store, "甲", "乙")
    with pytest.raises(RollHasFaults) as refused:
        imported(store, "甲", "", "丙\n")
    assert [each["field"] for each in refused.value.errors] == ["rows.3.name", "rows.4.name"]
    assert usecases.show_body(store, BODY)["deputies"] == 2
    assert len(history(store)) == 1


def test_a_dry_run_tells_what_an_import_would_change_and_changes_nothing(store):
    register(store)
    imported(store, "甲")
    told = imported(store, "甲", "乙", dry_run=True)
    assert (told["added"], told["unchanged"], told["imported"]) == (1, 1, False)
    assert usecases.show_body(store, BODY)["deputies"] == 1
    assert len(history(store)) == 1
    with pytest.raises(RollHasFaults):
        imported(store, "", dry_run=True)


def test_an_import_for_a_body_that_is_not_there_is_refused(store):
    with pytest.raises(UnknownBody):
        imported(store, "甲")
    with pytest.raises(UnknownBody):
        history(store)


def test_the_history_tells_what_became_of_each_deputy_and_by_whom(store):
    register(store)
    only = {"id": "1", "name": "甲", "delegation": "一团", "district": None}
    usecases.replace_roll(store, BODY, [only], "clerk-1", NOW)
    imported(store, "甲", "乙")
    newest, oldest = history(store)
    assert (oldest["number"], oldest["kind"], oldest["by"], oldest["at"]) == (1, "replaced", "clerk-1", NOW)
    assert (newest["number"], newest["kind"], newest["by"]) == (2, "imported", "clerk-7")
    assert newest["summary"] == {"added": 1, "removed": 0, "changed": 1, "unchanged": 0}
    plain = {"delegation": None, "district": None}
    assert newest["changes"] == [
        {
            "deputy": "1",
            "change": "changed",
            "before": {"name": "甲", "delegation": "一团", "district": None},
            "after": {"name": "甲"} | plain,
        },
        {"deputy": "2", "change": "added", "before": None, "after": {"name": "乙"} | plain},
    ]


def test_the_history_has_no_entry_for_what_changed_nothing(store):
    register(store)
    for _ in range(2):
        imported(store, "甲")
    assert len(history(store)) == 1


def test_the_history_is_read_in_pages(store):
    register(store)
    for names in ("甲", "乙", "丙"):
        imported(store, names)
    assert [each["number"] for each in history(store, limit=2)] == [3, 2]
    assert [each["number"] for each in history(store, before=2)] == [1]


def test_a_roll_is_not_longer_than_all_deputies(store):
    register(store, total=2)
    with pytest.raises(InvalidRoll):
        imported(store, "甲", "乙", "丙")
    imported(store, "甲", "乙")
    with pytest.raises(InvalidBody) as refused:
        register(store, total=1)
    assert refused.value.field == "deputies_total"
    assert usecases.show_body(store, BODY)["deputies_total"] == 2
    register(store)
    assert usecases.show_body(store, BODY)["deputies_total"] is None


@pytest.mark.parametrize("total", [0, -1, 5001])
def test_a_body_has_a_number_of_deputies_that_can_be(store, total):
    with pytest.raises(InvalidBody):
        register(store, total=total)


def test_quorum_and_pass_mark_are_of_all_deputies_where_seats_are_vacant(store):
    """79 on the roll of 90: quorum is 60 and not 53, the pass mark 46 and not 40."""
    with_body(store)
    register(store, total=90)
    shown = usecases.call_meeting(store, BODY, {"meeting": "m1", "title": "会议", "quorum": "2/3"})
    assert (shown["due"], shown["deputies"], shown["quorum_needed"]) == (79, 90, 60)
    usecases.call_roll(store, BODY, "m1", [str(number) for number in range(1, 60)], NOW)
    with pytest.raises(QuorumNotMet, match="59 of 90"):
        usecases.open_meeting(store, BODY, "m1", NOW)
    usecases.call_roll(store, BODY, "m1", [str(number) for number in range(1, 61)], NOW)
    register(store, total=100)  # changes nothing for a meeting that was called
    usecases.open_meeting(store, BODY, "m1", NOW)
    opened = dict(events(store))["meeting_opened.v1"]
    assert (opened["due"], opened["present"], opened["quorum_needed"]) == (79, 60, 60)
    open_poll(store)
    cast(store, [(code, ["water"] if place < 45 else []) for place, code in enumerate(issue(store, 60))])
    result = finish(store)["result"]
    assert (result["deputies"], result["pass_mark"], result["adopted"]) == (90, 46, [])


def test_a_deputy_is_named_in_no_event(store):
    with_meeting(store)
    imported(store, "王小明")
    prepare(store)
    usecases.open_poll(store, BODY, "p1", RULES_LOADED, SCHEMES_LOADED, NOW)
    told = str([data | {"body_name": ""} for _, data in events(store)])
    assert "王小明" not in told
    assert "代表" not in told
