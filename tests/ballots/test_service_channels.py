"""Papers by hand beside papers by code, over HTTP: who may do what, and what a mistake is told."""

import pytest

import piaojue_verify
from tests.ballots.polls_over_http import RULES, open_poll, prepare, with_meeting
from tests.support.running import running

OFFICERS = {
    "scrutineers": [{"id": "1"}, {"id": "2"}],
    "chief": "1",
    "tellers": [{"id": "t1", "name": "计票甲"}, {"id": "t2", "name": "计票乙"}],
}


@pytest.fixture(scope="module")
def region():
    with running("ballots", played=("proposals",)) as made:
        yield made


@pytest.fixture
def poll(region, request):
    """The path of an open poll with two scrutineers and two tellers, of a body of its own."""
    base = with_meeting(region, f"b{abs(hash(request.node.name)) % 10**9}")
    assert prepare(region, base, rules=RULES).status == 201
    by = {"roles": ["clerk"]}
    assert region.call("PUT", f"{base}/polls/p1/officers", OFFICERS, **by).status == 200
    assert open_poll(region, base).status == 200
    return f"{base}/polls/p1"


def done(region, path, body=None, *, by="clerk", subject=None, method="POST"):
    """The answer to what somebody in a role does."""
    return region.call(method, path, body, Authorization=region.token(by, subject=subject or f"a-{by}"))


def told(answer):
    return answer.status, answer.json["slug"], answer.json.get("field")


def closed(region, poll):
    assert done(region, f"{poll}/closing", by="scrutineer", subject="1").status == 200


def test_a_mixed_poll_is_held_counted_and_verified(region, poll):
    hall = f"{poll}/channels/hall"
    opened = done(region, f"{poll}/channels", {"channel": "hall", "kind": "hand-papers", "issued": 2})
    assert (opened.status, opened.json["issued"]) == (201, 2)
    assert done(region, f"{hall}/issue", {"papers": 1}).json["issued"] == 3
    codes = done(region, f"{poll}/slips", {"slips": 50}).json["codes"]
    for code in codes:
        assert region.call("POST", f"{poll}/papers", {"code": code, "marks": ["road"]}).status == 201
    closed(region, poll)
    assert done(region, f"{hall}/box", {"returned": 3}, by="scrutineer", subject="2").status == 200
    first = done(region, f"{hall}/entries", {"content": [["road"], None, []]}, by="teller", subject="t1")
    assert first.json["batches"] == [{"batch": 1, "entered_by": ["t1"]}]
    done(region, f"{hall}/entries", {"content": [["road"], ["water"], []]}, by="teller", subject="t2")
    shown = done(region, hall, by="teller", subject="t1", method="GET").json
    assert shown["differences"] == [
        {"batch": 1, "place": 1, "read": [None, ["water"]], "settled": False, "found": None}
    ]
    assert told(done(region, f"{poll}/count", by="teller", subject="t1")) == (
        *(409, "channel-not-settled", "hall"),
    )
    given = {"place": 1, "marks": None}
    assert done(region, f"{hall}/settlements", given, by="scrutineer", subject="2").status == 200
    counted = done(region, f"{poll}/count", by="teller", subject="t1").json
    assert counted["result"]["votes"]["road"] == 51
    for person in ("2", "1"):
        given = {"count_hash": counted["count_hash"]}
        assert done(region, f"{poll}/signature", given, by="scrutineer", subject=person).status == 200
    report = f"{poll}/documents/count-report"
    assert done(region, report, by="teller", subject="t9", method="GET").status == 409
    page = done(region, report, by="scrutineer", subject="1", method="GET").body.decode()
    assert "纸质票逐张录入<small>hall</small>" in page
    assert done(region, f"{poll}/declaration").json["returned"] == 53
    record = region.call("GET", f"{poll}/record").body
    assert piaojue_verify.verify_bytes(record).ok
    assert done(region, f"{poll}/channels", by="clerk", method="GET").json["channels"][1]["returned"] == 3


def test_channels_are_for_those_at_the_meeting_and_their_papers_for_those_who_count(region, poll):
    given = {"channel": "hall", "kind": "hand-papers"}
    for role in ("deputy", "teller", "scrutineer"):
        assert done(region, f"{poll}/channels", given, by=role).status == 403
    assert done(region, f"{poll}/channels", given).status == 201
    for role, path, body in (
        ("clerk", "entries", {"content": []}),
        ("scrutineer", "entries", {"content": []}),
        ("teller", "box", {"returned": 1}),
        ("teller", "settlements", {"place": 0, "marks": []}),
        ("clerk", "strike", {"reason": "x"}),
    ):
        assert done(region, f"{poll}/channels/hall/{path}", body, by=role).status == 403, path
    assert done(region, f"{poll}/channels/hall", by="clerk", method="GET").status == 403
    assert region.call("GET", f"{poll}/channels").status == 401


def test_nobody_but_those_appointed_closes_counts_or_looks_at_the_count(region, poll):
    done(region, f"{poll}/channels", {"channel": "hall", "kind": "hand-papers"})
    strangers = (("scrutineer", "9"), ("teller", "t9"))
    assert told(done(region, f"{poll}/closing", by="scrutineer", subject="9"))[:2] == (403, "not-appointed")
    closed(region, poll)
    assert (
        done(region, f"{poll}/channels/hall/box", {"returned": 0}, by="scrutineer", subject="1").status == 200
    )
    for role, subject in strangers:
        for method, path in (("POST", "count"), ("GET", "count"), ("GET", "channels/hall")):
            refused = done(region, f"{poll}/{path}", by=role, subject=subject, method=method)
            assert told(refused)[:2] == (403, "not-appointed"), path
    assert done(region, f"{poll}/count", by="scrutineer", subject="2").status == 200
    for role, subject in strangers:
        refused = done(region, f"{poll}/count", by=role, subject=subject, method="GET")
        assert told(refused)[:2] == (403, "not-appointed")


def test_a_batch_is_struck_by_a_scrutineer_and_entered_again(region, poll):
    done(region, f"{poll}/channels", {"channel": "hall", "kind": "hand-papers", "issued": 1})
    closed(region, poll)
    hall = f"{poll}/channels/hall"
    for teller in ("t1", "t2"):
        done(region, f"{hall}/entries", {"content": [["road"], []]}, by="teller", subject=teller)
    for reason in ("\u200b", "误\u202e录", "误\n录"):
        refused = done(region, f"{hall}/batches/1/strike", {"reason": reason}, by="scrutineer", subject="1")
        assert told(refused)[:2] == (422, "invalid-body")
    given = {"reason": "误录一张"}
    for number in ("2", "x"):
        nothing = done(region, f"{hall}/batches/{number}/strike", given, by="scrutineer", subject="1")
        assert told(nothing)[:2] == (409, "nothing-to-settle")
    struck = done(region, f"{hall}/batches/1/strike", given, by="scrutineer", subject="1")
    assert (struck.status, struck.json["batches"]) == (200, [])
    again = done(region, f"{hall}/entries", {"content": [["road"]]}, by="teller", subject="t1")
    assert again.status == 201


def test_mistakes_with_channels_are_named(region, poll):
    given = {"channel": "hall", "kind": "hand-papers", "issued": 80}
    refused = done(region, f"{poll}/channels", given)
    assert told(refused) == (422, "more-issued-than-present", "issued")
    assert told(done(region, f"{poll}/channels", given | {"issued": 1, "kind": "fax"})) == (
        *(404, "unknown-channel", "kind"),
    )
    assert done(region, f"{poll}/channels", given | {"issued": 2}).status == 201
    assert told(done(region, f"{poll}/channels", given | {"issued": 0})) == (409, "channel-exists", "channel")
    hall = f"{poll}/channels/hall"
    entry = {"content": [["road"]]}
    early = done(region, f"{hall}/entries", entry, by="teller", subject="t1")
    assert told(early)[:2] == (409, "poll-not-closed")
    closed(region, poll)
    stranger = done(region, f"{hall}/entries", entry, by="teller", subject="t9")
    assert told(stranger)[:2] == (403, "not-appointed")
    for content, field in (([["nowhere"]], "content.0"), ("road", "content"), ([["road"], 7], "content.1")):
        wrong = done(region, f"{hall}/entries", {"content": content}, by="teller", subject="t1")
        assert told(wrong) == (422, "invalid-entry", field)
    done(region, f"{hall}/entries", entry, by="teller", subject="t1")
    again = done(region, f"{hall}/entries", {"content": []}, by="teller", subject="t1")
    assert told(again)[:2] == (403, "same-teller")
    neither = done(region, f"{hall}/settlements", {"place": 0}, by="scrutineer", subject="1")
    assert neither.status == 422
    nothing = done(region, f"{hall}/settlements", {"place": 0, "marks": []}, by="scrutineer", subject="1")
    assert told(nothing)[:2] == (409, "nothing-to-settle")


def test_a_large_batch_is_taken_and_a_larger_one_refused(region, poll):
    done(region, f"{poll}/channels", {"channel": "hall", "kind": "hand-papers", "issued": 2})
    closed(region, poll)
    entries = f"{poll}/channels/hall/entries"
    papers = [["water", "road"]] * 5000
    assert done(region, entries, {"content": papers}, by="teller", subject="t1").status == 201
    more = done(region, entries, {"content": [*papers, []], "batch": 2}, by="teller", subject="t1")
    assert told(more) == (422, "invalid-entry", "content")
