"""What users of ratings do, on a real store: the rating, its forms, the verdict."""

import json
import random
from pathlib import Path

import pytest

from chassis.errors import Refused
from chassis.plugins import PluginFailed, Plugins
from ratings import usecases
from ratings.domain import (
    AmbiguousProject,
    CodeSpent,
    CodeUnknown,
    FormsExceedMembers,
    HalfOfBaseRule,
    InvalidForm,
    InvalidRating,
    InvalidRules,
    RatingAlreadyOpened,
    RatingNotOpen,
    RuleChanged,
    SeveralGrades,
    UnknownProject,
    new_code,
)
from ratings.plugins import VERDICT_RULES
from ratings.store import RatingExists, Ratings, UnknownRating
from tests.ratings.raters import (
    ASKED,
    BODY,
    KEY,
    NOW,
    RULES_LOADED,
    SCALE,
    TITLES,
    conclude,
    graded,
    hand_in,
    issue,
    open_rating,
    prepare,
    with_projects,
)
from tests.support.stores import migrated_store, told

CASES_FILE = Path(__file__).parents[1] / "cases" / "ratings.jsonl"
CASES = [json.loads(line) for line in CASES_FILE.read_text("utf-8").splitlines()]
ACCEPTED = {"accepted": True}


@pytest.fixture
def store(tmp_path):
    with migrated_store("ratings", Ratings, tmp_path) as made:
        with_projects(made)
        yield made


def forms_of(sheet):
    """A rating sheet's forms one by one, each a list of grades; a sheet with counts is taken apart."""
    if "forms" in sheet:
        return sheet["forms"]
    forms = [[grade] for grade, times in sheet["counts"].items() for _ in range(times)]
    return forms + [[]] * sheet["invalid"]


def played(store, sheet):
    """What is published of a sheet's project when its raters hand their forms in by code."""
    open_rating(
        store,
        projects=["water"],
        members=sheet["members"],
        scale=sheet["scale"],
        verdict=sheet["verdict"],
    )
    forms = forms_of(sheet)
    for code, grades in zip(issue(store, len(forms)), forms, strict=True):
        [outcome] = hand_in(store, [(code, {"water": grades})])
        if len(grades) > 1:  # a rater who will not choose hands in a form that is invalid
            assert isinstance(outcome, SeveralGrades)
            [outcome] = hand_in(store, [(code, {})])
        assert outcome == ACCEPTED
    return conclude(store)["results"]["water"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_rating_sheet_case_by_forms(store, case):
    if "error" in case:
        with pytest.raises(Refused) as refusal:
            played(store, case["sheet"])
        assert refusal.value.slug == case["error"]
        return
    result = played(store, case["sheet"])
    assert {name: result[name] for name in case["expect"]} == case["expect"]
    [event] = told(store, "rating_concluded")
    [project] = event["data"]["projects"]
    assert [each["grade"] for each in project["grades"]] == case["sheet"]["scale"]
    assert {each["grade"]: each["share"] for each in project["grades"]} == result["shares"]
    assert {each["grade"]: each["forms"] for each in project["grades"]} == result["counts"]
    assert (project["combined"], project["verdict"]) == (result["combined"], result["verdict"])


def test_last_years_projects_are_rated_and_everyone_is_told(store):
    open_rating(store)
    codes = issue(store, 91)
    forms = [graded("satisfied")] * 88
    forms += [
        graded("basically") | {"traffic": ["satisfied"]},
        graded("basically"),
        {"water": ["dissatisfied"]},
    ]
    assert hand_in(store, zip(codes, forms, strict=True)) == [ACCEPTED] * 91
    shown = conclude(store)
    assert shown["results"]["water"]["shares"]["satisfied"] == "96.70"
    assert [(each["type"].split(".", 2)[2], each["subject"]) for each in told(store)] == [
        ("rating_opened.v1", "ratings/yongan/r1"),
        ("rating_concluded.v1", "ratings/yongan/r1"),
    ]
    opened, concluded = (each["data"] for each in told(store))
    assert (
        opened["projects"]
        == shown["projects"]
        == [{"project": project, "title": title} for project, title in TITLES.items()]
    )
    assert (opened["scale"], opened["members"]) == (SCALE, 91)
    assert opened["opened_at"] == concluded["concluded_at"] == "2022-04-16T03:20:00.000000Z"
    assert concluded["body_name"] == ASKED["body_name"]
    assert [concluded[name] for name in ("members", "issued", "returned")] == [91, 91, 91]
    traffic = concluded["projects"][1]
    assert (traffic["title"], traffic["valid"], traffic["invalid"]) == (TITLES["traffic"], 90, 1)


def test_rating_without_a_valid_form_has_no_verdict_and_can_be_told(store):
    open_rating(store)
    hand_in(store, [(code, {}) for code in issue(store, 3)])
    water = conclude(store)["results"]["water"]
    assert (water["verdict"], water["combined"], water["invalid"]) == (None, "0.00", 3)
    [event] = told(store, "rating_concluded")
    project = event["data"]["projects"][0]
    assert (project["verdict"], project["combined"], project["valid"]) == ("", "0.00", 0)


def test_rating_nobody_answered_is_concluded(store):
    open_rating(store)
    assert conclude(store)["returned"] == 0
    assert told(store, "rating_concluded")[0]["data"]["issued"] == 0


def test_names_as_long_as_they_may_be_can_be_told(store):
    scale = [letter * 63 for letter in "优良差"]
    open_rating(store, body_name="永" * 200, title="测" * 300, scale=scale)
    [code] = issue(store, 1)
    assert hand_in(store, [(code, graded(scale[0]))]) == [ACCEPTED]
    assert conclude(store)["results"]["water"]["verdict"] == scale[0]


def test_project_nobody_heard_of_cannot_be_rated(store):
    with_projects(store, {"clinic": "村卫生室"}, body="zhentou")
    with pytest.raises(UnknownProject) as refusal:
        prepare(store, projects=["water", "clinic"])
    assert refusal.value.field == "projects.1"
    with pytest.raises(UnknownProject):
        prepare(store, projects=["water"], year=2020)
    with pytest.raises(UnknownRating):
        usecases.show_rating(store, BODY, "r1")


def test_project_whose_id_came_again_is_rated_for_the_year_that_is_said(store):
    with_projects(store, {"water": "第二期饮水工程"}, year=2022)
    with pytest.raises(AmbiguousProject) as refusal:
        prepare(store, projects=["traffic", "water"])
    assert refusal.value.field == "projects.1"
    prepare(store, projects=["water"], year=2021)
    [water] = usecases.show_rating(store, BODY, "r1")["projects"]
    assert water["title"] == TITLES["water"]
    [water] = prepare(store, rating="r2", projects=["water"], year=2022)["projects"]
    assert water["title"] == "第二期饮水工程"


def test_rating_keeps_the_titles_it_was_prepared_with(store):
    prepare(store)
    with_projects(store, {"water": "改了名"})
    assert usecases.show_rating(store, BODY, "r1")["projects"][0]["title"] == TITLES["water"]


def test_projects_that_may_be_rated_are_shown_by_body(store):
    with_projects(store, {"clinic": "村卫生室"}, year=2022)
    with_projects(store, {"square": "广场"}, body="zhentou")
    shown = usecases.show_projects(store, BODY)["projects"]
    assert [(each.year, each.project) for each in shown] == [
        (2022, "clinic"),
        (2021, "traffic"),
        (2021, "water"),
    ]


@pytest.mark.parametrize(
    ("changes", "error", "field"),
    [
        ({"projects": ["water", "water"]}, InvalidRating, "projects"),
        ({"title": "满意度\n测评"}, InvalidRating, "title"),
        ({"title": "满意度\0测评"}, InvalidRating, "title"),
        ({"body_name": "永安镇\0"}, InvalidRating, "body_name"),
        ({"body_name": "永安镇\r\n人大"}, InvalidRating, "body_name"),
        ({"body_name": " "}, InvalidRating, "body_name"),
        ({"scale": SCALE[:2]}, InvalidRules, "scale"),
        ({"scale": ["满\0意", "基本满意", "不满意"]}, InvalidRules, "scale.0"),
        ({"scale": ["优" * 64, "良", "差"]}, InvalidRules, "scale.0"),
        ({"verdict": {"of": "members"}}, InvalidRules, "verdict.exactly_half"),
        ({"verdict": {"of": "valid", "exactly_half": "fails", "rule": "lot"}}, InvalidRules, "verdict.rule"),
        ({"verdict": {"of": "valid", "exactly_half": "fails", "rule": []}}, InvalidRules, "verdict.rule"),
    ],
)
def test_rating_faulty_is_refused_by_field(store, changes, error, field):
    with pytest.raises(error) as refusal:
        prepare(store, **changes)
    assert refusal.value.field == field


def test_rating_is_prepared_once_opened_once_and_concluded_once(store):
    prepare(store)
    with pytest.raises(RatingExists):
        prepare(store)
    with pytest.raises(RatingNotOpen):
        issue(store, 1)
    with pytest.raises(RatingNotOpen):
        conclude(store)
    usecases.open_rating(store, BODY, "r1", RULES_LOADED, NOW)
    with pytest.raises(RatingAlreadyOpened):
        usecases.open_rating(store, BODY, "r1", RULES_LOADED, NOW)
    conclude(store)
    with pytest.raises(RatingNotOpen):
        conclude(store)
    with pytest.raises(RatingNotOpen):
        issue(store, 1)
    assert len(told(store)) == 2


def test_slips_are_for_members_only_and_never_twice_the_same(store):
    open_rating(store)
    codes = issue(store, 90) + issue(store, 1)
    assert len(set(codes)) == 91
    with pytest.raises(FormsExceedMembers):
        issue(store, 1)


@pytest.mark.parametrize(
    ("grades", "error"),
    [
        ({"water": ["satisfied", "basically"]}, SeveralGrades),
        ({"water": ["superb"]}, InvalidForm),
        ({"water": "satisfied"}, InvalidForm),
        ({"clinic": ["satisfied"]}, InvalidForm),
        (["satisfied"], InvalidForm),
        (None, InvalidForm),
    ],
)
def test_form_refused_leaves_its_code_good(store, grades, error):
    open_rating(store)
    [code] = issue(store, 1)
    [refusal] = hand_in(store, [(code, grades)])
    assert isinstance(refusal, error)
    assert "superb" not in str(refusal)
    assert code not in str(refusal)
    assert usecases.show_rating(store, BODY, "r1")["returned"] == 0
    assert hand_in(store, [(code.lower(), graded("satisfied"))]) == [ACCEPTED]


def test_code_is_good_once_and_for_its_own_rating(store):
    open_rating(store)
    open_rating(store, rating="r2")
    code, other = issue(store, 2)
    first, second = hand_in(store, [(code, graded("satisfied")), (code, graded("dissatisfied"))])
    assert first == ACCEPTED
    assert isinstance(second, CodeSpent)
    [elsewhere] = hand_in(store, [(other, {})], rating="r2")
    assert isinstance(elsewhere, CodeUnknown)
    [never_issued] = hand_in(store, [(new_code(random.Random(99)), {})])
    assert isinstance(never_issued, CodeUnknown)
    with pytest.raises(CodeUnknown):
        usecases.read_form(BODY, "r1", {"code": "not a code", "grades": {}}, KEY)
    assert conclude(store)["results"]["water"]["counts"] == {
        "satisfied": 1,
        "basically": 0,
        "dissatisfied": 0,
    }


def test_form_refused_by_another_key_is_unknown(store):
    open_rating(store)
    [code] = issue(store, 1)
    form = usecases.read_form(BODY, "r1", {"code": code, "grades": {}}, b"another key than that")
    assert isinstance(usecases.hand_in_forms(store, [form])[0], CodeUnknown)


def test_forms_of_several_ratings_are_taken_together_and_answered_each(store):
    open_rating(store)
    open_rating(store, rating="r2")
    prepare(store, rating="r3")
    forms = [
        usecases.read_form(BODY, rating, {"code": code, "grades": {}}, KEY)
        for rating, code in [
            ("r2", issue(store, 2, "r2")[1]),
            ("r9", issue(store, 1)[0]),
            ("r1", issue(store, 3)[2]),
            ("r3", issue(store, 4)[3]),
        ]
    ]
    outcomes = usecases.hand_in_forms(store, forms)
    kinds = [ACCEPTED if each == ACCEPTED else type(each) for each in outcomes]
    assert kinds == [ACCEPTED, UnknownRating, ACCEPTED, RatingNotOpen]
    assert [usecases.show_rating(store, BODY, rating)["returned"] for rating in ("r1", "r2")] == [1, 1]


def test_nothing_of_what_forms_say_is_shown_before_the_conclusion(store):
    shown = []
    for rating, grade in (("r1", "satisfied"), ("r2", "dissatisfied")):
        open_rating(store, rating=rating)
        hand_in(store, [(code, graded(grade)) for code in issue(store, 5, rating)], rating)
        shown.append(usecases.show_rating(store, BODY, rating) | {"id": ""})
    assert shown[0] == shown[1]
    assert shown[0]["results"] is None
    assert not told(store, "rating_concluded")


class MoodyRule(HalfOfBaseRule):
    name = "moody"

    def decide(self, figures, parameters):
        raise RuntimeError("in a bad mood")


class OffhandRule(MoodyRule):
    def decide(self, figures, parameters):
        return "superb"


class CarelessRule(MoodyRule):
    def parameters(self, given):
        raise KeyError("of")


class OtherVersion(HalfOfBaseRule):
    version = "2"


def rules(**loaded):
    return Plugins(VERDICT_RULES, {name.replace("_", "-"): rule for name, rule in loaded.items()})


@pytest.mark.parametrize("rule", [MoodyRule(), OffhandRule()])
def test_rule_that_fails_concludes_nothing_and_loses_nothing(store, rule):
    open_rating(store, rules(moody=rule), verdict=ASKED["verdict"] | {"rule": "moody"})
    codes = issue(store, 2)
    hand_in(store, [(codes[0], graded("satisfied"))])
    with pytest.raises(PluginFailed):
        conclude(store, rules=rules(moody=rule))
    shown = usecases.show_rating(store, BODY, "r1")
    assert (shown["state"], shown["returned"], shown["results"]) == ("open", 1, None)
    assert not told(store, "rating_concluded")
    assert hand_in(store, [(codes[1], graded("satisfied"))]) == [ACCEPTED]


def test_rule_that_fails_on_its_parameters_prepares_nothing(store):
    loaded = rules(moody=CarelessRule())
    with pytest.raises(PluginFailed):
        prepare(store, loaded, verdict={"rule": "moody"})
    with pytest.raises(UnknownRating):
        usecases.show_rating(store, BODY, "r1")


@pytest.mark.parametrize("loaded", [rules(half_of_base=OtherVersion()), rules()])
def test_rating_is_concluded_by_the_rule_that_opened_it(store, loaded):
    open_rating(store)
    with pytest.raises(RuleChanged):
        conclude(store, rules=loaded)
    assert conclude(store)["state"] == "concluded"
