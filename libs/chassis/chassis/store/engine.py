"""Engines of the two databases, set so that what is committed is on disk."""

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import Any, Final

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from chassis.errors import Unavailable

WRITES: Final = "piaojue_writes"
"""The execution option of a connection whose transaction will write."""
_PRAGMAS: Final = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    "PRAGMA secure_delete=ON",  # a deleted row's bytes are overwritten
    "PRAGMA busy_timeout=20",  # it waits without letting others work: see _begin_immediate
)
_POOL_WAIT_SECONDS: Final = 10
_WRITER_WAIT_SECONDS: Final = 10
_WRITER_PAUSE_SECONDS: Final = 0.005
_KEEPALIVES: Final = {
    "keepalives_idle": 15,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}
"""A server that went away without a word is noticed within half a minute."""
_AWAY_IN_POSTGRESQL: Final = frozenset({"08", "40", "53", "57", "58", "55P03", "25006"})
"""Classes of SQLSTATE, and single ones: connection, rolled back for another's sake, out of resources,
operator's intervention, system error; lock not available, read-only."""
_AWAY_IN_SQLITE: Final = frozenset({5, 6, 8, 10, 13, 14, 15})
"""Busy, locked, read-only, input/output, full, cannot open, locking protocol."""

_DOWN_IN_POSTGRESQL: Final = ("08", "53", "57P", "58", "25006")
"""Beginnings of SQLSTATE: connection, out of resources, shutting down, system error, read-only."""
_DOWN_IN_SQLITE: Final = frozenset({8, 10, 13, 14})
"""Read-only, input/output, full, cannot open."""

_AWAY: Final = "The database cannot be reached at the moment."
_REASONS: Final = (
    (
        re.compile("certificate verify failed|server certificate for"),
        "The database's certificate is not trusted, or is for another host.",
    ),
    (
        re.compile("root certificate file"),
        "The certificates by which the database's is checked (store_ca) cannot be read.",
    ),
    (re.compile("does not support SSL"), "The database does not speak TLS, without which it is not used."),
    (re.compile("invalid (dsn|.+ value)"), "The URL of the database (store_url) has an option that is none."),
    (re.compile('database "[^"]*" does not exist'), "The server has no such database."),
    (
        re.compile(
            'authentication failed|no password supplied|role "[^"]*" does not exist|pg_hba.conf'
            "|permission denied for database|not permitted to log in"
        ),
        "The database refused: not this user, or not with this password, or not from here.",
    ),
)
"""By what PostgreSQL and its client say of a connection that failed, in English."""


class StoreUnavailable(Unavailable):
    """The database cannot be reached, or is too busy; nothing was changed, or it cannot be known whether."""

    slug = "store-unavailable"


def open_engine(url: str, connections: int = 20, ca: Path | None = None) -> Engine:
    """An engine for ``sqlite:///FILE`` or ``postgresql://…``; connects to nothing yet.

    ``ca``: PostgreSQL's certificate must be for its host, and signed by one of those in this file.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return _sqlite(url)
    return create_engine(
        parsed.set(drivername="postgresql+psycopg2"),  # the driver that eventlet makes green
        pool_size=connections,
        max_overflow=0,
        pool_timeout=_POOL_WAIT_SECONDS,
        connect_args={"connect_timeout": 5, "application_name": "piaojue", **_KEEPALIVES, **_tls(ca)},
        hide_parameters=True,
    )


def _tls(ca: Path | None) -> dict[str, str]:
    return {"sslmode": "verify-full", "sslrootcert": str(ca)} if ca else {}


def _sqlite(url: str) -> Engine:
    file = make_url(url).database
    if not file or file == ":memory:":
        raise ValueError("a store is a file: sqlite:///FILE")
    Path(file).parent.mkdir(parents=True, exist_ok=True)
    os.close(os.open(file, os.O_WRONLY | os.O_CREAT, 0o600))  # what SQLite keeps beside it is as private
    engine = create_engine(
        url,
        pool_size=5,
        max_overflow=20,
        connect_args={"check_same_thread": False, "timeout": _WRITER_WAIT_SECONDS},
        hide_parameters=True,
    )

    @event.listens_for(engine, "connect")
    def _set_up(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the driver would begin transactions too late, by itself
        for pragma in _PRAGMAS:
            connection.execute(pragma)

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        if connection.get_execution_options().get(WRITES):
            _begin_immediate(connection)
        else:
            connection.exec_driver_sql("BEGIN")

    return engine


def _begin_immediate(connection: Any) -> None:
    """Waits for the writer of another process, and lets this process work meanwhile."""
    deadline = monotonic() + _WRITER_WAIT_SECONDS
    while True:
        try:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            return
        except OperationalError as error:
            if not is_away(error) or monotonic() > deadline:
                raise
        sleep(_WRITER_PAUSE_SECONDS)


def forget_deleted(engine: Engine, tables: Iterable[str]) -> bool:
    """As :meth:`chassis.store.Store.forget_deleted`; False when readers held it up for too long."""
    if engine.dialect.name == "postgresql":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            for table in tables:
                connection.exec_driver_sql(f"VACUUM {table}")
        return True
    raw = engine.raw_connection()  # a checkpoint is refused in a transaction
    try:
        deadline = monotonic() + _WRITER_WAIT_SECONDS
        while raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
            if monotonic() > deadline:
                return False
            sleep(_WRITER_PAUSE_SECONDS)
        return True
    finally:
        raw.close()


@contextmanager
def unavailable_when_lost() -> Iterator[None]:
    """Turns the errors of a database that is away into StoreUnavailable; those of a statement pass."""
    try:
        yield
    except PoolTimeout as error:
        raise StoreUnavailable("All connections to the database are in use.") from error
    except DBAPIError as error:
        if not is_away(error):
            raise
        raise StoreUnavailable(_why(str(error.orig))) from error


def _why(said: str) -> str:
    """A sentence of ours: what was said names users, hosts and databases, and ours is told to everybody."""
    return next((why for pattern, why in _REASONS if pattern.search(said)), _AWAY)


def is_away(error: BaseException) -> bool:
    """Whether it is the database that is away, or too busy, and not a statement that is wrong."""
    if not isinstance(error, DBAPIError):
        return isinstance(error, StoreUnavailable | PoolTimeout)
    if error.connection_invalidated:
        return True
    if (code := getattr(error.orig, "sqlite_errorcode", None)) is not None:
        return code & 0xFF in _AWAY_IN_SQLITE
    state = getattr(error.orig, "pgcode", None)
    if state is None:  # nothing that the server has said: the connection itself
        return isinstance(error, OperationalError | InterfaceError) or "invalid dsn" in str(error.orig)
    return state[:2] in _AWAY_IN_POSTGRESQL or state in _AWAY_IN_POSTGRESQL


def is_down(error: BaseException) -> bool:
    """As :func:`is_away`, and no other statement would fare better: a full disk, a connection that is gone.

    A transaction that was rolled back for another's sake, or a statement that was cancelled, may have itself
    to blame.
    """
    if not isinstance(error, DBAPIError):
        return isinstance(error, StoreUnavailable | PoolTimeout)
    if not is_away(error) or error.connection_invalidated:
        return error.connection_invalidated
    if (code := getattr(error.orig, "sqlite_errorcode", None)) is not None:
        return code & 0xFF in _DOWN_IN_SQLITE
    return (getattr(error.orig, "pgcode", None) or "08").startswith(_DOWN_IN_POSTGRESQL)
