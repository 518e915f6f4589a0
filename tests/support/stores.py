"""A service's own store for tests: its tables made, on a SQLite file or on a database of PostgreSQL."""

import json
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any, TypeVar

from sqlalchemy import select

from chassis.events.log import EventLog
from chassis.store import Repository, Store, Transaction, migrate
from chassis.store.engine import WRITES
from chassis.store.tables import event_log, outbox

R = TypeVar("R")


@contextmanager
def migrated_store(
    service: str, repository: Callable[[Transaction], R], folder: Path, *, url: str | None = None
) -> Iterator[Store[R]]:
    """The store of a service with its tables, closed afterwards.

    It is the file ``<service>.db`` in the folder, unless ``url`` names another place, such as one of the
    fixture ``database_url``. Asked for twice, it is the same store twice: what two processes would have.
    """
    file = folder / f"{service}.db"
    if url is None and not file.exists():
        file.write_bytes(_migrated(service))
    store = Store.at(url or f"sqlite:///{file}", repository)
    try:
        if url is not None:
            migrate(store.engine, service)
        yield store
    finally:
        store.close()


@cache
def _migrated(service: str) -> bytes:
    """A SQLite file with the service's tables: they are made once in a run, and copied for each test."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / f"{service}.db"
        with closing(Store.at(f"sqlite:///{file}", Repository)) as store:
            migrate(store.engine, service)
        return file.read_bytes()


def told(store: Store[Any], event: str = "") -> list[dict[str, Any]]:
    """What the store's transactions have published, oldest first: ``type``, ``subject`` and ``data`` of each.

    ``event`` chooses those of one name, such as ``poll_opened``. For a store without a relay at work: what is
    numbered is what :func:`number_events` has numbered.
    """
    with store.begin() as transaction:
        numbered = transaction.connection.scalars(select(event_log.c.body).order_by(event_log.c.sequence))
        found = [json.loads(body) for body in numbered]
        waiting = transaction.connection.execute(select(outbox).order_by(outbox.c.position))
        found += [{"type": row.type, "subject": row.subject, "data": json.loads(row.data)} for row in waiting]
    return [
        {name: each[name] for name in ("type", "subject", "data")}
        for each in found
        if not event or f".{event}." in each["type"]
    ]


def number_events(store: Store[Any], source: str = "/regions/demo/tests") -> None:
    """Does what a relay would, but for the publishing: all events so far get their numbers in the log."""
    with store.engine.connect() as plain:
        leader = SimpleNamespace(connection=plain.execution_options(**{WRITES: True}))
        while EventLog(store, source).number(leader, 1000):
            pass
