"""The service ratings over HTTP: a whole rating, every refusal, who may ask what."""

import json
from concurrent.futures import ThreadPoolExecutor
from random import Random

import pytest

from chassis.auth import ROLES
from chassis.http import PUBLIC, routes
from piaojue_contracts.proposals import IMPLEMENTATION_STARTED_V1
from ratings.domain import new_code
from ratings.service import RatingsService
from tests.ratings.asking import BODY, RATINGS, asked, conclude, conclusion_told, hand_in, opened, prepare
from tests.ratings.raters import ASKED, SCALE, TITLES, graded, started
from tests.support.running import running
from tests.support.waiting import eventually


@pytest.fixture(scope="module")
def region():
    """Ratings, and proposals played: it has told of two projects of 2021."""
    with running("ratings", played=("proposals",)) as region:
        region.tell(IMPLEMENTATION_STARTED_V1, f"bodies/{BODY}/2021", started())
        region.heard_all("ratings", "proposals")
        yield region
        assert "Traceback" not in region.log()


def test_last_years_projects_are_rated(region):
    shown = region.call("GET", f"/ratings/bodies/{BODY}/projects", roles=["clerk"]).json["projects"]
    assert {each["project"]: each["title"] for each in shown} == TITLES
    assert {each["year"] for each in shown} == {2021}
    path, codes = opened(region, 4, body_name="永安镇人大主席团", members=5)
    for code, grade in zip(codes, ["satisfied"] * 2 + ["dissatisfied"], strict=False):
        answer = hand_in(region, path, f" {code.lower()} ", graded(grade))
        assert (answer.status, answer.json) == (201, {"accepted": True})
    answer = conclude(region, path)
    assert answer.status == 200
    result = answer.json["results"]["water"]
    assert result["counts"] == {"satisfied": 2, "basically": 0, "dissatisfied": 1}
    assert (result["shares"]["satisfied"], result["verdict"]) == ("66.67", "satisfied")
    public = region.call("GET", path)
    assert public.status == 200
    assert public.json == answer.json
    assert (public.json["state"], public.json["issued"], public.json["returned"]) == ("concluded", 4, 3)
    assert public.json["title"] == ASKED["title"]
    event = conclusion_told(region, path)
    assert event["subject"] == f"ratings/{BODY}/{public.json['rating']}"
    assert event["data"]["body_name"] == "永安镇人大主席团"
    assert [each["title"] for each in event["data"]["projects"]] == list(TITLES.values())


def test_nothing_of_what_forms_say_is_answered_before_the_conclusion(region):
    answers = {}
    for grade in ("satisfied", "dissatisfied"):
        path, codes = opened(region, 5)
        said = [hand_in(region, path, code, graded(grade)).body for code in codes]
        said.append(hand_in(region, path, codes[0], graded(grade)).json["slug"])
        said.append(hand_in(region, path, codes[0], {"water": ["satisfied", grade]}).json["slug"])
        shown = region.call("GET", path).json
        assert (shown["issued"], shown["returned"], shown["results"]) == (5, 5, None)
        rating = shown.pop("rating")
        eventually(lambda rating=rating: rating in str(region.events("ratings")))
        told = [each for each in region.events("ratings") if each["data"]["rating"] == rating]
        assert [each["type"] for each in told] == ["piaojue.ratings.rating_opened.v1"]
        del shown["opened_at"]
        answers[grade] = said, shown
    assert answers["satisfied"] == answers["dissatisfied"]


def test_one_code_sent_at_once_by_many_is_accepted_once(region):
    path, [code] = opened(region, 1)
    with ThreadPoolExecutor(8) as threads:
        answers = list(
            threads.map(lambda grade: hand_in(region, path, code, graded(grade)), [*SCALE, *SCALE])
        )
    assert sorted(answer.status for answer in answers) == [201] + [409] * 5
    assert {answer.slug for answer in answers if answer.status == 409} == {"code-spent"}
    assert conclude(region, path).json["results"]["water"]["valid"] == 1


def test_forms_sent_during_the_conclusion_are_in_or_out(region):
    path, codes = opened(region, 80)

    def act(code):
        if code is None:
            return conclude(region, path)
        return hand_in(region, path, code, graded("satisfied"))

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(act, [*codes[:40], None, *codes[40:]]))
    conclusion = answers.pop(40)
    accepted = sum(answer.status == 201 for answer in answers)
    assert {answer.slug for answer in answers if answer.status != 201} <= {"rating-not-open"}
    assert conclusion.json["results"]["water"]["valid"] == conclusion.json["returned"] == accepted
    assert region.call("GET", path).json["returned"] == accepted
    assert hand_in(region, path, codes[0], {}).slug == "rating-not-open"


def test_guesses_are_told_to_wait_and_a_right_code_is_not():
    settings = {"PIAOJUE_RATINGS_GUESSES_PER_MINUTE": "1", "PIAOJUE_RATINGS_GUESSES_AT_ONCE": "5"}
    source = Random(1)
    with running("ratings", played=("proposals",), settings=settings) as region:
        region.tell(IMPLEMENTATION_STARTED_V1, f"bodies/{BODY}/2021", started())
        region.heard_all("ratings", "proposals")
        (path, codes), (other, _) = opened(region, 3), opened(region, 1)
        guessed = [new_code(source) for _ in range(4)] + ["no code at all"] * 4
        answers = [hand_in(region, path, code, {}) for code in guessed]
        assert [(each.status, each.slug) for each in answers[:5]] == [(404, "code-unknown")] * 5
        assert [(each.status, each.slug) for each in answers[5:]] == [(429, "too-many-guesses")] * 3
        assert 1 <= int(answers[-1].headers["retry-after"]) <= 60
        assert [hand_in(region, path, code, {}).status for code in codes] == [201] * 3
        assert hand_in(region, path, codes[0], {}).slug == "code-spent"
        assert hand_in(region, other, new_code(source), {}).slug == "code-unknown"
        page = region.call("GET", "/ratings/metrics").body.decode()
    assert 'piaojue_guesses_total{service="ratings"} 9.0' in page
    assert 'piaojue_guesses_throttled_total{service="ratings"} 3.0' in page


def test_project_without_a_valid_form_is_told_with_an_empty_verdict(region):
    path, [code] = opened(region, 1)
    assert hand_in(region, path, code, {}).status == 201
    assert conclude(region, path).json["results"]["water"]["verdict"] is None
    water = conclusion_told(region, path)["data"]["projects"][0]
    assert (water["verdict"], water["combined"], water["invalid"]) == ("", "0.00", 1)


def refusals(region):
    """Slug → the status, and a request that is refused by it."""
    prepared, (path, codes) = prepare(region), opened(region, 3)
    assert hand_in(region, path, codes[0], {}).status == 201
    clerk = {"roles": ["clerk"]}

    def posted(where, body=None, **who):
        return lambda: region.call("POST", where, body, **who)

    def form(code, grades):
        return posted(f"{path}/forms", {"code": code, "grades": grades})

    for year in (2021, 2022):  # a body of which a project's id came again
        data = started(body="zhentou", year=year)
        region.tell(IMPLEMENTATION_STARTED_V1, f"bodies/zhentou/{year}", data)
    region.heard_all("ratings", "proposals")
    elsewhere = RATINGS.replace(BODY, "zhentou")
    return {
        "unknown-project": (422, posted(RATINGS, asked(projects=["clinic"]), **clerk)),
        "ambiguous-project": (422, posted(elsewhere, asked(), **clerk)),
        "invalid-rules": (422, posted(RATINGS, asked(verdict={"of": "members"}), **clerk)),
        "invalid-rating": (422, posted(RATINGS, asked(projects=["water", "water"]), **clerk)),
        "rating-exists": (409, posted(RATINGS, asked(rating=path.rsplit("/", 1)[1]), **clerk)),
        "unknown-rating": (404, lambda: region.call("GET", f"{RATINGS}/nobody-knows-it")),
        "rating-already-opened": (409, posted(f"{path}/opening", **clerk)),
        "rating-not-open": (409, posted(f"{prepared}/slips", {"slips": 1}, **clerk)),
        "forms-exceed-members": (422, posted(f"{path}/slips", {"slips": 89}, **clerk)),
        "code-unknown": (404, form("3467-9ACD-EFHJK", {})),
        "code-spent": (409, form(codes[0], {})),
        "invalid-form": (422, form(codes[1], {"water": ["superb"]})),
        "several-grades": (422, form(codes[2], {"water": SCALE[:2]})),
    }


def test_every_refusal_is_answered_with_its_slug(region):
    provoked = refusals(region)
    for slug, (status, request) in provoked.items():
        answer = request()
        assert (answer.slug, answer.status) == (slug, status), answer.body
        assert "superb" not in answer.body.decode()
    declared = {refusal.slug for route in routes(RatingsService) for refusal in route.refuses}
    beside = {"rule-changed", "plugin-failed", "too-many-guesses", "not-parked"}  # below; of the chassis
    assert set(provoked) | beside == declared


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "", None),
        ("POST", "/opening", None),
        ("POST", "/slips", {"slips": 1}),
        ("POST", "/forms", {"code": "3467-9ACD-EFHJK", "grades": {}}),
        ("POST", "/conclusion", None),
    ],
)
@pytest.mark.parametrize("rating", ["nobody-knows-it", "R%201", "%E6%B0%B4", "r" * 200])
def test_rating_unknown_is_not_found_by_any_route(region, method, path, body, rating):
    answer = region.call(method, f"{RATINGS}/{rating}{path}", body, roles=["clerk", "scrutineer"])
    assert answer.status == 404
    assert answer.slug in ("unknown-rating", "code-unknown")


@pytest.mark.parametrize(
    "changes",
    [
        {"rating": "R 1"},
        {"title": ""},
        {"title": "字" * 301},
        *({"title": f"满意度{character}测评"} for character in "\n\u0085\u2028\u200b\u2067"),
        {"body_name": "永安镇\u202e人大"},
        {"body_name": None},
        {"projects": []},
        {"projects": [7]},
        {"members": 0},
        {"members": "91"},
        {"members": 10**30},
        {"scale": "satisfied"},
        {"scale": [1, 2, 3]},
        {"verdict": []},
        {"year": 1.5},
        {"forms": []},
    ],
)
def test_request_malformed_is_refused_before_anything_is_looked_at(region, changes):
    answer = region.call("POST", RATINGS, asked(**changes), roles=["clerk"])
    assert (answer.status, answer.slug) == (422, "invalid-body")


@pytest.mark.parametrize(
    "changes",
    [
        {"scale": ["满\t意", "基本满意", "不满意"]},
        {"scale": ["满意", "满意\u200b", "不满意"]},
        {"scale": ["满意", "满意", "不满意"]},
        {"scale": ["优" * 64, "良", "差"]},
        {"projects": ["Water!"]},
        {"projects": ["water", "water"]},
        {"verdict": {"of": "valid", "exactly_half": "fails", "rule": ["half-of-base"]}},
        {"verdict": {"of": "valid", "exactly_half": "fails", "rule": {"a": 1}}},
        {"verdict": {"of": None, "exactly_half": {}}},
    ],
)
def test_rating_that_breaks_a_rule_is_the_users_mistake(region, changes):
    answer = region.call("POST", RATINGS, asked(**changes), roles=["clerk"])
    assert (answer.status, answer.json.get("field") is not None) == (422, True), answer.body


def test_nul_is_refused_wherever_it_comes(region):
    path, [code] = opened(region, 1)
    answer = region.call("POST", RATINGS, asked(title="满意\0度"), roles=["clerk"])
    assert answer.slug == "json-forbidden-character"
    assert hand_in(region, path, code, {"water": ["satis\0fied"]}).slug == "json-forbidden-character"
    assert hand_in(region, path, code, {"wa\0ter": []}).slug == "json-forbidden-character"
    assert region.call("GET", f"{RATINGS}/r%00").status == 404


@pytest.mark.parametrize(
    "grades", [[], "satisfied", 7, {"water": None}, {"water": [None]}, {"water": [["satisfied"]]}]
)
def test_form_of_any_shape_is_refused_and_its_code_stays_good(region, grades):
    path, [code] = opened(region, 1)
    assert hand_in(region, path, code, grades).slug == "invalid-form"
    assert hand_in(region, path, code, graded("satisfied")).status == 201


def test_chinese_grades_and_titles_are_told_as_they_are(region):
    scale = ["满意", "基本满意", "不满意", "不了解"]
    path, [code] = opened(region, 1, scale=scale, title="“十件实事”满意度测评（第一次）")
    assert hand_in(region, path, code, {"water": ["不了解"]}).status == 201
    shown = conclude(region, path).json
    assert shown["results"]["water"]["counts"] == {"满意": 0, "基本满意": 0, "不满意": 0, "不了解": 1}
    assert shown["results"]["water"]["verdict"] == "不满意"
    assert shown["title"] == "“十件实事”满意度测评（第一次）"
    assert "满意".encode() in region.call("GET", path).body


MAY = {
    ("GET", "/bodies/<body>/projects"): {"clerk"},
    ("POST", "/bodies/<body>/ratings"): {"clerk"},
    ("POST", "/bodies/<body>/ratings/<rating>/opening"): {"clerk"},
    ("POST", "/bodies/<body>/ratings/<rating>/slips"): {"clerk"},
    ("POST", "/bodies/<body>/ratings/<rating>/conclusion"): {"scrutineer"},
}
OPEN_TO_ALL = {
    ("GET", "/bodies/<body>/ratings/<rating>"),
    ("POST", "/bodies/<body>/ratings/<rating>/forms"),
}


def test_every_route_says_who_may_call_it():
    own = [route for route in routes(RatingsService) if route.path.startswith("/bodies/")]
    assert {(route.method, route.path) for route in own if route.who is PUBLIC} == OPEN_TO_ALL
    assert {(route.method, route.path) for route in own} == MAY.keys() | OPEN_TO_ALL


@pytest.mark.parametrize(("method", "path"), MAY)
def test_only_those_who_may_are_heard(region, method, path):
    allowed = MAY[method, path]
    path = f"/ratings{path}".replace("<body>", BODY).replace("<rating>", "nobody-knows-it")
    assert region.call(method, path).slug == "token-missing"
    for role in ROLES:
        answer = region.call(method, path, roles=[role])
        assert (answer.status == 403) == (role not in allowed)
    elsewhere = region.call(method, path, roles=ROLES, bodies=["zhentou"])
    assert (elsewhere.status, elsewhere.slug) == (403, "body-not-allowed")
    assert region.call(method, path, roles=ROLES, bodies=[BODY]).status != 403


def test_log_and_metrics_hold_no_code_and_no_grade(region):
    path, codes = opened(region, 3)
    assert hand_in(region, path, codes[0], graded("dissatisfied")).status == 201
    assert hand_in(region, path, codes[0], {}).slug == "code-spent"
    assert hand_in(region, path, codes[1], {"water": ["superb"]}).slug == "invalid-form"
    conclude(region, path)
    said = region.log() + region.call("GET", "/ratings/metrics").body.decode()
    said += json.dumps(region.events("ratings"))
    assert "superb" not in said
    assert not [code for code in codes if code in said or code.replace("-", "") in said]
    assert "dissatisfied" not in region.log()
