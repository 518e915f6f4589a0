"""Which request, and which trace, the running greenlet works for: from HTTP through events to their handlers.

Each greenlet has a context of its own, so values set while one request is handled are not seen by another.
"""

import random
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from uuid import uuid4

from structlog.contextvars import bind_contextvars, unbind_contextvars

_SANE_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_TRACEPARENT = re.compile(r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})")

_correlation_id: ContextVar[str | None] = ContextVar("chassis_correlation_id", default=None)
_traceparent: ContextVar[str | None] = ContextVar("chassis_traceparent", default=None)


def current_correlation_id() -> str | None:
    """The id given by the caller or made for it; None outside a request or event."""
    return _correlation_id.get()


def current_traceparent() -> str | None:
    """The W3C ``traceparent`` of the work at hand; None outside a request or event."""
    return _traceparent.get()


def enter(correlation_id: str | None, traceparent: str | None) -> str:
    """Adopt what a request or event carries, until this greenlet's next call or its end; return the id.

    A missing or malformed correlation id is replaced by a new one. Of a well-formed ``traceparent`` the
    trace and its flags are kept and the span is ours; otherwise a new, unsampled trace begins.
    """
    if correlation_id is None or not _SANE_ID.fullmatch(correlation_id):
        correlation_id = uuid4().hex
    _correlation_id.set(correlation_id)
    _traceparent.set(_continued(traceparent))
    bind_contextvars(correlation_id=correlation_id)
    return correlation_id


@contextmanager
def correlated(correlation_id: str | None, traceparent: str | None = None) -> Iterator[str]:
    """As :func:`enter`, for a block: afterwards this greenlet works for whatever it did before."""
    before = _correlation_id.get(), _traceparent.get()
    try:
        yield enter(correlation_id, traceparent)
    finally:
        _correlation_id.set(before[0])
        _traceparent.set(before[1])
        if before[0] is None:
            unbind_contextvars("correlation_id")
        else:
            bind_contextvars(correlation_id=before[0])


def _continued(traceparent: str | None) -> str:
    span = random.getrandbits(64) or 1
    found = _TRACEPARENT.fullmatch(traceparent) if traceparent else None
    if found:
        return f"00-{found[1]}-{span:016x}-{found[2]}"
    return f"00-{random.getrandbits(128) or 1:032x}-{span:016x}-00"
