"""The consumer: one green thread that receives, takes and retries, one after the other."""

from threading import Event as Flag
from time import monotonic, sleep

from chassis import metrics
from chassis.bus import Bus, BusUnavailable, Subscription
from chassis.events.healing import Healing
from chassis.events.inbox import Inbox
from chassis.logging import get_logger
from chassis.store import StoreUnavailable
from piaojue_contracts import exchange_of

_log = get_logger("chassis.consumer")

_LOOK_SECONDS = 1.0
_PAUSE_SECONDS = 1.0
_RECEIVE_SECONDS = 0.2


class Consumer:
    """``batch``: events taken in one transaction at most."""

    def __init__(self, service: str, inbox: Inbox, healing: Healing, bus: Bus, *, batch: int) -> None:
        self._service = service
        self._inbox = inbox
        self._healing = healing
        self._bus = bus
        self._batch = batch
        self._stopped = Flag()
        self._look_at = 0.0
        self._lacks: str | None = ""

    def run(self) -> None:
        """Returns after :meth:`stop`. Whatever fails is logged and tried again."""
        metrics.CONSUMER_CONNECTED.of(self._service).set(0)
        subscription = None
        while not self._stopped.is_set():
            try:
                if subscription is None:
                    subscription = self._subscribed()
                self._receive(subscription)
                self._retry()
                if subscription is not None:
                    self._lacking(None)
            except Exception as error:
                if not isinstance(error, StoreUnavailable | BusUnavailable):
                    _log.exception("consumer_failed", service=self._service)
                self._give_back(subscription, getattr(error, "detail", type(error).__name__))
                subscription = None
        if subscription is not None:
            subscription.close()

    def stop(self) -> None:
        """What is under way is finished."""
        self._stopped.set()

    def look(self) -> None:
        """Have due events looked for at once, such as one that was released."""
        self._look_at = 0.0

    def _subscribed(self) -> Subscription | None:
        """None: there is no broker. What was published meanwhile, perhaps to no queue, is asked for."""
        try:
            exchanges = [exchange_of(source) for source in sorted(self._inbox.sources)]
            subscription = self._bus.subscribe(f"{self._service}.inbox", exchanges, most=self._batch)
        except BusUnavailable as away:
            self._lacking(away.detail)
            return None
        for source in self._inbox.sources:
            self._healing.look(source)
        return subscription

    def _receive(self, subscription: Subscription | None) -> None:
        if subscription is None:
            self._stopped.wait(_PAUSE_SECONDS)
            return
        deliveries = subscription.receive(_RECEIVE_SECONDS)
        if deliveries:
            taken = self._inbox.receive(deliveries)
            subscription.acknowledge()
            if taken.failed:
                self._look_at = 0.0
            for source in taken.gaps:
                self._healing.look(source)
            sleep(0)  # a file and a bus in memory wait for nothing, and others want to work, too

    def _retry(self) -> None:
        """Retries what is due, and finds out when to look again."""
        if monotonic() >= self._look_at:
            self._inbox.retry()
            due = self._inbox.seconds_to_next_try()
            self._look_at = monotonic() + min(_LOOK_SECONDS, _LOOK_SECONDS if due is None else due)

    def _lacking(self, what: str | None) -> None:
        """What keeps it from taking events, None when nothing does: logged when that changes, not at each
        try."""
        metrics.CONSUMER_CONNECTED.of(self._service).set(what is None)
        if what != self._lacks:
            if what is None:
                _log.info("takes_events", service=self._service)
            else:
                _log.warning("takes_no_events", service=self._service, reason=what)
        self._lacks = what

    def _give_back(self, subscription: Subscription | None, reason: str) -> None:
        """Closing has the broker deliver again what was not acknowledged."""
        self._lacking(reason)
        if subscription is not None:
            subscription.close()
        self._stopped.wait(_PAUSE_SECONDS)
