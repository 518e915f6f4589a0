"""The suites of the ports explain their failures like any other test; a store is of either kind."""

import pytest

pytest.register_assert_rewrite("chassis.testing")

from chassis.testing.inbox import FakeInboxStore  # noqa: E402
from tests.support.listeners import on_tables, on_the_fake  # noqa: E402
from tests.support.things_store import kept, things_store  # noqa: E402


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.real)])
def store_url(request, tmp_path):
    """Where an empty database is, once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'north.db'}"
    return request.getfixturevalue("database_url")("north")


@pytest.fixture
def store(store_url):
    """A store of either kind with the tables of the backbone and a table of things."""
    with things_store(store_url) as made:
        yield made


@pytest.fixture
def sqlite_store(tmp_path):
    """The same on SQLite alone, for what does not depend on the database."""
    with things_store(f"sqlite:///{tmp_path / 'north.db'}") as made:
        yield made


@pytest.fixture
def postgresql_store(database_url):
    """The same on PostgreSQL alone."""
    with things_store(database_url("north")) as made:
        yield made


@pytest.fixture(params=["fake", "sqlite_store", pytest.param("postgresql_store", marks=pytest.mark.real)])
def listener(request):
    """Who hears of things, on the fake and on either database."""
    if request.param == "fake":
        return on_the_fake()
    return on_tables(request.getfixturevalue(request.param))


@pytest.fixture
def hears(listener):
    """What its handlers have kept."""
    if isinstance(listener.inbox_store, FakeInboxStore):
        return lambda: listener.inbox_store.work
    return lambda: kept(listener.inbox_store._store)
