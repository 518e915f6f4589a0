"""What both producers of events do: commit so many transactions, ten at a time, as fast as they can or at a
rate. Imported in processes that eventlet has made green."""

import ctypes
import json
import signal
from collections.abc import Callable
from dataclasses import asdict, dataclass
from itertools import count
from time import monotonic

import eventlet

AT_ONCE = 10
"""As many workers as nameko has unless it is told otherwise."""
_PARENT_DIED = 1


@dataclass(frozen=True)
class Order:
    """Events ``first`` to ``first + events - 1``, ``group`` in a transaction; ``rate`` is events per second,
    or None for as fast as can be."""

    first: int
    events: int
    group: int = 1
    rate: float | None = None

    def as_bytes(self) -> bytes:
        return json.dumps(asdict(self)).encode()


def start(order: Order, commit: Callable[[range], None]) -> None:
    """Returns at once. ``commit`` is given the numbers of the events of one transaction."""
    begun, chunks = monotonic(), count()

    def work() -> None:
        while (offset := next(chunks) * order.group) < order.events:
            if order.rate is not None:
                eventlet.sleep(max(begun + offset / order.rate - monotonic(), 0))
            first = order.first + offset
            commit(range(first, first + min(order.group, order.events - offset)))

    for _ in range(AT_ONCE):
        eventlet.spawn(work)


def end_with_parent() -> None:
    """However the bench ends, this process does not outlive it."""
    ctypes.CDLL(None).prctl(_PARENT_DIED, signal.SIGKILL)


def data_of(number: int) -> dict[str, object]:
    """What an event says: about as much as most of the real ones."""
    return {
        "number": number,
        "body": "yongan",
        "title": "农村饮水安全提升工程",
        "implementing_unit": "镇农业综合服务中心",
        "finish_by": "2022-10-31",
    }
