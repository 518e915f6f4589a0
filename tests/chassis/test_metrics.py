"""Metrics: declared once, cheap to count, nothing in a label that could name a person."""

from uuid import uuid4

import pytest
from prometheus_client.parser import text_string_to_metric_families

from chassis import metrics


@pytest.fixture
def service():
    return f"service-{uuid4().hex[:8]}"


def shown(service: str | None = None) -> dict[tuple[str, frozenset], float]:
    families = text_string_to_metric_families(metrics.exposition(service).decode())
    return {(s.name, frozenset(s.labels.items())): s.value for family in families for s in family.samples}


def test_an_http_request_is_counted_and_timed(service):
    for _ in range(2):
        metrics.http_observed(service=service, method="GET", route="/polls/<id>", status=200, seconds=0.02)
    labels = {"service": service, "method": "GET", "route": "/polls/<id>"}
    assert shown()["piaojue_http_requests_total", frozenset({**labels, "status": "200"}.items())] == 2
    assert shown()["piaojue_http_request_duration_seconds_count", frozenset(labels.items())] == 2
    assert (
        shown()["piaojue_http_request_duration_seconds_bucket", frozenset({**labels, "le": "0.01"}.items())]
        == 0
    )


def test_an_invented_method_makes_no_series_of_its_own(service):
    metrics.http_observed(service=service, method="BREW", route="unmatched", status=405, seconds=0)
    assert metrics.sample(
        "piaojue_http_requests_total", service=service, method="other", route="unmatched", status=405
    )


def test_a_handled_event_is_counted_by_outcome(service):
    metrics.handler_observed(service=service, type="t.v1", outcome="parked", seconds=0.1)
    assert metrics.sample("piaojue_handler_events_total", service=service, type="t.v1", outcome="parked") == 1


def test_the_exposition_of_one_service_shows_no_other(service):
    other = f"{service}-other"
    metrics.OUTBOX_PENDING.of(service).set(3)
    metrics.OUTBOX_PENDING.of(other).set(4)
    metrics.build_observed(service=service, version="1.2.3")
    found = shown(service)
    assert found["piaojue_outbox_pending", frozenset({("service", service)})] == 3
    assert {dict(labels).get("service", service) for _, labels in found} == {service}
    assert any(name == "process_start_time_seconds" for name, _ in found)
    assert any(dict(labels).get("service") == other for _, labels in shown())


def test_series_whose_labels_come_and_go_are_shown_no_longer_than_they_are_there(service):
    series = metrics.gauge(f"piaojue_x{uuid4().hex}_shown", "Only for this test.", ["place"])
    here, elsewhere = metrics.Shown(series, service), metrics.Shown(series, f"{service}-other")
    elsewhere.only({("south",): 7})
    here.only({("north",): 1, ("south",): 2})
    here.only({("south",): 3, ("west",): 4})
    seen = {
        dict(labels)["place"]: value
        for (_, labels), value in shown(service).items()
        if ("place") in dict(labels)
    }
    assert seen == {"south": 3, "west": 4}
    elsewhere.only({})
    assert [value for (name, _), value in shown().items() if name.endswith("_shown")] == [3, 4]


@pytest.mark.parametrize("label", ["code", "deputy", "person_id", "choice", "marks", "receipt", "api_token"])
def test_a_label_that_could_name_a_person_or_a_secret_is_refused(label):
    with pytest.raises(ValueError, match="could tell"):
        metrics.counter("piaojue_refused_total", "Never declared.", [label])


@pytest.mark.parametrize(
    ("name", "doc", "labels"),
    [
        ("requests_total", "A doc.", []),
        ("piaojue_requests", "A doc.", []),
        ("piaojue_http_requests_total", "Declared already.", []),
        ("piaojue_x_total", " ", []),
        ("piaojue_x_total", "A doc.", ["service"]),
        ("piaojue_x_total", "A doc.", ["Upper"]),
    ],
)
def test_a_declaration_that_is_not_allowed_is_refused(name, doc, labels):
    with pytest.raises(ValueError, match=name):
        metrics.counter(name, doc, labels)


def test_the_page_shows_every_declared_metric():
    page = metrics.metrics_page()
    assert all(f"| `{declared.name}` | {declared.kind} |" in page for declared in metrics.declarations())
    assert "| `piaojue_relay_leader` | gauge | `service` |" in page
