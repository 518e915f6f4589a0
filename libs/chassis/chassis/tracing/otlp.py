"""Spans by OpenTelemetry's SDK, sent by OTLP over HTTP. Imported only where a collector is named.

The SDK's own batches are not used: they do not say what they drop, and a stop may take them half a minute.
"""

import logging
from collections import deque
from pathlib import Path
from threading import Event as Flag
from threading import Thread
from time import perf_counter, time_ns
from typing import Final
from uuid import uuid4

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import (
    INVALID_SPAN,
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    set_span_in_context,
)

from chassis import metrics
from chassis.config import Settings
from chassis.correlation import Trace
from chassis.logging import get_logger
from chassis.tracing.spans import Attributes, Kind

BATCH: Final = 128
"""Spans sent at a time: few enough that others do not feel how they are encoded."""
WAITING: Final = 2048
"""Spans that wait at most; more are dropped, and counted."""
_PAUSE_SECONDS: Final = 1.0
_SEND_SECONDS: Final = 5.0
_SAMPLED: Final = TraceFlags(TraceFlags.SAMPLED)
_KINDS: Final = {kind: SpanKind[kind.value] for kind in Kind}

_log = get_logger("chassis.tracing")


class Exporting(SpanProcessor):
    """The queue before one collector, and the thread that sends what is in it; a green one in a service."""

    def __init__(self, endpoint: str, ca: Path | None) -> None:
        logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)  # it is said here, once
        self._exporter = OTLPSpanExporter(
            endpoint, certificate_file=str(ca) if ca else None, timeout=_SEND_SECONDS
        )
        self._waiting: deque[ReadableSpan] = deque()
        self._awake, self._ended = Flag(), Flag()
        self._stopping = False
        self._failing = False
        Thread(target=self._run, daemon=True).start()

    def on_end(self, span: ReadableSpan) -> None:
        if self._stopping or len(self._waiting) >= WAITING:
            _count([span], "dropped")
            return
        self._waiting.append(span)
        if len(self._waiting) >= BATCH:
            self._awake.set()

    def stop(self) -> None:
        """What waits is sent, and nothing more is taken; see :meth:`wait`."""
        self._stopping = True
        self._awake.set()

    def wait(self, seconds: float) -> None:
        """Until all is sent, or the time is up: what is left then is dropped."""
        self._ended.wait(seconds)
        left = [*self._waiting]
        self._waiting.clear()
        _count(left, "dropped")
        self._exporter.shutdown()  # type: ignore[no-untyped-call]

    def _run(self) -> None:
        try:
            while not self._stopping:
                self._awake.wait(_PAUSE_SECONDS)
                self._awake.clear()
                self._send_waiting()
            self._send_waiting()
        finally:
            self._ended.set()

    def _send_waiting(self) -> None:
        while self._waiting:
            spans = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
            try:
                sent = self._exporter.export(spans) is SpanExportResult.SUCCESS
            except Exception:  # it should not, and its thread must not die of it
                sent = False
            _count(spans, "exported" if sent else "failed")
            if sent is self._failing:
                self._failing = not sent
                tell = _log.info if sent else _log.warning
                tell("spans_taken_again" if sent else "spans_not_taken")


class ServiceTracer:
    """Makes a span of work that is done; its ids are those under which the work was known to others."""

    def __init__(self, exporting: Exporting, settings: Settings, version: str) -> None:
        self.ratio = settings.traces_ratio
        self._ids = _Given()
        provider = TracerProvider(ALWAYS_ON, _resource(settings, version), False, id_generator=self._ids)
        provider.add_span_processor(exporting)
        self._tracer = provider.get_tracer("piaojue", version)
        for outcome in ("exported", "failed", "dropped"):
            metrics.TRACE_SPANS.of(settings.service, outcome)  # seen at 0 before the first

    def record(
        self,
        trace: Trace,
        name: str,
        kind: Kind,
        *,
        started: float,
        attributes: Attributes,
        failed: str | None = None,
    ) -> None:
        """As :meth:`chassis.tracing.Tracer.record`. Nobody else's work comes between ids and span."""
        ended = time_ns()
        self._ids.trace_id, self._ids.span_id = int(trace.trace_id, 16), int(trace.span_id, 16)
        parent = INVALID_SPAN
        if trace.parent_id is not None:
            asked = SpanContext(self._ids.trace_id, int(trace.parent_id, 16), True, _SAMPLED)
            parent = NonRecordingSpan(asked)
        span = self._tracer.start_span(
            name,
            set_span_in_context(parent),
            _KINDS[kind],
            attributes if failed is None else {**attributes, "error.type": failed},
            start_time=ended - int((perf_counter() - started) * 1e9),
        )
        if failed is not None:
            span.set_status(Status(StatusCode.ERROR))
        span.end(ended)


class _Given(IdGenerator):
    """The ids that work has already."""

    trace_id = span_id = 0

    def generate_span_id(self) -> int:
        return self.span_id

    def generate_trace_id(self) -> int:
        return self.trace_id


def _resource(settings: Settings, version: str) -> Resource:
    return Resource(
        {
            "service.namespace": "piaojue",
            "service.name": settings.service,
            "service.version": version,
            "service.instance.id": str(uuid4()),
            "piaojue.region": settings.region,
        }
    )


def _count(spans: list[ReadableSpan], outcome: str) -> None:
    for span in spans:
        service = str(span.resource.attributes["service.name"])
        metrics.TRACE_SPANS.of(service, outcome).inc()
