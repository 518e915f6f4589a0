"""Slips by number and documents over HTTP: who may have them, when, and what a mistake is told."""

import re
import subprocess

import pytest

from tests.ballots.polls_over_http import RULES, poll_of
from tests.support.rights import check_rights
from tests.support.running import running

CLERK = {"roles": ["clerk"]}
CODE = re.compile(r"\b[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{5}\b")


@pytest.fixture(scope="module")
def region():
    with running("ballots", played=("proposals",)) as made:
        yield made


def words(pdf):
    command = ["pdftotext", "-layout", "-", "-"]
    return subprocess.run(command, input=pdf, capture_output=True, timeout=60, check=True).stdout.decode()


def guesses_of(region):
    page = region.call("GET", "/ballots/metrics").body.decode()
    return float(re.findall(r'^piaojue_guesses_total{service="ballots"} (.+)$', page, re.M)[0])


def refused(answer):
    return answer.status, answer.json["slug"], answer.json.get("field")


def prepared(region, body):
    """A poll whose slips are not issued yet, of a meeting with 79 present."""
    poll_of(region, body)
    base = f"/ballots/bodies/{body}"
    given = {"poll": "p2", "meeting": "m1", "title": "再次票决", "year": 2022, "rules": RULES}
    assert region.call("POST", f"{base}/polls", given, **CLERK).status == 201
    return f"{base}/polls/p2"


def counted(region, poll):
    assert region.call("POST", f"{poll}/closing", roles=["scrutineer"]).status == 200
    assert region.call("POST", f"{poll}/count", roles=["teller"]).status == 200


@pytest.fixture(scope="module")
def declared(region):
    """The path of a body with a declared poll, p1."""
    poll, _ = poll_of(region, "declared")
    counted(region, poll)
    assert region.call("POST", f"{poll}/declaration", **CLERK).status == 200
    return "/ballots/bodies/declared"


@pytest.mark.slow
def test_slips_are_printed_issued_exchanged_and_cast(region):
    poll = prepared(region, "slips")
    file = region.call("POST", f"{poll}/slips/print", {"slips": 8}, **CLERK)
    assert (file.status, file.headers["content-type"]) == (201, "application/pdf")
    assert file.headers["cache-control"] == "no-store"
    assert file.headers["content-disposition"] == 'attachment; filename="slips-p2.pdf"'
    text = words(file.body)
    codes = CODE.findall(text)
    assert len(set(codes)) == 8
    assert "再次票决" in text
    assert region.call("POST", f"{poll}/opening", **CLERK).status == 200

    def cast(code):
        return region.call("POST", f"{poll}/papers", {"code": code, "marks": ["road"]}).status

    assert cast(codes[0]) == 404
    issued = region.call("POST", f"{poll}/slips/issue", {"from": 1, "to": 7}, **CLERK)
    assert issued.json == {"printed": 8, "handed_out": 7, "spoiled": 0, "left": 1, "issued": 7}
    by_number = dict(zip(numbers_of(text), codes, strict=True))
    assert cast(by_number[1]) == 201
    assert cast(by_number[8]) == 404
    guesses = guesses_of(region)
    mistyped = region.call("POST", f"{poll}/slips/2/spoil", {"code": by_number[8]}, **CLERK)
    assert refused(mistyped) == (404, "code-unknown", "code")
    assert guesses_of(region) == guesses + 1
    spoil = {"code": by_number[2]}
    assert region.call("POST", f"{poll}/slips/2/spoil", spoil, **CLERK).json["issued"] == 6
    assert cast(by_number[2]) == 404
    assert region.call("POST", f"{poll}/slips/issue", {"numbers": [8]}, **CLERK).json["left"] == 0
    assert cast(by_number[8]) == 201
    assert region.call("GET", f"{poll}/slips", roles=["scrutineer"]).json["spoiled"] == 1
    said = region.log() + region.call("GET", "/ballots/metrics").body.decode()
    assert not any(code in said or code.replace("-", "") in said for code in codes)


def numbers_of(text):
    """The numbers on the slips, in the order in which their codes stand in the text."""
    return [int(each) for each in re.findall(r"(?<![\w-])0{3}\d(?![\w-])", text)]


@pytest.mark.slow
def test_a_mistake_with_slips_is_told_with_its_slug_and_field(region):
    poll = prepared(region, "wrong-slips")

    def answer(what, body):
        return refused(region.call("POST", f"{poll}/slips/{what}", body, **CLERK))

    assert answer("print", {"slips": 0})[:2] == (422, "invalid-body")
    assert answer("print", {"slips": 501})[:2] == (422, "invalid-body")
    assert answer("issue", {"numbers": [1]}) == (404, "unknown-slip", "numbers")
    printed = region.call("POST", f"{poll}/slips/print", {"slips": 2}, **CLERK)
    codes = dict(zip(numbers_of(words(printed.body)), CODE.findall(words(printed.body)), strict=True))
    assert answer("issue", {"numbers": [1]})[:2] == (409, "poll-not-open")
    assert region.call("POST", f"{poll}/opening", **CLERK).status == 200
    for form in (
        {},
        {"from": 1},
        {"numbers": [1], "from": 1, "to": 2},
        {"from": 2, "to": 1},
        {"numbers": []},
    ):
        assert answer("issue", form)[:2] == (422, "invalid-body")
    assert answer("issue", {"from": 1, "to": 5001})[:2] == (422, "invalid-body")
    assert answer("issue", {"numbers": [1, 1]}) == (422, "invalid-poll", "numbers")
    assert answer("2/spoil", {"code": codes[2]}) == (409, "slip-not-issued", "slip")
    assert region.call("POST", f"{poll}/slips/issue", {"numbers": [1]}, **CLERK).status == 200
    assert answer("issue", {"numbers": [1]}) == (409, "slip-already-issued", "numbers")
    assert answer("1/spoil", {"code": codes[2]}) == (404, "code-unknown", "code")
    assert answer("1/spoil", {"code": "nonsense"}) == (404, "code-unknown", "code")
    for number in ("9", "0", "x", "1e3", "99999999999"):
        assert answer(f"{number}/spoil", {"code": codes[1]}) == (404, "unknown-slip", "slip")
    assert region.call("POST", f"{poll}/slips/1/spoil", {"code": codes[1]}, **CLERK).status == 200
    assert answer("1/spoil", {"code": codes[1]}) == (409, "slip-spoiled", "slip")
    assert answer("issue", {"numbers": [1]}) == (409, "slip-spoiled", "numbers")
    assert region.call("POST", f"{poll}/slips/issue", {"numbers": [2]}, **CLERK).status == 200
    assert region.call("POST", f"{poll}/papers", {"code": codes[2], "marks": []}).status == 201
    assert answer("2/spoil", {"code": codes[2]}) == (409, "code-spent", "code")
    assert refused(region.call("POST", f"{poll}9/slips/print", {"slips": 1}, **CLERK))[1] == "unknown-poll"
    assert region.call("POST", f"{poll}/closing", roles=["scrutineer"]).status == 200
    assert answer("print", {"slips": 1})[:2] == (409, "poll-not-open")


@pytest.mark.parametrize(
    ("method", "path", "body", "allowed"),
    [
        ("POST", "/polls/p1/slips/print", {"slips": 1}, "clerk"),
        ("POST", "/polls/p1/slips/issue", {"numbers": [1]}, "clerk"),
        ("POST", "/polls/p1/slips/1/spoil", {"code": "x"}, "clerk"),
        ("GET", "/polls/p1/slips", None, "clerk scrutineer teller"),
        ("GET", "/meetings/m1/documents/roll-call", None, "clerk"),
    ],
)
def test_a_route_is_for_its_roles_and_for_the_body_of_the_token(region, method, path, body, allowed):
    assert check_rights(region, method, f"/ballots/bodies/nobody{path}", allowed, body) == {404}


def test_a_count_report_is_for_those_who_count_and_for_all_once_it_is_declared(region):
    poll, codes = poll_of(region, "report")
    target = f"{poll}/documents/count-report"
    region.call("POST", f"{poll}/papers", {"code": codes[0], "marks": ["water"]})
    assert refused(region.call("GET", target, **CLERK))[:2] == (409, "poll-not-counted")
    counted(region, poll)
    for role in ("scrutineer", "teller", "clerk"):
        answer = region.call("GET", target, roles=[role])
        assert (answer.status, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
        assert "全体代表79名，过半数为40票" in answer.body.decode()
        elsewhere = region.call("GET", target, roles=[role], bodies=["somebody"])
        assert refused(elsewhere)[:2] == (409, "poll-not-declared")
    for nobody in ((), ("deputy",), ("operator",)):
        assert refused(region.call("GET", target, roles=nobody))[:2] == (409, "poll-not-declared")
    forged = region.call("GET", target, Authorization="Bearer x")
    assert forged.status == 401
    announcement = f"{poll}/documents/announcement"
    assert refused(region.call("GET", announcement, **CLERK))[:2] == (409, "poll-not-declared")
    assert region.call("POST", f"{poll}/declaration", **CLERK).status == 200
    assert region.call("GET", target).status == region.call("GET", announcement).status == 200


def test_a_page_is_shown_under_a_policy_that_allows_its_own_style_alone(region, declared):
    answer = region.call("GET", f"{declared}/polls/p1/documents/announcement")
    assert re.fullmatch(
        r"default-src 'none'; style-src 'sha256-[\w+/]{43}='; base-uri 'none'; form-action 'none'; "
        r"frame-ancestors 'none'",
        answer.headers["content-security-policy"],
    )
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.slow
def test_documents_are_files_to_print_too(region, declared):
    base = declared
    announcement = region.call("GET", f"{base}/polls/p1/documents/announcement?format=pdf")
    assert announcement.headers["content-type"] == "application/pdf", announcement.body
    assert announcement.headers["content-disposition"] == 'attachment; filename="announcement-p1.pdf"'
    assert "永安镇人民代表大会公告" in "".join(words(announcement.body).split())
    again = region.call("GET", f"{base}/polls/p1/documents/announcement?format=pdf")
    assert again.body == announcement.body
    report = words(region.call("GET", f"{base}/polls/p1/documents/count-report?format=pdf").body)
    assert "计票报告单" in report
    assert "结果尚未宣布" not in report
    sheet = region.call("GET", f"{base}/meetings/m1/documents/roll-call?format=pdf", **CLERK)
    assert "代表79" in words(sheet.body)


def test_a_mistake_with_documents_is_told(region, declared):
    base = declared
    wrong = region.call("GET", f"{base}/polls/p1/documents/announcement?format=docx")
    assert refused(wrong)[:2] == (422, "invalid-query")
    assert refused(region.call("GET", f"{base}/polls/p9/documents/announcement"))[1] == "unknown-poll"
    assert refused(region.call("GET", f"{base}/polls/p9/documents/count-report"))[1] == "unknown-poll"
    sheet = f"{base}/meetings/m9/documents/roll-call"
    assert refused(region.call("GET", sheet, **CLERK))[1] == "unknown-meeting"


def test_where_pdf_takes_too_long_pages_work_and_no_slip_is_kept(tmp_path):
    with running("ballots", played=("proposals",), settings={"PIAOJUE_BALLOTS_PDF_SECONDS": "1"}) as slow:
        poll = prepared(slow, "slow")
        answer = slow.call("POST", f"{poll}/slips/print", {"slips": 500}, **CLERK)
        assert (answer.status, answer.json["slug"]) == (503, "pdf-busy")
        assert answer.headers["retry-after"] == "10"
        assert slow.call("GET", f"{poll}/slips", **CLERK).json["printed"] == 0
        sheet = "/ballots/bodies/slow/meetings/m1/documents/roll-call"
        assert slow.call("GET", sheet, **CLERK).status == 200


def test_where_a_library_is_missing_it_is_said_and_pages_work(tmp_path, monkeypatch):
    (tmp_path / "weasyprint.py").write_text("raise OSError('cannot load library libpango-1.0-0')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with running("ballots", played=("proposals",)) as bare:
        poll = prepared(bare, "bare")
        answer = bare.call("POST", f"{poll}/slips/print", {"slips": 2}, **CLERK)
        assert (answer.status, answer.json["slug"]) == (503, "pdf-unavailable")
        assert "libpango-1.0-0" in answer.json["detail"]
        assert bare.call("GET", f"{poll}/slips", **CLERK).json["printed"] == 0
        sheet = "/ballots/bodies/bare/meetings/m1/documents/roll-call"
        assert bare.call("GET", f"{sheet}?format=pdf", **CLERK).json["slug"] == "pdf-unavailable"
        assert bare.call("GET", sheet, **CLERK).status == 200
