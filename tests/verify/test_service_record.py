"""What the service publishes is what the verifier reads, though neither knows the other."""

from datetime import timedelta

import pytest

from ballots import usecases
from ballots.store import Ballots
from piaojue_verify import read, verify_bytes
from tests.ballots.meetings import (
    BODY,
    NOW,
    RECORDER,
    RULES,
    RULES_LOADED,
    SCHEMES_LOADED,
    cast,
    events,
    finish,
    issue,
    open_poll,
    prepare,
    with_meeting,
)
from tests.support.stores import migrated_store

MARKS = {
    "choose": [["water", "road"], ["road"], ["clinic", "road"], []],
    "for-against": [{"water": "for"}, {"road": "against", "clinic": "for"}, {"clinic": "abstain"}, {}],
}
SCHEMES = {"choose": RULES["marking"], "for-against": {"scheme": "for-against"}}


@pytest.mark.parametrize("scheme", SCHEMES)
def test_record_of_the_service_verifies_with_its_key_and_each_receipt(scheme, tmp_path):
    with migrated_store("ballots", Ballots, tmp_path) as store:
        with_meeting(store)
        open_poll(store, rules=RULES | {"marking": SCHEMES[scheme]})
        papers = MARKS[scheme] * 15
        outcomes = cast(store, list(zip(issue(store, len(papers)), papers, strict=True)))
        finish(store)
        record = usecases.show_record(store, BODY, "p1")
    for outcome in outcomes:
        report = verify_bytes(record, key=RECORDER.key.jwk, receipt=outcome["receipt"])
        assert {check.state for check in report.checks} == {"holds"}, report.as_text()


def test_record_of_a_poll_during_which_the_clock_was_set_back_verifies_and_says_what_was_told(tmp_path):
    with migrated_store("ballots", Ballots, tmp_path) as store:
        with_meeting(store)
        prepare(store)
        usecases.open_poll(store, BODY, "p1", RULES_LOADED, SCHEMES_LOADED, NOW + timedelta(hours=2))
        cast(store, [(code, ["water"]) for code in issue(store, 3)])
        finish(store)
        record = usecases.show_record(store, BODY, "p1")
        published = dict(events(store))
    report = verify_bytes(record, key=RECORDER.key.jwk)
    assert {check.state for check in report.checks} == {"holds"}, report.as_text()
    poll = read(record)["poll"]
    assert published["poll_opened.v1"]["opened_at"] == poll["opened_at"]
    assert published["poll_closed.v1"]["closed_at"] == poll["closed_at"] == poll["opened_at"]
    assert published["result_declared.v1"]["declared_at"] == poll["declared_at"]
