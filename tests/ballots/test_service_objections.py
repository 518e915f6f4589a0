"""Objections over HTTP: who may do what, what is shown to whom, and what a mistake is told."""

from datetime import datetime, timedelta, timezone

import pytest

from tests.ballots.polls_over_http import poll_of
from tests.support.rights import check_rights
from tests.support.running import running
from tests.support.waiting import eventually

TEXT = "第三张表决票不应计为废票。"
CHINA = timezone(timedelta(hours=8))


@pytest.fixture(scope="module")
def region():
    with running("ballots", "notifications", played=("proposals", "ratings")) as made:
        yield made


def declared(region, body):
    """A declared poll of a body of its own."""
    poll, codes = poll_of(region, body)
    for code in codes[:50]:
        assert region.call("POST", f"{poll}/papers", {"code": code, "marks": ["water"]}).status == 201
    assert region.call("POST", f"{poll}/closing", roles=["scrutineer"]).status == 200
    assert region.call("POST", f"{poll}/count", roles=["teller"]).status == 200
    assert region.call("POST", f"{poll}/declaration", roles=["clerk"]).status == 200
    return poll


def filed(region, poll, role="deputy", subject="7", **given):
    body = {"objection": "o1", "text": TEXT} | given
    by = region.token(role, subject=subject)
    return region.call("POST", f"{poll}/objections", body, Authorization=by)


def answered(region, poll, number=1, outcome="rejected", answer="经复核，计票无误。"):
    given = {"outcome": outcome, "answer": answer}
    return region.call("POST", f"{poll}/objections/{number}/answer", given, roles=["clerk"])


def shown(region, poll, *roles, subject="someone", query=""):
    by = {"Authorization": region.token(*roles, subject=subject)} if roles else {}
    answer = region.call("GET", f"{poll}/objections{query}", **by)
    assert answer.status == 200, answer.body
    return answer.json


def refusal(answer):
    return answer.status, answer.json["slug"], answer.json.get("field")


def test_an_objection_is_filed_answered_announced_and_on_record(region):
    poll = declared(region, "objected")
    answer = filed(region, poll)
    assert answer.status == 201, answer.body
    assert filed(region, poll).json == answer.json
    assert (answer.json["number"], answer.json["state"], answer.json["text"]) == (1, "filed", TEXT)
    today = datetime.now(CHINA).date()
    assert region.call("GET", poll).json["objections"]["open_until"] in [
        (today + timedelta(days)).isoformat()
        for days in (6, 7)  # midnight may pass meanwhile
    ]
    assert answered(region, poll).json["outcome"] == "rejected"
    assert answered(region, poll).status == 200
    told = region.event("ballots", "objection_answered")
    first = region.event("ballots", "objection_filed")
    (objection,) = shown(region, poll)["objections"]
    for name, event in (("filed_event", first), ("answered_event", told)):
        assert objection[name] == {"sequence": int(event["sequence"]), "hash": event["hash"]}
        assert event["subject"] == "polls/objected/p1"
    assert region.call("GET", poll).json["objections"]["answered"] == 1

    def noticed():
        path = "/notifications/bodies/objected/notices"
        notices = region.call("GET", path).json["notices"]
        return {each["kind"] for each in notices} >= {"objection_filed", "objection_answered"}

    eventually(noticed, 20, "both are announced")


def test_what_it_says_and_whose_it_is_is_for_few(region):
    poll = declared(region, "discreet")
    assert filed(region, poll, "deputy", "7").status == 201
    assert filed(region, poll, "clerk", "office", objection="o2", deputy="8", text="另一件").status == 201

    def texts(*roles, subject="someone"):
        return [each["text"] for each in shown(region, poll, *roles, subject=subject)["objections"]]

    assert texts("clerk") == texts("scrutineer") == [TEXT, "另一件"]
    assert texts("deputy", subject="7") == [TEXT, None]
    assert texts("deputy", subject="8") == [None, "另一件"]
    assert texts("teller", subject="7") == texts("deputy", subject="9") == texts() == [None, None]
    elsewhere = region.token("clerk", bodies=["another"])
    answer = region.call("GET", f"{poll}/objections", Authorization=elsewhere)
    assert [each["text"] for each in answer.json["objections"]] == [None, None]
    assert TEXT not in str([each["data"] for each in region.events("ballots")])
    assert TEXT not in region.log()
    notices = region.call("GET", "/notifications/bodies/discreet/notices?limit=50").body.decode()
    assert TEXT not in notices


@pytest.mark.parametrize(
    ("path", "allowed"), [("objections", "deputy clerk"), ("objections/1/answer", "clerk")]
)
def test_a_route_is_for_its_roles_and_for_the_body_of_the_token(region, path, allowed):
    check_rights(region, "POST", f"/ballots/bodies/nobody/polls/p1/{path}", allowed)


def test_a_mistake_is_told_with_its_slug_and_field(region):
    poll, _ = poll_of(region, "objecting")
    assert refusal(filed(region, poll))[:2] == (409, "poll-not-declared")
    poll = declared(region, "objecting-late")
    assert refusal(answered(region, poll)) == (404, "unknown-objection", "objection")
    assert refusal(answered(region, poll, "x")) == (404, "unknown-objection", "objection")
    assert refusal(filed(region, poll, "clerk")) == (422, "invalid-objection", "deputy")
    assert refusal(filed(region, poll, "clerk", deputy="80")) == (422, "unknown-deputy", "deputy")
    assert refusal(filed(region, poll, deputy="8")) == (403, "not-ones-own-objection", "deputy")
    stranger = filed(region, poll, subject="80")
    assert refusal(stranger) == (422, "unknown-deputy", "deputy")
    assert filed(region, poll).status == 201
    assert refusal(filed(region, poll, text="另一件")) == (409, "objection-exists", "objection")
    assert answered(region, poll).status == 200
    assert refusal(answered(region, poll, outcome="upheld"))[:2] == (409, "objection-already-answered")
    nowhere = poll.replace("p1", "p9")
    for answer in (filed(region, nowhere), answered(region, nowhere)):
        assert refusal(answer)[:2] == (404, "unknown-poll")
    assert region.call("GET", f"{nowhere}/objections").status == 404


@pytest.mark.parametrize(
    "given",
    [
        *({"objection": "O 1"}, {"objection": None}, {"text": "字" * 2001}, {"text": 7}, {"deputy": "Ä"}),
        *({"text": text} for text in (" ", "\u200b\u3000", "a\x1bb", "作\u202e废")),
        {"filed_at": "2022-04-16T00:00:00Z"},
    ],
)
def test_an_objection_of_another_form_is_refused(region, given):
    assert refusal(filed(region, "/ballots/bodies/nobody/polls/p1", **given))[:2] == (422, "invalid-body")


@pytest.mark.parametrize("given", [{}, {"outcome": "perhaps", "answer": "是"}, {"outcome": "upheld"}])
def test_an_answer_of_another_form_is_refused(region, given):
    target = "/ballots/bodies/nobody/polls/p1/objections/1/answer"
    assert refusal(region.call("POST", target, given, roles=["clerk"]))[:2] == (422, "invalid-body")


@pytest.mark.parametrize("query", ["?after=-1", "?limit=0", "?limit=101", "?after=x", "?whose=7"])
def test_a_part_that_cannot_be_is_refused(region, query):
    answer = region.call("GET", f"/ballots/bodies/nobody/polls/p1/objections{query}")
    assert answer.status == 422


def test_the_announcement_says_until_when_objections_are_taken(region):
    poll = declared(region, "announced")
    until = region.call("GET", poll).json["objections"]["open_until"]
    day = "{}年{}月{}日".format(*map(int, until.split("-")))
    page = region.call("GET", f"{poll}/documents/announcement").body.decode()
    assert f"代表对上述结果有异议的，可以于{day}前（含当日）提出，由主席团答复。" in page
