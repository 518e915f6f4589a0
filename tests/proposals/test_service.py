"""Proposals over HTTP: the whole course, who may do what, and what a mistake is told."""

from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

import pytest

from piaojue_contracts.ballots import RESULT_DECLARED_V1
from tests.proposals.samples import declared, listed, project, sent
from tests.support.rights import check_rights
from tests.support.running import running
from tests.support.waiting import eventually

CLERK = {"roles": ["clerk"]}


@pytest.fixture(scope="module")
def region():
    with running("proposals", played=("ballots",)) as made:
        yield made


def base(body):
    return f"/proposals/bodies/{body}"


def received(region, body, **changes):
    answer = region.call("POST", f"{base(body)}/suggestions", sent(**changes), **CLERK)
    assert answer.status == 201, answer.body
    return answer.json


def published(region, body, *ids):
    """The path of the published list of 2022 of a body of its own."""
    path = f"{base(body)}/years/2022/list"
    assert region.call("PUT", path, listed(*(ids or ("water", "roads", "park"))), **CLERK).status == 200
    answer = region.call("POST", f"{path}/publication", **CLERK)
    assert answer.status == 200, answer.body
    return path


def events_of(region, body, name):
    return [each for each in region.events("proposals", name) if each["data"]["body"] == body]


def event_of(region, body, name):
    """The one event of that name and body, waited for."""
    (event,) = eventually(lambda: events_of(region, body, name), 20, f"{name} is told")
    return event


def refused(region, method, path, body=None, roles=("clerk",)):
    answer = region.call(method, path, body, roles=roles)
    assert answer.headers["content-type"] == "application/problem+json", answer.body
    return answer.status, answer.json["slug"], answer.json.get("field")


def test_a_year_runs_from_suggestion_to_implementation(region):
    suggestion = received(region, "whole")
    told = event_of(region, "whole", "suggestion_received")
    assert told["data"] == {
        "body": "whole",
        "year": 2022,
        "suggestion": suggestion["suggestion"],
        "title": "改善饮水",
        "source": "residents",
        "received_at": told["data"]["received_at"],
    }
    path = published(region, "whole")
    told = event_of(region, "whole", "candidates_published")
    assert [each["project"] for each in told["data"]["candidates"]] == ["water", "roads", "park"]
    assert told["data"]["candidates"][0]["content"] == "新建供水管网12公里。\n惠及6个村。"
    region.tell(RESULT_DECLARED_V1, "polls/whole/p1", declared("water", body="whole"))
    told = event_of(region, "whole", "implementation_started")
    assert told["subject"] == "bodies/whole/2022"
    assert [each["title"] for each in told["data"]["projects"]] == ["项目water"]
    shown = region.call("GET", path).json
    assert [(each["id"], each["stage"]) for each in shown["projects"]] == [
        ("water", "under_implementation"),
        ("roads", "not_adopted"),
        ("park", "not_adopted"),
    ]
    started = region.call("GET", f"{base('whole')}/years/2022/projects").json
    assert started == {
        "body": "whole",
        "year": 2022,
        "projects": [project("water").as_json() | {"origin": "result"}],
    }


def test_chinese_text_comes_back_as_it_was_sent(region):
    title = "“幸福路”改造：𠮷家湾至㐂村，300米（含路灯）🌾"
    path = f"{base('chinese')}/suggestions"
    assert received(region, "chinese", title=title)["title"] == title
    answer = region.call("GET", f"{path}?year=2022", **CLERK)
    assert answer.headers["content-type"] == "application/json"
    assert title in answer.body.decode("utf-8")
    (shown,) = answer.json["suggestions"]
    assert shown["title"] == title
    reply = region.call(
        "POST", f"{path}/{shown['suggestion']}/reply", {"text": "第一行。\n第二行。"}, **CLERK
    )
    assert reply.json["reply"] == "第一行。\n第二行。"


def test_proposer_is_shown_to_clerks_alone_until_erased(region):
    path = f"{base('private')}/suggestions"
    person = {"name": "赵钱孙李", "contact": "13912345678"}
    answer = region.call("POST", path, sent(proposer=person), roles=["deputy"])
    assert answer.status == 201
    id = answer.json["suggestion"]
    reply = region.call("POST", f"{path}/{id}/reply", {"text": "好。"}, roles=["department"])
    assert reply.status == 200
    (shown,) = region.call("GET", f"{path}?year=2022", **CLERK).json["suggestions"]
    assert shown["proposer"] == person
    event_of(region, "private", "suggestion_received")
    elsewhere = [
        answer.body,
        reply.body,
        region.call("GET", "/proposals/metrics").body,
        region.log().encode(),
    ]
    elsewhere.append(region.call("GET", "/proposals/events?limit=1000", roles=["operator"]).body)
    for said in elsewhere:
        assert person["name"] not in said.decode()
        assert person["contact"] not in said.decode()
    assert region.call("DELETE", f"{path}/{id}/proposer", **CLERK).status == 204
    assert region.call("DELETE", f"{path}/{id}/proposer", **CLERK).status == 204
    (shown,) = region.call("GET", f"{path}?year=2022", **CLERK).json["suggestions"]
    assert shown["proposer"] is None


def test_suggestions_come_page_by_page(region):
    path = f"{base('pages')}/suggestions?year=2022&limit=2"
    ids = [received(region, "pages", title=f"建议{n}")["suggestion"] for n in range(3)]
    first = region.call("GET", path, **CLERK).json
    assert ([each["suggestion"] for each in first["suggestions"]], first["more"]) == (ids[:2], True)
    rest = region.call("GET", f"{path}&after={ids[1]}", **CLERK).json
    assert ([each["suggestion"] for each in rest["suggestions"]], rest["more"]) == (ids[2:], False)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "/suggestions", "clerk deputy"),
        ("GET", "/suggestions", "clerk"),
        ("POST", "/suggestions/s1/reply", "clerk department"),
        ("DELETE", "/suggestions/s1/proposer", "clerk"),
        ("PUT", "/years/2022/list", "clerk"),
        ("POST", "/years/2022/list/publication", "clerk"),
        ("POST", "/years/2022/record", "clerk"),
    ],
)
def test_a_route_is_for_its_roles_and_for_the_body_of_the_token(region, method, path, allowed):
    check_rights(region, method, f"{base('nobody')}{path}", allowed)


def test_list_and_projects_are_open_to_everyone(region):
    path = published(region, "public")
    assert region.call("GET", path).status == 200
    assert region.call("GET", f"{base('public')}/years/2022/projects").json["projects"] == []


@pytest.mark.parametrize(
    ("changes", "status", "slug", "field"),
    [
        ({"source": "letters"}, 422, "unknown-source", "source"),
        ({"source": "deputies", "proposer": None}, 422, "invalid-suggestion", "proposer"),
        (
            {"source": "hotline", "proposer": {"name": "王某某"}},
            422,
            "invalid-suggestion",
            "proposer.contact",
        ),
        ({"title": "　"}, 422, "invalid-body", None),
        ({"content": "a\u0007b"}, 422, "invalid-body", None),
        ({"title": "修\u202e路"}, 422, "invalid-body", None),
        ({"year": "2022"}, 422, "invalid-body", None),
        ({"proposer": {"name": "王某某", "age": 40}}, 422, "invalid-body", None),
    ],
)
def test_suggestion_unfit_is_told_why(region, changes, status, slug, field):
    path = f"{base('unfit')}/suggestions"
    assert refused(region, "POST", path, sent(**changes)) == (status, slug, field)
    assert region.call("GET", f"{path}?year=2022", **CLERK).json["suggestions"] == []


def test_suggestion_mistaken_is_told_with_its_slug_and_field(region):
    path = f"{base('mistaken')}/suggestions"
    id = received(region, "mistaken")["suggestion"]
    elsewhere = f"{base('elsewhere')}/suggestions"
    assert refused(region, "POST", f"{base('Big')}/suggestions", sent()) == (
        422,
        "invalid-suggestion",
        "body",
    )
    for other in (f"{path}/s9", f"{elsewhere}/{id}"):
        assert refused(region, "POST", f"{other}/reply", {"text": "好"}) == (
            *(404, "unknown-suggestion"),
            "suggestion",
        )
        assert refused(region, "DELETE", f"{other}/proposer") == (404, "unknown-suggestion", "suggestion")
    assert refused(region, "GET", f"{path}?year=2022&after=s9") == (404, "unknown-suggestion", "after")
    assert refused(region, "GET", path)[:2] == (422, "invalid-query")
    for nothing in (" ", "\u200b"):
        assert refused(region, "POST", f"{path}/{id}/reply", {"text": nothing})[:2] == (422, "invalid-body")
    for _ in range(2):
        assert region.call("POST", f"{path}/{id}/reply", {"text": "好"}, **CLERK).json["reply"] == "好"
    assert refused(region, "POST", f"{path}/{id}/reply", {"text": "不"})[:2] == (409, "already-replied")


def test_list_mistaken_is_told_with_its_slug_and_field(region):
    years = f"{base('lists')}/years"
    path = f"{years}/2022/list"
    assert refused(region, "GET", path, roles=()) == (404, "unknown-candidate-list", "year")
    assert refused(region, "POST", f"{path}/publication") == (404, "unknown-candidate-list", "year")
    for year in ("20x2", "22", quote("２０２２")):
        assert refused(region, "PUT", f"{years}/{year}/list", listed("water")) == (
            404,
            "unknown-year",
            "year",
        )
        for route in ("list", "projects"):
            assert refused(region, "GET", f"{years}/{year}/{route}", roles=()) == (
                404,
                "unknown-year",
                "year",
            )
        assert refused(region, "POST", f"{years}/{year}/list/publication")[1] == "unknown-year"
        assert refused(region, "POST", f"{years}/{year}/record", listed("water"))[1] == "unknown-year"
    early = f"{years}/1900/list"
    assert refused(region, "PUT", early, listed("water")) == (422, "invalid-candidates", "year")
    cheap = listed(projects=[project().as_json() | {"budget": 1.5}])
    assert refused(region, "PUT", path, cheap) == (422, "invalid-project", "projects.0.budget")
    gone = listed(projects=[project().as_json() | {"finish_by": "2022-02-30"}])
    assert refused(region, "PUT", path, gone) == (422, "invalid-project", "projects.0.finish_by")
    twice = listed("water", "water")
    assert refused(region, "PUT", path, twice) == (422, "project-listed-twice", "projects.1.id")
    assert refused(region, "PUT", path, {"projects": []})[:2] == (422, "invalid-body")
    assert region.call("PUT", path, listed(), **CLERK).json["published_at"] is None
    assert refused(region, "GET", path, roles=()) == (404, "unknown-candidate-list", "year")
    assert refused(region, "POST", f"{path}/publication") == (422, "no-candidates", "projects")
    published(region, "lists")
    assert refused(region, "PUT", path, listed("water"))[:2] == (409, "candidates-already-published")
    assert refused(region, "POST", f"{path}/publication")[:2] == (409, "candidates-already-published")


def test_record_is_told_once_and_is_not_changed(region):
    years = f"{base('record')}/years"
    first = region.call("POST", f"{years}/2021/record", listed("traffic"), **CLERK)
    again = region.call("POST", f"{years}/2021/record", listed("traffic"), **CLERK)
    assert (first.status, again.status, first.json) == (201, 201, again.json)
    assert first.json == region.call("GET", f"{years}/2021/projects").json
    assert refused(region, "POST", f"{years}/2021/record", listed("wells"))[:2] == (409, "record-exists")
    assert refused(region, "POST", f"{years}/1900/record", listed("wells"))[1:] == ("invalid-record", "year")
    assert refused(region, "POST", f"{years}/2020/record", listed())[:2] == (422, "invalid-body")
    twice = refused(region, "POST", f"{years}/2020/record", listed("wells", "wells"))
    assert twice == (422, "project-listed-twice", "projects.1.id")
    both = refused(region, "PUT", f"{years}/2021/list", listed("water", "traffic"))
    assert both == (422, "on-list-and-record", "projects.1.id")
    received(region, "record")
    event_of(region, "record", "suggestion_received")  # so that all before it are in the log
    told = event_of(region, "record", "implementation_started")
    assert (told["data"]["year"], told["data"]["origin"]) == (2021, "record")


def test_two_publications_at_once_are_one(region):
    path = f"{base('race')}/years/2022/list"
    region.call("PUT", path, listed("water"), **CLERK)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: region.call("POST", f"{path}/publication", **CLERK), range(8)))
    assert sorted(each.status for each in answers) == [200] + [409] * 7
    received(region, "race")
    event_of(region, "race", "suggestion_received")  # so that all before it are in the log
    event_of(region, "race", "candidates_published")


def test_result_without_a_list_is_passed_over_and_the_next_one_is_heard(region):
    region.tell(RESULT_DECLARED_V1, "polls/unlisted/p1", declared("water", body="unlisted"))
    published(region, "next")
    region.tell(
        RESULT_DECLARED_V1,
        "polls/next/p1",
        declared("roads", "bridge", body="next", on_paper=("roads", "bridge")),
    )
    region.heard_all("proposals", "ballots")
    inbox = region.call("GET", "/proposals/inbox", roles=["operator"]).json
    assert (inbox["waiting"], inbox["parked"]) == (0, [])
    started = region.call("GET", f"{base('next')}/years/2022/projects").json["projects"]
    assert [each["id"] for each in started] == ["roads"]
    assert "result_without_candidate_list" in region.log()
    assert "bridge" in region.log()


LETTERS = """
from proposals.domain import tidied


class Letters:
    name, version = "letters", "1"

    def accept(self, incoming):
        if "!" in incoming.title:
            raise ValueError("a title that shouts is not foreseen")
        return tidied(incoming)
"""


def test_source_of_another_distribution_decides_and_when_it_fails_nothing_is_kept(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    (tmp_path / "letters.py").write_text(LETTERS)
    info = tmp_path / "letters-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: letters\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[piaojue.proposals.sources]\nletters = letters:Letters\n")
    settings = {"PIAOJUE_PROPOSALS_SOURCES": "letters"}
    with running("proposals", folder=tmp_path / "data", settings=settings) as region:
        path = f"{base('yongan')}/suggestions"
        assert received(region, "yongan", source="letters", title=" 信 ")["title"] == "信"
        assert refused(region, "POST", path, sent(source="residents"))[1] == "unknown-source"
        shouted = sent(source="letters", title="快!")
        assert refused(region, "POST", path, shouted) == (503, "plugin-failed", None)
        assert len(region.call("GET", f"{path}?year=2022", **CLERK).json["suggestions"]) == 1


def test_what_is_kept_outlives_a_restart(tmp_path):
    with running("proposals", played=("ballots",), folder=tmp_path) as region:
        path = published(region, "yongan")
        before = region.call("GET", path).json
    with running("proposals", played=("ballots",), folder=tmp_path) as region:
        assert region.call("GET", path).json == before
        region.tell(RESULT_DECLARED_V1, "polls/yongan/p1", declared("park"))
        assert event_of(region, "yongan", "implementation_started")["sequence"] == "000000000000002"
