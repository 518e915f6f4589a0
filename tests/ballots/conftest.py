"""A store of either kind, twice: what two processes would have."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from ballots.store import Ballots
from chassis.store import Store
from tests.support.stores import migrated_store


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.real)])
def stores(request, tmp_path) -> Iterator[list[Store[Ballots]]]:
    url = request.getfixturevalue("database_url")("ballots") if request.param == "postgresql" else None
    with ExitStack() as stack:
        yield [stack.enter_context(migrated_store("ballots", Ballots, tmp_path, url=url)) for _ in range(2)]


@pytest.fixture
def store(stores):
    return stores[0]
