"""Traces: from a request through its event to the handlers, as a collector is told; and of a cast nothing."""

import json
from contextlib import closing
from sqlite3 import connect
from time import monotonic

import pytest

from tests.end_to_end import year
from tests.support.collector import collecting
from tests.support.region import RealRegion
from tests.support.running import running
from tests.support.waiting import eventually

CALLER = "b7ad6b7169203331"
LIST = f"/proposals/bodies/{year.BODY}/years/2023/list"
PUBLICATION = "POST /proposals/bodies/<body>/years/<year>/list/publication"
PUBLISHED = "piaojue.proposals.candidates_published.v1"


def traced(trace, sampled=True):
    """A header with which a caller names its trace, and an id by which it names its request."""
    return {"traceparent": f"00-{trace}-{CALLER}-0{sampled:d}", "X_Correlation_Id": f"named-{trace[:8]}"}


@pytest.fixture(scope="module")
def collector():
    with collecting() as made:
        yield made


@pytest.fixture(scope="module")
def region(collector):
    names = ("proposals", "ballots", "ratings", "notifications")
    with running(*names, settings={"PIAOJUE_TRACES_ENDPOINT": collector.endpoint}) as made:
        year.put_on_record(made)
        year.publish_candidates(made)
        year.open_meeting(made)
        yield made


def publish(region, trace, sampled=True):
    projects = [year.project(id, title) for id, title in year.CANDIDATES.items()]
    year.asked(region, "PUT", LIST, {"body_name": year.NAME, "projects": projects})
    answer = region.call("POST", f"{LIST}/publication", roles=["clerk"], **traced(trace, sampled))
    assert answer.status < 300, answer.body


def told(collector, trace, service, kind, count=1):
    """The spans of a service of this kind in a trace, waited for, in the order of their names."""

    def found():
        spans = [each for each in collector.trace(trace) if (each.service, each.kind) == (service, kind)]
        return sorted(spans, key=lambda each: each.name) if len(spans) >= count else None

    return eventually(found, 20, f"{service} tells of {count} × {kind}")


def event_of(region, service, name, trace):
    """The event of this name that a service has told in this trace, waited for."""

    def found():
        return [each for each in region.events(service, name) if trace in each.get("traceparent", "")]

    (event,) = eventually(found, 20, f"{service} tells {name}")
    return event


def check_one_trace(region, collector, trace):
    """From a publication to its notice: the request, its commit, what was published, who handled it."""
    (request,) = told(collector, trace, "proposals", "SERVER")
    assert (request.name, request.parent, request.failed) == (PUBLICATION, CALLER, False)
    assert request.attributes["http.response.status_code"] in (200, 204)
    (transaction,) = told(collector, trace, "proposals", "CLIENT")
    (publishing,) = told(collector, trace, "proposals", "PRODUCER")
    (handling,) = told(collector, trace, "notifications", "CONSUMER")
    assert transaction.parent == publishing.parent == handling.parent == request.id
    assert 0 < transaction.seconds < request.seconds
    assert handling.name == f"handle {PUBLISHED}"
    event = event_of(region, "proposals", "candidates_published", trace)
    assert event["traceparent"] == f"00-{trace}-{request.id}-01"
    for span in (publishing, handling):
        assert span.attributes["cloudevents.event_id"] == event["id"]
        assert span.attributes["cloudevents.event_subject"] == event["subject"]
    assert handling.attributes["piaojue.attempt"] == 1
    notice = event_of(region, "notifications", "notice_published", trace)
    assert notice["traceparent"] == f"00-{trace}-{handling.id}-01"
    (telling,) = told(collector, trace, "notifications", "PRODUCER")
    assert telling.parent == handling.id
    assert telling.attributes["messaging.destination.name"] == "notifications.events"


def test_a_trace_goes_from_a_request_through_its_event_to_the_handlers(region, collector):
    trace = "0af7651916cd43dd8448eb211c80319c"
    publish(region, trace)
    check_one_trace(region, collector, trace)
    (request,) = told(collector, trace, "proposals", "SERVER")
    (handling,) = told(collector, trace, "ballots", "CONSUMER")
    assert handling.parent == request.id
    said = "".join(span.said for span in collector.spans)
    for content in (year.NAME, *year.CANDIDATES.values(), "someone"):
        assert content not in said
        assert "".join(f"\\{octet:03o}" for octet in content.encode()) not in said
    assert {each["service.namespace"] for each in collector.resources} == {"piaojue"}
    assert {each["piaojue.region"] for each in collector.resources} == {"demo"}


def test_what_a_caller_does_not_sample_is_not_told_and_goes_on_all_the_same(region, collector):
    trace = "1af7651916cd43dd8448eb211c80319c"
    given = {"body_name": year.NAME, "projects": [year.project("bridge", "桥梁", 2020)]}
    path = f"/proposals/bodies/{year.BODY}/years/2020/record"
    assert region.call("POST", path, given, roles=["clerk"], **traced(trace, False)).status == 201
    event = event_of(region, "proposals", "implementation_started", trace)
    assert event["traceparent"].endswith("-00")
    region.heard_all("notifications", "proposals")
    fence(region, collector, "2af7651916cd43dd8448eb211c80319c")
    assert not collector.trace(trace)


def fence(region, collector, trace):
    """What was told before is with the collector by now: one thread tells it, in order."""
    assert region.call("GET", f"{LIST}", **traced(trace)).status == 200
    told(collector, trace, "proposals", "SERVER")


def kept_of(region, secrets):
    """The tables, logs and feeds in which any of these texts is."""
    for service in ("proposals", "ballots", "ratings", "notifications"):
        with closing(connect(region.folder / f"{service}.db")) as database:
            tables = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
            for (table,) in tables:
                rows = str(database.execute(f'SELECT * FROM "{table}"').fetchall())
                if any(each in rows for each in secrets):
                    yield f"{service}.{table}"
        if any(each in json.dumps(region.events(service)) for each in secrets):
            yield f"{service} events"
    if any(each in region.log() for each in secrets):
        yield "log"


def test_a_cast_leaves_no_trace(region, collector):
    codes = year.open_poll(region)
    trace = "3af7651916cd43dd8448eb211c80319c"
    papers = f"/ballots/bodies/{year.BODY}/polls/p1/papers"
    before = [each["id"] for each in region.events("ballots") if "turnout" not in each["type"]]
    for code, marks, status in (
        *((codes[0], ["water"], 201), (codes[0], ["road"], 409), (codes[1], ["nothing"], 422)),
        *(("3333-3333-33333", [], 404), (codes[1], ["road"], 201), (7, None, 422)),
    ):
        answer = region.call("POST", papers, {"code": code, "marks": marks}, **traced(trace))
        assert answer.status == status, answer.body
        assert answer.headers["x-correlation-id"] != traced(trace)["X_Correlation_Id"]
    check_a_form_leaves_none(region, trace)

    def turnout():
        return [each for each in region.events("ballots", "turnout_changed") if each["data"]["returned"] == 2]

    (event,) = eventually(turnout, 20, "the turnout is told")
    assert "traceparent" not in event
    assert "correlationid" not in event
    assert [each["id"] for each in region.events("ballots") if "turnout" not in each["type"]] == before
    fence(region, collector, "4af7651916cd43dd8448eb211c80319c")
    assert not collector.trace(trace)
    assert "/papers" not in "".join(span.said for span in collector.spans)
    assert "/forms" not in "".join(span.said for span in collector.spans)
    assert list(kept_of(region, [trace, traced(trace)["X_Correlation_Id"], CALLER + "-"])) == []


def check_a_form_leaves_none(region, trace):
    base = f"/ratings/bodies/{year.BODY}/ratings"
    known = f"/ratings/bodies/{year.BODY}/projects"

    def projects():
        return {each["project"] for each in year.asked(region, "GET", known)["projects"]}

    eventually(lambda: projects() >= set(year.LAST_YEAR), 20, "ratings knows last year's projects")
    given = {"rating": "r1", "body_name": year.NAME, "title": "测评", "projects": list(year.LAST_YEAR)}
    given |= {"members": 9, "scale": year.SCALE, "verdict": {"of": "members", "exactly_half": "fails"}}
    year.asked(region, "POST", base, given)
    year.asked(region, "POST", f"{base}/r1/opening")
    (code,) = year.asked(region, "POST", f"{base}/r1/slips", {"slips": 1})["codes"]
    form = {"code": code, "grades": {each: [year.SCALE[0]] for each in year.LAST_YEAR}}
    for status in (201, 409):
        assert region.call("POST", f"{base}/r1/forms", form, **traced(trace)).status == status


def test_objections_and_suggestions_do_not_tell_by_a_trace_whose_they_are(region, collector):
    """Everybody is told that there is one, and few whose: its event must not name a deputy's device."""
    codes = year.open_poll(region, "p2")
    for code in codes[:41]:
        assert year.cast(region, code, ["water"], "p2").status == 201
    year.declare(region, "p2")
    trace = "5af7651916cd43dd8448eb211c80319c"
    by = region.token("deputy", subject="7")
    path = f"/ballots/bodies/{year.BODY}/polls/p2/objections"
    given = {"objection": "o1", "text": "计票有误。"}
    answer = region.call("POST", path, given, Authorization=by, **traced(trace))
    assert answer.status == 201, answer.body
    assert "traceparent" not in region.event("ballots", "objection_filed")
    path = f"/proposals/bodies/{year.BODY}/suggestions"
    given = {"year": 2023, "title": "路灯", "content": "装路灯", "source": "deputies"}
    given["proposer"] = {"name": "赵钱孙李", "contact": "13912345678"}
    answer = region.call("POST", path, given, Authorization=by, **traced(trace))
    assert answer.status == 201, answer.body
    assert "traceparent" not in region.event("proposals", "suggestion_received")
    fence(region, collector, "6af7651916cd43dd8448eb211c80319c")
    assert not collector.trace(trace)
    assert list(kept_of(region, [trace, traced(trace)["X_Correlation_Id"]])) == []


def test_a_collector_that_hangs_or_refuses_holds_up_neither_requests_nor_the_stop(tmp_path):
    """Casting depends on no collector; what it does not take is counted, and lost."""
    with collecting() as collector:
        settings = {"PIAOJUE_TRACES_ENDPOINT": collector.endpoint}
        played = ("ballots", "ratings")
        with running("proposals", "notifications", played=played, settings=settings) as region:
            collector.free.clear()
            publish(region, "7af7651916cd43dd8448eb211c80319c")
            eventually(lambda: collector.asked, 20, "the collector is asked, and does not answer")
            begun = monotonic()
            for _ in range(20):
                assert region.call("GET", LIST).status == 200
            assert monotonic() - begun < 2
            collector.status = 400
            collector.free.set()
            none = 'piaojue_trace_spans_total{outcome="failed",service="proposals"} 0.0'

            def failures():
                return none not in region.call("GET", "/proposals/metrics").body.decode()

            eventually(failures, 20, "failures are counted")
            assert "spans_not_taken" in region.log()
            collector.free.clear()
            begun, asked = monotonic(), collector.asked
            assert region.call("GET", LIST).status == 200
            eventually(lambda: collector.asked > asked, 20, "it is asked again, and hangs")
            begun = monotonic()
        assert monotonic() - begun < 10


@pytest.mark.real
def test_a_trace_goes_from_process_to_process_through_a_real_broker(tmp_path, rabbitmq, postgres):
    trace = "8af7651916cd43dd8448eb211c80319c"
    with collecting() as collector:
        settings = {"PIAOJUE_TRACES_ENDPOINT": collector.endpoint}
        region = RealRegion(tmp_path, rabbitmq, postgres, settings)
        try:
            region.start("proposals", "notifications")
            publish(region, trace)
            check_one_trace(region, collector, trace)
        finally:
            region.close()
