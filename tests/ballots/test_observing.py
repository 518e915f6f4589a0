"""What monitoring may see of polls, and what it never sees."""

from datetime import timedelta

import pytest
from prometheus_client.parser import text_string_to_metric_families

from ballots import usecases
from ballots.usecases import observing
from chassis import metrics
from tests.ballots.meetings import (
    BODY,
    KINDS_LOADED,
    NOW,
    RULES_LOADED,
    SCHEMES_LOADED,
    cast,
    count,
    declare,
    issue,
    open_poll,
    prepare,
    with_meeting,
)

OPEN = ("present", "quorum", "issued", "returned")


def observed(store, now=NOW):
    """Value by name and by all labels but ``service``."""
    usecases.observe_polls(store, lambda: now)
    page = metrics.exposition("ballots").decode()
    return {
        (
            sample.name,
            tuple(sorted((key, value) for key, value in sample.labels.items() if key != "service")),
        ): (sample.value)
        for family in text_string_to_metric_families(page)
        for sample in family.samples
        if sample.name.startswith("piaojue_ballots_")
    }


def turnout(store, poll="p1"):
    labels = (("body", BODY), ("poll", poll))
    seen = observed(store)
    return [seen.get((f"piaojue_ballots_open_poll_{name}", labels)) for name in OPEN]


def gaps(store, now=NOW):
    return {
        (dict(labels)["poll"], dict(labels)["channel"]): value
        for (name, labels), value in observed(store, now).items()
        if name == "piaojue_ballots_reconciliation_gap"
    }


@pytest.fixture
def meeting(store):
    with_meeting(store, present=70)
    open_poll(store)
    return store


def test_polls_are_counted_by_state(meeting):
    prepare(meeting, "p2")
    seen = observed(meeting)
    counted = {
        dict(labels)["state"]: value for (name, labels), value in seen.items() if name.endswith("polls")
    }
    assert counted == {"prepared": 1, "open": 1, "closed": 0, "counted": 0, "declared": 0}


def test_turnout_is_seen_as_it_was_told_and_no_sooner(meeting):
    codes = issue(meeting, 60)
    cast(meeting, [(code, ["water"]) for code in codes[:58]])
    assert turnout(meeting) == [70, 53, 0, 0]
    usecases.tell_turnout(meeting, NOW)
    assert turnout(meeting) == [70, 53, 60, 58]


def test_a_gap_is_seen_only_after_the_close(meeting):
    codes = issue(meeting, 60)
    cast(meeting, [(code, ["water"]) for code in codes[:58]])
    usecases.tell_turnout(meeting, NOW)
    assert gaps(meeting) == {}
    count(meeting)
    assert gaps(meeting) == {("p1", "_all"): 2}
    declare(meeting)
    assert gaps(meeting) == {("p1", "_all"): 2}
    assert turnout(meeting) == [None] * 4


def test_a_poll_of_yesterday_has_no_series_any_more(meeting):
    count(meeting)
    assert gaps(meeting, NOW + timedelta(hours=23)) == {("p1", "_all"): 0}
    assert gaps(meeting, NOW + timedelta(hours=25)) == {}


def test_only_so_many_polls_have_series_of_their_own(meeting, monkeypatch):
    monkeypatch.setattr(observing, "_MOST", 2)
    for poll in ("p2", "p3", "p4"):
        open_poll(meeting, poll)
    seen = observed(meeting)
    assert sum(name == "piaojue_ballots_open_poll_present" for name, _ in seen) == 2
    assert seen["piaojue_ballots_polls", (("state", "open"),)] == 4


def test_no_figure_depends_on_how_anybody_has_voted(meeting):
    codes = issue(meeting, 4)
    seen = []
    for pair, marks in ((codes[:2], ["water"]), (codes[2:], ["road", "clinic"])):
        before = observed(meeting)
        cast(meeting, [(code, marks) for code in pair])
        usecases.tell_turnout(meeting, NOW)
        after = observed(meeting)
        seen.append({key: after[key] - before.get(key, 0) for key in after if "returned" in key[0]})
        assert before.keys() == after.keys()
    assert seen[0] == seen[1]


def test_gaps_of_several_channels_are_seen_with_the_count(meeting):
    given = {"channel": "hall", "kind": "hand-papers", "issued": 3, "replaces": None}
    usecases.open_channel(meeting, BODY, "p1", given, KINDS_LOADED)
    cast(meeting, [(code, ["water"]) for code in issue(meeting, 5)])
    usecases.close_poll(meeting, BODY, "p1", NOW)
    assert gaps(meeting) == {}
    usecases.count_box(meeting, BODY, "p1", "hall", "clerk", 2)
    for teller in ("t1", "t2"):
        entered = {"batch": 1, "content": [["road"], []]}
        usecases.enter_batch(
            *(meeting, BODY, "p1", "hall", teller, entered, KINDS_LOADED, SCHEMES_LOADED),
        )
    usecases.count_poll(meeting, BODY, "p1", RULES_LOADED, SCHEMES_LOADED, KINDS_LOADED)
    assert gaps(meeting) == {("p1", "_all"): 1, ("p1", "codes"): 0, ("p1", "hall"): 1}
