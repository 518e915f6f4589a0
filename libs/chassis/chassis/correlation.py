"""Which request, and which trace, the running greenlet works for: from HTTP through events to their handlers.

Each greenlet has a context of its own, so values set while one request is handled are not seen by another.
"""

import random
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple
from uuid import uuid4

from structlog.contextvars import bind_contextvars, unbind_contextvars

_SANE_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_TRACEPARENT = re.compile(
    r"(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?"
)

_correlation_id: ContextVar[str | None] = ContextVar("chassis_correlation_id", default=None)


class Trace(NamedTuple):
    """Where work stands in its trace; ids are in lower case hexadecimal, ``parent_id`` that of the work that
    asked for it, or None. What is ``sampled`` is told to a collector, where there is one."""

    trace_id: str
    span_id: str
    sampled: bool
    parent_id: str | None = None

    @property
    def traceparent(self) -> str:
        """As W3C Trace Context has it, for those who work on."""
        return f"00-{self.trace_id}-{self.span_id}-0{self.sampled:d}"

    def child(self) -> "Trace":
        """For a part of this work."""
        return Trace(self.trace_id, _new_span_id(), self.sampled, self.span_id)


_trace: ContextVar[Trace | None] = ContextVar("chassis_trace", default=None)


def current_correlation_id() -> str | None:
    """The id given by the caller or made for it; None outside a request or event."""
    return _correlation_id.get()


def current_trace() -> Trace | None:
    """That of the work at hand; None outside a request or event, and in a confidential request."""
    return _trace.get()


def current_traceparent() -> str | None:
    """The W3C ``traceparent`` of :func:`current_trace`."""
    trace = _trace.get()
    return None if trace is None else trace.traceparent


def enter(correlation_id: str | None, traceparent: str | None, ratio: float = 0.0) -> str:
    """Adopt what a request or event carries, until this greenlet's next call or its end; return the id.

    A missing or malformed correlation id is replaced by a new one. Of a well-formed ``traceparent`` the
    trace is kept, and whether it is sampled, and the span is ours; otherwise a new trace begins, of which
    this ``ratio`` is sampled.
    """
    if correlation_id is None or not _SANE_ID.fullmatch(correlation_id):
        correlation_id = uuid4().hex
    given = read_traceparent(traceparent)
    trace = _begun(ratio) if given is None else given.child()
    return _entered(correlation_id, trace)


def enter_confidential() -> str:
    """As :func:`enter`, for work that must not be told by what its client says of itself, nor be traced:
    nothing is adopted."""
    return _entered(uuid4().hex, None)


def read_traceparent(text: str | None) -> Trace | None:
    """The work that a ``traceparent`` names; None for what is none by W3C Trace Context, which has versions
    to come read as far as they are known."""
    found = _TRACEPARENT.fullmatch(text) if text else None
    if found is None or (found[1] == "00" and found[5] is not None):
        return None
    return Trace(found[2], found[3], bool(int(found[4], 16) & 1))


@contextmanager
def correlated(
    correlation_id: str | None, traceparent: str | None = None, ratio: float = 0.0
) -> Iterator[str]:
    """As :func:`enter`, for a block: afterwards this greenlet works for whatever it did before."""
    before = _correlation_id.get(), _trace.get()
    try:
        yield enter(correlation_id, traceparent, ratio)
    finally:
        _correlation_id.set(before[0])
        _trace.set(before[1])
        if before[0] is None:
            unbind_contextvars("correlation_id")
        else:
            bind_contextvars(correlation_id=before[0])


def _entered(correlation_id: str, trace: Trace | None) -> str:
    _correlation_id.set(correlation_id)
    _trace.set(trace)
    bind_contextvars(correlation_id=correlation_id)
    return correlation_id


def _begun(ratio: float) -> Trace:
    sampled = ratio > 0 and random.random() < ratio
    return Trace(f"{random.getrandbits(128) or 1:032x}", _new_span_id(), sampled)


def _new_span_id() -> str:
    return f"{random.getrandbits(64) or 1:016x}"
