"""A poll by the rules of a plugin in a distribution of its own, enabled by settings, over HTTP."""

import pytest

from tests.ballots.polls_over_http import open_poll, prepare, with_meeting
from tests.support.running import running

RULES = {
    "seats": 2,
    "marking": {"scheme": "priority", "at_most": 3},
    "adoption": {"rule": "points", "least_papers": 20},
}


@pytest.fixture(scope="module")
def region():
    settings = {
        "PIAOJUE_BALLOTS_MARKING_SCHEMES": "choose,for-against,priority",
        "PIAOJUE_BALLOTS_ADOPTION_RULES": "majority,plurality,points",
    }
    with running("ballots", played=("proposals",), settings=settings) as made:
        yield made


def test_poll_by_priority_numbers_runs_over_http(region):
    base = with_meeting(region, "ranked")
    assert prepare(region, base, rules=RULES).status == 201
    assert open_poll(region, base).status == 200
    poll = f"{base}/polls/p1"
    codes = region.call("POST", f"{poll}/slips", {"slips": 79}, roles=["clerk"]).json["codes"]
    twice = region.call("POST", f"{poll}/papers", {"code": codes[0], "marks": {"water": 1, "road": 1}})
    assert (twice.status, twice.json["slug"]) == (422, "overvoted")
    ranked = [{"road": 2, "water": 1}] * 40 + [{"clinic": 1, "road": 2}] * 30 + [{"school": 1}] * 8 + [{}]
    for code, marks in zip(codes, ranked, strict=True):
        answer = region.call("POST", f"{poll}/papers", {"code": code, "marks": marks})
        assert answer.status == 201, answer.body
    assert region.call("POST", f"{poll}/closing", roles=["scrutineer"]).status == 200
    counted = region.call("POST", f"{poll}/count", roles=["teller"]).json["result"]
    assert counted["votes"] == {"water": 120, "road": 140, "clinic": 90, "school": 24, "bridge": 0}
    assert counted["tallies"]["road"] == {"points": 140, "papers": 70}
    assert (counted["adopted"], counted["outcome"]) == (["road", "water"], "complete")
    assert (counted["valid"], counted["invalid"], counted["blank"]) == (79, 0, 1)
    assert region.call("POST", f"{poll}/declaration", roles=["clerk"]).status == 200
    declared = region.event("ballots", "result_declared")["data"]
    water = next(each for each in declared["projects"] if each["project"] == "water")
    assert (water["votes"], water["papers"], water["against"]) == (120, 40, None)


def test_points_by_a_majority_are_refused(region):
    base = with_meeting(region, "mixed")
    majority = {"rule": "majority", "of": "deputies", "more_than": "1/2"}
    answer = prepare(region, base, rules=RULES | {"adoption": majority})
    assert (answer.status, answer.json["slug"]) == (422, "invalid-rules")
    assert answer.json["field"] == "rules.adoption.rule"
