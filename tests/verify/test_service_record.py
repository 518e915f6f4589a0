"""What the service publishes is what the verifier reads, though neither knows the other."""

import pytest

from ballots import usecases
from ballots.store import Ballots
from piaojue_verify import verify_bytes
from tests.ballots.meetings import BODY, RECORDER, RULES, cast, finish, issue, open_poll, with_meeting
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
