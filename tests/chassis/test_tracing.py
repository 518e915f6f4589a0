"""Spans: what is told of work that is done, how it reaches a collector, and what it costs who has none."""

import json
import subprocess
import sys
from dataclasses import dataclass, field
from threading import Thread
from time import monotonic, perf_counter

import pytest
from nameko.exceptions import ConfigurationError

from chassis.auth import jwks, new_key
from chassis.config import load_settings
from chassis.correlation import Trace, correlated, current_trace, current_traceparent
from chassis.events.inbox_store import InboxStore
from chassis.events.log import EventLog
from chassis.events.relay import Relay
from chassis.http import INTERNAL, PUBLIC
from chassis.http.routing import Route
from chassis.http.traced import record_request
from chassis.metrics import sample
from chassis.testing.bus import FakeBus
from chassis.testing.things import HAPPENED, SOURCE, altered, happenings
from chassis.tracing import Collecting, Kind, recording
from chassis.tracing.otlp import BATCH, WAITING
from piaojue_contracts import Event
from tests.support.collector import collecting
from tests.support.listeners import Listener, deliveries
from tests.support.things_store import kept, tell
from tests.support.waiting import eventually

TRACE, CALLER = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
TRACEPARENT = f"00-{TRACE}-{CALLER}-01"


@dataclass
class Span:
    trace: Trace
    name: str
    kind: Kind
    attributes: dict
    failed: str | None


@dataclass
class Recorder:
    """A tracer that remembers."""

    ratio: float = 0.0
    spans: list[Span] = field(default_factory=list)

    def record(self, trace, name, kind, *, started, attributes, failed=None):
        assert perf_counter() >= started
        self.spans.append(Span(trace, name, kind, dict(attributes), failed))


@pytest.fixture
def tracer():
    return Recorder()


def test_a_part_of_the_work_is_recorded_as_its_child(tracer):
    with correlated(None, TRACEPARENT), recording(tracer, "part", Kind.CLIENT, {"a": 1}, part=True):
        work = current_trace()
    (span,) = tracer.spans
    assert (span.name, span.kind, span.attributes, span.failed) == ("part", Kind.CLIENT, {"a": 1}, None)
    assert (span.trace.trace_id, span.trace.parent_id) == (TRACE, work.span_id)
    assert span.trace.span_id not in (work.span_id, CALLER)


def test_of_what_fails_the_kind_is_recorded_and_no_text(tracer):
    with (
        correlated(None, TRACEPARENT),
        pytest.raises(KeyError),
        recording(tracer, "work", Kind.CONSUMER, {}),
    ):
        raise KeyError("a secret")
    (span,) = tracer.spans
    assert (span.trace.trace_id, span.trace.parent_id, span.failed) == (TRACE, CALLER, "KeyError")
    assert "secret" not in repr(span)


@pytest.mark.parametrize("traceparent", [None, TRACEPARENT[:-1] + "0"])
def test_nothing_is_recorded_of_what_is_not_sampled(tracer, traceparent):
    with correlated(None, traceparent), recording(tracer, "work", Kind.CLIENT, {}):
        pass
    with recording(tracer, "outside of a request", Kind.CLIENT, {}):
        pass
    assert tracer.spans == []


@pytest.mark.parametrize(("status", "failed"), [(200, None), (404, None), (503, "503")])
def test_a_request_is_told_by_its_template_and_fails_when_it_is_our_fault(tracer, status, failed):
    route = Route("GET", "/bodies/<body>", PUBLIC)
    with correlated(None, TRACEPARENT):
        record_request(tracer, "north", route, status, perf_counter())
    (span,) = tracer.spans
    assert (span.name, span.failed) == ("GET /north/bodies/<body>", failed)
    assert span.attributes["http.response.status_code"] == status


def test_what_monitoring_asks_is_not_told(tracer):
    with correlated(None, TRACEPARENT):
        record_request(tracer, "north", Route("GET", "/metrics", INTERNAL), 200, perf_counter())
    assert tracer.spans == []


def test_a_handler_continues_the_trace_of_its_event_at_every_try(sqlite_store, tracer):
    """A batch in which one fails is done again, event by event, and told of again."""
    seen = []
    store = InboxStore(sqlite_store)
    listener = Listener(store, lambda things, number: things.tell(number * 10), tracer=tracer)
    listener.hook = lambda heard: seen.append(current_traceparent())
    listener.failing[1] = 3
    event = altered(happenings(1)[0], traceparent=TRACEPARENT).sealed()
    listener.inbox.receive(deliveries([event]))
    listener.retry_until_done()
    tries = [(span.attributes["piaojue.attempt"], span.failed) for span in tracer.spans]
    assert tries == [(1, "RuntimeError"), (1, "RuntimeError"), (2, "RuntimeError"), (3, None)]
    assert {(span.name, span.kind) for span in tracer.spans} == {(f"handle {HAPPENED.type}", Kind.CONSUMER)}
    assert {(span.trace.trace_id, span.trace.parent_id) for span in tracer.spans} == {(TRACE, CALLER)}
    assert [span.trace.traceparent for span in tracer.spans] == seen
    with sqlite_store.engine.connect() as connection:
        told = connection.exec_driver_sql("SELECT traceparent FROM outbox").scalars().all()
    assert told == [seen[-1]]


def test_an_event_of_no_trace_begins_one(sqlite_store):
    tracer = Recorder(ratio=1.0)
    listener = Listener(InboxStore(sqlite_store), lambda things, number: things.keep(number), tracer=tracer)
    listener.inbox.receive(deliveries(happenings(2)))
    assert [span.trace.parent_id for span in tracer.spans] == [None, None]
    assert len({span.trace.trace_id for span in tracer.spans}) == 2


def test_a_transaction_is_told_with_the_work_that_it_is_a_part_of(sqlite_store, tracer):
    sqlite_store.tracer = tracer
    tell(sqlite_store, 1)
    with correlated(None, TRACEPARENT):
        tell(sqlite_store, 2)
        kept(sqlite_store)
        work = current_trace()
    (span,) = tracer.spans
    assert (span.name, span.attributes) == ("transaction", {"db.system.name": "sqlite"})
    assert span.trace.parent_id == work.span_id


def test_what_is_published_is_told_once_the_broker_has_it_and_goes_out_as_it_was_committed(
    sqlite_store, tracer
):
    with correlated(None, TRACEPARENT):
        work = current_trace()
        tell(sqlite_store, 1)
    tell(sqlite_store, 2)
    bus = FakeBus()
    bus.down = True
    relay = Relay("north", EventLog(sqlite_store, SOURCE), bus, batch=10, interval=0.02, tracer=tracer)
    thread = Thread(target=relay.run, daemon=True)
    thread.start()
    try:
        eventually(lambda: relay.trouble() is not None, what="the broker is missed")
        assert tracer.spans == []
        bus.down = False
        (span,) = eventually(lambda: tracer.spans, what="it is told")
    finally:
        relay.stop()
        thread.join(20)
    first, second = (Event.from_bytes(message.body) for message in bus.published)
    assert (first.traceparent, second.traceparent) == (work.traceparent, None)
    assert (span.kind, span.name, span.trace.parent_id) == (
        *(Kind.PRODUCER, "publish north.events", work.span_id),
    )
    assert span.attributes["cloudevents.event_id"] == first.id


def settings_of(endpoint, **more):
    environ = {"PIAOJUE_TRACES_ENDPOINT": endpoint, **more} if endpoint else {}
    return load_settings("north", (), environ=environ)


def counted(outcome):
    return sample("piaojue_trace_spans_total", service="north", outcome=outcome)


def record(tracer, number=1, failed=None):
    trace = Trace(TRACE, f"{number:016x}", True, CALLER)
    tracer.record(
        trace, "work", Kind.SERVER, started=perf_counter() - 0.5, attributes={"n": 7}, failed=failed
    )


def test_a_span_reaches_the_collector_with_the_ids_of_the_work():
    with collecting() as collector:
        together = Collecting()
        record(together.tracer(settings_of(collector.endpoint), "1.2"), failed="KeyError")
        together.stop()
        (span,) = collector.spans
    assert (span.trace, span.id, span.parent) == (TRACE, f"{1:016x}", CALLER)
    assert (span.service, span.name, span.kind, span.failed) == ("north", "work", "SERVER", True)
    assert span.attributes == {"n": 7, "error.type": "KeyError"}
    assert 0.5 <= span.seconds < 5
    (resource,) = collector.resources
    assert resource["service.version"] == "1.2"


def test_more_than_may_wait_is_dropped_and_every_span_is_counted_once():
    made = WAITING + BATCH + 500
    before = {outcome: counted(outcome) for outcome in ("exported", "failed", "dropped")}
    with collecting() as collector:
        collector.free.clear()
        together = Collecting()
        tracer = together.tracer(settings_of(collector.endpoint), "1")
        begun = monotonic()
        for number in range(1, made + 1):
            record(tracer, number)
        assert monotonic() - begun < 5, "making spans waits for the collector"
        assert counted("dropped") - before["dropped"] >= 500 - BATCH
        collector.free.set()

        def all_told():
            return sum(counted(outcome) - before[outcome] for outcome in before) == made

        eventually(all_told, 20, "each is counted")
        together.stop()
        assert len(collector.spans) == counted("exported") - before["exported"]
        assert len({span.id for span in collector.spans}) == len(collector.spans)


def test_a_collector_that_hangs_does_not_hold_up_the_stop():
    with collecting() as collector:
        collector.free.clear()
        together = Collecting()
        tracer = together.tracer(settings_of(collector.endpoint), "1")
        record(tracer)
        eventually(lambda: collector.asked, what="it is asked")
        record(tracer, 2)
        before, begun = counted("dropped"), monotonic()
        together.stop()
        assert monotonic() - begun < 4
        assert counted("dropped") == before + 1


def test_services_with_one_collector_share_its_queue_and_without_one_have_no_tracer():
    together = Collecting()
    assert together.tracer(settings_of(None), "1") is None
    with collecting() as collector:
        first, second = (together.tracer(settings_of(collector.endpoint), "1") for _ in range(2))
        record(first, 1)
        record(second, 2)
        together.stop()
        together.stop()
        assert {span.id for span in collector.spans} == {f"{1:016x}", f"{2:016x}"}


def test_who_names_a_collector_without_the_library_is_told_what_to_install(monkeypatch):
    monkeypatch.delitem(sys.modules, "chassis.tracing.otlp")
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    with pytest.raises(ConfigurationError, match=r"piaojue-chassis\[tracing\]"):
        Collecting().tracer(settings_of("http://127.0.0.1:1/v1/traces"), "1")


def test_where_a_collector_is_may_hold_a_password_and_is_shown_without():
    settings = settings_of("http://a:secret@collector:4318/v1/traces")
    shown = {key: value for key, value, _ in settings.describe()}
    assert shown["traces_endpoint"] == "http://a:***@collector:4318/v1/traces"


PROGRAM = """
import eventlet
eventlet.monkey_patch()
import sys
from chassis.service import Running
from piaojue.running import settings_of
from piaojue.versions import SERVICES

running = Running(settings_of(SERVICES, dict(pair.split("=", 1) for pair in sys.argv[1:])))
running.start()
running.stop()
print(sorted({name.split(".")[0] for name in sys.modules} & {"opentelemetry", "google"}))
"""


@pytest.mark.parametrize("named", [False, True])
def test_nothing_of_opentelemetry_is_imported_unless_a_collector_is_named(tmp_path, named):
    (tmp_path / "jwks.json").write_text(json.dumps(jwks(new_key())))
    environ = [f"PIAOJUE_DATA_FOLDER={tmp_path}", "PIAOJUE_HTTP_ADDRESS=127.0.0.1:0"]
    if named:
        environ.append("PIAOJUE_TRACES_ENDPOINT=http://127.0.0.1:1/v1/traces")
    command = [sys.executable, "-W", "ignore", "-c", PROGRAM, *environ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=90)
    assert done.returncode == 0, done.stderr
    assert ("opentelemetry" in done.stdout.splitlines()[-1]) is named
