"""Figures from the database are brought up to date when metrics are asked for, and never hold that up."""

from types import SimpleNamespace
from uuid import uuid4

import eventlet
import pytest

from chassis.events.backbone import Backbone
from chassis.metrics import sample
from chassis.service import observing
from chassis.service.observing import Observed, Observing
from chassis.store import Stored, StoreUnavailable
from tests.support.waiting import eventually


class Figures:
    """Stands for a service's gauges. ``act`` is what happens when they are observed."""

    def __init__(self):
        self.times = 0
        self.act = lambda: None

    def observe(self, store):
        self.times += 1
        self.act()


@pytest.fixture
def figures():
    return Figures()


@pytest.fixture
def looker(figures, sqlite_store, monkeypatch):
    monkeypatch.setattr(observing, "_FRESH_SECONDS", 0)
    monkeypatch.setattr(observing, "_PATIENCE_SECONDS", 0.05)
    monkeypatch.setattr(Backbone, "observe", lambda self: None)
    stored = Stored(None)
    stored.store = sqlite_store
    looker = Observing()
    name = f"service-{uuid4().hex[:8]}"
    dependencies = [stored, Backbone(), Observed(figures.observe)]
    looker.container = SimpleNamespace(service_name=name, dependencies=dependencies)
    looker.start()
    yield looker
    looker.stop()


def reachable(looker):
    return sample("piaojue_store_reachable", service=looker.container.service_name)


def test_a_look_brings_all_up_to_date(looker, figures):
    looker.look()
    name = looker.container.service_name
    assert (figures.times, reachable(looker)) == (1, 1)
    assert sample("piaojue_observed_timestamp_seconds", service=name) > 0
    assert sample("piaojue_store_connections_max", service=name) == 25


def test_what_was_looked_at_a_moment_ago_is_not_looked_at_again(looker, figures, monkeypatch):
    monkeypatch.setattr(observing, "_FRESH_SECONDS", 60)
    looker.look()
    looker.look()
    assert figures.times == 1


def test_a_database_that_hangs_holds_nobody_up_and_is_asked_once(looker, figures):
    done = eventlet.Event()
    figures.act = done.wait
    looker.look()
    looker.look()
    assert (figures.times, reachable(looker)) == (1, 0)
    done.send(None)
    figures.act = lambda: None
    eventually(lambda: looker.look() or reachable(looker) == 1)


def test_a_database_that_is_away_is_seen_to_be(looker, figures):
    def away():
        raise StoreUnavailable("The database cannot be reached at the moment.")

    looker.look()
    figures.act = away
    looker.look()
    assert reachable(looker) == 0


def test_a_fault_in_a_figure_does_not_keep_metrics_from_being_shown(looker, figures):
    def fault():
        raise KeyError("a figure")

    figures.act = fault
    looker.look()
    assert sample("piaojue_observed_timestamp_seconds", service=looker.container.service_name) == 0
