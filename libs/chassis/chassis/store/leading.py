"""Leadership: of all processes on one database, at most one has it. It is lost with the process, whatever
kills it."""

import fcntl
import os
from typing import Final

from sqlalchemy import Connection, Engine, text

from chassis.store.engine import WRITES, unavailable_when_lost

KEY: Final = 0x7069616F  # "piao"
"""PostgreSQL's advisory lock of the leader."""


class Leadership:
    """Held from :func:`take_leadership` to :meth:`release`; ``connection`` is the leader's own, and it is
    good as long as that is: PostgreSQL frees the lock with the session."""

    def __init__(self, connection: Connection, file: int | None) -> None:
        self.connection = connection
        self._file = file

    def release(self) -> None:
        """Idempotent; never raises."""
        try:
            if self._file is None and not (self.connection.closed or self.connection.invalidated):
                self.connection.rollback()
                self.connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": KEY})
            self.connection.close()
        except Exception:  # the session is gone, and with it the lock
            self.connection.invalidate()
            self.connection.close()
        if self._file is not None:
            os.close(self._file)
            self._file = None


def take_leadership(engine: Engine) -> Leadership | None:
    """Leadership, or None while another has it. StoreUnavailable: the database is away."""
    with unavailable_when_lost():
        return _by_file(engine) if engine.dialect.name == "sqlite" else _by_session(engine)


def _by_session(engine: Engine) -> Leadership | None:
    connection = engine.connect()
    try:
        with connection.begin():
            taken = connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": KEY})
        if taken:
            connection.detach()  # never back into the pool: its session holds the lock
            return Leadership(connection, None)
    except BaseException:
        connection.invalidate()  # whether its session holds the lock cannot be known
        connection.close()
        raise
    connection.close()
    return None


def _by_file(engine: Engine) -> Leadership | None:
    file = os.open(f"{engine.url.database}.leader", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return Leadership(engine.connect().execution_options(**{WRITES: True}), file)
    except BlockingIOError:
        os.close(file)
        return None
    except BaseException:
        os.close(file)
        raise
