"""What a trace tells of a request: its route and how it ended, and nothing of what was asked or by whom."""

from chassis.correlation import current_trace
from chassis.http.access import INTERNAL
from chassis.http.routing import Route
from chassis.tracing import Attributes, Kind, Tracer


def record_request(tracer: Tracer, service: str, route: Route, status: int, started: float) -> None:
    """For the request at hand, unless it is monitoring that asks, or it is confidential: then it has no
    trace."""
    trace = current_trace()
    if trace is None or not trace.sampled or route.who is INTERNAL:
        return
    path = f"/{service}{route.path}"
    told: Attributes = {
        "http.request.method": route.method,
        "http.route": path,
        "http.response.status_code": status,
    }
    failed = str(status) if status >= 500 else None
    tracer.record(
        trace, f"{route.method} {path}", Kind.SERVER, started=started, attributes=told, failed=failed
    )
