"""Engines of the two databases, set so that what is committed is on disk."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from chassis.errors import Unavailable

WRITES: Final = "piaojue_writes"
"""The execution option of a connection whose transaction will write."""
_PRAGMAS: Final = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    "PRAGMA secure_delete=ON",  # a deleted row's bytes are overwritten
    "PRAGMA busy_timeout=10000",
)
_POOL_WAIT_SECONDS: Final = 10


class StoreUnavailable(Unavailable):
    """The database cannot be reached, or is too busy; nothing was changed, or it cannot be known whether."""

    slug = "store-unavailable"


def open_engine(url: str, connections: int = 20) -> Engine:
    """An engine for ``sqlite:///FILE`` or ``postgresql://…``; connects to nothing yet."""
    if make_url(url).get_backend_name() == "sqlite":
        return _sqlite(url)
    return create_engine(
        url,
        pool_size=connections,
        max_overflow=0,
        pool_timeout=_POOL_WAIT_SECONDS,
        connect_args={"connect_timeout": 5, "application_name": "piaojue"},
        hide_parameters=True,
    )


def _sqlite(url: str) -> Engine:
    file = make_url(url).database
    if not file or file == ":memory:":
        raise ValueError("a store is a file: sqlite:///FILE")
    Path(file).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(
        url, pool_size=5, max_overflow=20, connect_args={"check_same_thread": False}, hide_parameters=True
    )

    @event.listens_for(engine, "connect")
    def _set_up(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the driver would begin transactions too late, by itself
        for pragma in _PRAGMAS:
            connection.execute(pragma)

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        writes = connection.get_execution_options().get(WRITES)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


@contextmanager
def unavailable_when_lost() -> Iterator[None]:
    """Turns the errors of a database that is away into StoreUnavailable; those of a statement pass."""
    try:
        yield
    except IntegrityError:
        raise
    except (OperationalError, InterfaceError, InternalError, PoolTimeout) as error:
        raise StoreUnavailable("The database cannot be reached at the moment.") from error
    except DBAPIError as error:
        if error.connection_invalidated:
            raise StoreUnavailable("The connection to the database was lost.") from error
        raise
