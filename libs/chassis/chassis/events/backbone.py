"""The event backbone of a service: its log and relay, its inbox and consumer, as one nameko extension."""

from collections.abc import Callable
from contextlib import suppress
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
from chassis.events.watching import ChainWatch
from chassis.http.worker import Worker
from chassis.logging import get_logger
from chassis.store import Store, Stored
from chassis.tracing import TRACER
from piaojue_contracts import EventType

_log = get_logger("chassis.backbone")

_PAUSE_SECONDS = 1.0


class Backbone(DependencyProvider):  # type: ignore[misc]
    """Publishes what the service's use cases append to the outbox, and gives its handlers what they
    handle."""

    def __init__(self) -> None:
        self._threads: list[Any] = []
        self._stopping = False
        self.when_broken: Callable[[str], None] = lambda reason: None
        """Told when this process cannot go on with its events."""
        super().__init__()

    def start(self) -> None:
        """Nothing of it waits for the broker: a service works without one, and catches up."""
        settings: Settings = self.container.config["settings"]
        store = next(each.store for each in self.container.dependencies if isinstance(each, Stored))
        self.build(settings, store)
        self._threads = [self._spawn("relay", self.relay.run), self._spawn("answerer", self._answer)]
        self._threads.append(self._spawn("watch", self.watch.run))
        for source in sorted(self.inbox.sources):
            self._threads.append(self._spawn("healing", self.healing.follow, source))
        if self.inbox.sources:
            self._threads.append(self._spawn("consumer", self.consumer.run))

    def _spawn(self, part: str, run: Callable[..., None], *arguments: Any) -> Any:
        """None of them ends by itself. Should one do so, only a new start of the process can help."""
        thread = eventlet.spawn(run, *arguments)
        thread.link(self._on_end, part)
        return thread

    def _on_end(self, thread: Any, part: str) -> None:
        if not self._stopping:
            _log.critical("backbone_ended", service=self._name, part=part)
            self.when_broken(f"the {part} of its events has ended")

    def build(self, settings: Settings, store: Store[Any], bus: Bus | None = None) -> None:
        """Makes the parts, and starts none of them; on the bus of the settings, unless another is given."""
        name = settings.service
        bus = bus or KombuBus(
            settings.broker_url, heartbeat=settings.broker_heartbeat, asker=name, ca=settings.broker_ca
        )
        tracer = self.container.config.get(TRACER)
        self.log = EventLog(store, settings.source)
        self.relay = Relay(
            *(name, self.log, bus),
            batch=settings.relay_batch,
            interval=settings.relay_interval,
            tracer=tracer,
        )
        self.watch = ChainWatch(name, self.log, interval=settings.verify_interval)
        self.inbox_store = InboxStore(store)
        self.inbox = Inbox(
            *(name, self.inbox_store, self._handlers()), pauses=settings.retry_pauses, tracer=tracer
        )
        self.healing = Healing(
            name, self.inbox, bus, timeout=settings.rpc_timeout, compare=settings.compare_interval
        )
        self.consumer = Consumer(name, self.inbox, self.healing, bus, batch=settings.inbox_batch)
        self._name, self._bus = name, bus
        self._page, self._drain = settings.feed_page, settings.drain

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

    def _answer(self) -> None:
        """Answers services that lack events of this one."""
        while not self._stopping:
            try:
                answerer = page_answerer(self.log, self._page)
                self._bus.answer(pages_queue(self._name), answerer, lambda: self._stopping)
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
        if self._threads:
            with eventlet.Timeout(self._drain, False), suppress(Exception):
                self._threads[0].wait()
        self.kill()

    def kill(self) -> None:
        """At once."""
        self._stopping = True
        for thread in self._threads:
            thread.kill()
        self._threads = []

    def get_dependency(self, worker_ctx: Any) -> "Backbone":
        return self

    def observe(self) -> None:
        """Brings the gauges of this service's outbox and inbox up to date. StoreUnavailable."""
        pending, tip, load = self.log.pending(), self.log.tip(), self.inbox_store.load()
        self.inbox.observe({source: self.inbox.position(source) for source in self.inbox.sources})
        metrics.OUTBOX_PUBLISHED.of(self._name).set(self.log.published())
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
