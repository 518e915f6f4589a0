"""What was told while somebody was away, and how soon all of it is handled once they are back."""

from collections.abc import Callable
from time import time
from typing import Any

from tests.bench.processes import Busy
from tests.bench.report import Figure, Measured
from tests.bench.source_and_sink import Pair
from tests.bench.stage import Stage

EVENTS = 100_000
QUICK_EVENTS = 500
GROUP = 10
POINTS = 50
"""Of the curve that shows how they were handled."""


def pile(stage: Stage) -> Measured:
    """Seconds until 100,000 events are handled that piled up while consumer or broker were away."""
    count = QUICK_EVENTS if stage.quick else EVENTS
    pair = Pair(stage, "ours")
    pair.start()
    found: dict[str, dict[str, Any]] = {}

    stage.tell(f"pile: {count:,} events while the consumer is away")
    pair.end("sink")
    first = told(pair, count)
    pair.wait_for_published(first + count)
    found["consumer"] = drained(pair, first, count, lambda: pair.begin("sink"))

    stage.tell(f"pile: {count:,} events while the broker is away")
    stage.rabbitmq.stop()
    first = told(pair, count)
    found["broker"] = drained(pair, first, count, stage.rabbitmq.start)

    stage.tell(f"pile: {count:,} events that the broker has lost while the consumer was away")
    pair.end("sink")
    first = told(pair, count)
    pair.wait_for_published(first + count)
    pair.lose_queue()
    found["queue"] = drained(pair, first, count, lambda: pair.begin("sink"))
    return Measured(figures(count, found), {"pile": found})


def figures(count: int, found: dict[str, dict[str, Any]]) -> list[Figure]:
    names = {
        "consumer": f"{count:,} events that waited at the broker for their consumer, until all are handled",
        "broker": f"{count:,} events that waited in the outbox for the broker",
        "queue": f"{count:,} events that the broker has lost, asked for at their source",
    }
    return [Figure(name, found[which]["seconds"], "s") for which, name in names.items()]


def told(pair: Pair, count: int) -> int:
    """So many events are committed at the producer; the number of the first."""
    first = pair.order(count, GROUP)
    pair.wait("source", first, count)
    return first


def drained(pair: Pair, first: int, count: int, come_back: Callable[[], None]) -> dict[str, Any]:
    """From the start of the consumer's process, or the broker's welcome, to the last event handled."""
    come_back()
    back = time()
    busy = Busy({process.pid: role for role, process in pair.processes.items()})
    pair.wait("sink", first, count)
    cost = busy.done(count)
    heard = pair.times("sink", first)
    assert sorted(heard) == list(range(first, first + count)), "each was heard once"
    moments = sorted(at - back for at in heard.values())
    step = max(count // POINTS, 1)
    return {
        "events": count,
        "seconds": round(moments[-1], 2),
        "first_after": round(moments[0], 2),
        "rate": round(count / moments[-1], 1),
        "curve": [[round(moments[at - 1], 2), at] for at in range(step, count + 1, step)],
        **cost,
    }
