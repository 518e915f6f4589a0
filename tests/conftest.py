"""The servers that tests need: one private RabbitMQ and one private PostgreSQL for a run, started when first
asked for; and for each test a virtual host and databases that nobody else has.

A test that asks for any of them is marked ``real`` by that. A server that cannot be had fails its tests.
"""

import re
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

import pytest

from tests.support.postgresql import PrivatePostgres
from tests.support.processes import Process
from tests.support.prometheus import PrivateAlertmanager, PrivatePrometheus
from tests.support.rabbitmq import PrivateRabbitMQ
from tests.support.servers import ServerMissingError

SERVERS = {"rabbitmq", "postgres", "prometheus", "alertmanager", "promtool"}

Server = TypeVar("Server", PrivateRabbitMQ, PrivatePostgres, PrivatePrometheus, PrivateAlertmanager)


def pytest_configure() -> None:
    """A run that is asked to end, by ``timeout`` for one, ends its servers as it does on Ctrl-C."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


@pytest.hookimpl(tryfirst=True)  # before -m selects by the marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs a server, and run first what is quick: then tests with servers, slow ones last."""
    for item in items:
        if SERVERS & set(getattr(item, "fixturenames", ())):
            item.add_marker("real")
    items.sort(key=lambda item: ("slow" in item.keywords, "real" in item.keywords))


def served(make: Callable[[Path], Server], folder: Path) -> Iterator[Server]:
    """The server, started unless it needs a configuration first; closed afterwards."""
    try:
        server = make(folder)
    except ServerMissingError as missing:
        pytest.fail(str(missing), pytrace=False)
    with server:
        yield server


@pytest.fixture(scope="session")
def rabbitmq(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateRabbitMQ]:
    """The run's RabbitMQ. A test may stop, kill or wipe it; for the next one it is started again."""
    yield from served(PrivateRabbitMQ, tmp_path_factory.mktemp("rabbitmq"))


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivatePostgres]:
    """The run's PostgreSQL, with fsync. A test may stop or kill it; for the next one it is started again."""
    yield from served(PrivatePostgres, tmp_path_factory.mktemp("postgres"))


@pytest.fixture
def broker_url(rabbitmq: PrivateRabbitMQ) -> Iterator[str]:
    """The URL of an empty virtual host of this test's own."""
    rabbitmq.start()
    vhost = f"test-{uuid4().hex[:12]}"
    yield rabbitmq.add_vhost(vhost)
    rabbitmq.remove_vhost(vhost)


@pytest.fixture
def database_url(postgres: PrivatePostgres) -> Iterator[Callable[..., str]]:
    """``database_url("ballots")`` makes an empty database with a role of its own and returns its URL.

    The name only helps to read: each call makes another database. They are dropped after the test.
    """
    postgres.start()
    made: list[str] = []

    def make(name: str = "test") -> str:
        made.append(f"{re.sub(r'[^a-z0-9]+', '_', name.lower())[:40]}_{uuid4().hex[:12]}")
        return postgres.create_database(made[-1])

    yield make
    postgres.start()
    for name in made:
        postgres.drop_database(name)


@pytest.fixture
def start_process(tmp_path: Path) -> Iterator[Callable[..., Process]]:
    """``start_process(command, **options)`` starts a :class:`Process` that does not outlive the test.

    ``output`` is, unless said otherwise, a file of the test's folder.
    """
    started: list[Process] = []

    def start(command: list[str | Path], **options: object) -> Process:
        options.setdefault("output", tmp_path / f"{Path(command[0]).name}-{len(started)}.log")
        started.append(Process(command, **options))
        return started[-1]

    yield start
    for process in reversed(started):
        process.kill()
