"""A collector of traces that tests ask: it takes OTLP over HTTP, read by OpenTelemetry's own schema."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

HELD_SECONDS = 30


@dataclass(frozen=True)
class Told:
    """One span. Ids are in hexadecimal; ``parent`` is empty where the trace begins."""

    service: str
    name: str
    kind: str
    trace: str
    id: str
    parent: str
    attributes: dict[str, str | int]
    failed: bool
    seconds: float
    said: str
    """All that was said of it, as text, for what must not be in it."""


@dataclass
class Collector:
    """``status`` is what it answers with. While ``free`` is not set it takes requests and does not answer."""

    endpoint: str = ""
    status: int = 200
    free: Event = field(default_factory=Event)
    asked: int = 0
    spans: list[Told] = field(default_factory=list)
    resources: list[dict[str, str | int]] = field(default_factory=list)

    def take(self, body: bytes) -> None:
        request = ExportTraceServiceRequest.FromString(body)
        for group in request.resource_spans:
            resource = _read(group.resource.attributes)
            self.resources.append(resource)
            for scope in group.scope_spans:
                self.spans += [_told(str(resource["service.name"]), span) for span in scope.spans]

    def trace(self, trace: str) -> list[Told]:
        """The spans of a trace that have come so far."""
        return [span for span in [*self.spans] if span.trace == trace]


@contextmanager
def collecting() -> Iterator[Collector]:
    """Listens on a free port of the loopback address."""
    collector = Collector()
    collector.free.set()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            collector.asked += 1
            collector.free.wait(HELD_SECONDS)
            if collector.status == 200:
                assert self.headers["Content-Type"] == "application/x-protobuf"
                assert self.path == "/v1/traces"
                collector.take(body)
            self.send_response(collector.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    collector.endpoint = f"http://127.0.0.1:{server.server_port}/v1/traces"
    Thread(target=server.serve_forever, args=[0.05], daemon=True).start()
    try:
        yield collector
    finally:
        collector.free.set()
        server.shutdown()
        server.server_close()


def _told(service: str, span: Span) -> Told:
    return Told(
        service,
        span.name,
        Span.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_"),
        span.trace_id.hex(),
        span.span_id.hex(),
        span.parent_span_id.hex(),
        _read(span.attributes),
        span.status.code == Status.STATUS_CODE_ERROR,
        (span.end_time_unix_nano - span.start_time_unix_nano) / 1e9,
        str(span),
    )


def _read(attributes: Any) -> dict[str, str | int]:
    return {each.key: getattr(each.value, str(each.value.WhichOneof("value"))) for each in attributes}
