"""A service's own store for tests: its tables made, on a SQLite file or on a database of PostgreSQL."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar

from sqlalchemy import select

from chassis.events.log import EventLog
from chassis.store import Store, Transaction, migrate
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
    store = Store.at(url or f"sqlite:///{folder / service}.db", repository)
    try:
        migrate(store.engine, service)
        yield store
    finally:
        store.close()


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
