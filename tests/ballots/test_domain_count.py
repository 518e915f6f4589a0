"""What must hold of every count, whatever the papers say."""

import copy
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ballots.domain import count_sheet, pass_mark, quorum_needed

IDS = "abcde"


@st.composite
def rules(draw):
    majority = st.fixed_dictionaries(
        {
            "rule": st.just("majority"),
            "of": st.sampled_from(["deputies", "present", "valid"]),
            "more_than": st.sampled_from(["0/1", "1/3", "1/2", "2/3"]),
        }
    )
    return {
        "seats": draw(st.integers(1, 5)),
        "candidates": list(IDS[: draw(st.integers(1, 5))]),
        "adoption": draw(majority | st.just({"rule": "plurality"})),
        "quorum": "1/1000",
    }


@st.composite
def choose_sheets(draw):
    sheet = draw(rules())
    marks = st.lists(st.sampled_from(sheet["candidates"]), unique=True)
    papers = draw(st.lists(marks, min_size=1, max_size=25))
    marking = {"scheme": "choose", "at_most": draw(st.integers(1, 5))}
    return attended(draw, sheet | {"marking": marking, "papers": papers})


@st.composite
def for_against_sheets(draw):
    sheet = draw(rules())
    words = st.sampled_from(["for", "against", "abstain"])
    papers = st.lists(st.dictionaries(st.sampled_from(sheet["candidates"]), words), min_size=1, max_size=25)
    return attended(draw, sheet | {"marking": {"scheme": "for-against"}, "papers": draw(papers)})


def attended(draw, sheet):
    present = len(sheet["papers"]) + draw(st.integers(0, 5))
    return sheet | {"present": present, "deputies": present + draw(st.integers(0, 10))}


sheets = choose_sheets() | for_against_sheets()


@settings(deadline=None)
@given(sheets, st.randoms(use_true_random=False))
def test_count_does_not_depend_on_the_order_of_papers(sheet, random):
    shuffled = sheet | {"papers": random.sample(sheet["papers"], len(sheet["papers"]))}
    assert count_sheet(shuffled) == count_sheet(sheet)


@settings(deadline=None)
@given(sheets)
def test_papers_balance(sheet):
    result = count_sheet(sheet)
    assert result["issued"] == result["returned"] + result["unreturned"]
    assert result["returned"] == result["valid"] + result["invalid"] == len(sheet["papers"])
    assert result["blank"] <= result["valid"]


@settings(deadline=None)
@given(sheets)
def test_adopted_are_within_the_seats_and_over_the_mark(sheet):
    result = count_sheet(sheet)
    assert len(result["adopted"]) + result["open_seats"] == sheet["seats"]
    mark = result["pass_mark"] or 1
    assert all(result["votes"][project] >= mark for project in result["adopted"] + result["tied"])


@settings(deadline=None)
@given(sheets)
def test_nobody_over_the_mark_is_passed_over_for_one_with_fewer_votes(sheet):
    result = count_sheet(sheet)
    votes, mark = result["votes"], result["pass_mark"] or 1
    rest = [project for project in sheet["candidates"] if project not in result["adopted"]]
    over = [votes[project] for project in rest if votes[project] >= mark]
    assert all(votes[adopted] >= passed_over for adopted in result["adopted"] for passed_over in over)
    assert [votes[project] for project in result["adopted"]] == sorted(
        (votes[project] for project in result["adopted"]), reverse=True
    )


@settings(deadline=None)
@given(sheets)
def test_outcome_says_what_is_open(sheet):
    result = count_sheet(sheet)
    if result["outcome"] == "complete":
        assert (result["open_seats"], result["tied"]) == (0, [])
    elif result["outcome"] == "runoff":
        assert 0 < result["open_seats"] < len(result["tied"])
        assert len({result["votes"][project] for project in result["tied"]}) == 1
    else:
        assert result["outcome"] == "shortfall"
        assert (result["tied"], result["open_seats"] > 0) == ([], True)


@settings(deadline=None)
@given(for_against_sheets(), st.data())
def test_vote_more_never_harms_a_project(sheet, data):
    project = data.draw(st.sampled_from(sheet["candidates"]))
    place = data.draw(st.integers(0, len(sheet["papers"]) - 1))
    better = copy.deepcopy(sheet)
    better["papers"][place][project] = "for"
    assert standing(project, count_sheet(better)) >= standing(project, count_sheet(sheet))


@settings(deadline=None)
@given(choose_sheets(), st.data())
def test_mark_more_within_the_limit_never_harms_a_project(sheet, data):
    sheet["marking"]["at_most"] = 5
    project = data.draw(st.sampled_from(sheet["candidates"]))
    place = data.draw(st.integers(0, len(sheet["papers"]) - 1))
    better = copy.deepcopy(sheet)
    better["papers"][place] = sorted({*better["papers"][place], project})
    assert standing(project, count_sheet(better)) >= standing(project, count_sheet(sheet))


def standing(project, result):
    if project in result["adopted"]:
        return 2
    return 1 if project in result["tied"] else 0


@settings(deadline=None)
@given(sheets)
def test_hand_count_of_the_same_papers_gives_the_same_result(sheet):
    result = count_sheet(sheet)
    figures = {name: result[name] for name in ("issued", "returned", "valid", "invalid")}
    tallies = result["tallies"] or result["votes"]
    by_hand = {name: value for name, value in sheet.items() if name != "papers"}
    assert count_sheet(by_hand | figures | {"tallies": tallies}) | {"blank": result["blank"]} == result


@settings(deadline=None)
@given(sheets)
def test_equal_papers_may_be_written_once(sheet):
    doubled = sheet | {"papers": sheet["papers"] * 2, "present": 100, "deputies": 100}
    times = [{"times": 2, "marks": paper} for paper in sheet["papers"]]
    assert count_sheet(doubled) == count_sheet(doubled | {"papers": times})


@pytest.mark.parametrize(("deputies", "needed"), [(79, 53), (327, 218), (3, 2), (1, 1), (2980, 1987)])
def test_quorum_is_the_smallest_number_of_two_thirds(deputies, needed):
    assert quorum_needed(deputies, Fraction(2, 3)) == needed


@pytest.mark.parametrize(("base", "mark"), [(79, 40), (80, 41), (327, 164), (195, 98), (0, 1)])
def test_pass_mark_is_more_than_half(base, mark):
    assert pass_mark(base, Fraction(1, 2)) == mark
