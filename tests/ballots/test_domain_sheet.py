"""What a count sheet may and may not say."""

import pytest

from ballots.domain import BUILT_IN_ADOPTION_RULES, PluralityRule, count_sheet
from chassis.errors import Refused


def papers_sheet(**changes):
    sheet = {
        "deputies": 9,
        "present": 9,
        "seats": 1,
        "candidates": ["a", "b"],
        "marking": {"scheme": "choose", "at_most": 1},
        "adoption": {"rule": "majority", "of": "deputies", "more_than": "1/2"},
        "papers": [["a"], ["b"]],
    }
    return {name: value for name, value in (sheet | changes).items() if value is not ...}


def tallies_sheet(**changes):
    hand_count = {"papers": ..., "tallies": {"a": 6, "b": 3}, "valid": 9, "invalid": 0}
    return papers_sheet(**(hand_count | {"issued": 9, "returned": 9} | changes))


def for_against_sheet(**changes):
    return papers_sheet(**({"marking": {"scheme": "for-against"}, "papers": [{"a": "for"}]} | changes))


def refused(sheet):
    with pytest.raises(Refused) as refusal:
        count_sheet(sheet)
    return refusal.value.slug, refusal.value.field


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"deputies": True}, "deputies"),
        ({"deputies": 9.0}, "deputies"),
        ({"deputies": "9"}, "deputies"),
        ({"deputies": 0}, "deputies"),
        ({"deputies": ...}, "deputies"),
        ({"present": -1}, "present"),
        ({"seats": 0}, "seats"),
        ({"candidates": []}, "candidates"),
        ({"candidates": ["a", "a"]}, "candidates.1"),
        ({"candidates": ["a", 1]}, "candidates.1"),
        ({"candidates": ["a", " "]}, "candidates.1"),
        ({"candidates": ["a", "\ud800"]}, "candidates.1"),
        ({"candidates": {"a": 1}}, "candidates"),
        ({"quorum": "2 / 3"}, "quorum"),
        ({"quorum": "3/2"}, "quorum"),
        ({"quorum": "1/0"}, "quorum"),
        ({"quorum": "0/1"}, "quorum"),
        ({"quorum": "٢/٣"}, "quorum"),
        ({"quorum": 0.67}, "quorum"),
        ({"quorum": None}, "quorum"),
        ({"differential": 1}, "differential"),
        ({"marking": {"scheme": "rank"}}, "marking.scheme"),
        ({"marking": {"scheme": ["choose"]}}, "marking.scheme"),
        ({"marking": {"scheme": "choose"}}, "marking.at_most"),
        ({"marking": {"scheme": "choose", "at_most": 0}}, "marking.at_most"),
        ({"marking": {"scheme": "for-against", "at_most": 1}}, "marking.at_most"),
        ({"marking": "choose"}, "marking"),
        ({"adoption": {"rule": "lot"}}, "adoption.rule"),
        ({"adoption": {"rule": "majority", "of": "deputies"}}, "adoption.more_than"),
        ({"adoption": {"rule": "majority", "of": "all", "more_than": "1/2"}}, "adoption.of"),
        ({"adoption": {"rule": "majority", "of": "valid", "more_than": "1/1"}}, "adoption.more_than"),
        ({"adoption": {"rule": "plurality", "of": "valid"}}, "adoption.of"),
        ({"papers": ...}, "papers"),
        ({"papers": {}}, "papers"),
        ({"papers": ["a"]}, "papers.0.marks"),
        ({"papers": [[["a"]]]}, "papers.0.marks"),
        ({"papers": [["a"], ["a", "a"]]}, "papers.1.marks"),
        ({"papers": [{"times": 0, "marks": []}]}, "papers.0.times"),
        ({"papers": [{"times": True, "marks": []}]}, "papers.0.times"),
        ({"papers": [{"marks": []}]}, "papers.0.times"),
        ({"papers": [{"times": 1}]}, "papers.0.marks"),
        ({"papers": [{"times": 1, "marks": [], "by": "x"}]}, "papers.0.by"),
        ({"tallies": {"a": 1, "b": 0}}, "tallies"),
        ({"valid": 2}, "valid"),
        ({"deputys": 9}, "deputys"),
    ],
)
def test_sheet_malformed_is_refused_by_field(changes, field):
    assert refused(papers_sheet(**changes)) == ("invalid-sheet", field)


@pytest.mark.parametrize("sheet", [None, [], "sheet", 79, True])
def test_sheet_not_an_object_is_refused(sheet):
    assert refused(sheet) == ("invalid-sheet", "sheet")


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"tallies": {"a": 6}}, ("invalid-sheet", "tallies.b")),
        ({"tallies": {"a": 6, "b": -1}}, ("invalid-sheet", "tallies.b")),
        ({"tallies": {"a": 6, "b": {"for": 1}}}, ("invalid-sheet", "tallies.b")),
        ({"tallies": {"a": 6, "b": 3, "c": 0}}, ("unknown-candidate", "tallies")),
        ({"tallies": {"a": 10, "b": 3}}, ("tally-exceeds-valid", "tallies.a")),
        ({"issued": ...}, ("invalid-sheet", "issued")),
        ({"invalid": ...}, ("invalid-sheet", "invalid")),
        ({"present": 10}, ("more-present-than-deputies", "present")),
        ({"returned": 8}, ("papers-do-not-balance", "returned")),
        ({"issued": 10}, ("more-issued-than-present", "issued")),
    ],
)
def test_hand_count_faulty_is_refused(changes, refusal):
    assert refused(tallies_sheet(**changes)) == refusal


@pytest.mark.parametrize(
    ("papers", "refusal"),
    [
        ([{"a": "yes"}], ("invalid-sheet", "papers.0.marks")),
        ([{"a": True}], ("invalid-sheet", "papers.0.marks")),
        ([["a"]], ("invalid-sheet", "papers.0.marks")),
        ([{}, {"z": "for"}], ("unknown-candidate", "papers.1")),
    ],
)
def test_for_against_paper_faulty_is_refused(papers, refusal):
    assert refused(for_against_sheet(papers=papers)) == refusal


def test_refusal_comes_before_no_quorum():
    assert refused(tallies_sheet(deputies=90, returned=8))[0] == "papers-do-not-balance"


def test_no_quorum_comes_before_void_and_gives_no_votes():
    result = count_sheet(tallies_sheet(deputies=90, issued=8))
    assert (result["outcome"], result["votes"], result["open_seats"]) == ("no-quorum", None, 1)


def test_times_absurdly_large_is_counted_without_expanding():
    many = 10**15
    sheet = papers_sheet(deputies=many, present=many, papers=[{"times": many, "marks": ["a"]}])
    assert count_sheet(sheet)["votes"] == {"a": many, "b": 0}
    assert refused(papers_sheet(papers=[{"times": many, "marks": ["a"]}]))[0] == "more-issued-than-present"


def test_projects_called_times_and_marks_may_stand_on_a_paper():
    sheet = for_against_sheet(candidates=["times", "marks"], papers=[{"times": "for", "marks": "against"}])
    assert count_sheet(sheet)["votes"] == {"times": 1, "marks": 0}


def test_abstain_marked_is_not_a_blank_paper():
    result = count_sheet(for_against_sheet(papers=[{"a": "abstain"}, {}]))
    assert result["blank"] == 1
    assert result["tallies"]["a"] == {"for": 0, "against": 0, "abstain": 2}


def test_issued_and_returned_beside_papers_must_agree_with_them():
    assert count_sheet(papers_sheet(issued=3))["unreturned"] == 1
    assert count_sheet(papers_sheet(issued=1))["outcome"] == "void"
    assert refused(papers_sheet(returned=3))[0] == "papers-do-not-balance"


def test_base_of_valid_papers_leaves_invalid_ones_out():
    adoption = {"rule": "majority", "of": "valid", "more_than": "1/2"}
    papers = [["a"], ["a"], ["b"], {"times": 4, "marks": ["a", "b"]}]
    result = count_sheet(papers_sheet(adoption=adoption, papers=papers))
    assert (result["pass_mark"], result["adopted"], result["invalid"]) == (2, ["a"], 4)


class AgainstTheGrain(PluralityRule):
    name = "against-the-grain"

    def decide(self, figures, parameters):
        decision = super().decide(figures, parameters)
        return type(decision)(("elsewhere",), (), 0, None)


def test_rule_of_a_plugin_is_used_and_what_it_cannot_decide_is_stopped():
    rules = {**BUILT_IN_ADOPTION_RULES, "against-the-grain": AgainstTheGrain()}
    sheet = papers_sheet(adoption={"rule": "against-the-grain"})
    assert refused(sheet) == ("invalid-sheet", "adoption.rule")
    with pytest.raises(ValueError, match="not on the paper"):
        count_sheet(sheet, rules)
