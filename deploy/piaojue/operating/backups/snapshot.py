"""A store as it is at one moment, held still only for as long as it takes to look.

A backup of several stores must not hold a consumer that has taken what its source's log does not have yet.
Services follow each other in circles, so no order of dumps ensures that. Therefore the positions of all
consumers are held first; then each store is looked at; then they are let go, after some milliseconds. Each
log, looked at while nobody takes, has all that was ever taken of it. The dumps are made of what was looked
at, while the services go on.
"""

from pathlib import Path
from typing import Any, Final, Protocol

from sqlalchemy import Connection, func, inspect, select, text

from chassis.store.audit import last_noted
from chassis.store.engine import WRITES, unavailable_when_lost
from chassis.store.tables import event_log, inbox_cursor, outbox, relay_state
from piaojue.operating.places import Place
from piaojue_contracts import FIRST_PREVIOUS_HASH

HOLD_SECONDS: Final = 10
"""How long a store's own work may keep us waiting; then the backup is given up."""


class Snapshot(Protocol):
    """From :meth:`hold` to :meth:`close`. StoreUnavailable: the store is away, or too busy."""

    suffix: str
    """Of the dump's file."""

    def hold(self) -> None:
        """No consumer's position moves from now on, until :meth:`let_go`."""

    def look(self) -> None:
        """What the store is now is what will be dumped."""

    def let_go(self) -> None:
        """Idempotent."""

    def facts(self) -> dict[str, Any]:
        """Of what was looked at: ``kind``, ``revision``, ``log``, ``published``, ``outbox``,
        ``positions``."""

    def dump(self, file: Path) -> None:
        """Writes all of it to a new file."""

    def close(self) -> None:
        """Idempotent."""


class Looking:
    """What both kinds have in common: a connection that holds, and one that has looked."""

    kind: str

    def __init__(self, place: Place) -> None:
        self.place = place
        self._holding: Connection | None = None
        self._looking: Connection | None = None

    def _connected(self, **options: Any) -> Connection:
        with unavailable_when_lost():
            return self.place.store.engine.connect().execution_options(**options)

    @property
    def looking(self) -> Connection:
        assert self._looking is not None, "look() comes first"
        return self._looking

    def let_go(self) -> None:
        if self._holding is not None:
            self._holding.close()
            self._holding = None

    def close(self) -> None:
        self.let_go()
        if self._looking is not None:
            self._looking.close()
            self._looking = None

    def facts(self) -> dict[str, Any]:
        connection = self.looking
        last = connection.execute(
            select(event_log.c.sequence, event_log.c.hash).order_by(event_log.c.sequence.desc()).limit(1)
        ).first()
        rows = connection.execute(select(inbox_cursor).order_by(inbox_cursor.c.source)).all()
        noted, hash = last_noted(connection)
        return {
            "kind": self.kind,
            "revision": _revision(connection),
            "log": {
                "sequence": last.sequence if last else 0,
                "hash": last.hash if last else FIRST_PREVIOUS_HASH,
            },
            "published": connection.scalar(select(relay_state.c.published)) or 0,
            "outbox": connection.scalar(select(func.count()).select_from(outbox)) or 0,
            "positions": {row.source: {"sequence": row.sequence, "hash": row.hash} for row in rows},
            "audit": {"number": noted, "hash": hash},
        }


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return revision


class SqliteSnapshot(Looking):
    """By SQLite's online backup: a copy of all pages as they were, made while others write."""

    kind = "sqlite"
    suffix = ".sqlite"

    def hold(self) -> None:
        self._holding = self._connected(**{WRITES: True})
        with unavailable_when_lost():
            self._holding.begin()

    def look(self) -> None:
        self._looking = self._connected()
        self._looking.begin()
        self._looking.execute(text("SELECT count(*) FROM sqlite_master"))

    def dump(self, file: Path) -> None:
        import sqlite3

        from piaojue.operating.backups.private import written

        source: Any = self.looking.connection.driver_connection
        target = sqlite3.connect(written(file, b""))
        try:
            source.backup(target)
            target.execute("PRAGMA journal_mode=DELETE")  # one file, with nothing beside it
        finally:
            target.close()


class PostgresqlSnapshot(Looking):
    """By pg_dump, of a snapshot that is exported to it."""

    kind = "postgresql"
    suffix = ".pgdump"

    def __init__(self, place: Place) -> None:
        super().__init__(place)
        self._name = ""

    def hold(self) -> None:
        self._holding = self._connected()
        with unavailable_when_lost():
            self._holding.execute(text(f"SET LOCAL lock_timeout = '{HOLD_SECONDS}s'"))
            self._holding.execute(text("LOCK TABLE inbox_cursor IN SHARE MODE"))

    def look(self) -> None:
        self._looking = self._connected(isolation_level="REPEATABLE READ")
        with unavailable_when_lost():
            self._name = str(self._looking.scalar(text("SELECT pg_export_snapshot()")))

    def facts(self) -> dict[str, Any]:
        return {**super().facts(), "server": str(self.looking.scalar(text("SHOW server_version")))}

    def dump(self, file: Path) -> None:
        from piaojue.operating.backups.postgresql import pg_dump

        pg_dump(self.place, server_major(self.looking), self._name, file)


def server_major(connection: Connection) -> int:
    """The major version of the server."""
    return int(connection.scalar(text("SHOW server_version_num")) or 0) // 10000


def snapshot_of(place: Place) -> Snapshot:
    """Of the kind that the place's store is."""
    return SqliteSnapshot(place) if place.file is not None else PostgresqlSnapshot(place)
