"""Metrics: each declared once with its documentation, kept in the one registry of the process.

Several services may live in one process, so every metric carries the label ``service`` before its own.
A service declares metrics of its own with :func:`counter`, :func:`gauge` and :func:`histogram`, at the top
of a module; they then appear in :func:`metrics_page`. Labels that could name a person or a secret are
refused when declared.
"""

import platform
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

import prometheus_client
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, Counter, Gauge, Histogram, generate_latest
from prometheus_client.metrics_core import Metric

from chassis.sensitive import is_sensitive

CONTENT_TYPE: Final = CONTENT_TYPE_LATEST
SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Buckets of a duration, in seconds."""

_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_NAME: Final = re.compile(r"piaojue_[a-z][a-z0-9_]*")
_LABEL: Final = re.compile(r"[a-z][a-z0-9_]*")

prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series for each, which nobody here reads


@dataclass(frozen=True)
class Declaration:
    """What the page says about one metric. ``name`` is the name on the wire, ``_total`` included."""

    name: str
    kind: str
    doc: str
    labels: tuple[str, ...]


_declared: dict[str, Declaration] = {}

_Kind = TypeVar("_Kind", Counter, Gauge, Histogram)


class Series(Generic[_Kind]):
    """A declared metric; ``series.of("ballots", "GET")`` is its child for these labels' values, in order.

    Children are remembered here, since finding one in the library takes a lock and costs more than counting.
    """

    def __init__(self, metric: _Kind) -> None:
        self._metric: _Kind = metric
        self._children: dict[tuple[str, ...], _Kind] = {}

    def of(self, *values: str) -> _Kind:
        child = self._children.get(values)
        if child is None:
            child = self._children.setdefault(values, self._metric.labels(*values))
        return child

    def forget(self, *values: str) -> None:
        """Shows the child for these labels' values no more. Idempotent."""
        if self._children.pop(values, None) is not None:
            self._metric.remove(*values)


class Shown:
    """A gauge's values for one service whose labels come and go, such as those of open polls."""

    def __init__(self, series: "Series[Gauge]", service: str) -> None:
        self._series = series
        self._service = service
        self._values: frozenset[tuple[str, ...]] = frozenset()

    def only(self, values: Mapping[tuple[str, ...], float]) -> None:
        """Shows these, by the values of their labels, and no others of before."""
        for gone in self._values - values.keys():
            self._series.forget(self._service, *gone)
        for labels, value in values.items():
            self._series.of(self._service, *labels).set(value)
        self._values = frozenset(values)


def counter(name: str, doc: str, labels: Sequence[str] = ()) -> Series[Counter]:
    """Declare a counter, named ``…_total``. ValueError: its name or a label is not allowed, or is taken."""
    if not name.endswith("_total"):
        raise ValueError(f"{name}: a counter's name ends in _total")
    declared = _declare(name, "counter", doc, labels)
    return Series(Counter(name, doc, declared.labels))


def gauge(name: str, doc: str, labels: Sequence[str] = ()) -> Series[Gauge]:
    """Declare a gauge. ValueError: as for a counter."""
    declared = _declare(name, "gauge", doc, labels)
    return Series(Gauge(name, doc, declared.labels))


def histogram(
    name: str, doc: str, labels: Sequence[str] = (), *, buckets: Sequence[float] = SECONDS
) -> Series[Histogram]:
    """Declare a histogram. ValueError: as for a counter."""
    declared = _declare(name, "histogram", doc, labels)
    return Series(Histogram(name, doc, declared.labels, buckets=buckets))


def _declare(name: str, kind: str, doc: str, labels: Sequence[str]) -> Declaration:
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name}: a metric's name is piaojue_ and lower case words")
    if name in _declared:
        raise ValueError(f"{name}: declared already")
    if not doc.strip():
        raise ValueError(f"{name}: a metric says what it measures")
    for label in labels:
        if not _LABEL.fullmatch(label) or label == "service":
            raise ValueError(f"{name}: {label!r} cannot be a label")
        if is_sensitive(label):
            raise ValueError(f"{name}: the label {label!r} could tell who voted how, or a secret")
    declaration = Declaration(name, kind, doc, ("service", *labels))
    _declared[name] = declaration
    return declaration


HTTP_REQUESTS = counter(
    "piaojue_http_requests_total",
    "HTTP requests answered. `route` is the template of the path, or `unmatched`.",
    ["method", "route", "status"],
)
HTTP_SECONDS = histogram(
    "piaojue_http_request_duration_seconds",
    "Time from the arrival of an HTTP request to its answer, in seconds.",
    ["method", "route"],
)
HANDLER_EVENTS = counter(
    "piaojue_handler_events_total",
    "Events given to a handler. `outcome` is `handled`, `failed` (will be tried again) or `parked`.",
    ["type", "outcome"],
)
HANDLER_SECONDS = histogram(
    "piaojue_handler_duration_seconds", "Time that a handler took, in seconds.", ["type"]
)

OUTBOX_PENDING = gauge(
    "piaojue_outbox_pending", "Committed events that are not yet confirmed by the broker; a few is normal."
)
OUTBOX_OLDEST_SECONDS = gauge(
    "piaojue_outbox_oldest_seconds",
    "Age of the oldest event not yet published, in seconds; 0 when there is none.",
)
OUTBOX_SEQUENCE = gauge("piaojue_outbox_sequence", "Last number given in this service's log of events.")
OUTBOX_PUBLISHED = gauge(
    "piaojue_outbox_published", "Last number of this service's log that the broker has confirmed."
)
LOG_VERIFIED = gauge(
    "piaojue_log_verified",
    "Number up to which the relay's process has verified the chain of this service's log, since its start.",
)
LOG_BROKEN = gauge(
    "piaojue_log_broken", "1 where an event of this service's own log does not continue its chain, else 0."
)
RELAY_LEADER = gauge("piaojue_relay_leader", "1 where this process is the relay of its service, else 0.")
RELAY_BATCHES = counter(
    "piaojue_relay_batches_total",
    "Batches of events sent to the broker. `outcome` is `confirmed`, `refused` (by a queue that is full and "
    "refuses more; all others have them) or `failed` (will be sent again).",
    ["outcome"],
)
RELAY_LAST_PUBLISH = gauge(
    "piaojue_relay_last_publish_timestamp_seconds",
    "When this process last had events confirmed by the broker, as Unix time; 0 before the first.",
)

CONSUMER_CONNECTED = gauge(
    "piaojue_consumer_connected", "1 where this process has its inbox's queue at the broker, else 0."
)
INBOX_WAITING = gauge("piaojue_inbox_waiting", "Events stored and not yet handled, parked ones not counted.")
INBOX_OLDEST_SECONDS = gauge(
    "piaojue_inbox_oldest_seconds",
    "Age of the oldest event that waits to be handled, in seconds; 0 when there is none. Parked ones do not "
    "count.",
)
INBOX_PARKED = gauge("piaojue_inbox_parked", "Events set aside after the last try; each needs a person.")
INBOX_DUPLICATES = counter(
    "piaojue_inbox_duplicates_total",
    "Events received again and dropped. `source` is the producer.",
    ["source"],
)
INBOX_GAPS_HEALED = counter(
    "piaojue_inbox_gaps_healed_total",
    "Gaps in a source's sequence that were filled from its log. `source` is the producer.",
    ["source"],
)
INBOX_EVENTS_HEALED = counter(
    "piaojue_inbox_events_healed_total",
    "Events fetched from their source's log, not from the broker. `source` is the producer.",
    ["source"],
)
INBOX_CURSOR = gauge(
    "piaojue_inbox_cursor",
    "Number of the last event taken. `source` is the producer.",
    ["source"],
)
INBOX_FORKED = gauge(
    "piaojue_inbox_forked",
    "1 where a source is stopped since its log does not continue what was taken before, else 0.",
    ["source"],
)

STORE_REACHABLE = gauge(
    "piaojue_store_reachable", "1 where the database answered this process when it was last asked, else 0."
)
STORE_CONNECTIONS = gauge(
    "piaojue_store_connections_in_use", "Connections to the database that are in use in this process."
)
STORE_CONNECTIONS_MAX = gauge(
    "piaojue_store_connections_max", "Connections to the database that this process may have at most."
)
OBSERVED_AT = gauge(
    "piaojue_observed_timestamp_seconds",
    "When the figures that are read from the database were last brought up to date, as Unix time.",
)

TRACE_SPANS = counter(
    "piaojue_trace_spans_total",
    "Spans made for the collector of traces. `outcome` is `exported`, `failed` (the collector did not take "
    "them) or `dropped` (too many were waiting).",
    ["outcome"],
)

BUILD_INFO = gauge("piaojue_build_info", "Always 1; the labels say what runs.", ["version", "python"])
PLUGIN_FAILURES = counter(
    "piaojue_plugin_failures_total",
    "Calls of a plugin that failed. `group` is the entry point group.",
    ["group", "plugin"],
)


def http_observed(*, service: str, method: str, route: str, status: int, seconds: float) -> None:
    """Count one HTTP request. ``route`` is a template, never a path: each value makes series that stay."""
    if method not in _METHODS:
        method = "other"
    HTTP_REQUESTS.of(service, method, route, str(status)).inc()
    HTTP_SECONDS.of(service, method, route).observe(seconds)


def handler_observed(*, service: str, type: str, outcome: str, seconds: float) -> None:
    """Count one event given to a handler. ``outcome`` is ``handled``, ``failed`` or ``parked``."""
    HANDLER_EVENTS.of(service, type, outcome).inc()
    HANDLER_SECONDS.of(service, type).observe(seconds)


def inbox_begins(service: str, sources: Iterable[str], types: Iterable[str]) -> None:
    """Show what is counted of an inbox at 0: a series that begins at 1 does not look as if it had grown."""
    for source in sources:
        INBOX_DUPLICATES.of(service, source)
    for type in types:
        HANDLER_SECONDS.of(service, type)
        for outcome in ("handled", "failed", "parked"):
            HANDLER_EVENTS.of(service, type, outcome)


def build_observed(*, service: str, version: str) -> None:
    """Say which version of a service runs here."""
    BUILD_INFO.of(service, version, platform.python_version()).set(1)


def exposition(service: str | None = None) -> bytes:
    """All metrics in Prometheus' text format, to be sent as :data:`CONTENT_TYPE`.

    With ``service``: its own alone, and those of the process; so that each of several services in one
    process can be scraped at its own address without another's series being seen twice.
    """
    return generate_latest(REGISTRY if service is None else _OnlyService(service))


class _OnlyService:
    """A view of the registry, as far as ``generate_latest`` needs one."""

    def __init__(self, service: str) -> None:
        self._service = service

    def collect(self) -> Iterator[Metric]:
        for family in REGISTRY.collect():
            samples = [s for s in family.samples if s.labels.get("service", self._service) == self._service]
            if samples or not family.samples:
                shown = Metric(family.name, family.documentation, family.type, family.unit)
                shown.samples = samples
                yield shown


def sample(name: str, **labels: Any) -> float:
    """The present value of one sample, 0.0 when there is none yet."""
    return REGISTRY.get_sample_value(name, {key: str(value) for key, value in labels.items()}) or 0.0


def declarations() -> tuple[Declaration, ...]:
    """Every metric declared so far, by name."""
    return tuple(_declared[name] for name in sorted(_declared))


def metrics_page() -> str:
    """The page ``docs/metrics.md``: every metric declared by what has been imported so far."""
    lines = [
        "# Metrics",
        "",
        "Written by `make docs` from the declarations in the code; do not edit.",
        "",
        "Every service answers `GET /<service>/metrics` in Prometheus' text format, with its own metrics and",
        "those of its process (`process_*`, `python_*`). No label ever names a person, a paper or a code.",
        "What to make of them: [monitoring](monitoring.md).",
        "",
        "| Metric | Kind | Labels | Meaning |",
        "| --- | --- | --- | --- |",
    ]
    for d in declarations():
        labels = ", ".join(f"`{label}`" for label in d.labels)
        lines.append(f"| `{d.name}` | {d.kind} | {labels} | {' '.join(d.doc.split())} |")
    return "\n".join(lines) + "\n"
