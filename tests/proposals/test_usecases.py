"""What users of proposals do, on a real store, and what becomes of declared results."""

import pytest
import structlog

from chassis.plugins import PluginFailed, Plugins
from proposals import usecases
from proposals.domain import (
    AlreadyReplied,
    CandidatesAlreadyPublished,
    Incoming,
    InvalidCandidates,
    InvalidProject,
    InvalidRecord,
    InvalidResult,
    InvalidSuggestion,
    NoCandidates,
    OnListAndRecord,
    ProjectListedTwice,
    UnknownSource,
)
from proposals.plugins import SOURCES
from proposals.store import Proposals, RecordExists, UnknownCandidateList, UnknownSuggestion
from tests.proposals.samples import LATER, NOW, declared, listed, project, sent
from tests.support.stores import migrated_store, told

LOADED = SOURCES.load()
BODY = "yongan"
EVERYTHING = {"year": 2022, "after": None, "limit": 100}


@pytest.fixture
def store(tmp_path):
    with migrated_store("proposals", Proposals, tmp_path) as made:
        yield made


def receive(store, body=BODY, now=NOW, **changes):
    return usecases.receive_suggestion(store, body, sent(**changes), LOADED, now)


def publish(store, *ids):
    usecases.draft_candidates(store, BODY, 2022, listed(*(ids or ("water", "roads", "park"))))
    return usecases.publish_candidates(store, BODY, 2022, NOW)


def hear(store, *adopted, **changes):
    with store.transaction() as proposals:
        usecases.apply_result(proposals, declared(*adopted, **changes))


def stages(store):
    shown = usecases.show_candidates(store, BODY, 2022)
    return {each["id"]: each["stage"] for each in shown["projects"]}


def test_suggestion_is_kept_and_told_without_its_proposer(store):
    received = receive(store, source="hotline", proposer={"name": "王某某", "contact": "138 0000 0000"})
    (event,) = told(store)
    assert event["type"] == "piaojue.proposals.suggestion_received.v1"
    assert event["subject"] == f"suggestions/{received.id}"
    assert event["data"]["title"] == "改善饮水"
    assert "王某某" not in str(event)
    assert "停水" not in str(event)
    (shown,) = usecases.show_suggestions(store, BODY, EVERYTHING)["suggestions"]
    assert (shown.proposer.name, shown.proposer.contact) == ("王某某", "13800000000")
    assert shown == received


def test_suggestion_from_a_source_that_is_not_enabled_is_refused(store):
    with pytest.raises(UnknownSource) as refusal:
        receive(store, source="letters")
    assert refusal.value.field == "source"
    assert refusal.value.detail == "source: must be one of deputies, hotline, residents"
    assert told(store) == []


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"source": "deputies", "proposer": None}, "proposer"),
        ({"source": "hotline", "proposer": {"name": "王某某", "contact": None}}, "proposer.contact"),
        ({"title": "　"}, "title"),
        ({"content": "a\0b"}, "content"),
        ({"proposer": {"name": " ", "contact": None}}, "proposer.name"),
        ({"body": "Yongan"}, "body"),
    ],
)
def test_suggestion_unfit_is_refused_and_nothing_is_kept(store, changes, field):
    with pytest.raises(InvalidSuggestion) as refusal:
        receive(store, **changes)
    assert refusal.value.field == field
    assert told(store) == []
    assert usecases.show_suggestions(store, BODY, EVERYTHING) == {"suggestions": [], "more": False}


class Broken:
    name, version = "broken", "1"

    def __init__(self, answer):
        self.answer = answer

    def accept(self, incoming):
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.mark.parametrize("answer", [None, "text", RuntimeError("x")])
def test_source_that_fails_has_nothing_kept(store, answer):
    sources = Plugins(SOURCES, {"broken": Broken(answer)})
    with pytest.raises(PluginFailed):
        usecases.receive_suggestion(store, BODY, sent(source="broken"), sources, NOW)
    assert told(store) == []


def test_source_of_somebody_else_decides_what_is_kept(store):
    sources = Plugins(SOURCES, {"broken": Broken(Incoming("新题", "新文"))})
    received = usecases.receive_suggestion(store, BODY, sent(source="broken"), sources, NOW)
    assert (received.title, received.source, received.proposer) == ("新题", "broken", None)


def test_suggestions_are_shown_by_body_and_year_page_by_page(store):
    received = [receive(store, title=f"建议{n}", now=NOW if n < 3 else LATER).id for n in range(5)]
    receive(store, body="dongyang")
    receive(store, year=2023)
    seen, after = [], None
    for _ in range(3):
        page = usecases.show_suggestions(store, BODY, EVERYTHING | {"after": after, "limit": 2})
        seen += [each.id for each in page["suggestions"]]
        after = seen[-1]
        assert page["more"] == (len(seen) < 5)
    assert seen == sorted(received[:3]) + sorted(received[3:])


def test_suggestions_after_one_of_another_body_are_refused(store):
    other = receive(store, body="dongyang")
    with pytest.raises(UnknownSuggestion) as refusal:
        usecases.show_suggestions(store, BODY, EVERYTHING | {"after": other.id})
    assert refusal.value.field == "after"


def test_reply_is_given_once_and_leaves_the_proposer(store):
    id = receive(store).id
    assert usecases.reply(store, BODY, id, "已列入。", LATER).replied_at == LATER
    assert usecases.reply(store, BODY, id, "已列入。", NOW).replied_at == LATER
    with pytest.raises(AlreadyReplied):
        usecases.reply(store, BODY, id, "不列入。", NOW)
    (shown,) = usecases.show_suggestions(store, BODY, EVERYTHING)["suggestions"]
    assert (shown.reply, shown.replied_at) == ("已列入。", LATER)
    assert shown.proposer.name == "王某某"


def test_reply_to_a_suggestion_of_another_body_is_refused(store):
    with pytest.raises(UnknownSuggestion):
        usecases.reply(store, "dongyang", receive(store).id, "已列入。", NOW)


def test_proposer_is_erased_and_the_suggestion_kept(store):
    id = receive(store).id
    for _ in range(2):
        usecases.erase_proposer(store, BODY, id)
    (shown,) = usecases.show_suggestions(store, BODY, EVERYTHING)["suggestions"]
    assert shown.proposer is None
    assert shown.content == "村里夏天经常停水。"
    with pytest.raises(UnknownSuggestion):
        usecases.erase_proposer(store, "dongyang", id)


def test_draft_is_replaced_and_shown_to_nobody(store):
    usecases.draft_candidates(store, BODY, 2022, listed("water"))
    again = usecases.draft_candidates(store, BODY, 2022, listed("roads", "park", body_name="永安镇"))
    assert [each["id"] for each in again["projects"]] == ["roads", "park"]
    assert again["body_name"] == "永安镇"
    assert told(store) == []
    with pytest.raises(UnknownCandidateList):
        usecases.show_candidates(store, BODY, 2022)


@pytest.mark.parametrize(
    ("given", "refused", "field"),
    [
        (listed("water", "roads", "water"), ProjectListedTwice, "projects.2.id"),
        (listed(projects=[project().as_json() | {"budget": 1.5}]), InvalidProject, "projects.0.budget"),
        (listed(projects=[project().as_json() | {"id": "水"}]), InvalidProject, "projects.0.id"),
        (listed("water", body_name="\n"), InvalidCandidates, "body_name"),
    ],
)
def test_draft_unfit_is_refused(store, given, refused, field):
    with pytest.raises(refused) as refusal:
        usecases.draft_candidates(store, BODY, 2022, given)
    assert refusal.value.field == field


def test_candidates_are_published_once_and_fixed(store):
    shown = publish(store, "roads", "water")
    assert shown == usecases.show_candidates(store, BODY, 2022)
    assert shown["published_at"] == NOW
    with pytest.raises(CandidatesAlreadyPublished):
        usecases.publish_candidates(store, BODY, 2022, LATER)
    with pytest.raises(CandidatesAlreadyPublished):
        usecases.draft_candidates(store, BODY, 2022, listed("roads"))
    (event,) = told(store)
    assert event["type"] == "piaojue.proposals.candidates_published.v1"
    assert event["subject"] == "bodies/yongan/2022"
    assert [each["project"] for each in event["data"]["candidates"]] == ["roads", "water"]


def test_publication_without_projects_or_without_a_draft_is_refused(store):
    with pytest.raises(UnknownCandidateList):
        usecases.publish_candidates(store, BODY, 2022, NOW)
    usecases.draft_candidates(store, BODY, 2022, listed())
    with pytest.raises(NoCandidates):
        usecases.publish_candidates(store, BODY, 2022, NOW)
    assert told(store) == []


def test_record_is_told_once_for_the_same_content(store):
    first = usecases.put_on_record(store, BODY, 2021, listed("traffic", "wells"), NOW)
    assert usecases.put_on_record(store, BODY, 2021, listed("traffic", "wells"), LATER) == first
    assert [(each["id"], each["origin"]) for each in first["projects"]] == [
        ("traffic", "record"),
        ("wells", "record"),
    ]
    (event,) = told(store, "implementation_started")
    assert event["subject"] == "bodies/yongan/2021"
    assert event["data"]["origin"] == "record"
    assert event["data"]["started_at"] == "2022-04-01T02:30:00.000000Z"


@pytest.mark.parametrize("given", [listed("traffic"), listed("traffic", "wells", body_name="永安镇")])
def test_record_of_something_else_is_refused(store, given):
    usecases.put_on_record(store, BODY, 2021, listed("traffic", "wells"), NOW)
    with pytest.raises(RecordExists):
        usecases.put_on_record(store, BODY, 2021, given, NOW)
    assert len(told(store)) == 1


def test_record_without_projects_is_refused(store):
    with pytest.raises(InvalidRecord):
        usecases.put_on_record(store, BODY, 2021, listed(), NOW)


def test_project_is_not_on_the_list_and_on_the_record_of_a_year(store):
    usecases.draft_candidates(store, BODY, 2022, listed("water", "roads"))
    with pytest.raises(OnListAndRecord) as refusal:
        usecases.put_on_record(store, BODY, 2022, listed("park", "roads"), NOW)
    assert refusal.value.field == "projects.1.id"
    usecases.put_on_record(store, BODY, 2022, listed("park"), NOW)
    with pytest.raises(OnListAndRecord):
        usecases.draft_candidates(store, BODY, 2022, listed("park"))


def test_result_starts_what_it_adopts_and_tells_it_once(store):
    publish(store)
    for _ in range(2):
        hear(store, "park", "water")
    assert stages(store) == {
        "water": "under_implementation",
        "roads": "not_adopted",
        "park": "under_implementation",
    }
    (event,) = told(store, "implementation_started")
    assert event["subject"] == "bodies/yongan/2022"
    assert event["data"]["origin"] == "result"
    assert [each["project"] for each in event["data"]["projects"]] == ["water", "park"]
    assert event["data"]["started_at"] == "2022-04-16T03:05:40.930117Z"
    shown = usecases.show_projects(store, BODY, 2022)["projects"]
    assert [(each["id"], each["origin"]) for each in shown] == [("water", "result"), ("park", "result")]


def test_runoff_starts_only_what_it_adds(store):
    publish(store)
    hear(store, "water", outcome="runoff", tied=["roads", "park"])
    assert stages(store)["roads"] == "candidate"
    hear(store, "park", poll="p2", on_paper=("roads", "park"), declared_at="2022-04-16T04:00:00Z")
    assert stages(store) == {
        "water": "under_implementation",
        "roads": "not_adopted",
        "park": "under_implementation",
    }
    started = [
        [each["project"] for each in event["data"]["projects"]]
        for event in told(store, "implementation_started")
    ]
    assert started == [["water"], ["park"]]


def test_result_that_adopts_nothing_starts_nothing(store):
    publish(store)
    hear(store, outcome="void")
    hear(store, poll="p2", outcome="shortfall", declared_at="2022-04-16T04:00:00Z")
    assert set(stages(store).values()) == {"not_adopted"}
    assert told(store, "implementation_started") == []


def test_result_on_a_draft_or_on_no_list_is_logged_and_passed_over(store):
    with structlog.testing.capture_logs() as logs:
        hear(store, "water")
        usecases.draft_candidates(store, BODY, 2022, listed("water", "roads"))
        hear(store, "water")
    assert [(each["event"], each["poll"]) for each in logs] == [("result_without_candidate_list", "p1")] * 2
    publish(store, "water")
    assert stages(store) == {"water": "candidate"}
    assert told(store, "implementation_started") == []


def test_result_with_strangers_counts_for_the_others(store):
    publish(store, "water")
    with structlog.testing.capture_logs() as logs:
        hear(store, "water", "bridge", on_paper=("water", "bridge"))
    assert [(each["event"], each["projects"]) for each in logs] == [
        ("projects_not_on_candidate_list", ("bridge",))
    ]
    (event,) = told(store, "implementation_started")
    assert [each["project"] for each in event["data"]["projects"]] == ["water"]


def test_result_that_cannot_be_one_is_refused_and_changes_nothing(store):
    publish(store)
    with pytest.raises(InvalidResult):
        hear(store, "water", on_paper=("roads",))
    assert set(stages(store).values()) == {"candidate"}


def test_projects_of_a_year_are_those_by_a_result_and_those_on_record(store):
    publish(store)
    hear(store, "roads")
    usecases.put_on_record(store, BODY, 2022, listed("wells"), NOW)
    shown = usecases.show_projects(store, BODY, 2022)["projects"]
    assert [(each["id"], each["origin"]) for each in shown] == [("roads", "result"), ("wells", "record")]
    assert usecases.show_projects(store, BODY, 2019)["projects"] == []
