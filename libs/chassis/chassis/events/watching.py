"""The watch over one's own log: its leader checks, as it goes, that the log still continues its chain.

What comes from other services the inbox checks; one's own log nobody else may have asked for. The watch
begins with the first event at each start, and takes a small share of the process's time.
"""

import json
from time import monotonic, sleep

from chassis import metrics
from chassis.events.ports import WatchedLog
from chassis.logging import get_logger
from chassis.store import StoreUnavailable
from piaojue_contracts import FIRST_PREVIOUS_HASH, ChainBroken, Event, UnreadableEvent, verify

_log = get_logger("chassis.watching")

_PAGE = 20
"""Few enough that nobody waits for a page to be checked."""
_SHARE = 20
"""One part in so many of the time is spent while there is something to check."""


class ChainWatch:
    """``interval``: seconds between looks for what was added."""

    def __init__(self, service: str, log: WatchedLog, *, interval: float) -> None:
        self._service = service
        self._event_log = log
        self._interval = interval
        self._sequence, self._hash = 0, FIRST_PREVIOUS_HASH
        self._broken = False
        metrics.LOG_VERIFIED.of(service)
        metrics.LOG_BROKEN.of(service)

    def run(self) -> None:
        """Never returns. Whatever fails is logged and tried again."""
        while True:
            started, more = monotonic(), False
            try:
                more = self._event_log.leads_here and self.look()
            except StoreUnavailable:
                more = False
            except Exception:
                _log.exception("watching_failed", service=self._service)
            taken = monotonic() - started
            sleep(min(taken * (_SHARE - 1), self._interval) if more else self._interval)

    def look(self) -> bool:
        """Checks the next page; whether there may be more. A broken one is looked at again each time."""
        bodies = self._event_log.page(self._sequence, _PAGE)
        broken = None
        try:
            events = (Event.from_json(json.loads(body)) for body in bodies)
            self._sequence, self._hash = verify(events, after=self._sequence, previous_hash=self._hash)
        except ChainBroken as fault:
            broken = str(fault)
        except (UnreadableEvent, ValueError) as fault:
            broken = f"an event cannot be read: {type(fault).__name__}"
        if broken and not self._broken:
            _log.error("log_broken", service=self._service, verified=self._sequence, reason=broken)
        self._broken = broken is not None
        metrics.LOG_VERIFIED.of(self._service).set(self._sequence)
        metrics.LOG_BROKEN.of(self._service).set(self._broken)
        return bool(bodies) and not self._broken
