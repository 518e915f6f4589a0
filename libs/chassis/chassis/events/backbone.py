"""The event backbone of a service: its log and relay, its inbox and consumer, as one nameko extension."""

from collections.abc import Callable
from datetime import datetime
from time import time
from typing import Any

import eventlet
from nameko.extensions import DependencyProvider

from chassis import metrics
from chassis.bus import Bus, BusUnavailable, KombuBus
from chassis.config import Settings
from chassis.events.consumer import Consumer
from chassis.events.handles import Handles
from chassis.events.healing import Healing, pages_queue
from chassis.events.inbox import Handler, Heard, Inbox
from chassis.events.inbox_store import InboxStore
from chassis.events.log import EventLog, page_answerer
from chassis.events.relay import Relay
from chassis.http.worker import Worker
from chassis.logging import get_logger
from chassis.store import Store, Stored
from piaojue_contracts import EventType

_log = get_logger("chassis.backbone")

_PAUSE_SECONDS = 1.0


class Backbone(DependencyProvider):  # type: ignore[misc]
    """Publishes what the service's use cases append to the outbox, and gives its handlers what they
    handle."""

    def __init__(self) -> None:
        self._threads: list[Any] = []
        self._stopping = False
        super().__init__()

    def start(self) -> None:
        """Nothing of it waits for the broker: a service works without one, and catches up."""
        settings: Settings = self.container.config["settings"]
        store = next(each.store for each in self.container.dependencies if isinstance(each, Stored))
        bus: Bus = KombuBus(settings.broker_url, heartbeat=settings.broker_heartbeat)
        self._build(settings, store, bus)
        self._threads = [eventlet.spawn(self.relay.run), eventlet.spawn(self._answer, bus)]
        if self.inbox.sources:
            self._threads.append(eventlet.spawn(self.consumer.run))

    def _build(self, settings: Settings, store: Store[Any], bus: Bus) -> None:
        name = settings.service
        self.log = EventLog(store, f"/regions/{settings.region}/{name}")
        self.relay = Relay(
            name, store, self.log, bus, batch=settings.relay_batch, interval=settings.relay_interval
        )
        self.inbox_store = InboxStore(store)
        self.inbox = Inbox(name, self.inbox_store, self._handlers(), pauses=settings.retry_pauses)
        healing = Healing(name, self.inbox, bus, timeout=settings.rpc_timeout)
        self.consumer = Consumer(
            name, self.inbox, healing, bus, batch=settings.inbox_batch, compare=settings.compare_interval
        )
        self._name, self._page, self._drain = name, settings.feed_page, settings.drain

    def _handlers(self) -> dict[str, tuple[EventType, Handler]]:
        worker = Worker(self.container)
        found: dict[str, tuple[EventType, Handler]] = {}
        for entrypoint in self.container.entrypoints:
            if isinstance(entrypoint, Handles):
                event_type = entrypoint.event_type
                if event_type.type in found:
                    raise TypeError(f"{event_type.type} is handled by two methods")
                found[event_type.type] = event_type, _calling(worker, entrypoint)
        return found

    def _answer(self, bus: Bus) -> None:
        """Answers services that lack events of this one."""
        while not self._stopping:
            try:
                answerer = page_answerer(self.log, self._page)
                bus.answer(pages_queue(self._name), answerer, lambda: self._stopping)
            except BusUnavailable:
                eventlet.sleep(_PAUSE_SECONDS)
            except Exception:
                _log.exception("answering_failed", service=self._name)
                eventlet.sleep(_PAUSE_SECONDS)

    def stop(self) -> None:
        """Ends when what is committed is published, or when the time for that is up.

        The others end at once: what they had under way is rolled back, and comes again.
        """
        self._stopping = True
        self.relay.stop()
        with eventlet.Timeout(self._drain, False):
            self._threads[0].wait()
        self.kill()

    def kill(self) -> None:
        """At once."""
        for thread in self._threads:
            thread.kill()
        self._threads = []

    def get_dependency(self, worker_ctx: Any) -> "Backbone":
        return self

    def observe(self) -> None:
        """Brings the gauges of this service's outbox and inbox up to date. StoreUnavailable."""
        pending, tip, load = self.log.pending(), self.log.tip(), self.inbox_store.load()
        metrics.OUTBOX_PENDING.of(self._name).set(pending.events)
        metrics.OUTBOX_OLDEST_SECONDS.of(self._name).set(_age(pending.oldest))
        metrics.OUTBOX_SEQUENCE.of(self._name).set(tip.sequence)
        metrics.INBOX_WAITING.of(self._name).set(load.waiting)
        metrics.INBOX_PARKED.of(self._name).set(load.parked)
        metrics.INBOX_OLDEST_SECONDS.of(self._name).set(
            max(time() - load.oldest.timestamp(), 0.0) if load.oldest else 0.0
        )


def _calling(worker: Worker, entrypoint: Handles) -> Callable[[Heard], object]:
    def call(heard: Heard) -> object:
        return worker.run(entrypoint, heard, {"correlation_id": heard.event.correlation_id})

    return call


def _age(moment: str | None) -> float:
    return max(time() - datetime.fromisoformat(moment).timestamp(), 0.0) if moment else 0.0
