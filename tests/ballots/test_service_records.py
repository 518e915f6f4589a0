"""Receipts, guesses, signatures and records over HTTP."""

import json

import pytest

import piaojue_verify
from ballots.domain import new_code, receipt_of
from tests.ballots.polls_over_http import poll_of
from tests.support.running import running

NONCE = "nonce-of-a-deputy"
OFFICERS = {"scrutineers": [{"id": "7"}, {"id": "8"}], "chief": "8"}


@pytest.fixture(scope="module")
def region():
    settings = {"PIAOJUE_BALLOTS_GUESSES_PER_MINUTE": "1", "PIAOJUE_BALLOTS_GUESSES_AT_ONCE": "5"}
    with running("ballots", played=("proposals",), settings=settings) as made:
        yield made


def sent(region, poll, code, nonce=None, marks=("road",)):
    given = {"code": code, "marks": list(marks)}
    return region.call("POST", f"{poll}/papers", given if nonce is None else given | {"nonce": nonce})


def signed(region, poll, person, count_hash):
    by = region.token("scrutineer", subject=person)
    return region.call("POST", f"{poll}/signature", {"count_hash": count_hash}, Authorization=by)


def refusal(answer):
    return answer.status, answer.json["slug"]


def declared(region, poll):
    return region.call("POST", f"{poll}/declaration", roles=["clerk"])


def closed(region, poll):
    return region.call("POST", f"{poll}/closing", Authorization=region.token("scrutineer", subject="8"))


def counted(region, poll):
    assert closed(region, poll).status == 200
    answer = region.call("POST", f"{poll}/count", roles=["teller"])
    assert answer.status == 200, answer.body
    return answer.json


def guesses(region):
    page = region.call("GET", "/ballots/metrics").body.decode()
    lines = [line for line in page.splitlines() if line.startswith("piaojue_guesses_total")]
    assert all(line.startswith('piaojue_guesses_total{service="ballots"} ') for line in lines)
    return float(lines[0].split()[-1]) if lines else 0.0


def test_a_receipt_is_told_and_told_again(region):
    poll, codes = poll_of(region, "receipts")
    first = sent(region, poll, codes[0], NONCE)
    assert (first.status, first.json) == (
        201,
        {"accepted": True, "receipt": receipt_of("receipts", "p1", codes[0], NONCE)},
    )
    drawn = sent(region, poll, codes[1]).json
    assert drawn["receipt"] == receipt_of("receipts", "p1", codes[1], drawn["nonce"])
    again = sent(region, poll, codes[0].lower(), NONCE, marks=["clinic"])
    assert (again.status, again.json) == (201, first.json)
    assert refusal(sent(region, poll, codes[0], NONCE + "x")) == (409, "code-spent")
    assert refusal(sent(region, poll, codes[0])) == (409, "code-spent")
    assert region.call("GET", poll).json["returned"] == 2
    assert closed(region, poll).status == 200
    assert sent(region, poll, codes[0], NONCE).json == first.json
    assert refusal(sent(region, poll, codes[2], NONCE)) == (409, "poll-not-open")


@pytest.mark.parametrize("nonce", ["short", "a" * 65, "nonce with spaces!", 12345678901234567, ["a" * 16]])
def test_a_nonce_of_another_form_is_refused(region, nonce):
    answer = region.call(
        "POST", "/ballots/bodies/nobody/polls/p1/papers", {"code": "x", "marks": [], "nonce": nonce}
    )
    assert refusal(answer) == (422, "invalid-body")
    assert answer.json["errors"][0]["field"] == "nonce"


def test_papers_may_all_be_of_one_length_and_what_they_are_answered_is(region):
    """Who watches the line sees lengths, TLS or not: they are not to say which marks are on a paper."""
    poll, codes = poll_of(region, "watched")
    lengths = set()
    for code, marks in zip(codes, ([], ["road"], ["clinic"], ["water", "clinic"]), strict=False):
        given = json.dumps({"code": code, "marks": marks, "nonce": NONCE}).encode().ljust(4096)
        answer = region.call("POST", f"{poll}/papers", given)
        assert answer.status == 201, answer.body
        lengths.add((len(answer.body), len(answer.headers["x-correlation-id"])))
    assert len(lengths) == 1


def test_guesses_are_told_to_wait_and_a_right_code_is_not(region):
    import random

    poll, codes = poll_of(region, "guessed")
    source, before = random.Random(1), guesses(region)
    answers = [sent(region, poll, new_code(source)) for _ in range(4)]
    answers += [sent(region, poll, "no code at all") for _ in range(4)]
    assert [refusal(each) for each in answers[:5]] == [(404, "code-unknown")] * 5
    assert [refusal(each) for each in answers[5:]] == [(429, "too-many-guesses")] * 3
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 60
    assert guesses(region) - before == 8
    for code in codes[:20]:
        assert sent(region, poll, code, NONCE).status == 201
    assert refusal(sent(region, poll, codes[0])) == (409, "code-spent")
    other, _ = poll_of(region, "not-guessed")
    assert refusal(sent(region, other, new_code(source))) == (404, "code-unknown")


def test_a_count_is_signed_declared_and_can_be_counted_again_by_anybody(region):
    poll, codes = poll_of(region, "signed", officers=OFFICERS)
    receipts = [sent(region, poll, code).json["receipt"] for code in codes[:40]]
    count = counted(region, poll)
    by = region.token("scrutineer", subject="7")
    assert region.call("GET", f"{poll}/count", Authorization=by).json == count
    assert refusal(declared(region, poll)) == (409, "signatures-missing")
    assert refusal(signed(region, poll, "8", count["count_hash"])) == (409, "chief-signs-last")
    assert refusal(signed(region, poll, "9", count["count_hash"])) == (403, "not-appointed")
    assert refusal(signed(region, poll, "7", "0" * 64)) == (409, "count-hash-differs")
    for number, person in enumerate(("7", "8"), 1):
        expected = {"count_hash": count["count_hash"], "signed": number, "of": 2}
        for _ in range(2):
            assert signed(region, poll, person, count["count_hash"]).json == expected
    assert refusal(region.call("GET", f"{poll}/record")) == (404, "record-not-published")
    assert declared(region, poll).status == 200
    answer = region.call("GET", f"{poll}/record")
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    key = region.call("GET", "/ballots/record-key").json
    for receipt in receipts[:3]:
        report = piaojue_verify.verify_bytes(answer.body, key=key, receipt=receipt)
        assert report.ok, report.as_text()
    assert answer.json["count_hash"] == count["count_hash"]
    assert region.call("GET", f"{poll}/record").body == answer.body


def test_a_record_tells_where_the_events_stand_in_the_log(region):
    poll, codes = poll_of(region, "positions", officers=OFFICERS)
    sent(region, poll, codes[0])
    count = counted(region, poll)
    for person in ("7", "8"):
        assert signed(region, poll, person, count["count_hash"]).status == 200
    assert declared(region, poll).status == 200
    last = region.event("ballots", "result_declared")
    record = region.call("GET", f"{poll}/record").json
    logged = [each for each in region.events("ballots") if each["subject"] == "polls/positions/p1"]
    assert logged[-1] == last
    assert record["events"] == [
        {"type": each["type"], "sequence": int(each["sequence"]), "hash": each["hash"]}
        for each in logged[:-1]
    ]
    for name in ("record_hash", "count_hash", "receipts_root"):
        assert last["data"][name] == record[name]
    told = [each["data"] for each in logged if ".count_signed." in each["type"]]
    assert [(each["signed"], each["of"]) for each in told] == [(1, 2), (2, 2)]


def test_what_is_asked_too_early_or_of_nobody_is_refused(region):
    poll, _ = poll_of(region, "early", officers=OFFICERS)
    nowhere = poll.replace("p1", "p9")
    assert refusal(signed(region, poll, "7", "0" * 64)) == (409, "poll-not-counted")
    assert refusal(region.call("GET", f"{poll}/count", roles=["teller"])) == (409, "poll-not-counted")
    assert refusal(region.call("GET", f"{poll}/record")) == (404, "record-not-published")
    for answer in (
        signed(region, nowhere, "7", "0" * 64),
        region.call("GET", f"{nowhere}/count", roles=["teller"]),
        region.call("GET", f"{nowhere}/record"),
    ):
        assert refusal(answer) == (404, "unknown-poll")
    by = region.token("scrutineer", subject="7")
    for given in ({}, {"count_hash": "x"}, {"count_hash": "0" * 64, "name": "x"}):
        assert refusal(region.call("POST", f"{poll}/signature", given, Authorization=by)) == (
            422,
            "invalid-body",
        )
