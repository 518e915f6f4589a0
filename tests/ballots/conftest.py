"""Stores of ballots: of either kind, or of one, and twice, as two processes would have one."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from ballots.store import Ballots
from chassis.auth import new_key, save_key
from chassis.store import Store
from tests.support.running import Region, running
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


@pytest.fixture(scope="module")
def processes(postgres, tmp_path_factory, request) -> Iterator[tuple[Region, Region]]:
    """Two processes of ballots on one database of PostgreSQL. The first has proposals beside it, played."""
    postgres.start()
    save_key(new_key(), key := tmp_path_factory.mktemp("key") / "record-key.pem")
    database = request.module.__name__.rpartition(".")[2]
    settings = {
        "PIAOJUE_BALLOTS_STORE_URL": postgres.create_database(database),
        "PIAOJUE_BALLOTS_CODE_KEY": "a key of at least sixteen characters",
        "PIAOJUE_BALLOTS_RECORD_KEY": str(key),
    }
    with (
        running("ballots", played=("proposals",), settings=settings) as one,
        running("ballots", settings=settings) as two,
    ):
        yield one, two
    postgres.drop_database(database)
