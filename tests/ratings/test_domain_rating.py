"""The life of a rating."""

import random
from datetime import UTC, datetime, timedelta

import pytest

from ratings.domain import (
    CodeUnknown,
    FormsExceedMembers,
    HalfOfBaseRule,
    InvalidForm,
    InvalidRating,
    InvalidRules,
    Rating,
    RatingAlreadyOpened,
    RatingNotOpen,
    RatingState,
    RuleChanged,
    Rules,
    SeveralGrades,
    new_code,
    normalise_code,
)

NOW = datetime(2022, 4, 12, 10, 30, tzinfo=UTC)
RULES = {
    "scale": ["satisfied", "basically", "dissatisfied"],
    "verdict": {"of": "members", "exactly_half": "fails"},
}


def prepared(**changes):
    fields = {
        "id": "r1",
        "body": "yongan",
        "title": "满意度测评",
        "projects": ["water", "roads"],
        "members": 91,
    }
    return Rating.prepared(rules=Rules.read(RULES), **(fields | changes))


def opened():
    return prepared().open(NOW)


def test_rating_judges_each_project_on_its_own_forms():
    rating = opened().issue(91)
    forms = [
        (88, {"water": ["satisfied"], "roads": ["satisfied"]}),
        (1, {"water": ["basically"], "roads": ["satisfied"]}),
        (2, {"water": ["dissatisfied"], "roads": []}),
    ]
    results = rating.conclude(forms, NOW).results
    assert results["water"]["shares"]["satisfied"] == "96.70"
    assert (results["roads"]["valid"], results["roads"]["invalid"]) == (89, 2)
    assert results["roads"]["verdict"] == "satisfied"


def test_form_is_kept_in_the_forms_order_with_every_project():
    assert opened().accept({"roads": ["basically"]}) == {"water": [], "roads": ["basically"]}


def test_form_with_several_grades_is_refused_and_may_be_corrected():
    with pytest.raises(SeveralGrades):
        opened().accept({"water": ["satisfied", "basically"]})


@pytest.mark.parametrize(
    "form", [None, [], {"pool": ["satisfied"]}, {"water": "satisfied"}, {"water": ["superb"]}, {"water": [1]}]
)
def test_form_malformed_is_refused(form):
    with pytest.raises(InvalidForm) as refusal:
        opened().accept(form)
    assert refusal.value.slug == "invalid-form"
    assert "superb" not in refusal.value.detail


def test_forms_are_at_most_the_members():
    with pytest.raises(FormsExceedMembers):
        opened().issue(91).issue(1)
    with pytest.raises(FormsExceedMembers):
        opened().conclude([(92, {"water": ["satisfied"]})], NOW)
    with pytest.raises(InvalidRating):
        opened().issue(0)


def test_rating_concluded_by_a_clock_that_was_set_back_is_not_concluded_before_it_was_opened():
    assert opened().conclude([], NOW - timedelta(hours=1)).concluded_at == NOW
    later = NOW + timedelta(seconds=1)
    assert opened().conclude([], later).concluded_at == later


def test_rating_is_opened_and_concluded_once():
    concluded = opened().conclude([], NOW)
    assert concluded.state is RatingState.CONCLUDED
    with pytest.raises(RatingAlreadyOpened):
        opened().open(NOW)
    for rating in (prepared(), concluded):
        with pytest.raises(RatingNotOpen):
            rating.accept({})
        with pytest.raises(RatingNotOpen):
            rating.conclude([], NOW)


class OtherVersion(HalfOfBaseRule):
    version = "2"


@pytest.mark.parametrize("loaded", [{"half-of-base": OtherVersion()}, {}])
def test_rating_is_judged_by_the_rule_that_opened_it(loaded):
    with pytest.raises(RuleChanged):
        opened().conclude([], NOW, loaded)


@pytest.mark.parametrize("rating", [prepared(), opened(), opened().conclude([], NOW)])
def test_rating_restored_is_the_same(rating):
    assert Rating.restored(rating.as_stored()) == rating


@pytest.mark.parametrize(
    "changes",
    [{"projects": []}, {"projects": ["water", "water"]}, {"id": "R 1"}, {"members": 0}, {"title": ""}],
)
def test_rating_invalid_cannot_be_built(changes):
    with pytest.raises(InvalidRating):
        prepared(**changes)


def test_rules_invalid_are_refused():
    with pytest.raises(InvalidRules):
        Rules.read(RULES | {"scale": ["good", "bad"]})
    with pytest.raises(InvalidRules):
        Rules(("good", "bad"), "half-of-base", {})


def test_code_of_a_form_is_read_back_and_a_mistyped_one_is_unknown():
    code = new_code(random.Random(7))
    assert normalise_code(code.lower().replace("-", " ")) == code
    with pytest.raises(CodeUnknown):
        normalise_code(code[:-1])
