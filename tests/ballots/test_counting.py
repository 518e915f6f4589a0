"""A poll is closed, counted and declared, on a real store: what is told, when, and by which rule."""

import json
from threading import Thread

import pytest
from sqlalchemy import text

from ballots import usecases
from ballots.domain import PollNotOpen, RuleChanged
from ballots.plugins import ADOPTION_RULES
from chassis.plugins import PluginFailed
from tests.ballots.meetings import (
    BODY,
    KINDS_LOADED,
    NOW,
    RULES,
    RULES_LOADED,
    SCHEMES_LOADED,
    accepted,
    cast,
    events,
    finish,
    issue,
    open_poll,
    with_meeting,
)


@pytest.fixture
def stores(sqlite_stores):
    return sqlite_stores


def test_a_year_is_voted_on_and_everyone_is_told(store):
    with_meeting(store)
    open_poll(store)
    codes = issue(store, 79)
    marks = [["water", "road"]] * 60 + [["clinic"]] * 15 + [[]] * 4
    assert all(map(accepted, cast(store, zip(codes, marks, strict=True))))
    usecases.tell_turnout(store, NOW)
    shown = finish(store)
    result = shown["result"]
    assert (result["outcome"], result["adopted"], result["pass_mark"]) == ("complete", ["water", "road"], 40)
    assert result["votes"] == {"water": 60, "road": 60, "clinic": 15}
    assert (result["issued"], result["returned"], result["valid"], result["blank"]) == (79, 79, 79, 4)
    told = events(store)
    assert [name for name, _ in told] == [
        "meeting_opened.v1",
        "poll_opened.v1",
        "turnout_changed.v1",
        "poll_closed.v1",
        "poll_counted.v1",
        "result_declared.v1",
    ]
    assert told[-1][1]["adopted"] == ["water", "road"]
    assert told[-1][1]["projects"][2]["votes"] == 15
    assert told[1][1]["rules_hash"] == told[-1][1]["rules_hash"] == shown["rules_hash"]


def test_nobody_sees_a_total_before_the_result_is_declared(store):
    with_meeting(store)
    open_poll(store)
    cast(store, [(code, ["water"]) for code in issue(store, 70)])
    seen = [usecases.show_poll(store, BODY, "p1")]
    usecases.tell_turnout(store, NOW)
    usecases.close_poll(store, BODY, "p1", NOW)
    seen.append(usecases.show_poll(store, BODY, "p1"))
    usecases.count_poll(store, BODY, "p1", RULES_LOADED, SCHEMES_LOADED, KINDS_LOADED)
    seen.append(usecases.show_poll(store, BODY, "p1"))
    assert [each["result"] for each in seen] == [None] * 3
    assert all(each["returned"] == 70 for each in seen)
    assert "votes" not in json.dumps(events(store))


def test_for_and_against_are_counted_with_abstentions(store):
    with_meeting(store)
    open_poll(store, rules=RULES | {"marking": {"scheme": "for-against"}})
    codes = issue(store, 79)
    marks = [{"water": "for", "road": "against"}] * 50 + [{"clinic": "abstain"}] * 29
    cast(store, zip(codes, marks, strict=True))
    finish(store)
    projects = events(store)[-1][1]["projects"]
    assert [(p["votes"], p["against"], p["abstain"]) for p in projects] == [
        (50, 0, 29),
        (0, 50, 29),
        (0, 0, 79),
    ]


def test_a_poll_is_counted_by_the_rule_it_was_opened_with_or_not_at_all(store):
    with_meeting(store)
    open_poll(store)
    usecases.close_poll(store, BODY, "p1", NOW)
    with pytest.raises(RuleChanged):
        usecases.count_poll(
            store, BODY, "p1", ADOPTION_RULES.load(["plurality"]), SCHEMES_LOADED, KINDS_LOADED
        )


def test_a_rule_that_fails_decides_nothing(store, monkeypatch):
    with_meeting(store)
    open_poll(store)
    usecases.close_poll(store, BODY, "p1", NOW)
    rules = ADOPTION_RULES.load()
    monkeypatch.setattr(type(rules["majority"]), "decide", lambda *_: 1 / 0)
    with pytest.raises(PluginFailed):
        usecases.count_poll(store, BODY, "p1", rules, SCHEMES_LOADED, KINDS_LOADED)
    assert usecases.show_poll(store, BODY, "p1")["state"] == "closed"


def test_sealed_papers_have_new_ids_in_the_order_of_their_content(store):
    with_meeting(store)
    open_poll(store)
    codes = issue(store, 60)
    marks = [["water"], ["road"], [], ["clinic", "road"]] * 15
    for pair in zip(codes, marks, strict=True):
        cast(store, [pair])
    before = _papers(store)
    usecases.close_poll(store, BODY, "p1", NOW)
    after = _papers(store)
    assert not {id for id, _ in before} & {id for id, _ in after}
    assert sorted(content for _, content in before) == [content for _, content in after]


def _papers(store):
    with store.engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text("SELECT id, marks FROM papers ORDER BY id"))]


def test_closing_amid_casts_counts_exactly_those_accepted(store):
    with_meeting(store)
    open_poll(store)
    codes = issue(store, 79)
    outcomes = []
    casting = Thread(target=lambda: outcomes.extend(cast(store, [(code, ["water"])])[0] for code in codes))
    casting.start()
    while len(outcomes) < 5:
        casting.join(0.001)
    usecases.close_poll(store, BODY, "p1", NOW)
    casting.join(30)
    kept = sum(map(accepted, outcomes))
    assert all(accepted(outcome) or isinstance(outcome, PollNotOpen) for outcome in outcomes)
    assert len(_papers(store)) == kept
