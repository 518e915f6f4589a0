"""The inbox: each event is taken once and in order, and handled once in order of its subject."""

import json
from contextlib import suppress
from threading import Barrier, Thread

import pytest
from eventlet import Timeout
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, OperationalError

from chassis.bus import Delivery
from chassis.correlation import current_correlation_id
from chassis.errors import Conflict
from chassis.events.inbox import Inbox
from chassis.events.inbox_store import InboxStore
from chassis.events.log import EventLog
from chassis.events.ports import Load, Tip
from chassis.metrics import sample
from chassis.store import StoreUnavailable
from chassis.store.tables import inbox as inbox_table
from chassis.testing.inbox import FakeInboxStore
from chassis.testing.log import leading, told
from chassis.testing.things import altered, event_type, happenings
from piaojue_contracts import exchange_of
from tests.support.listeners import PAUSES, Clock, Listener
from tests.support.things_store import kept

ALWAYS = 1000


@pytest.fixture(
    params=["fake", "sqlite_store", pytest.param("postgresql_store", marks=pytest.mark.real)],
)
def listener(request):
    """On the fake, and on either database."""
    if request.param == "fake":
        return Listener(FakeInboxStore(work=[]), lambda work, number: work.append(number))
    return Listener(
        InboxStore(request.getfixturevalue(request.param)), lambda things, number: things.keep(number)
    )


@pytest.fixture
def hears(listener):
    """What its handlers have kept."""
    if isinstance(listener.inbox_store, FakeInboxStore):
        return lambda: listener.inbox_store.work
    return lambda: kept(listener.inbox_store._store)


def deliveries(events):
    return [Delivery(event.as_bytes(), exchange_of(event.producer), event.routing_key) for event in events]


def duplicates():
    return sample("piaojue_inbox_duplicates_total", service="east", source="north")


def test_events_are_taken_once_and_in_order(listener, hears):
    events = happenings(5)
    taken = listener.inbox.receive(deliveries(events))
    assert (taken.taken, taken.failed, taken.gaps) == (5, 0, set())
    assert hears() == [1, 2, 3, 4, 5]
    assert listener.inbox.position("north").sequence == 5


def test_a_duplicate_is_dropped_and_counted(listener, hears):
    events, before = happenings(3), duplicates()
    listener.inbox.receive(deliveries([events[0], events[0], events[1]]))
    taken = listener.inbox.receive(deliveries(events))
    assert taken.duplicates == {"north": 2}
    assert duplicates() == before + 3
    assert hears() == [1, 2, 3]


def test_what_follows_a_gap_is_not_taken_and_the_gap_is_told(listener, hears):
    events = happenings(4)
    taken = listener.inbox.receive(deliveries([events[0], events[2], events[3]]))
    assert (taken.taken, taken.gaps) == (1, {"north"})
    assert listener.inbox.take(events).taken == 3
    assert hears() == [1, 2, 3, 4]


def test_events_out_of_order_are_a_gap_until_they_fit(listener, hears):
    first, second = happenings(2)
    assert listener.inbox.receive(deliveries([second, first])).gaps == {"north"}
    listener.inbox.receive(deliveries([second]))
    assert hears() == [1, 2]


def test_sources_are_told_apart(listener, hears):
    north, south = happenings(2), happenings(1, producer="south")
    taken = listener.inbox.receive(deliveries([north[0], south[0], north[1]]))
    assert (taken.taken, taken.gaps) == (3, set())
    assert listener.inbox.position("south").sequence == 1


def test_events_of_a_source_that_is_not_followed_are_passed_over(listener, hears):
    taken = listener.inbox.receive(deliveries(happenings(2, producer="west")))
    assert (taken.taken, taken.gaps) == (0, set())
    assert hears() == []


def test_an_event_without_a_handler_only_moves_the_cursor(listener, hears):
    first, second = happenings(2)
    stranger = altered(first, type=event_type(name="thing_moved").type).sealed()
    second = altered(second, previous_hash=stranger.hash).sealed()
    assert listener.inbox.receive(deliveries([stranger, second])).taken == 2
    assert hears() == [2]


@pytest.mark.parametrize(
    "change",
    [{"data": {"number": 9}}, {"previous_hash": "f" * 64}, {"subject": "things/2"}, {"hash": "0" * 64}],
)
def test_an_event_altered_on_its_way_is_not_taken_and_the_source_is_asked(listener, hears, change):
    first, second = happenings(2)
    listener.inbox.receive(deliveries([first]))
    taken = listener.inbox.receive(deliveries([altered(second, **change)]))
    assert (taken.taken, taken.gaps) == (0, {"north"})
    assert listener.inbox.position("north").forked is None
    listener.inbox.take([second])
    assert hears() == [1, 2]


def test_a_forged_event_cannot_stop_its_source(listener, hears):
    """Its hash is right, and it does not continue the log: only the source itself can say what does."""
    first, second = happenings(2)
    forged = altered(second, previous_hash="f" * 64, data={"number": 9}).sealed()
    listener.inbox.receive(deliveries([first]))
    assert listener.inbox.receive(deliveries([forged])).gaps == {"north"}
    assert listener.inbox.position("north").forked is None
    listener.inbox.receive(deliveries([second]))
    assert hears() == [1, 2]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda event: altered(event, previous_hash="f" * 64).sealed(), "does not continue"),
        (lambda event: altered(event, data={"number": 9}), "not what was hashed"),
        (lambda event: altered(event, sequence=3).sealed(), "event 2 is missing"),
    ],
)
def test_a_source_whose_own_log_does_not_continue_is_stopped(listener, hears, change, reason):
    first, second = happenings(2)
    listener.inbox.take([first])
    assert listener.inbox.take([change(second)]).taken == 0
    assert reason in listener.inbox.position("north").forked
    assert sample("piaojue_inbox_forked", service="east", source="north") == 1
    assert listener.inbox.take([second]).taken == 0
    assert hears() == [1]
    listener.inbox.take(happenings(1, producer="south"))
    assert hears() == [1, 1]


@pytest.mark.parametrize(
    ("tip", "reason"), [((1, "a" * 64), "ends with event 1"), ((2, "a" * 64), "not the one")]
)
def test_a_source_that_was_set_back_or_altered_is_stopped(listener, tip, reason):
    listener.inbox.take(happenings(2))
    listener.inbox.compare("north", listener.inbox.position("north"), Tip(*tip))
    assert reason in listener.inbox.position("north").forked


def test_a_source_that_is_ahead_or_equal_is_followed_on(listener):
    events = happenings(3)
    listener.inbox.take(events[:2])
    position = listener.inbox.position("north")
    for event in events[1:]:
        listener.inbox.compare("north", position, Tip(event.sequence, event.hash))
    assert listener.inbox.position("north").forked is None


def test_what_cannot_be_read_is_kept_as_bytes_and_the_rest_is_taken(listener, hears):
    first, second = deliveries(happenings(2))
    strange = [Delivery(b"\xff", "north.events", "x"), Delivery(b"[]", "north.events", "y")]
    assert listener.inbox.receive([first, *strange, second]).taken == 2
    assert hears() == [1, 2]
    kept_bytes = listener.inbox_store.unreadables(10)
    assert [(each.routing_key, each.size) for each in kept_bytes] == [("x", 1), ("y", 2)]
    assert listener.inbox.receive(strange[:1]).taken == 0


def test_an_event_that_came_by_the_exchange_of_another_is_kept_aside(listener, hears):
    """Who may publish in one name could tell in another's otherwise."""
    first, second = happenings(2)
    forged = Delivery(second.as_bytes(), "south.events", second.routing_key)
    assert listener.inbox.receive([*deliveries([first]), forged]).taken == 1
    assert hears() == [1]
    (aside,) = listener.inbox_store.unreadables(10)
    assert "exchange of another" in aside.reason
    assert listener.inbox.receive(deliveries([second])).taken == 1


def test_a_handler_that_fails_once_is_tried_again_after_a_pause(listener, hears):
    listener.failing[2] = 2  # with the others, and alone
    taken = listener.inbox.receive(deliveries(happenings(3, subjects=["a", "b", "c"])))
    assert taken.failed == 1
    assert hears() == [1, 3]
    assert listener.inbox.retry() == 0
    listener.clock.pass_by(1)
    assert listener.inbox.retry() == 1
    assert hears() == [1, 3, 2]
    assert listener.inbox.seconds_to_next_try() is None


def test_nothing_remains_of_a_handler_that_failed(listener, hears):
    """It had kept its number before it failed."""
    listener.failing[2] = ALWAYS
    listener.inbox.receive(deliveries(happenings(2, subjects=["a", "b"])))
    listener.clock.pass_by(1)
    listener.inbox.retry()
    assert listener.tried.count(2) == 3
    assert hears() == [1]


def test_later_events_of_its_subject_wait_behind_one_that_fails(listener, hears):
    listener.failing[1] = 2
    taken = listener.inbox.receive(deliveries(happenings(6, subjects=["a", "b"])))
    assert taken.failed == 3
    assert hears() == [2, 4, 6]
    listener.retry_until_done()
    assert hears() == [2, 4, 6, 1, 3, 5]


def test_events_that_come_later_wait_behind_one_that_failed_before(listener, hears):
    events = happenings(3)
    listener.failing[1] = 2
    listener.inbox.receive(deliveries(events[:1]))
    listener.inbox.receive(deliveries(events[1:]))
    assert hears() == []
    listener.retry_until_done()
    assert hears() == [1, 2, 3]


def test_pauses_grow_and_the_event_is_parked_after_the_last(listener, hears):
    listener.failing[1] = ALWAYS
    listener.inbox.receive(deliveries(happenings(1)))
    pauses = []
    while (seconds := listener.inbox.seconds_to_next_try()) is not None:
        pauses.append(seconds)
        listener.clock.pass_by(seconds)
        listener.inbox.retry()
    assert pauses == [1, 2, 5]
    (entry,) = listener.inbox_store.parked(10)
    assert (entry.attempts, entry.error) == (4, "RuntimeError")


def test_those_behind_a_parked_event_wait_and_others_go_on(listener, hears):
    listener.failing[1] = ALWAYS
    events = happenings(5, subjects=["a", "b"])
    listener.inbox.receive(deliveries(events[:3]))
    listener.retry_until_done()
    listener.inbox.receive(deliveries(events[3:]))
    listener.retry_until_done()
    assert hears() == [2, 4]
    load = listener.inbox_store.load()
    assert (load.waiting, load.parked) == (2, 1)


def test_a_replay_handles_the_parked_event_and_then_those_behind(listener, hears):
    listener.failing[1] = ALWAYS
    events = happenings(3)
    listener.inbox.receive(deliveries(events))
    listener.retry_until_done()
    listener.failing.clear()
    assert listener.inbox_store.release(events[0].id, listener.clock())
    assert listener.inbox.retry() == 3
    assert hears() == [1, 2, 3]


def test_a_replay_that_fails_is_tried_as_if_for_the_first_time(listener, hears):
    listener.failing[1] = ALWAYS
    events = happenings(1)
    listener.inbox.receive(deliveries(events))
    listener.retry_until_done()
    listener.failing[1] = 2
    listener.inbox_store.release(events[0].id, listener.clock())
    listener.retry_until_done()
    assert hears() == [1]


def test_a_clock_that_is_set_back_holds_no_try_up(listener, hears):
    listener.failing[1] = 2  # with the others, and alone
    listener.clock.pass_by(7200)
    listener.inbox.receive(deliveries(happenings(2)))
    assert listener.inbox.retry() == 0
    listener.clock.pass_by(-7200)
    assert listener.inbox.retry() == 2
    assert hears() == [1, 2]


def test_a_full_disk_is_no_fault_of_a_handler_and_costs_no_try(listener, hears):
    def full(heard):
        raise OperationalError("INSERT", {}, DiskFull())

    listener.hook = full
    for _ in range(2 * len(PAUSES)):
        with pytest.raises(StoreUnavailable):
            listener.inbox.receive(deliveries(happenings(2)))
    assert (hears(), listener.inbox_store.load()) == ([], Load(0, 0, None))
    listener.hook = lambda heard: None
    listener.failing[1] = 2
    listener.inbox.receive(deliveries(happenings(2)))
    listener.hook = full
    for _ in range(2 * len(PAUSES)):
        listener.clock.pass_by(60)
        with pytest.raises(StoreUnavailable):
            listener.inbox.retry()
    listener.hook = lambda heard: None
    assert listener.inbox.retry() == 2
    assert hears() == [1, 2]


class DiskFull(Exception):
    """As psycopg2's, which nobody else can make."""

    pgcode = "53100"


def test_an_inbox_without_pauses_parks_at_once(listener, hears):
    listener.inbox._pauses = ()
    listener.failing[1] = ALWAYS
    listener.inbox.receive(deliveries(happenings(2, subjects=["a", "b"])))
    assert hears() == [2]
    assert len(listener.inbox_store.parked(10)) == 1


def test_no_text_of_an_unforeseen_error_is_kept(listener):
    listener.failing[1] = ALWAYS
    listener.inbox.receive(deliveries(happenings(1)))
    listener.retry_until_done()
    assert "secret" not in listener.inbox_store.parked(1)[0].error


def test_a_refusal_tells_its_slug(listener):
    def refuse(heard):
        raise Conflict("The poll is not open.")

    listener.hook = refuse
    listener.inbox.receive(deliveries(happenings(1)))
    listener.retry_until_done()
    assert listener.inbox_store.parked(1)[0].error == "conflict: The poll is not open."


def test_data_that_does_not_fit_is_parked_with_the_name_of_the_field(listener, hears):
    event = altered(happenings(1)[0], data={"number": "none"}).sealed()
    listener.inbox.receive(deliveries([event]))
    listener.retry_until_done()
    assert "number" in listener.inbox_store.parked(1)[0].error
    assert hears() == []


def test_a_handler_that_runs_out_of_time_has_failed(listener, hears):
    """eventlet's Timeout is no Exception, and would else end the consumer."""

    def late(heard):
        raise Timeout(None)

    listener.hook = late
    assert listener.inbox.receive(deliveries(happenings(1))).failed == 1
    listener.hook = lambda heard: None
    listener.retry_until_done()
    assert hears() == [1]


def test_a_database_lost_in_the_middle_leaves_nothing_half_done(listener, hears):
    lost = [3, 3]

    def lose(heard):
        if heard.data["number"] in lost:
            lost.remove(heard.data["number"])
            raise StoreUnavailable("The connection to the database was lost.")

    listener.hook = lose
    batch = deliveries(happenings(5))
    for _ in range(2):
        with pytest.raises(StoreUnavailable):
            listener.inbox.receive(batch)
        assert hears() == []
        assert listener.inbox.position("north").sequence == 0
    assert listener.inbox.receive(batch).taken == 5
    assert hears() == [1, 2, 3, 4, 5]


def test_a_session_killed_in_the_middle_of_a_batch_leaves_nothing_half_done(postgresql_store):
    listener = Listener(InboxStore(postgresql_store), lambda things, number: things.keep(number))
    kills = [3, 3]

    def kill(heard):
        if heard.data["number"] in kills:
            kills.remove(heard.data["number"])
            pid = heard.store.connection.scalar(text("SELECT pg_backend_pid()"))
            with postgresql_store.begin() as other:
                other.connection.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
            heard.store.kept()

    listener.hook = kill
    batch = deliveries(happenings(5))
    for _ in range(2):
        with pytest.raises(StoreUnavailable):
            listener.inbox.receive(batch)
        assert kept(postgresql_store) == []
    assert listener.inbox.receive(batch).taken == 5
    assert kept(postgresql_store) == [1, 2, 3, 4, 5]


def test_a_session_killed_while_one_is_tried_again_is_no_failure_of_the_handler(postgresql_store):
    listener = Listener(InboxStore(postgresql_store), lambda things, number: things.keep(number))
    listener.failing[1] = 2
    listener.inbox.receive(deliveries(happenings(1)))
    killed = []

    def kill(heard):
        if not killed:
            killed.append(heard.store.connection.scalar(text("SELECT pg_backend_pid()")))
            with postgresql_store.begin() as other:
                other.connection.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": killed[0]})
            heard.store.kept()

    listener.hook = kill
    listener.clock.pass_by(1)
    with pytest.raises(StoreUnavailable):
        listener.inbox.retry()
    with listener.inbox_store.begin() as transaction:
        assert listener.inbox_store.next_due(transaction, listener.clock()).attempts == 1
    assert listener.inbox.retry() == 1
    assert kept(postgresql_store) == [1]


@pytest.mark.parametrize("swallowed", [True, False])
def test_a_handler_that_breaks_a_rule_of_its_tables_fails_alone(store, swallowed):
    """On PostgreSQL nothing can be done in a transaction after that, even where the handler hides it."""
    listener = Listener(InboxStore(store), lambda things, number: things.keep(number, once=min(number, 2)))
    keep = listener.keep

    def hiding(things, number):
        try:
            keep(things, number)
        except IntegrityError:
            if not swallowed:
                raise

    listener.keep = hiding
    taken = listener.inbox.receive(deliveries(happenings(4, subjects=["a", "b", "c", "d"])))
    assert taken.taken == 4
    assert kept(store) == [1, 2]
    with store.begin() as transaction:
        states = list(
            transaction.connection.scalars(inbox_table.select().with_only_columns(inbox_table.c.state))
        )
    hidden_on_sqlite = swallowed and store.engine.dialect.name == "sqlite"
    assert states.count("handled") == (4 if hidden_on_sqlite else 2)


def test_what_a_failing_handler_would_have_told_is_not_told(store):
    listener = Listener(InboxStore(store), lambda things, number: things.tell(number * 10))
    listener.failing[2] = ALWAYS
    listener.inbox.receive(deliveries(happenings(3, subjects=["a", "b", "c"])))
    listener.clock.pass_by(1)
    listener.inbox.retry()
    log = EventLog(store, "/regions/test/east")
    lead = leading(log)
    log.number(lead, 100)
    lead.release()
    assert [event.data["number"] for event in told(log)] == [10, 30]


def test_a_handler_works_for_the_request_that_caused_the_event(listener):
    seen = []
    listener.hook = lambda heard: seen.append(current_correlation_id())
    event = altered(happenings(1)[0], correlation_id="request-7").sealed()
    listener.inbox.receive(deliveries([event]))
    assert seen == ["request-7"]


def test_fields_that_are_not_known_are_read_over(listener, hears):
    members = json.loads(happenings(1)[0].as_bytes()) | {"added": "by a gateway"}
    taken = listener.inbox.receive([Delivery(json.dumps(members).encode(), "north.events", "x")])
    assert taken.taken == 1
    assert hears() == [1]


def test_two_inboxes_of_a_service_share_its_work_and_keep_the_order(postgresql_store):
    """Two processes: one heals while the other receives, and both retry."""
    events = happenings(200, subjects=[f"things/{at}" for at in range(5)])
    ready = Barrier(3)
    listeners = [
        Listener(InboxStore(postgresql_store), lambda things, number: things.keep(number, once=number))
        for _ in range(3)
    ]
    for listener in listeners:
        listener.failing.update(dict.fromkeys(range(1, 200, 7), 1))

    def work(listener, size):
        ready.wait(20)
        for _ in range(0, len(events), size):
            with suppress(StoreUnavailable):
                listener.inbox.take(events[listener.inbox.position("north").sequence :][:size])
            listener.clock.pass_by(10)
            listener.inbox.retry()
        while listener.inbox.position("north").sequence < len(events):
            listener.inbox.take(events[listener.inbox.position("north").sequence :][:size])

    threads = [
        Thread(target=work, args=[each, size]) for each, size in zip(listeners, (7, 13, 20), strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    listeners[0].clock.pass_by(1000)
    while listeners[0].inbox.retry():
        listeners[0].clock.pass_by(1000)
    found = kept(postgresql_store)
    assert sorted(found) == list(range(1, 201))
    for subject in range(5):
        own = [number for number in found if (number - 1) % 5 == subject]
        assert own == sorted(own)


def test_an_inbox_follows_the_producers_of_what_it_handles():
    inbox = Inbox("east", FakeInboxStore(), {}, pauses=[1], clock=Clock())
    assert inbox.sources == frozenset()
