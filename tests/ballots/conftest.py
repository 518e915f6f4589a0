"""Stores of ballots: of either kind, or of one, and twice, as two processes would have one."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from ballots.store import Ballots
from chassis.store import Store
from tests.support.stores import migrated_store


def twice(folder: Path, url: str | None = None) -> Iterator[list[Store[Ballots]]]:
    with ExitStack() as stack:
        yield [stack.enter_context(migrated_store("ballots", Ballots, folder, url=url)) for _ in range(2)]


@pytest.fixture
def sqlite_stores(tmp_path: Path) -> Iterator[list[Store[Ballots]]]:
    yield from twice(tmp_path)


@pytest.fixture
def postgresql_stores(database_url, tmp_path: Path) -> Iterator[list[Store[Ballots]]]:
    yield from twice(tmp_path, database_url("ballots"))


@pytest.fixture(params=["sqlite_stores", pytest.param("postgresql_stores", marks=pytest.mark.real)])
def stores(request) -> list[Store[Ballots]]:
    """On either database. A file that needs but one of them has a fixture of this name, too."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def store(stores) -> Store[Ballots]:
    return stores[0]


@pytest.fixture
def other(stores) -> Store[Ballots]:
    """What a second process would have."""
    return stores[1]
