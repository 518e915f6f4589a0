"""The store of a service that keeps things, for tests of the backbone: no service of ours is needed."""

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

from sqlalchemy import Column, Integer, MetaData, Table, inspect, select

from chassis.store import Repository, Store, create_backbone_v1
from chassis.testing.things import HAPPENED

metadata = MetaData()
things = Table(
    "things",
    metadata,
    Column("at", Integer, primary_key=True, autoincrement=True),
    Column("number", Integer, nullable=False),
    Column("once", Integer, unique=True),
)


class Things(Repository):
    """Numbers, in the order in which they were kept."""

    def keep(self, number: int, once: int | None = None) -> None:
        """IntegrityError: ``once`` was there before."""
        self.connection.execute(things.insert().values(number=number, once=once))

    def kept(self) -> list[int]:
        return list(self.connection.scalars(select(things.c.number).order_by(things.c.at)))

    def tell(self, number: int, subject: str = "") -> None:
        self.publish(HAPPENED, subject=subject or f"things/{number}", data={"number": number})


@contextmanager
def things_store(url: str) -> Iterator[Store[Things]]:
    """Opened, its tables made if it has none, closed afterwards."""
    store = Store.at(url, Things)
    try:
        with store.begin() as transaction:
            connection = transaction.connection
            if not inspect(connection).has_table("things"):
                create_backbone_v1(SimpleNamespace(get_bind=lambda: connection))
                metadata.create_all(connection)
        yield store
    finally:
        store.close()


def tell(store: Store[Things], *numbers: int, subject: str = "") -> None:
    """In one transaction."""
    with store.transaction() as repository:
        for number in numbers:
            repository.tell(number, subject)


def kept(store: Store[Any]) -> list[int]:
    with store.reading() as repository:
        return repository.kept()
