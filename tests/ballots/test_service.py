"""Ballots over HTTP: the whole course, who may do what, and what a mistake is told."""

import pytest

from tests.ballots.polls_over_http import ROLL, RULES, THREE, poll_of
from tests.support.rights import check_rights
from tests.support.running import running
from tests.support.waiting import eventually


@pytest.fixture(scope="module")
def region():
    with running("ballots", played=("proposals",)) as made:
        yield made


def test_a_poll_runs_over_http(region):
    poll, codes = poll_of(region, "whole")
    for number, code in enumerate(codes):
        marks = ["water", "road"] if number < 60 else ["clinic"]
        answer = region.call("POST", f"{poll}/papers", {"code": code.lower(), "marks": marks})
        assert (answer.status, answer.json["accepted"]) == (201, True)
    assert region.call("GET", poll).json["returned"] == 79
    assert region.call("POST", f"{poll}/closing", roles=["scrutineer"]).json["state"] == "closed"
    counted = region.call("POST", f"{poll}/count", roles=["teller"]).json["result"]
    assert counted["adopted"] == ["water", "road"]
    assert region.call("GET", poll).json["result"] is None
    assert region.call("POST", f"{poll}/declaration", roles=["clerk"]).status == 200
    assert region.call("GET", poll).json["result"] == counted
    declared = region.event("ballots", "result_declared")
    assert declared["data"]["adopted"] == ["water", "road"]
    assert declared["correlationid"]


def test_turnout_is_told_while_the_poll_is_open(region):
    poll, codes = poll_of(region, "turnout")
    region.call("POST", f"{poll}/papers", {"code": codes[0], "marks": []})

    def told():
        return [
            each["data"]["returned"]
            for each in region.events("ballots", "turnout_changed")
            if each["data"]["body"] == "turnout"
        ]

    eventually(lambda: told()[-1:] == [1], 20, "the turnout is told")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "", "clerk"),
        ("GET", "", "clerk scrutineer teller"),
        ("PUT", "/deputies", "clerk"),
        ("GET", "/candidates/2022", "clerk scrutineer teller"),
        ("POST", "/meetings", "clerk"),
        ("GET", "/meetings/m1", "clerk scrutineer teller"),
        ("PUT", "/meetings/m1/roll-call", "clerk"),
        ("POST", "/meetings/m1/opening", "clerk"),
        ("POST", "/polls", "clerk"),
        ("POST", "/polls/p1/opening", "clerk"),
        ("POST", "/polls/p1/slips", "clerk"),
        ("POST", "/polls/p1/closing", "scrutineer"),
        ("POST", "/polls/p1/count", "scrutineer teller"),
        ("GET", "/polls/p1/count", "scrutineer teller"),
        ("POST", "/polls/p1/signature", "scrutineer"),
        ("POST", "/polls/p1/declaration", "clerk"),
    ],
)
def test_a_route_is_for_its_roles_and_for_the_body_of_the_token(region, method, path, allowed):
    check_rights(region, method, f"/ballots/bodies/nobody{path}", allowed)


def test_a_mistake_is_told_with_its_slug_and_field(region):
    poll, codes = poll_of(region, "mistakes", present=60)
    base, clerk = "/ballots/bodies/mistakes", ["clerk"]

    def refused(method, path, body=None, roles=()):
        answer = region.call(method, path, body, roles=roles)
        return answer.status, answer.json["slug"], answer.json.get("field")

    papers = f"{poll}/papers"
    assert refused("POST", papers, {"code": "3333-3333-33333", "marks": []}) == (404, "code-unknown", "code")
    assert refused("POST", papers, {"code": codes[0], "marks": THREE}) == (422, "overvoted", "marks")
    assert refused("POST", papers, {"code": codes[0], "marks": ["x"]}) == (422, "invalid-marks", "marks")
    assert region.call("POST", papers, {"code": codes[0], "marks": []}).status == 201
    assert refused("POST", papers, {"code": codes[0], "marks": []}) == (409, "code-spent", "code")
    slips = {"slips": 1}
    assert refused("POST", f"{poll}/slips", slips, clerk) == (422, "more-issued-than-present", "issued")
    assert refused("POST", f"{poll}/opening", None, clerk)[:2] == (409, "poll-already-opened")
    assert refused("POST", f"{poll}/count", None, ["teller"])[:2] == (409, "poll-not-closed")
    assert refused("POST", f"{poll}/declaration", None, clerk)[:2] == (409, "poll-not-counted")
    assert refused("GET", f"{base}/polls/p9") == (404, "unknown-poll", "poll")
    assert refused("GET", f"{base}/meetings/m9", None, clerk) == (404, "unknown-meeting", "meeting")
    assert refused("GET", f"{base}/candidates/20x2", None, clerk)[:2] == (404, "unknown-candidate-list")
    stranger = {"present": ["stranger"]}
    assert refused("PUT", f"{base}/meetings/m1/roll-call", stranger, clerk) == (
        422,
        "unknown-deputy",
        "deputies",
    )
    twice = {"deputies": [ROLL[0], ROLL[0]]}
    assert refused("PUT", f"{base}/deputies", twice, clerk) == (422, "invalid-roll", "deputies.1.id")
    for title in ("\u200b", "会\u202e议", "会\n议", "会\u200d议"):
        meeting = {"meeting": "m2", "title": title}
        assert refused("POST", f"{base}/meetings", meeting, clerk)[:2] == (422, "invalid-body")
    meeting = {"meeting": "m2", "title": "会", "quorum": "4/3"}
    assert refused("POST", f"{base}/meetings", meeting, clerk) == (422, "invalid-roll", "quorum")
    meeting = {"meeting": "m1", "title": "会"}
    assert refused("POST", f"{base}/meetings", meeting, clerk) == (409, "meeting-exists", "meeting")
    given = {"poll": "p2", "meeting": "m1", "title": "x", "year": 2022, "rules": RULES | {"seats": "2"}}
    assert refused("POST", f"{base}/polls", given, clerk) == (422, "invalid-rules", "rules.seats")
    given |= {"rules": RULES, "year": 1999}
    assert refused("POST", f"{base}/polls", given, clerk) == (404, "unknown-candidate-list", "year")
    assert refused("PUT", "/ballots/bodies/Mistakes", {"name": "x", "level": "town"}, clerk)[:2] == (
        422,
        "invalid-body",
    )
    assert refused("PUT", "/ballots/bodies/Mistakes", {"name": "x", "level": "township"}, clerk)[:2] == (
        422,
        "invalid-body",
    )


def test_a_quorum_short_is_told_with_the_figures(region):
    base, clerk = "/ballots/bodies/short", {"roles": ["clerk"]}
    region.call("PUT", base, {"name": "某镇人民代表大会", "level": "township"}, **clerk)
    region.call("PUT", f"{base}/deputies", {"deputies": ROLL}, **clerk)
    region.call("POST", f"{base}/meetings", {"meeting": "m1", "title": "会"}, **clerk)
    region.call("PUT", f"{base}/meetings/m1/roll-call", {"present": [e["id"] for e in ROLL[:52]]}, **clerk)
    answer = region.call("POST", f"{base}/meetings/m1/opening", **clerk)
    assert (answer.status, answer.json["slug"]) == (409, "quorum-not-met")
    assert "52 of 79" in answer.json["detail"]


def test_no_log_line_and_no_metric_holds_a_code_a_name_or_marks(region):
    poll, codes = poll_of(region, "secret")
    for code in codes[:10]:
        region.call("POST", f"{poll}/papers", {"code": code, "marks": ["clinic"]})
        region.call("POST", f"{poll}/papers", {"code": code, "marks": ["clinic"]})
    said = region.log() + region.call("GET", "/ballots/metrics").body.decode()
    assert not any(code in said or code.replace("-", "") in said for code in codes)
    assert "代表1" not in said
    assert "clinic" not in said
