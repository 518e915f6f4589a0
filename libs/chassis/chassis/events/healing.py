"""Healing: what a consumer lacks of a source is fetched from the source's log, whatever the broker has
lost."""

import json
from collections.abc import Mapping
from threading import Event as Flag
from typing import Any

from chassis import metrics
from chassis.bus import Bus, BusUnavailable
from chassis.events.inbox import Inbox
from chassis.events.ports import Tip
from chassis.logging import get_logger
from chassis.store import StoreUnavailable
from piaojue_contracts import Event, UnreadableEvent

_log = get_logger("chassis.healing")

_PAUSE_SECONDS = 1.0


def pages_queue(producer: str) -> str:
    """The queue at which a service answers with pages of its log."""
    return f"{producer}.pages"


class Healing:
    """Asks sources for what the inbox lacks. ``timeout``: seconds that a source may take to answer;
    ``compare``: seconds between comparisons with a source of which nothing is known to be missing."""

    def __init__(self, service: str, inbox: Inbox, bus: Bus, *, timeout: float, compare: float) -> None:
        self._service = service
        self._inbox = inbox
        self._bus = bus
        self._timeout = timeout
        self._compare = compare
        self._stopped = False
        self._wanted = {source: Flag() for source in inbox.sources}
        for source in inbox.sources:  # seen at 0 before the first
            metrics.INBOX_GAPS_HEALED.of(service, source)
            metrics.INBOX_EVENTS_HEALED.of(service, source)

    def follow(self, source: str) -> None:
        """Heals a source at once, when asked to and at intervals; returns after :meth:`stop`.

        Each source has a thread of its own: to wait for one that is down keeps nobody else waiting.
        """
        while not self._stopped:
            self._wanted[source].clear()
            answered = self._healed(source)
            if not self._stopped:
                self._wanted[source].wait(self._compare if answered else min(_PAUSE_SECONDS, self._compare))

    def look(self, source: str) -> None:
        """Have a source asked at once for what is missing."""
        self._wanted[source].set()

    def stop(self) -> None:
        """What is under way is finished."""
        self._stopped = True
        for wanted in self._wanted.values():
            wanted.set()

    def _healed(self, source: str) -> bool:
        try:
            return self.heal(source)
        except StoreUnavailable:
            return False
        except Exception:
            _log.exception("healing_failed", service=self._service, source=source)
            return False

    def heal(self, source: str) -> bool:
        """Takes all that is missing of a source; False when it does not answer now. StoreUnavailable."""
        healed = 0
        try:
            while not self._stopped:
                position = self._inbox.position(source)
                if position.forked is not None:
                    return True
                answer = self._bus.ask(pages_queue(source), {"after": position.sequence}, self._timeout)
                tip, events = _read(answer)
                self._inbox.compare(source, position, tip)
                taken = self._inbox.take(events).taken
                healed += taken
                if not events or self._inbox.position(source).sequence >= tip.sequence:
                    break
        except BusUnavailable:
            return False
        except _Unfit as fault:
            _log.error("page_not_understood", service=self._service, source=source, reason=str(fault))
            return False
        finally:
            self._count(source, healed)
        return True

    def _count(self, source: str, healed: int) -> None:
        if healed:
            metrics.INBOX_GAPS_HEALED.of(self._service, source).inc()
            metrics.INBOX_EVENTS_HEALED.of(self._service, source).inc(healed)
            _log.info("gap_healed", service=self._service, source=source, events=healed)


class _Unfit(Exception):
    """An answer that is no page of a log."""


def _read(answer: Mapping[str, Any]) -> tuple[Tip, list[Event]]:
    try:
        tip = Tip(int(answer["tip"]["sequence"]), str(answer["tip"]["hash"]))
        return tip, [Event.from_json(json.loads(body)) for body in answer["events"]]
    except UnreadableEvent as error:
        raise _Unfit(str(error)) from None
    except (KeyError, TypeError, ValueError) as error:
        raise _Unfit(type(error).__name__) from None
