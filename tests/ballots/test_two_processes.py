"""Two processes of ballots on one database: what is cast at both at once is cast once."""

import json
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection

import pytest

import piaojue_verify
from tests.ballots.polls_over_http import THREE, poll_of

CODES = 1000
CLERK = {"roles": ["clerk"]}

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


class Line:
    """A connection to one of the processes that stays open."""

    def __init__(self, region):
        self.connection = HTTPConnection("127.0.0.1", region.port, timeout=60)

    def cast(self, poll, given):
        self.connection.request(
            "POST", f"{poll}/papers", json.dumps(given).encode(), {"Content-Type": "application/json"}
        )
        answer = self.connection.getresponse()
        return answer.status, json.loads(answer.read())


def cast_at_both(processes, poll, both):
    """The two answers to each pair of ballots, one at each process, at the same time."""
    lines = [Line(region) for region in processes]
    with ThreadPoolExecutor(2) as pool:
        return [tuple(pool.map(lambda line, given: line.cast(poll, given), lines, pair)) for pair in both]


def test_a_code_cast_at_two_processes_at_once_is_accepted_once(processes):
    poll, codes = poll_of(processes[0], "raced", deputies=CODES)
    pairs = [({"code": code, "marks": ["road"]}, {"code": code, "marks": ["clinic"]}) for code in codes]
    answers = cast_at_both(processes, poll, pairs)
    assert len(answers) == CODES
    for pair in answers:
        assert sorted(status for status, _ in pair) == [201, 409]
        assert {body["slug"] for status, body in pair if status == 409} == {"code-spent"}
    kept = {body["receipt"] for pair in answers for status, body in pair if status == 201}
    votes = sum(pair[0][0] == 201 for pair in answers)
    record = recorded(processes, poll)
    assert set(record["receipts"]) == kept
    assert record["result"]["votes"] == dict(zip(THREE, (0, votes, CODES - votes), strict=True))


def test_a_cast_sent_to_two_processes_at_once_has_one_answer(processes):
    poll, codes = poll_of(processes[0], "retried", deputies=200)
    casts = [{"code": code, "marks": ["road"], "nonce": f"nonce-of-{code}"} for code in codes]
    answers = cast_at_both(processes, poll, zip(casts, casts, strict=True))
    assert all(one == two and one[0] == 201 for one, two in answers)
    later = [Line(processes[1]).cast(poll, given) for given in casts[:20]]
    assert later == [one for one, _ in answers[:20]]
    assert recorded(processes, poll)["reconciliation"]["returned"] == 200


def recorded(processes, poll):
    """The record, after the poll was ended at either process."""
    one, two = processes
    assert two.call("POST", f"{poll}/closing", roles=["scrutineer"]).status == 200
    assert one.call("POST", f"{poll}/count", roles=["teller"]).status == 200
    declared = two.call("POST", f"{poll}/declaration", **CLERK)
    assert declared.status == 200, declared.body
    record = one.call("GET", f"{poll}/record")
    key = two.call("GET", "/ballots/record-key").json
    report = piaojue_verify.verify_bytes(record.body, key=key)
    assert report.ok, report.as_text()
    return record.json
