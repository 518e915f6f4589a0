"""The candidate list, and what declared results make of its projects."""

from datetime import UTC, datetime
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proposals.domain import (
    CandidateList,
    CandidatesAlreadyPublished,
    CandidatesNotPublished,
    InvalidCandidates,
    InvalidRecord,
    InvalidResult,
    NoCandidates,
    ProjectListedTwice,
    Record,
    Result,
    Stage,
    UnknownProject,
)
from tests.proposals.samples import LATER, NOW, drafted, project, published, result

PAPER = ("water", "roads", "park", "light")


def stages(candidates):
    return {each.id: candidates.stage(each.id).value for each in candidates.projects}


def test_draft_can_be_changed():
    draft = drafted().put(project("water")).put(project("roads")).put(project("water", title="新"))
    assert [each.title for each in draft.projects] == ["新", "项目roads"]
    assert [each.id for each in draft.remove("water").projects] == ["roads"]
    assert [each.id for each in draft.with_projects([project("park")]).projects] == ["park"]
    with pytest.raises(UnknownProject):
        draft.remove("park")


def test_list_published_is_fixed():
    fixed = published()
    changes = [
        lambda: fixed.put(project("light")),
        lambda: fixed.remove("water"),
        lambda: fixed.with_projects([]),
        lambda: fixed.publish(LATER),
    ]
    for change in changes:
        with pytest.raises(CandidatesAlreadyPublished):
            change()


def test_list_empty_is_not_published():
    with pytest.raises(NoCandidates):
        drafted().publish(NOW)


def test_list_has_no_project_twice():
    with pytest.raises(ProjectListedTwice):
        drafted("water", "roads", "water")
    with pytest.raises(ProjectListedTwice):
        drafted().with_projects([project("water"), project("water")])


@pytest.mark.parametrize("changes", [{"body": "Y"}, {"body_name": ""}, {"year": 0}, {"year": 2022.0}])
def test_list_invalid_cannot_be_built(changes):
    with pytest.raises(InvalidCandidates):
        drafted("water", **changes)


def test_result_complete_decides_every_project():
    after, started = published().decided(result(adopted=["roads", "water"]))
    assert [each.id for each in started] == ["water", "roads"]
    assert stages(after) == {
        "water": "under_implementation",
        "roads": "under_implementation",
        "park": "not_adopted",
    }


def test_result_of_the_same_poll_changes_nothing():
    after, _ = published().decided(result(adopted=["roads"]))
    assert after.decided(result(adopted=["roads"])) == (after, ())


def test_runoff_decides_between_the_tied():
    first = result(outcome="runoff", on_paper=PAPER, adopted=["water"], tied=["roads", "park"])
    after, started = published(*PAPER).decided(first)
    assert [each.id for each in started] == ["water"]
    assert stages(after) == {
        "water": "under_implementation",
        "roads": "candidate",
        "park": "candidate",
        "light": "not_adopted",
    }
    second = result("p2", on_paper=("roads", "park"), adopted=["park"], declared_at="2022-04-16T03:30:00Z")
    after, started = after.decided(second)
    assert [each.id for each in started] == ["park"]
    assert stages(after) == {
        "water": "under_implementation",
        "roads": "not_adopted",
        "park": "under_implementation",
        "light": "not_adopted",
    }


def test_shortfall_leaves_the_rest_to_another_round():
    after, _ = published().decided(result(outcome="shortfall", adopted=["water"]))
    assert after.stage("roads") is Stage.NOT_ADOPTED
    second = result("p2", on_paper=("roads", "park"), adopted=["roads"], declared_at="2022-04-16T03:30:00Z")
    after, started = after.decided(second)
    assert [each.id for each in started] == ["roads"]
    assert after.stage("park") is Stage.NOT_ADOPTED


@pytest.mark.parametrize("outcome", ["void", "no-quorum"])
def test_result_that_decides_nothing_leaves_candidates(outcome):
    after, started = published().decided(result(outcome=outcome))
    assert started == ()
    assert set(stages(after).values()) == {"candidate"}
    again, started = after.decided(result("p2", adopted=["park"]))
    assert again.stage("park") is Stage.UNDER_IMPLEMENTATION
    assert [each.id for each in started] == ["park"]


def test_result_passes_over_what_was_not_on_its_paper():
    after, _ = published().decided(result(on_paper=("water", "pool"), adopted=["water", "pool"]))
    assert stages(after) == {"water": "under_implementation", "roads": "candidate", "park": "candidate"}
    assert published().strangers(result(on_paper=("water", "pool"))) == ("pool",)


def test_result_on_a_draft_is_refused():
    with pytest.raises(CandidatesNotPublished):
        drafted("water").decided(result())


@pytest.mark.parametrize("other", [{"body": "guandu"}, {"year": 2023}])
def test_result_of_another_body_or_year_is_refused(other):
    with pytest.raises(InvalidResult):
        published().decided(result(**other))


@pytest.mark.parametrize(
    "wrong",
    [
        {"adopted": ["pool"]},
        {"adopted": ["water", "water"]},
        {"adopted": ["water"], "tied": ["water"]},
        {"outcome": "void", "adopted": ["water"]},
        {"outcome": "splendid"},
        {"outcome": []},
        {"projects": None},
        {"projects": [{}]},
        {"projects": [{"project": []}]},
        {"declared_at": "2022-04-16T25:00:00Z"},
        {"declared_at": "2022-04-16"},
        {"poll": None},
    ],
)
def test_result_that_cannot_be_one_is_refused(wrong):
    with pytest.raises(InvalidResult):
        result(**wrong)
    with pytest.raises(InvalidResult):
        Result.read([])


@st.composite
def some_results(draw):
    """Up to four polls, each on some of the projects, each with some of these adopted and others tied."""
    results = []
    for number in range(draw(st.integers(1, 4))):
        paper = draw(st.lists(st.sampled_from(PAPER), unique=True, min_size=1))
        fates = [draw(st.sampled_from(["adopted", "tied", "neither"])) for _ in paper]
        void = draw(st.booleans())
        results.append(
            result(
                f"p{number}",
                "void" if void else "runoff",
                paper,
                adopted=[id for id, fate in zip(paper, fates, strict=True) if fate == "adopted" and not void],
                tied=[id for id, fate in zip(paper, fates, strict=True) if fate == "tied" and not void],
                declared_at=f"2022-04-16T0{draw(st.integers(0, 3))}:00:00Z",
            )
        )
    return results


@given(some_results())
def test_results_in_any_order_and_twice_come_to_the_same(results):
    ends, started = [], []
    for order in permutations(results):
        candidates, begun = published(*PAPER), []
        for each in (*order, order[0]):
            candidates, new = candidates.decided(each)
            begun += [project.id for project in new]
        ends.append(stages(candidates))
        started.append(sorted(begun))
    adopted = sorted({id for each in results for id in each.adopted})
    assert all(end == ends[0] for end in ends)
    assert all(begun == adopted for begun in started), "each project starts exactly once"


@pytest.mark.parametrize(
    "kept",
    [drafted(), drafted("water"), published(), published().decided(result(adopted=["park"]))[0]],
)
def test_list_restored_is_the_same(kept):
    assert CandidateList.restored(kept.as_stored()) == kept


def test_project_unknown_has_no_stage():
    with pytest.raises(UnknownProject):
        published().stage("pool")


def on_record(**changes):
    fields = {
        "body": "yongan",
        "body_name": "永安镇人民代表大会",
        "year": 2021,
        "projects": [project("traffic")],
        "now": datetime(2021, 3, 1, tzinfo=UTC),
    }
    return Record.put(**(fields | changes))


def test_project_on_record_is_under_implementation():
    assert on_record().stage is Stage.UNDER_IMPLEMENTATION
    assert Record.restored(on_record().as_stored()) == on_record()


@pytest.mark.parametrize("changes", [{"projects": []}, {"body": ""}, {"body_name": " "}, {"year": None}])
def test_record_invalid_cannot_be_built(changes):
    with pytest.raises(InvalidRecord):
        on_record(**changes)
    with pytest.raises(ProjectListedTwice):
        on_record(projects=[project(), project()])
