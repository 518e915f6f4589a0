"""The tables of an inbox in memory, and the suite of every one of them."""

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import RLock
from typing import Any, Final

from chassis.bus import Delivery
from chassis.events.inbox import inbox_row
from chassis.events.ports import Cursor, Entry, Load, Subject, Unreadable
from chassis.store import StoreUnavailable
from chassis.store.tables import HANDLED, PARKED, WAITING
from chassis.testing.things import altered, happenings
from piaojue_contracts import Event

NOON: Final = datetime(2022, 4, 16, 12, tzinfo=UTC)


@dataclass
class _State:
    cursors: dict[str, Cursor] = field(default_factory=dict)
    rows: list[dict[str, Any]] = field(default_factory=list)
    unreadable: list[tuple[Delivery, str, datetime]] = field(default_factory=list)
    work: Any = None


class FakeInboxStore:
    """``away``: its database cannot be reached. ``away_at_commit``: the next transaction is lost in its
    commit. ``repository`` makes what handlers work with of what they have kept so far, which is copied in
    and out."""

    def __init__(self, work: Any = None) -> None:
        self.away = False
        self.away_at_commit = False
        self._state = _State(work=work)
        self._lock = RLock()

    @property
    def work(self) -> Any:
        """What the handlers have kept."""
        return self._state.work

    def check(self) -> None:
        if self.away:
            raise StoreUnavailable("The database cannot be reached at the moment.")

    @contextmanager
    def begin(self) -> Iterator[_State]:
        with self._lock:
            self.check()
            transaction = deepcopy(self._state)
            yield transaction
            self.check()
            if self.away_at_commit:
                self.away_at_commit = False
                raise StoreUnavailable("The connection to the database was lost.")
            self._state = transaction

    def repository(self, transaction: _State) -> Any:
        return transaction.work

    @contextmanager
    def savepoint(self, transaction: _State) -> Iterator[None]:
        before = deepcopy(transaction)
        try:
            yield
        except BaseException:
            vars(transaction).update(vars(before))
            raise

    def cursors(self, transaction: _State, sources: Collection[str]) -> dict[str, Cursor]:
        for source in sources:
            transaction.cursors.setdefault(source, Cursor())
        return {source: deepcopy(transaction.cursors[source]) for source in sources}

    def move(self, transaction: _State, source: str, cursor: Cursor) -> None:
        transaction.cursors[source] = deepcopy(cursor)

    def busy_subjects(self, transaction: _State, sources: Collection[str]) -> set[Subject]:
        return {
            (row["source"], row["subject"]) for row in _unhandled(transaction) if row["source"] in sources
        }

    def add(self, transaction: _State, rows: list[dict[str, Any]]) -> None:
        taken = {row["event_id"] for row in transaction.rows}
        for row in rows:
            assert row["event_id"] not in taken, "an event is taken once"
        transaction.rows += [dict(row) for row in rows]

    def add_unreadable(self, transaction: _State, delivery: Delivery, reason: str, now: datetime) -> None:
        transaction.unreadable.append((delivery, reason, now))

    def next_due(self, transaction: _State, now: datetime, longest: timedelta | None = None) -> Entry | None:
        latest = datetime.max.replace(tzinfo=UTC) if longest is None else now + longest
        due = [row for row in _first_waiting(transaction) if not now < row["next_try_at"] <= latest]
        return _entry(due[0]) if due else None

    def settle(self, transaction: _State, event: Event, verdict: Mapping[str, Any]) -> None:
        for row in transaction.rows:
            if row["event_id"] == event.id:
                row |= dict(verdict)

    def next_try_at(self) -> datetime | None:
        self.check()
        return min((row["next_try_at"] for row in _first_waiting(self._state)), default=None)

    def position(self, source: str) -> Cursor:
        self.check()
        return deepcopy(self._state.cursors.get(source, Cursor()))

    def load(self) -> Load:
        self.check()
        unhandled = _unhandled(self._state)
        parked = sum(row["state"] == PARKED for row in unhandled)
        oldest = min((row["received_at"] for row in unhandled if row["state"] != PARKED), default=None)
        return Load(len(unhandled) - parked, parked + len(self._state.unreadable), oldest)

    def parked(self, most: int) -> list[Entry]:
        self.check()
        rows = [row for row in self._state.rows if row["state"] == PARKED]
        return [_entry(row) for row in sorted(rows, key=lambda row: row["received_at"])[:most]]

    def unreadables(self, most: int) -> list[Unreadable]:
        self.check()
        return [
            Unreadable(at, now, delivery.exchange, delivery.routing_key, reason, len(delivery.body))
            for at, (delivery, reason, now) in enumerate(self._state.unreadable[:most], 1)
        ]

    def release(self, event_id: str, now: datetime) -> bool:
        with self.begin() as transaction:
            for row in transaction.rows:
                if row["event_id"] == event_id and row["state"] == PARKED:
                    row |= {"state": WAITING, "attempts": 0, "next_try_at": now, "error": None}
                    return True
            return False


def _unhandled(state: _State) -> list[dict[str, Any]]:
    return [row for row in state.rows if row["state"] != HANDLED]


def _first_waiting(state: _State) -> list[dict[str, Any]]:
    first: dict[Subject, dict[str, Any]] = {}
    for row in sorted(_unhandled(state), key=lambda row: (row["source"], row["sequence"])):
        first.setdefault((row["source"], row["subject"]), row)
    return [row for row in first.values() if row["state"] == WAITING]


def _entry(row: Mapping[str, Any]) -> Entry:
    event = Event.from_bytes(row["body"].encode())
    return Entry(event, row["state"], row["attempts"], row["received_at"], row["next_try_at"], row["error"])


class InboxStoreContract:
    """Fixture: ``inbox_store``, an empty one."""

    def test_a_source_that_is_new_begins_before_its_first_event(self, inbox_store: Any) -> None:
        assert inbox_store.position("north") == Cursor()
        with inbox_store.begin() as transaction:
            assert inbox_store.cursors(transaction, ["north", "south"]) == {
                "north": Cursor(),
                "south": Cursor(),
            }

    def test_a_cursor_moves_with_the_commit(self, inbox_store: Any) -> None:
        with inbox_store.begin() as transaction:
            inbox_store.cursors(transaction, ["north", "south"])
            inbox_store.move(transaction, "north", Cursor(7, "a" * 64, "no more"))
        assert inbox_store.position("north") == Cursor(7, "a" * 64, "no more")
        assert inbox_store.position("south") == Cursor()

    def test_nothing_remains_of_a_transaction_that_raised(self, inbox_store: Any) -> None:
        event = happenings(1)[0]

        def work() -> None:
            with inbox_store.begin() as transaction:
                inbox_store.cursors(transaction, ["north"])
                inbox_store.move(transaction, "north", Cursor(1, event.hash))
                inbox_store.add(transaction, [inbox_row(event, NOON, waiting())])
                inbox_store.add_unreadable(transaction, Delivery(b"?", "", ""), "no JSON", NOON)
                raise _WantedError

        assert raised(work, _WantedError)
        assert inbox_store.position("north") == Cursor()
        assert inbox_store.load() == Load(0, 0, None)

    def test_a_savepoint_takes_back_what_was_done_in_it_alone(self, inbox_store: Any) -> None:
        first, second = happenings(2)
        with inbox_store.begin() as transaction:
            inbox_store.add(transaction, [inbox_row(first, NOON, waiting())])

            def work() -> None:
                with inbox_store.savepoint(transaction):
                    inbox_store.add(transaction, [inbox_row(second, NOON, waiting())])
                    raise _WantedError

            assert raised(work, _WantedError)
        assert inbox_store.load().waiting == 1

    def test_a_handled_event_does_not_wait(self, inbox_store: Any) -> None:
        store(inbox_store, happenings(1), handled())
        assert inbox_store.load() == Load(0, 0, None)
        assert inbox_store.next_try_at() is None
        assert due(inbox_store) is None

    def test_a_waiting_event_is_due_at_its_time_and_whole(self, inbox_store: Any) -> None:
        (event,) = store(inbox_store, happenings(1), waiting(attempts=2, error="Boom", seconds=30))
        assert inbox_store.next_try_at() == NOON + timedelta(seconds=30)
        assert due(inbox_store, NOON + timedelta(seconds=29)) is None
        entry = due(inbox_store, NOON + timedelta(seconds=30))
        assert (entry.event, entry.attempts, entry.error) == (event, 2, "Boom")
        assert inbox_store.load() == Load(1, 0, NOON)

    def test_only_the_first_of_a_subject_is_due(self, inbox_store: Any) -> None:
        events = store(inbox_store, happenings(4, subjects=["things/1", "things/2"]), waiting())
        for expected in events[0], events[1], events[2], events[3]:
            assert due(inbox_store).event == expected
            settle(inbox_store, expected, handled())
        assert due(inbox_store) is None

    def test_those_behind_one_that_pauses_wait_for_it(self, inbox_store: Any) -> None:
        first, other, _ = store(inbox_store, happenings(3, subjects=["things/1", "things/2"]), waiting())
        settle(inbox_store, first, waiting(attempts=1, seconds=30))
        assert due(inbox_store).event == other
        settle(inbox_store, other, handled())
        assert due(inbox_store) is None
        assert inbox_store.next_try_at() == NOON + timedelta(seconds=30)

    def test_what_is_due_too_far_off_for_any_pause_is_due_at_once(self, inbox_store: Any) -> None:
        (event,) = store(inbox_store, happenings(1), waiting(attempts=1, seconds=7230))
        for longest in (None, timedelta(seconds=7230)):
            assert due(inbox_store, longest=longest) is None
        assert due(inbox_store, longest=timedelta(seconds=60)).event == event

    def test_those_behind_a_parked_one_wait_until_it_is_released_and_handled(self, inbox_store: Any) -> None:
        first, second = store(inbox_store, happenings(2), waiting())
        settle(inbox_store, first, parked())
        assert due(inbox_store) is None
        assert inbox_store.next_try_at() is None
        assert inbox_store.load() == Load(1, 1, NOON)
        assert [entry.event for entry in inbox_store.parked(10)] == [first]
        assert inbox_store.release(first.id, NOON)
        assert not inbox_store.release(first.id, NOON)
        entry = due(inbox_store)
        assert (entry.event, entry.attempts, entry.error) == (first, 0, None)
        settle(inbox_store, first, handled())
        assert due(inbox_store).event == second

    def test_only_what_is_parked_can_be_released(self, inbox_store: Any) -> None:
        (event,) = store(inbox_store, happenings(1), waiting())
        assert not inbox_store.release(event.id, NOON)
        assert not inbox_store.release("unknown", NOON)

    def test_subjects_are_busy_while_one_of_their_events_is_unhandled(self, inbox_store: Any) -> None:
        subjects = ["things/1", "things/2", "things/3"]
        one, two, _ = store(inbox_store, happenings(3, subjects=subjects), waiting())
        settle(inbox_store, one, handled())
        settle(inbox_store, two, parked())
        store(inbox_store, happenings(1, producer="south"), waiting())
        with inbox_store.begin() as transaction:
            busy = inbox_store.busy_subjects(transaction, ["north"])
            assert busy == {("north", "things/2"), ("north", "things/3")}
            assert inbox_store.busy_subjects(transaction, ["south"]) == {("south", "things/1")}

    def test_an_event_is_stored_once(self, inbox_store: Any) -> None:
        (event,) = store(inbox_store, happenings(1), handled())
        again = altered(event, sequence=2)
        assert raised(lambda: store(inbox_store, [again], handled()), Exception)

    def test_bytes_that_are_no_event_are_kept_and_counted(self, inbox_store: Any) -> None:
        with inbox_store.begin() as transaction:
            for delivery in (
                Delivery(b"\xff\x00", "north.events", "thing.v1"),
                Delivery(b"", "", "\0\ud800"),
            ):
                inbox_store.add_unreadable(transaction, delivery, "not JSON in UTF-8", NOON)
        first, second = inbox_store.unreadables(10)
        assert (first.exchange, first.routing_key, first.size) == ("north.events", "thing.v1", 2)
        assert (first.reason, first.received_at, second.size) == ("not JSON in UTF-8", NOON, 0)
        assert inbox_store.unreadables(1) == [first]
        assert inbox_store.load().parked == 2


class _WantedError(Exception):
    pass


def handled(attempts: int = 0) -> dict[str, Any]:
    return {"state": HANDLED, "attempts": attempts, "next_try_at": None, "error": None}


def waiting(attempts: int = 0, error: str | None = None, seconds: float = 0) -> dict[str, Any]:
    later = NOON + timedelta(seconds=seconds)
    return {"state": WAITING, "attempts": attempts, "next_try_at": later, "error": error}


def parked() -> dict[str, Any]:
    return {"state": PARKED, "attempts": 6, "next_try_at": None, "error": "Boom"}


def store(inbox_store: Any, events: list[Event], verdict: Mapping[str, Any]) -> list[Event]:
    with inbox_store.begin() as transaction:
        inbox_store.add(transaction, [inbox_row(event, NOON, verdict) for event in events])
    return events


def settle(inbox_store: Any, event: Event, verdict: Mapping[str, Any]) -> None:
    with inbox_store.begin() as transaction:
        inbox_store.settle(transaction, event, verdict)


def due(inbox_store: Any, now: datetime = NOON, longest: timedelta | None = None) -> Any:
    with inbox_store.begin() as transaction:
        return inbox_store.next_due(transaction, now, longest)


def raised(work: Callable[[], object], kind: type[Exception]) -> bool:
    try:
        work()
    except kind:
        return True
    return False
