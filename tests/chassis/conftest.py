"""The suites of the ports explain their failures like any other test; a store is of either kind."""

import pytest

pytest.register_assert_rewrite("chassis.testing")

from tests.support.things_store import things_store  # noqa: E402


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
