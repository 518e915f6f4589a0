"""A log of events in memory, and the suite of every log."""

import json
from collections.abc import Callable, Sequence
from threading import Lock
from typing import Any
from uuid import uuid4

from chassis.bus import Message
from chassis.events.ports import Logged, RelayedLog, Tip
from chassis.store import StoreUnavailable
from chassis.testing.things import HAPPENED, SOURCE
from piaojue_contracts import FIRST_PREVIOUS_HASH, Event, verify

Append = Callable[[Sequence[int]], None]
"""Appends a thing of each number, about ``things/<number>``, in one transaction."""


class FakeLead:
    """The leadership of a fake log."""

    def __init__(self, log: "FakeEventLog") -> None:
        self._log = log

    def tend(self) -> None:
        self._log.check()

    def release(self) -> None:
        self._log.leader = None if self._log.leader is self else self._log.leader


class FakeEventLog:
    """``away``: its database cannot be reached. ``events`` is the log, ``outbox`` what is not yet
    numbered."""

    def __init__(self, source: str = SOURCE, subjects: int | None = None) -> None:
        """``subjects``: so many, among which the numbers go around; else each number has its own."""
        self.away = False
        self._subjects = subjects
        self.events: list[Event] = []
        self.outbox: list[Event] = []
        self.leader: FakeLead | None = None
        self._source = source
        self._published = 0
        self._lock = Lock()
        self._wakes: list[Callable[[], None]] = []

    def append(self, numbers: Sequence[int]) -> None:
        """As a transaction that is committed."""
        self.check()
        with self._lock:
            self.outbox += [self._unnumbered(number) for number in numbers]
        for wake in [*self._wakes]:
            wake()

    def _unnumbered(self, number: int) -> Event:
        return Event(
            id=str(uuid4()),
            source=self._source,
            type=HAPPENED.type,
            subject=f"things/{number if self._subjects is None else number % self._subjects}",
            time="2022-04-16T01:30:00.000000Z",
            sequence=0,
            previous_hash="",
            data={"number": number},
        )

    def check(self) -> None:
        if self.away:
            raise StoreUnavailable("The database cannot be reached at the moment.")

    def when_appended(self, wake: Callable[[], None]) -> None:
        self._wakes.append(wake)

    def lead(self, wake: Callable[[], None]) -> FakeLead | None:
        self.check()
        with self._lock:
            if self.leader is not None:
                return None
            self.leader = FakeLead(self)
            self._wakes.append(wake)
            return self.leader

    def number(self, lead: Any, most: int) -> list[Logged]:
        self.check()
        with self._lock:
            fresh, self.outbox = self.outbox[:most], self.outbox[most:]
            for event in fresh:
                tip = self._tip()
                self.events.append(_numbered(event, tip))
            return [_logged(event) for event in self.events[len(self.events) - len(fresh) :]]

    def unpublished(self, after: int, most: int) -> list[Logged]:
        self.check()
        return [_logged(event) for event in self.events[after : after + most]]

    def page(self, after: int, most: int) -> list[str]:
        self.check()
        return [event.as_bytes().decode() for event in self.events[after : after + most]]

    def tip(self) -> Tip:
        self.check()
        return self._tip()

    def _tip(self) -> Tip:
        return (
            Tip(self.events[-1].sequence, self.events[-1].hash)
            if self.events
            else Tip(0, FIRST_PREVIOUS_HASH)
        )

    def published(self) -> int:
        self.check()
        return self._published

    def mark_published(self, lead: Any, sequence: int) -> None:
        self.check()
        self._published = sequence


def _numbered(event: Event, tip: Tip) -> Event:
    members = event.as_json() | {
        "sequence": f"{tip.sequence + 1:015}",
        "previoushash": tip.hash,
        "hash": "0" * 64,
    }
    return Event.from_json(members).sealed()


def _logged(event: Event) -> Logged:
    return Logged(event.sequence, Message(event.id, event.routing_key, event.as_bytes()))


class EventLogContract:
    """Fixtures: ``log``, an empty one whose source is that of :data:`chassis.testing.things.SOURCE`, and
    ``append``, which appends to it."""

    def test_an_empty_log_has_no_event(self, log: Any) -> None:
        assert log.tip() == Tip(0, FIRST_PREVIOUS_HASH)
        assert log.page(0, 10) == []
        assert log.unpublished(0, 10) == []
        assert log.published() == 0
        lead = leading(log)
        assert log.number(lead, 10) == []
        lead.release()

    def test_numbers_are_given_in_order_and_chained(self, log: Any, append: Append) -> None:
        append([1, 2])
        append([3])
        lead = leading(log)
        numbered = log.number(lead, 10)
        lead.release()
        assert [each.sequence for each in numbered] == [1, 2, 3]
        events = told(log)
        assert verify(events) == (log.tip().sequence, log.tip().hash)
        assert [event.data["number"] for event in events] == [1, 2, 3]
        assert [event.subject for event in events] == ["things/1", "things/2", "things/3"]
        assert {event.source for event in events} == {SOURCE}

    def test_numbering_goes_on_where_it_was(self, log: Any, append: Append) -> None:
        for number in (1, 2, 3):
            append([number])
            lead = leading(log)
            log.number(lead, 10)
            lead.release()
        assert verify(told(log))[0] == 3

    def test_no_more_are_numbered_than_asked_for(self, log: Any, append: Append) -> None:
        append(range(5))
        lead = leading(log)
        assert [len(log.number(lead, 2)) for _ in range(4)] == [2, 2, 1, 0]
        lead.release()

    def test_what_was_numbered_is_what_is_told(self, log: Any, append: Append) -> None:
        append([1, 2, 3])
        lead = leading(log)
        numbered = log.number(lead, 10)
        lead.release()
        assert log.unpublished(0, 10) == numbered
        assert [each.message.body.decode() for each in numbered] == log.page(0, 10)
        assert [each.message.id for each in numbered] == [event.id for event in told(log)]
        assert {each.message.routing_key for each in numbered} == {HAPPENED.routing_key}

    def test_a_page_begins_after_a_number_and_has_an_end(self, log: Any, append: Append) -> None:
        append(range(5))
        lead = leading(log)
        log.number(lead, 10)
        lead.release()
        assert [event.sequence for event in map(read, log.page(1, 3))] == [2, 3, 4]
        assert [each.sequence for each in log.unpublished(3, 10)] == [4, 5]
        assert log.page(5, 10) == []

    def test_what_is_published_is_remembered(self, log: Any, append: Append) -> None:
        append([1, 2])
        lead = leading(log)
        log.number(lead, 10)
        log.mark_published(lead, 2)
        lead.release()
        assert log.published() == 2

    def test_one_leads_at_a_time(self, log: Any) -> None:
        first = leading(log)
        assert log.lead(_ignore) is None
        first.release()
        first.release()
        second = leading(log)
        second.tend()
        second.release()

    def test_appending_wakes(self, log: Any, append: Append) -> None:
        woken: list[int] = []
        log.when_appended(lambda: woken.append(1))
        append([1])
        assert woken


def _ignore() -> None:
    return


def leading(log: RelayedLog) -> Any:
    lead = log.lead(_ignore)
    assert lead is not None
    return lead


def read(body: str) -> Event:
    return Event.from_json(json.loads(body))


def told(log: Any) -> list[Event]:
    """All events of a log."""
    return [read(body) for body in log.page(0, 1_000_000)]
