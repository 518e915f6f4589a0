"""What is told of work that is done."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from enum import Enum
from time import perf_counter
from typing import Protocol

from chassis.correlation import Trace, current_trace

Attributes = Mapping[str, str | int]


class Kind(Enum):
    """As OpenTelemetry has them."""

    SERVER = "SERVER"
    CLIENT = "CLIENT"
    PRODUCER = "PRODUCER"
    CONSUMER = "CONSUMER"


class Tracer(Protocol):
    """Of one service. ``ratio`` of the traces that begin here are sampled."""

    ratio: float

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
        """Tells of work that ends now and began at ``started``, of :func:`time.perf_counter`; ``failed`` is
        a word for why it did.

        Waits for nothing and raises nothing. Neither name nor attributes hold what an event may not hold.
        """


@contextmanager
def recording(
    tracer: Tracer | None, name: str, kind: Kind, attributes: Attributes, *, part: bool = False
) -> Iterator[None]:
    """Records what the block does as the work at hand, or as a ``part`` of it; of what it raises the kind."""
    trace = None if tracer is None else current_trace()
    if tracer is None or trace is None or not trace.sampled:
        yield
        return
    started, failed = perf_counter(), None
    try:
        yield
    except BaseException as error:
        failed = type(error).__name__
        raise
    finally:
        trace = trace.child() if part else trace
        tracer.record(trace, name, kind, started=started, attributes=attributes, failed=failed)
