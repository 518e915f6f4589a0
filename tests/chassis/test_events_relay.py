"""The relay: what is committed is published, whatever the broker, the database or another relay does."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from time import monotonic

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from chassis.bus import KombuBus
from chassis.events import relay as module
from chassis.events.listening import LISTENER
from chassis.events.log import EventLog
from chassis.events.relay import Relay
from chassis.metrics import sample
from chassis.testing.bus import FakeBus, received, subscribed
from chassis.testing.log import FakeEventLog, leading, told
from chassis.testing.things import SOURCE
from piaojue_contracts import Event, verify
from tests.support.things_store import tell, things_store
from tests.support.waiting import eventually

LONG = 60.0
"""Seconds: an interval that no test waits for."""


@contextmanager
def relaying(log, bus, *, batch=100, interval=0.05) -> Iterator[Relay]:
    """A relay at work in a thread."""
    relay = Relay("north", log, bus, batch=batch, interval=interval)
    thread = Thread(target=relay.run, daemon=True)
    thread.start()
    try:
        yield relay
    finally:
        relay.stop()
        thread.join(20)
        assert not thread.is_alive()


def events(bus):
    return [Event.from_bytes(message.body) for message in bus.published]


def numbers(bus):
    return [event.data["number"] for event in events(bus)]


def published(bus, expected, within=10.0):
    eventually(lambda: numbers(bus) == expected, within, f"{len(expected)} are published")


@pytest.fixture
def bus():
    return FakeBus()


@pytest.fixture
def log():
    return FakeEventLog()


def test_what_is_committed_is_published_in_order_and_once(log, bus):
    with relaying(log, bus, batch=2):
        log.append([1, 2, 3])
        log.append([4])
        published(bus, [1, 2, 3, 4])
        eventually(lambda: log.published() == 4)
    verify(events(bus))


def test_a_message_carries_the_id_and_the_routing_key_of_its_event(log, bus):
    with relaying(log, bus):
        log.append([1])
        published(bus, [1])
    (event,), (message,) = events(bus), bus.published
    assert (message.id, message.routing_key) == (event.id, "thing_happened.v1")


def test_a_commit_wakes_the_relay_before_its_interval(sqlite_store, bus):
    with relaying(EventLog(sqlite_store, SOURCE), bus, interval=LONG):
        eventually(lambda: sqlite_store.relay_leads_here)
        tell(sqlite_store, 1)
        published(bus, [1])


def test_a_commit_in_another_process_wakes_the_relay_before_its_interval(database_url, bus):
    url = database_url("north")
    with (
        things_store(url) as here,
        things_store(url) as elsewhere,
        relaying(EventLog(here, SOURCE), bus, interval=LONG),
    ):
        eventually(lambda: here.relay_leads_here)
        assert not elsewhere.relay_leads_here
        for number in (1, 2):
            tell(elsewhere, number)
            published(bus, [1, 2][:number])


def test_what_nobody_told_of_is_found_at_the_interval(log, bus):
    with relaying(log, bus, interval=0.05):
        eventually(lambda: log.leader)
        log.outbox += [log._unnumbered(1)]
        published(bus, [1])


def test_what_was_committed_before_the_start_is_published(log, bus):
    log.append([1, 2])
    with relaying(log, bus, interval=LONG):
        published(bus, [1, 2])


def test_events_stay_while_the_broker_is_away_and_are_published_after(log, bus, monkeypatch):
    monkeypatch.setattr(module, "_LONGEST_PAUSE", 0.05)
    bus.down = True
    with relaying(log, bus, batch=2) as relay:
        log.append([1, 2, 3])
        eventually(relay.trouble)
        log.append([4])
        eventually(lambda: log.tip().sequence == 4, what="numbers are given meanwhile")
        assert log.published() == 0
        bus.down = False
        published(bus, [1, 2, 3, 4])
        eventually(lambda: relay.trouble() is None)


def test_what_was_kept_goes_before_what_is_committed_when_the_broker_is_back(log, bus):
    relay = Relay("north", log, bus, batch=2, interval=LONG)
    lead = leading(log)
    bus.down = True
    log.append([1, 2, 3])
    while log.outbox:
        relay._round(lead)
    bus.down, relay._publish_after = False, 0
    log.append([4])
    while relay._round(lead):
        pass
    assert numbers(bus) == [1, 2, 3, 4]


def test_pauses_grow_while_the_broker_is_away_and_have_an_end(log, bus, monkeypatch):
    waits = []
    relay = Relay("north", log, bus, batch=10, interval=LONG)
    monkeypatch.setattr(relay._awake, "wait", lambda seconds: waits.append(seconds))
    bus.down = True
    log.append([1])
    lead = leading(log)
    for _ in range(8):
        relay._publish_after = 0
        relay._round(lead)
        relay._rest()
    assert [round(wait, 1) for wait in waits] == [0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0, 5.0]


def test_what_was_not_confirmed_is_sent_again(log, bus, monkeypatch):
    monkeypatch.setattr(module, "_LONGEST_PAUSE", 0.05)
    bus.loses_confirms = True
    with relaying(log, bus):
        log.append([1, 2])
        eventually(lambda: numbers(bus).count(1) > 1)
        assert log.published() == 0
        bus.loses_confirms = False
        eventually(lambda: log.published() == 2)
    assert set(numbers(bus)) == {1, 2}


def test_a_queue_that_refuses_holds_up_nobody_for_long(log, bus):
    bus.refuses = True
    with relaying(log, bus, batch=2) as relay:
        log.append([1, 2])
        eventually(lambda: log.published() == 2)
        assert numbers(bus) == [1, 2] * module._MOST_REFUSALS
        log.append([3])
        eventually(lambda: log.published() == 3)
        assert numbers(bus)[-2:] == [2, 3], "once it is known to refuse, nothing is sent again for it"
        assert "refuses" in relay.trouble()
        bus.refuses = False
        log.append([4])
        eventually(lambda: log.published() == 4)
        eventually(lambda: relay.trouble() is None)


def test_a_mark_that_was_lost_only_sends_again(log, bus):
    with relaying(log, bus):
        log.append([1, 2])
        eventually(lambda: log.published() == 2)
    log._published = 1
    with relaying(log, bus):
        published(bus, [1, 2, 2])


def test_a_stop_waits_for_what_is_committed(log, bus):
    with relaying(log, bus, batch=1, interval=LONG):
        log.append(range(50))
    assert numbers(bus) == list(range(50))
    assert log.leader is None


def test_a_stop_does_not_wait_for_a_broker_that_is_away(log, bus):
    bus.down = True
    started = monotonic()
    with relaying(log, bus, interval=LONG):
        log.append([1])
        eventually(lambda: log.tip().sequence == 1)
    assert monotonic() - started < 10


def test_one_that_waits_for_the_lead_does_not_spin(sqlite_store, bus, monkeypatch):
    """It is woken by every commit of its process, and has nothing to do then."""
    log = EventLog(sqlite_store, SOURCE)
    lead, tries = leading(log), []
    monkeypatch.setattr(log, "lead", lambda wake: tries.append(1))
    with relaying(log, bus, interval=LONG):
        eventually(lambda: tries)
        for number in range(20):
            tell(sqlite_store, number)
    assert len(tries) == 1
    lead.release()


def test_an_unforeseen_failure_does_not_end_the_relay(log, bus, monkeypatch):
    number, failures = log.number, [RuntimeError("boom"), RuntimeError("boom")]

    def failing(lead, most):
        if failures:
            raise failures.pop()
        return number(lead, most)

    monkeypatch.setattr(log, "number", failing)
    with relaying(log, bus):
        log.append([1])
        published(bus, [1])


def test_a_database_that_was_away_is_used_again_and_that_is_told_once(log, bus, monkeypatch):
    tries, lead = [], log.lead

    def counted(wake):
        tries.append(log.away)
        return lead(wake)

    monkeypatch.setattr(log, "lead", counted)
    with capture_logs() as lines, relaying(log, bus):
        for numbers_so_far in ([1], [1, 2]):
            log.append(numbers_so_far[-1:])
            published(bus, numbers_so_far)
            log.away = True
            eventually(lambda: tries[-4:] == [True] * 4, 10, "it has tried some times")
            log.away = False
        log.append([3])
        published(bus, [1, 2, 3])
    assert [line["event"] for line in lines] == ["relay_lost_its_database"] * 2


def test_two_relays_on_one_database_make_one_log_and_the_second_takes_over(
    postgresql_store, database_url, bus
):
    url = postgresql_store.engine.url.render_as_string(hide_password=False)
    with things_store(url) as other_store:
        log, other = EventLog(postgresql_store, SOURCE), EventLog(other_store, SOURCE)
        with relaying(log, bus), relaying(other, bus):
            stores = [postgresql_store, other_store]
            for number in range(6):
                eventually(lambda: sum(each.relay_leads_here for each in stores) == 1)
                tell(stores[number % 2], number)
                eventually(lambda number=number: number in numbers(bus))
                kill_leader(stores[number % 2])
            eventually(lambda: set(numbers(bus)) == set(range(6)))
        assert verify(told(log))[0] == 6


def kill_leader(store):
    """The session that holds the lock, as if its process or the network had died."""
    with store.begin() as transaction:
        transaction.connection.execute(
            text("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted")
        )


def sessions(store, name):
    query = "SELECT pid FROM pg_stat_activity WHERE application_name = :name AND datname = current_database()"
    with store.begin() as transaction:
        return list(transaction.connection.scalars(text(query), {"name": name}))


def test_a_listener_that_was_cut_off_listens_again(database_url, bus):
    url = database_url("north")
    with (
        things_store(url) as here,
        things_store(url) as elsewhere,
        relaying(EventLog(here, SOURCE), bus, interval=0.1),
    ):
        eventually(lambda: here.relay_leads_here)
        (session,) = sessions(elsewhere, LISTENER)
        with elsewhere.begin() as transaction:
            transaction.connection.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": session})
        eventually(lambda: sessions(elsewhere, LISTENER) not in ([], [session]))
        tell(elsewhere, 1)
        published(bus, [1])


def test_the_second_takes_over_on_sqlite_when_the_first_stops(tmp_path, bus):
    url = f"sqlite:///{tmp_path / 'north.db'}"
    with things_store(url) as store, things_store(url) as other_store:
        with relaying(EventLog(other_store, SOURCE), bus):
            eventually(lambda: other_store.relay_leads_here)
            with relaying(EventLog(store, SOURCE), bus):
                tell(store, 1)
                published(bus, [1])
                assert not store.relay_leads_here
        with relaying(EventLog(store, SOURCE), bus):
            tell(store, 2)
            published(bus, [1, 2])
        assert verify(told(EventLog(store, SOURCE)))[0] == 2


def test_the_metric_says_who_leads(log, bus):
    with relaying(log, bus):
        eventually(lambda: sample("piaojue_relay_leader", service="north") == 1)
    assert sample("piaojue_relay_leader", service="north") == 0


@pytest.mark.slow
def test_a_real_broker_that_was_killed_gets_everything(postgresql_store, broker_url, rabbitmq):
    bus, log = KombuBus(broker_url), EventLog(postgresql_store, SOURCE)
    with subscribed(bus):
        rabbitmq.settle()
    with relaying(log, bus):
        tell(postgresql_store, *range(100))
        eventually(lambda: log.published() == 100)
        rabbitmq.kill()
        tell(postgresql_store, *range(100, 200))
        eventually(lambda: log.tip().sequence == 200)
        rabbitmq.start()
        eventually(lambda: log.published() == 200, 30)
    with subscribed(bus, most=300) as subscription:
        found = {Event.from_bytes(each.body).sequence for each in received(subscription, 200)}
    assert found == set(range(1, 201))
