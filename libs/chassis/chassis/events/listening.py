"""Listening for commits in other processes, which PostgreSQL tells by NOTIFY."""

import select
from collections.abc import Callable
from threading import Event as Flag
from threading import Thread
from typing import Any

from sqlalchemy import Connection, Engine, text

from chassis.store.engine import unavailable_when_lost
from chassis.store.store import OUTBOX_CHANNEL

LISTENER = "piaojue listener"
"""What PostgreSQL shows of its session."""

_LOOK_SECONDS = 0.5
"""How soon a thread that waits for notifications sees that it is to end."""


class Listener:
    """From :meth:`tend` to :meth:`stop`, ``wake`` is called at each notification. On SQLite it does nothing:
    there one process is all that a service has."""

    def __init__(self, engine: Engine, wake: Callable[[], None]) -> None:
        self._engine = engine
        self._wake = wake
        self._stopped = Flag()
        self._thread: Thread | None = None

    def stop(self) -> None:
        """Idempotent."""
        self._stopped.set()

    def tend(self) -> None:
        """Listens, anew if the connection was lost. StoreUnavailable."""
        if self._engine.dialect.name != "postgresql" or (self._thread and self._thread.is_alive()):
            return
        self._thread = Thread(target=self._listen, args=[self._listening()], daemon=True)
        self._thread.start()
        self._wake()  # for what was committed before

    def _listening(self) -> Connection:
        with unavailable_when_lost():
            connection = self._engine.connect()
            try:
                connection.detach()
                with connection.begin():
                    connection.execute(text(f"SET application_name = '{LISTENER}'"))
                    connection.execute(text(f"LISTEN {OUTBOX_CHANNEL}"))
            except BaseException:
                connection.close()
                raise
            return connection

    def _listen(self, connection: Connection) -> None:
        raw: Any = connection.connection.dbapi_connection  # a detached one has no driver_connection
        try:
            while not self._stopped.is_set():
                if select.select([raw], [], [], _LOOK_SECONDS)[0]:
                    raw.poll()
                    raw.notifies.clear()
                    self._wake()
        except (raw.Error, OSError, ValueError):
            connection.invalidate()
        finally:
            connection.close()
