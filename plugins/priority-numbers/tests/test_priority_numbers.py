"""Priority numbers pass the suites of their hooks, and do what their README says."""

from importlib.metadata import entry_points

import pytest

from ballots.domain import (
    BUILT_IN_ADOPTION_RULES,
    BUILT_IN_MARKING_SCHEMES,
    count_sheet,
)
from ballots.domain.suites import AdoptionRuleSuite, MarkingSchemeSuite
from ballots.plugins import ADOPTION_RULES, MARKING_SCHEMES
from chassis.errors import Refused
from priority_numbers import PointsRule, PriorityScheme


class TestPriority(MarkingSchemeSuite):
    def scheme(self):
        return PriorityScheme()

    def parameters(self):
        return [{"at_most": 1}, {"at_most": 3}, {"at_most": 3, "points": [5, 3, 3]}]

    def refused(self):
        tables = ([3, 2], [1, 2, 3], [3, 2, 0], [3, 2, "1"], [1001, 2, 1], 3)
        return [{}, {"at_most": 0}, *({"at_most": 3, "points": table} for table in tables)]

    def marks(self, source, candidates, parameters):
        ranked = source.sample(candidates, source.randint(0, min(len(candidates), 3)))
        ranks = source.sample(range(1, 5), len(ranked))
        if source.random() < 0.2:
            ranks = [1] * len(ranked)
        return dict(zip(ranked, ranks, strict=True))

    def with_one_more(self, marks, project, parameters):
        """Ranked first, the others one rank behind, as far as there are ranks."""
        most = parameters["at_most"]
        worth = parameters.get("points", list(range(most, 0, -1)))
        if project in marks and worth[marks[project] - 1] == worth[0]:
            return None
        behind = {each: rank + 1 for each, rank in marks.items() if each != project and rank < most}
        return {project: 1, **behind}


class TestPoints(AdoptionRuleSuite):
    def rule(self):
        return PointsRule()

    def parameters(self):
        return [{}, {"least_papers": 3}]

    def refused(self):
        return [{"least_papers": 0}, {"least_papers": "3"}, {"of": "deputies"}]


RULES = {**BUILT_IN_ADOPTION_RULES, "points": PointsRule()}
SCHEMES = {**BUILT_IN_MARKING_SCHEMES, "priority": PriorityScheme()}


def counted(**changes):
    sheet = {
        "deputies": 79,
        "present": 79,
        "seats": 1,
        "candidates": ["water", "road", "clinic"],
        "marking": {"scheme": "priority", "at_most": 2},
        "adoption": {"rule": "points"},
        "papers": [
            {"times": 30, "marks": {"water": 1, "road": 2}},
            {"times": 20, "marks": {"clinic": 1, "road": 2}},
            {"times": 10, "marks": {"road": 1}},
            {"times": 5, "marks": {"water": 1, "clinic": 1}},
            {"times": 4, "marks": {"water": 3}},
            {"times": 10, "marks": {}},
        ],
    }
    return count_sheet({**sheet, **changes}, RULES, SCHEMES)


def refused(**changes):
    with pytest.raises(Refused) as refusal:
        counted(**changes)
    return refusal.value.slug, refusal.value.field


def test_most_points_are_adopted_though_another_is_first_on_more_papers():
    result = counted()
    assert result["votes"] == {"water": 60, "road": 70, "clinic": 40}
    assert result["tallies"]["road"] == {"points": 70, "papers": 60}
    assert (result["adopted"], result["outcome"], result["pass_mark"]) == (["road"], "complete", None)
    assert (result["valid"], result["invalid"], result["blank"]) == (70, 9, 10)


def test_points_by_a_table():
    marking = {"scheme": "priority", "at_most": 2, "points": [3, 1]}
    assert counted(marking=marking)["votes"] == {"water": 90, "road": 80, "clinic": 60}


def test_project_that_too_few_papers_rank_takes_no_seat():
    result = counted(seats=2, adoption={"rule": "points", "least_papers": 25})
    assert (result["adopted"], result["open_seats"]) == (["road", "water"], 0)
    result = counted(seats=2, adoption={"rule": "points", "least_papers": 31})
    assert (result["adopted"], result["outcome"]) == (["road"], "shortfall")


def test_equal_points_for_the_last_seat_go_to_a_runoff():
    papers = [{"water": 1, "road": 2}, {"road": 1, "water": 2}]
    assert counted(papers=papers)["tied"] == ["water", "road"]


def test_hand_count_gives_the_same_result():
    result = counted()
    by_hand = {name: result[name] for name in ("issued", "returned", "valid", "invalid", "tallies")}
    sheet = {
        "deputies": 79,
        "present": 79,
        "seats": 1,
        "candidates": ["water", "road", "clinic"],
        "marking": {"scheme": "priority", "at_most": 2},
        "adoption": {"rule": "points"},
    }
    assert count_sheet(sheet | by_hand, RULES, SCHEMES) == result | {"blank": None}
    too_many = by_hand["tallies"] | {"water": {"points": 61, "papers": 30}}
    with pytest.raises(Refused) as refusal:
        count_sheet(sheet | by_hand | {"tallies": too_many}, RULES, SCHEMES)
    assert (refusal.value.slug, refusal.value.field) == ("tally-exceeds-valid", "tallies.water")


def test_projects_called_like_the_words_of_a_sheet_are_ranked_like_any():
    papers = [{"times": 1, "marks": 2}, {"times": 2}, {"times": 3, "marks": {"marks": 1}}]
    result = counted(candidates=["times", "marks"], papers=papers)
    assert result["votes"] == {"times": 3, "marks": 7}


def test_points_and_votes_are_not_mixed():
    assert refused(adoption={"rule": "majority", "of": "deputies", "more_than": "1/2"}) == (
        "invalid-sheet",
        "adoption.rule",
    )
    choose = {"scheme": "choose", "at_most": 2}
    assert refused(marking=choose, papers=[["water"]]) == ("invalid-sheet", "adoption.rule")
    assert counted(adoption={"rule": "plurality"})["adopted"] == ["road"]


def test_they_are_found_by_their_entry_points():
    assert "priority" in {entry.name for entry in entry_points(group=MARKING_SCHEMES.group)}
    assert MARKING_SCHEMES.load(["priority"])["priority"].version == "1"
    assert ADOPTION_RULES.load(["points"])["points"].version == "1"
