"""The relay: numbers what was committed, and publishes it until the broker has confirmed it.

One process of a service leads; the others wait to take over. A commit in the leader's process wakes it at
once, one in another process by PostgreSQL's NOTIFY; it looks by itself at an interval for whatever was
missed.
"""

from collections.abc import Sequence
from threading import Event as Flag
from time import monotonic, perf_counter, sleep

from chassis import metrics
from chassis.bus import Bus, BusUnavailable, Publisher, QueueRefused
from chassis.events.ports import Lead, Logged, RelayedLog
from chassis.events.traced import record_published
from chassis.logging import get_logger
from chassis.store import StoreUnavailable
from chassis.tracing import Tracer
from piaojue_contracts import exchange_of

_log = get_logger("chassis.relay")

_LONGEST_PAUSE = 5.0
_MOST_REFUSALS = 3
"""So often, one after the other, a queue may refuse before it is passed over: it is not one of ours, whose
owners catch up from the log. A queue that is moved to another node refuses for a moment, too."""


class Relay:
    """``batch``: events numbered, and published, at a time. ``interval``: seconds between looks of its
    own."""

    def __init__(
        self,
        service: str,
        log: RelayedLog,
        bus: Bus,
        *,
        batch: int,
        interval: float,
        tracer: Tracer | None = None,
    ) -> None:
        self._service = service
        self._event_log = log
        self._bus = bus
        self._batch = batch
        self._interval = interval
        self._tracer = tracer
        self._awake = Flag()
        self._stopping = False
        self._publisher: Publisher | None = None
        self._published = 0
        self._publish_after = 0.0
        self._failures = 0
        self._refusals = 0
        log.when_appended(self._awake.set)
        metrics.RELAY_LAST_PUBLISH.of(service)
        for outcome in ("confirmed", "refused", "failed"):
            metrics.RELAY_BATCHES.of(service, outcome)  # seen at 0 before the first

    def run(self) -> None:
        """Returns after :meth:`stop`. Whatever fails is logged and tried again."""
        away = False
        while not self._stopping:
            lead = None
            try:
                lead = self._event_log.lead(self._awake.set)
                away = False
                if lead is not None:
                    metrics.RELAY_LEADER.of(self._service).set(1)
                    self._lead(lead)
            except StoreUnavailable:
                if not away:  # at each try it would be too much
                    _log.warning("relay_lost_its_database", service=self._service)
                away = True
            except Exception:
                _log.exception("relay_failed", service=self._service)
            finally:
                metrics.RELAY_LEADER.of(self._service).set(0)
                self._drop_publisher()
                if lead is not None:
                    lead.release()
            self._pause()

    def stop(self) -> None:
        """What is committed by now is still published, if the broker is there."""
        self._stopping = True
        self._awake.set()

    def trouble(self) -> str | None:
        """What keeps events from being published; None when nothing does."""
        if self._failures:
            return "events are kept here, since the broker cannot be reached"
        return "a queue at the broker refuses events" if self._refusals else None

    def _lead(self, lead: Lead) -> None:
        self._published = self._event_log.published()
        while True:
            self._awake.clear()
            stopping = self._stopping
            busy = self._round(lead)
            if stopping and not busy:
                return
            if busy:
                sleep(0)  # a file and a bus in memory wait for nothing, and others want to work, too
            else:
                self._rest()
                lead.tend()

    def _round(self, lead: Lead) -> bool:
        """Numbers a batch and publishes one; whether there may be more to do at once."""
        numbered = self._event_log.number(lead, self._batch)
        if monotonic() < self._publish_after:
            return bool(numbered)
        if numbered and numbered[0].sequence == self._published + 1:
            events = numbered
        else:
            events = self._event_log.unpublished(self._published, self._batch)
        if not events or not self._publish(events):
            return bool(numbered)
        self._published = events[-1].sequence
        self._event_log.mark_published(lead, self._published)
        metrics.OUTBOX_PUBLISHED.of(self._service).set(self._published)
        return True

    def _publish(self, events: Sequence[Logged]) -> bool:
        """Whether they are done with. If not, they are sent again later; who has them already drops them."""
        started = perf_counter()
        try:
            if self._publisher is None:
                self._publisher = self._bus.publisher(exchange_of(self._service))
            self._publisher.publish([event.message for event in events])
        except BusUnavailable as away:
            self._drop_publisher()
            if not isinstance(away, QueueRefused) or not self._passes_over():
                self._failed()
                return False
            outcome = "refused"
        else:
            outcome, self._refusals = "confirmed", 0
        if self._tracer is not None:
            record_published(self._tracer, self._service, events, started)
        self._failures = 0
        metrics.RELAY_BATCHES.of(self._service, outcome).inc()
        metrics.RELAY_LAST_PUBLISH.of(self._service).set_to_current_time()
        return True

    def _failed(self) -> None:
        self._failures += 1
        self._publish_after = monotonic() + min(0.1 * 2 ** min(self._failures, 10), _LONGEST_PAUSE)
        metrics.RELAY_BATCHES.of(self._service, "failed").inc()
        _log.warning("events_not_published", service=self._service, failures=self._failures)

    def _passes_over(self) -> bool:
        """Whether a queue that refuses has done so often enough to go on without it."""
        self._refusals += 1
        if self._refusals == _MOST_REFUSALS:
            _log.error("queue_refuses_events", service=self._service)
        return self._refusals >= _MOST_REFUSALS

    def _drop_publisher(self) -> None:
        if self._publisher is not None:
            self._publisher.close()
            self._publisher = None

    def _rest(self) -> None:
        """Until there is something to do. A publisher that rests must show the broker that it is alive."""
        if self._failures:
            self._awake.wait(min(self._interval, max(self._publish_after - monotonic(), 0.01)))
        elif not self._awake.wait(self._interval) and self._publisher is not None:
            try:
                self._publisher.keep_alive()
            except BusUnavailable:
                self._drop_publisher()

    def _pause(self) -> None:
        """While another leads, or the database is away, commits here are no reason to hurry."""
        deadline = monotonic() + self._interval
        while not self._stopping and (left := deadline - monotonic()) > 0:
            self._awake.wait(left)
            self._awake.clear()
