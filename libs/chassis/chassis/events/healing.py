"""Healing: what a consumer lacks of a source is fetched from the source's log, whatever the broker has
lost."""

import json

from chassis import metrics
from chassis.bus import Bus, BusUnavailable
from chassis.events.inbox import Inbox
from chassis.events.log import Tip
from chassis.logging import get_logger
from piaojue_contracts import Event

_log = get_logger("chassis.healing")


def pages_queue(producer: str) -> str:
    """The queue at which a service answers with pages of its log."""
    return f"{producer}.pages"


class Healing:
    """Asks sources for what the inbox lacks. ``timeout``: seconds that a source may take to answer."""

    def __init__(self, service: str, inbox: Inbox, bus: Bus, *, timeout: float) -> None:
        self._service = service
        self._inbox = inbox
        self._bus = bus
        self._timeout = timeout

    def heal(self, source: str) -> bool:
        """Takes all that is missing of a source; False when it does not answer now. StoreUnavailable."""
        healed = 0
        while True:
            position = self._inbox.position(source)
            if position.forked is not None:
                return True
            try:
                answer = self._bus.ask(pages_queue(source), {"after": position.sequence}, self._timeout)
            except BusUnavailable:
                return False
            tip = Tip(answer["tip"]["sequence"], answer["tip"]["hash"])
            self._inbox.compare(source, position, tip)
            events = [Event.from_json(json.loads(body)) for body in answer["events"]]
            taken = self._inbox.take(events).taken
            healed += taken
            if not taken or self._inbox.position(source).sequence >= tip.sequence:
                self._count(source, healed)
                return True

    def _count(self, source: str, healed: int) -> None:
        if healed:
            metrics.INBOX_GAPS_HEALED.of(self._service, source).inc()
            metrics.INBOX_EVENTS_HEALED.of(self._service, source).inc(healed)
            _log.info("gap_healed", service=self._service, source=source, events=healed)
