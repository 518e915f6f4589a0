"""What polls keep of their profiles, on either kind of store: to the record, to the next round."""

import json

import pytest
from sqlalchemy import text

from ballots import usecases
from ballots.plugins import profiles_for
from ballots.usecases import prepare_poll
from chassis.config import load_settings
from piaojue_verify import verify_bytes
from tests.ballots.meetings import (
    BODY,
    NOW,
    RECORDER,
    RULES_LOADED,
    SCHEMES_LOADED,
    cast,
    finish,
    issue,
    with_meeting,
)


@pytest.fixture(scope="module")
def profiles(tmp_path_factory):
    from ballots.plugins import SETTINGS

    folder = str(tmp_path_factory.mktemp("data"))
    return profiles_for(load_settings("ballots", SETTINGS, environ={"PIAOJUE_DATA_FOLDER": folder}))


def opened(store, profiles, name="hengyang", poll="p1", **rules):
    given = {"poll": poll, "meeting": "m1", "title": "票决", "year": 2022, "candidates": None}
    given |= {"profile": name, "rules": rules or {"seats": 2}}
    prepare_poll(store, BODY, given, RULES_LOADED, SCHEMES_LOADED, profiles)
    return usecases.open_poll(store, BODY, poll, RULES_LOADED, SCHEMES_LOADED, NOW)


def voted(store, papers, poll="p1"):
    marks = [list(each) for each, times in papers.items() for _ in range(times)]
    cast(store, zip(issue(store, len(marks), poll), marks, strict=True), poll)
    return finish(store, poll)


def test_record_of_a_poll_held_by_a_profile_verifies_and_names_it(store, profiles):
    with_meeting(store)
    opened(store, profiles)
    voted(store, {("water", "road"): 45, ("clinic",): 20})
    record = usecases.show_record(store, BODY, "p1")
    assert json.loads(record)["profile"] == profiles["hengyang"].identity
    report = verify_bytes(record, key=RECORDER.key.jwk)
    assert {check.state for check in report.checks} == {"holds"}, report.as_text()
    other = json.loads(record)
    other["profile"]["version"] = "2"
    states = {check.state for check in verify_bytes(json.dumps(other).encode()).checks}
    assert states != {"holds"}


def test_poll_keeps_its_profile_whatever_becomes_of_the_file(store, profiles):
    with_meeting(store)
    shown = opened(store, profiles)
    assert shown["profile"]["hash"] == profiles["hengyang"].hash
    assert [each["rule"] for each in shown["warnings"]] == ["scrutineers", "notice_days"]
    with store.reading() as ballots:
        assert ballots.poll(BODY, "p1").profile == profiles["hengyang"]


def test_runoff_follows_the_profile_without_its_numbers_of_seats(store, profiles):
    with_meeting(store)
    opened(store, profiles, "plurality", seats=2)
    voted(store, {("water", "road"): 30, ("water", "clinic"): 30})
    runoff = usecases.prepare_next_round(store, BODY, "p1", {"poll": "p2", "title": "再次投票"})
    assert runoff["profile"]["name"] == "plurality"
    again = usecases.open_poll(store, BODY, "p2", RULES_LOADED, SCHEMES_LOADED, NOW)
    assert (again["rules"]["seats"], [each["rule"] for each in again["warnings"]]) == (1, ["scrutineers"])


def test_poll_of_the_release_before_is_read_as_one_without_a_profile(store, profiles):
    with_meeting(store)
    opened(store, profiles)
    with store.engine.begin() as connection:
        connection.execute(text("UPDATE polls SET profile = NULL, warnings = NULL"))
        connection.execute(text("UPDATE candidate_lists SET published_at = NULL"))
    shown = usecases.show_poll(store, BODY, "p1")
    assert (shown["profile"], shown["warnings"]) == (None, None)
