"""The recount, which was written apart from the count, comes to the same."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ballots.domain import Rules, count_sheet, rules_hash
from piaojue_verify import verify
from piaojue_verify.recount import recount
from tests.ballots.test_domain_count import sheets
from tests.verify.records import KID, SHEET, record_of, sealed

CASES_FILE = Path(__file__).parents[1] / "cases" / "ballots.jsonl"
CASES = [json.loads(line) for line in CASES_FILE.read_text("utf-8").splitlines()]

NOT_IN_A_RECORD = {
    "does-not-balance": "reconciliation",
    "same-mark-twice": "recount",
    "unknown-candidate": "recount",
    "for-against-does-not-add-up": "recount",
    "not-differential": "rules",
    "issued-to-absent": "reconciliation",
}
"""Sheets that are refused, and the check that refuses their record."""


def with_papers(sheet):
    """The sheet with papers that give the tallies of a hand count."""
    if "papers" in sheet:
        return sheet
    papers = [[] if sheet["marking"]["scheme"] == "choose" else {} for _ in range(sheet["valid"])]
    place = 0
    for project, tally in sheet["tallies"].items():
        if isinstance(tally, int):
            for _ in range(tally):
                papers[place % len(papers)].append(project)
                place += 1
        else:
            words = ["for"] * tally["for"] + ["against"] * tally["against"]
            for paper, word in zip(papers, words, strict=False):
                paper[project] = word
    rest = {name: value for name, value in sheet.items() if name not in ("tallies", "valid", "invalid")}
    return rest | {"papers": papers, "marking": possible(sheet["marking"], papers)}


def possible(marking, papers):
    """One case has more votes than its papers may have marks: two thirds for each of three, two on a
    paper."""
    if marking["scheme"] != "choose":
        return marking
    return marking | {"at_most": max(marking["at_most"], *map(len, papers))}


@pytest.mark.parametrize("case", [case for case in CASES if "expect" in case], ids=lambda case: case["id"])
def test_record_of_an_acceptance_case_verifies_and_is_recounted_as_expected(case):
    record = record_of(with_papers(case["sheet"]))
    counted = recount(record)
    assert {name: counted[name] for name in case["expect"]} == case["expect"]
    report = verify(record, key=KID)
    assert report.ok, report.as_text()


def test_every_refused_case_is_known_here():
    assert {case["id"] for case in CASES if "error" in case} == set(NOT_IN_A_RECORD)


@pytest.mark.parametrize("case", [case for case in CASES if "error" in case], ids=lambda case: case["id"])
def test_record_of_a_refused_case_does_not_verify(case):
    report = verify(refused_record(case["sheet"]), key=KID)
    assert NOT_IN_A_RECORD[case["id"]] in {check.name for check in report.failed}, report.as_text()
    assert report.check("signature").state == "holds"


def refused_record(sheet):
    """As a service would sign it that refuses nothing."""
    papers = [list(paper) if isinstance(paper, list) else paper for paper in sheet.get("papers", [])]
    allowed = SHEET | {"candidates": [*sheet["candidates"]], "papers": [[sheet["candidates"][0]]]}
    record = record_of(allowed, number_of_receipts=0)
    attendance = {name: sheet[name] for name in ("deputies", "present")}
    number = sheet.get("returned", len(papers))
    valid, invalid = sheet.get("valid", number), sheet.get("invalid", 0)
    figures = {"issued": sheet.get("issued", number), "returned": number, "valid": valid, "invalid": invalid}
    figures["unreturned"] = figures["issued"] - number
    record["rules"] = record["rules"] | {
        name: sheet[name]
        for name in ("seats", "marking", "adoption", "quorum", "differential")
        if name in sheet
    }
    record["meeting"] |= {"due": sheet["deputies"], "present": sheet["present"]}
    record["attendance"] = attendance
    record["papers"] = [{"times": 1, "marks": paper} for paper in papers] or [{"times": number, "marks": []}]
    record["reconciliation"] |= figures
    record["result"] |= attendance | figures
    return sealed(record)


@st.composite
def polls(draw):
    """Sheets of every outcome: without a quorum and void ones among them."""
    sheet = draw(sheets)
    number = len(sheet["papers"])
    quorum = draw(st.sampled_from(["1/1000", "1/2", "2/3", "1/1"]))
    present = max(1, sheet["present"] - draw(st.integers(0, 3)))
    issued = draw(st.integers(min(number, present) if draw(st.booleans()) else 0, present))
    return sheet | {"quorum": quorum, "present": present, "issued": issued}


@settings(deadline=None, max_examples=300)
@given(polls())
def test_recount_is_the_count_of_the_service(sheet):
    record = record_of(sheet)
    assert recount(record) == json.loads(json.dumps(count_sheet(sheet)))


@settings(deadline=None, max_examples=50)
@given(polls())
def test_record_of_any_poll_verifies(sheet):
    report = verify(record_of(sheet), key=KID)
    assert report.ok, report.as_text()


@settings(deadline=None, max_examples=100)
@given(polls(), polls())
def test_result_of_another_poll_does_not_verify(sheet, other):
    record = record_of(sheet)
    another = json.loads(json.dumps(count_sheet(other)))
    if another == record["result"]:
        return
    report = verify(sealed(record | {"result": another}), key=KID)
    assert report.check("recount").state == "fails"
    assert all(fault.startswith("result.") for fault in report.check("recount").faults)


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("marking", {"scheme": "ranks", "at_most": 2}, "marking ranks is not known"),
        ("adoption", {"rule": "double-majority"}, "adoption double-majority is not known"),
        ("marking", {"scheme": "choose", "at_most": 2, "at_least": 1}, "rules.marking.at_least"),
        ("adoption", {"rule": "plurality", "of": "valid"}, "rules.adoption.of"),
        ("jury", 3, "rules.jury"),
    ],
)
def test_rules_that_are_not_known_fail_unless_the_recount_is_waived(field, value, said):
    record = record_of(SHEET)
    record = sealed(record | {"rules": record["rules"] | {field: value}})
    report = verify(record, key=KID)
    assert [check.name for check in report.failed] == ["recount"]
    assert said in report.check("recount").faults[0]
    waived = verify(record, key=KID, without_recount=True)
    assert waived.ok
    assert waived.check("recount").state == "not-checked"
    assert said in waived.check("recount").skipped


@pytest.mark.parametrize("kind", ["marking", "adoption"])
def test_version_that_is_not_known_is_not_recounted(kind):
    record = record_of(SHEET)
    record = sealed(record | {"versions": record["versions"] | {kind: "2"}})
    assert [check.name for check in verify(record, key=KID).failed] == ["recount"]
    assert verify(record, key=KID, without_recount=True).ok


def test_recount_that_is_waived_is_made_all_the_same_where_the_rules_are_known():
    record = record_of(SHEET)
    record["result"]["votes"]["clinic"] += 1
    report = verify(sealed(record), key=KID, without_recount=True)
    assert report.check("recount").faults == (
        "result.votes.clinic: 21 in the record, but the papers give 20",
    )


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("marking", {"scheme": "choose"}, "rules.marking.at_most: is missing"),
        ("marking", {"scheme": "choose", "at_most": "2"}, "rules.marking.at_most: must be"),
        ("marking", {"scheme": "choose", "at_most": 0}, "rules.marking.at_most: must be"),
        ("marking", {"scheme": "choose", "at_most": True}, "rules.marking.at_most: must be"),
        ("adoption", {"rule": "majority", "of": "deputies"}, "rules.adoption.more_than: is missing"),
        ("adoption", {"rule": "majority", "of": ["deputies"], "more_than": "1/2"}, "rules.adoption.of"),
        (
            "adoption",
            {"rule": "majority", "of": "deputies", "more_than": "2/2"},
            "must be less than the whole",
        ),
        ("adoption", {"rule": "majority", "of": "deputies", "more_than": 0}, "rules.adoption.more_than"),
    ],
)
def test_rules_that_are_malformed_fail_even_without_a_recount(field, value, said):
    record = record_of(SHEET)
    report = verify(sealed(record | {"rules": record["rules"] | {field: value}}), without_recount=True)
    assert [check.name for check in report.failed] == ["recount"]
    assert said in report.check("recount").faults[0]


@pytest.mark.parametrize(
    ("scheme", "marks"),
    [
        ({"scheme": "choose", "at_most": 2}, {"well": "for"}),
        ({"scheme": "choose", "at_most": 2}, ["road", "well"]),
        ({"scheme": "choose", "at_most": 2}, ["well", "well"]),
        ({"scheme": "choose", "at_most": 2}, ["lake"]),
        ({"scheme": "choose", "at_most": 2}, [1]),
        ({"scheme": "choose", "at_most": 2}, [["well"]]),
        ({"scheme": "choose", "at_most": 2}, None),
        ({"scheme": "for-against"}, ["well"]),
        ({"scheme": "for-against"}, {"well": "yes"}),
        ({"scheme": "for-against"}, {"well": ["for"]}),
        ({"scheme": "for-against"}, {"lake": "for"}),
        ({"scheme": "for-against"}, "well"),
    ],
)
def test_marks_that_the_scheme_does_not_know_are_told_by_their_paper(scheme, marks):
    record = record_of(SHEET)
    record |= {"rules": record["rules"] | {"marking": scheme}, "papers": [{"times": 72, "marks": marks}]}
    (fault,) = verify(sealed(record)).check("recount").faults
    assert fault.startswith("papers.0.marks: ")


@pytest.mark.parametrize("of", ["deputies", "present", "valid"])
def test_base_of_the_majority_is_the_one_in_the_rules(of):
    sheet = SHEET | {"adoption": {"rule": "majority", "of": of, "more_than": "1/2"}}
    marks = {"deputies": 40, "present": 39, "valid": 36}
    assert recount(record_of(sheet))["pass_mark"] == marks[of] == count_sheet(sheet)["pass_mark"]


def test_hash_of_the_rules_is_the_one_that_ballots_fixes_at_the_opening():
    record = record_of(SHEET)
    fixed = rules_hash(Rules.read(record["rules"]), SHEET["candidates"], record["versions"])
    assert record["rules_hash"] == fixed
