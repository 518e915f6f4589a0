"""Rolls, roll calls and officers over HTTP: files as bodies, who may do what, and what nobody is told."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.ballots.polls_over_http import RULES, publish
from tests.ballots.roll_files import HEADER, XLSX, with_parts, xlsx_octets
from tests.support.rights import check_rights
from tests.support.running import running
from tests.support.waiting import eventually

CLERK = {"roles": ["clerk"]}
NAMES = [f"王某某{number}" for number in range(1, 80)]
CSV = "编号,姓名,代表团,选区\n" + "".join(f"{number},{name},一团,\n" for number, name in enumerate(NAMES, 1))


@pytest.fixture(scope="module")
def region():
    with running("ballots", played=("proposals",)) as made:
        yield made


@pytest.fixture
def base(region, request):
    """The path of a body of the test's own."""
    path = f"/ballots/bodies/b{abs(hash(request.node.name))}"
    body = {"name": "永安镇人民代表大会", "level": "township"}
    assert region.call("PUT", path, body, **CLERK).status == 204
    return path


def send(region, base, octets, *, media_type="text/csv", query="", roles=("clerk",)):
    path = f"{base}/deputies/import{query}"
    return region.call("POST", path, octets, roles=roles, Content_Type=media_type)


def with_meeting(region, base):
    assert send(region, base, CSV.encode()).status == 200
    meeting = {"meeting": "m1", "title": "第一次会议"}
    assert region.call("POST", f"{base}/meetings", meeting, **CLERK).status == 201
    return f"{base}/meetings/m1"


def test_a_roll_is_imported_from_csv_and_from_xlsx(region, base):
    told = send(region, base, CSV.encode("gb18030"), query="?dry_run=true").json
    assert (told["added"], told["imported"]) == (79, False)
    assert region.call("GET", base, **CLERK).json["deputies"] == 0
    assert send(region, base, CSV.encode(), media_type="text/csv; charset=UTF-8").json["added"] == 79
    sheet = xlsx_octets([(*HEADER, "性别"), *((n, name, "一团") for n, name in enumerate(NAMES[:78], 1))])
    told = send(region, base, sheet, media_type=XLSX).json
    assert (told["unchanged"], told["removed"], told["ignored_columns"]) == (78, 1, ["性别"])
    assert region.call("GET", base, **CLERK).json["deputies"] == 78
    changes = region.call("GET", f"{base}/deputies/history?limit=1", **CLERK).json["changes"]
    assert [(each["number"], each["by"], each["summary"]["removed"]) for each in changes] == [
        (2, "someone", 1)
    ]
    assert changes[0]["changes"][0]["before"]["name"] == NAMES[78]


def test_one_file_is_read_at_a_time_and_others_are_told(region, base):
    """Each may unpack to megabytes: twenty at once would fill the memory."""
    rows = f"<worksheet><sheetData>{'<row/>' * 1_200_000}</sheetData></worksheet>".encode()
    slow = with_parts(xlsx_octets([HEADER]), {"xl/worksheets/sheet1.xml": rows}).octets

    def until_read():
        while (answer := send(region, base, slow, media_type=XLSX)).status == 503:
            pass
        return answer

    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(until_read)
        busy = eventually(
            lambda: (answer := send(region, base, CSV.encode())).status == 503 and answer,
            60,
            "another file is refused",
        )
        assert (busy.json["slug"], busy.headers["retry-after"]) == ("roll-busy", "5")
        assert reading.result().json["slug"] == "roll-unreadable"
    assert send(region, base, CSV.encode()).status == 200


def test_a_roll_with_faults_is_told_each_and_imported_not_at_all(region, base):
    answer = send(region, base, "编号,姓名\nA1,王某某1\n2,\n3,王某某3\n".encode())
    assert (answer.status, answer.json["slug"]) == (422, "roll-has-faults")
    assert [each["field"] for each in answer.json["errors"]] == ["rows.2.id", "rows.3.name"]
    assert "王某某" not in answer.body.decode()
    assert region.call("GET", base, **CLERK).json["deputies"] == 0


@pytest.mark.parametrize(
    ("octets", "media_type", "query", "status", "slug"),
    [
        (b"", "text/csv", "", 400, "body-missing"),
        (b"{}", "application/json", "", 415, "unsupported-media-type"),
        (b"\xd0\xcf\x11\xe0", "application/vnd.ms-excel", "", 415, "unsupported-media-type"),
        (b"PK\x03\x04", XLSX, "", 422, "roll-unreadable"),
        (b"\xff\xff\xff", "text/csv", "", 422, "roll-unreadable"),
        (b"a,b\n1,2\n", "text/csv", "", 422, "roll-unreadable"),
        (b"a" * (2 * 1024 * 1024 + 1), "text/csv", "", 413, "body-too-large"),
        (b"id,name\n1,a\n", "text/csv", "?dry_run=perhaps", 422, "invalid-query"),
    ],
)
def test_a_file_that_is_no_roll_is_a_mistake_with_a_name(
    region, base, octets, media_type, query, status, slug
):
    answer = send(region, base, octets, media_type=media_type, query=query)
    assert (answer.status, answer.json["slug"]) == (status, slug)


def test_attendance_follows_those_who_come_and_go(region, base):
    meeting = with_meeting(region, base)
    called = region.call("PUT", f"{meeting}/roll-call", {"present": ["1", "2"]}, **CLERK).json
    assert (called["due"], called["deputies"], called["present"]) == (79, 79, 2)
    come = region.call("POST", f"{meeting}/arrivals", {"deputies": ["3", "4"]}, **CLERK)
    assert (come.status, come.json["present"]) == (200, 4)
    gone = region.call("POST", f"{meeting}/departures", {"deputies": ["1"]}, **CLERK)
    assert gone.json["present"] == 3
    facts = region.call("GET", f"{meeting}/roll-calls", roles=["scrutineer"]).json["roll_calls"]
    assert [each["kind"] for each in facts] == ["called", "arrived", "left"]
    for fact, present in zip(facts, (2, 4, 3), strict=True):
        at = fact["at"].replace("+00:00", "Z")
        assert region.call("GET", f"{meeting}?at={at}", roles=["teller"]).json["present"] == present
    corrected = {"present": ["1", "2", "5"], "at": facts[0]["at"]}
    assert region.call("PUT", f"{meeting}/roll-call", corrected, **CLERK).json["present"] == 4


@pytest.mark.parametrize(
    ("path", "body", "slug", "field"),
    [
        ("arrivals", {"deputies": ["1"], "at": "2999-01-01T00:00:00Z"}, "invalid-roll-call", "at"),
        ("departures", {"deputies": ["1"], "at": "0001-01-01T00:00:00+23:00"}, "invalid-roll-call", "at"),
        ("arrivals", {"deputies": ["1"], "at": "2022-04-16T01:30:00"}, "invalid-body", None),
        ("arrivals", {"deputies": ["80"]}, "unknown-deputy", "deputies"),
        ("arrivals", {"present": ["1"]}, "invalid-body", None),
    ],
)
def test_a_roll_call_that_cannot_be_is_a_mistake_with_a_name(region, base, path, body, slug, field):
    answer = region.call("POST", f"{with_meeting(region, base)}/{path}", body, **CLERK)
    assert (answer.status, answer.json["slug"], answer.json.get("field")) == (422, slug, field)


def test_a_meeting_at_a_time_that_is_none_is_a_mistake(region, base):
    meeting = with_meeting(region, base)
    for at in ("soon", "2022-04-16T01:30:00", ""):
        answer = region.call("GET", f"{meeting}?at={at}", **CLERK)
        assert (answer.status, answer.json["slug"]) == (422, "invalid-query"), at
    for at in ("0001-01-01T00:00:00%2B23:00", "9999-12-31T23:59:59-23:00"):
        assert region.call("GET", f"{meeting}?at={at}", **CLERK).status == 200, at


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/deputies", "clerk"),
        ("POST", "/deputies/import", "clerk"),
        ("GET", "/deputies/history", "clerk"),
        ("PUT", "/meetings/m1/roll-call", "clerk"),
        ("POST", "/meetings/m1/arrivals", "clerk"),
        ("POST", "/meetings/m1/departures", "clerk"),
        ("GET", "/meetings/m1/roll-calls", "clerk scrutineer"),
        ("PUT", "/polls/p1/officers", "clerk"),
        ("GET", "/polls/p1/officers", "clerk scrutineer teller"),
    ],
)
def test_a_route_is_for_its_roles_and_for_the_body_of_the_token(region, method, path, allowed):
    check_rights(region, method, f"/ballots/bodies/nobody{path}", allowed)


def test_a_body_has_more_deputies_than_its_roll_only_where_it_says_so(region, base):
    body = {"name": "永安镇人民代表大会", "level": "township", "deputies_total": 78}
    with_meeting(region, base)
    answer = region.call("PUT", base, body, **CLERK)
    assert (answer.status, answer.json["slug"], answer.json["field"]) == (
        *(422, "invalid-body"),
        "deputies_total",
    )
    assert region.call("PUT", base, body | {"deputies_total": 90}, **CLERK).status == 204
    shown = region.call("GET", base, **CLERK).json
    assert (shown["deputies"], shown["deputies_total"]) == (79, 90)
    meeting = {"meeting": "m2", "title": "第二次会议"}
    assert region.call("POST", f"{base}/meetings", meeting, **CLERK).json["quorum_needed"] == 60


def test_officers_are_appointed_for_a_poll_until_it_opens(region, base):
    meeting = with_meeting(region, base)
    every = {"present": [str(number) for number in range(1, 80)]}
    assert region.call("PUT", f"{meeting}/roll-call", every, **CLERK).status == 200
    assert region.call("POST", f"{meeting}/opening", **CLERK).status == 200
    publish(region, base.rpartition("/")[2])
    poll = {"poll": "p1", "meeting": "m1", "title": "票决", "year": 2022, "rules": RULES}
    assert region.call("POST", f"{base}/polls", poll, **CLERK).status == 201
    officers = {
        "scrutineers": [{"id": "3"}, {"id": "4", "name": NAMES[3]}],
        "chief": "4",
        "tellers": [{"id": "staff-1", "name": "周计票"}],
        "conflicts": [{"person": "9", "reason": "implementing-unit"}],
    }
    appointed = region.call("PUT", f"{base}/polls/p1/officers", officers, **CLERK)
    assert (appointed.status, appointed.json["scrutineers"][0]) == (200, {"id": "3", "name": NAMES[2]})
    refused = region.call("PUT", f"{base}/polls/p1/officers", officers | {"chief": "5"}, **CLERK)
    assert (refused.status, refused.json["slug"], refused.json["field"]) == (422, "invalid-officers", "chief")
    assert region.call("GET", f"{base}/polls/p1/officers", roles=["teller"]).json == appointed.json
    assert region.call("POST", f"{base}/polls/p1/opening", **CLERK).status == 200
    late = region.call("PUT", f"{base}/polls/p1/officers", officers, **CLERK)
    assert (late.status, late.json["slug"]) == (409, "poll-already-opened")


def test_deputies_are_named_in_no_event_and_no_log_line(region, base):
    meeting = with_meeting(region, base)
    every = {"present": [str(number) for number in range(1, 80)]}
    assert region.call("PUT", f"{meeting}/roll-call", every, **CLERK).status == 200
    assert region.call("POST", f"{meeting}/arrivals", {"deputies": ["80"]}, **CLERK).status == 422
    assert region.call("POST", f"{meeting}/opening", **CLERK).status == 200
    region.event("ballots", "meeting_opened")
    assert "王某某" not in json.dumps(region.events("ballots"), ensure_ascii=False)
    assert "王某某" not in region.log()
