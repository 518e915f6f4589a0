"""Migrations: a service's Alembic revisions, run by whoever comes first while the others wait."""

from threading import Lock
from typing import Any

from alembic import command, context
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

from chassis.store.engine import WRITES, unavailable_when_lost

_LOCK = 0x70696171
_one_at_a_time = Lock()
"""Within a process: Alembic's context is one for all of it."""


class SchemaMismatch(Exception):
    """The database's tables are not those of this release; the text says what to do."""


def migrate(engine: Engine, service: str) -> None:
    """Bring a service's tables to this release. Idempotent; all in one transaction, under a lock.

    SchemaMismatch: the database is of a newer release. StoreUnavailable: it is away.
    """
    with _one_at_a_time, unavailable_when_lost(), engine.connect() as plain:
        connection = plain.execution_options(**{WRITES: True})
        with connection.begin():
            if engine.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
            _check_known(connection, service)
            command.upgrade(_configured(service, connection), "head")


def check_migrated(engine: Engine, service: str) -> None:
    """SchemaMismatch, unless the tables are exactly those of this release."""
    with unavailable_when_lost(), engine.connect() as connection:
        _check_known(connection, service)
        current, head = _current(connection), _scripts(service).get_current_head()
        if current != head:
            raise SchemaMismatch(
                f"the tables of {service} are of revision {current or 'none'}, this release needs {head}: "
                "start it with migrate: true once"
            )


def run_migrations() -> None:
    """What a service's ``migrations/env.py`` does."""
    context.configure(connection=context.config.attributes["connection"], transactional_ddl=True)
    context.run_migrations()


def _check_known(connection: Connection, service: str) -> None:
    current = _current(connection)
    known = {script.revision for script in _scripts(service).walk_revisions()}
    if current is not None and current not in known:
        raise SchemaMismatch(
            f"the tables of {service} are of revision {current}, which this release does not know: "
            "it is older than the one that made them"
        )


def _current(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _configured(service: str, connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", f"{service}:migrations")
    attributes: dict[Any, Any] = config.attributes
    attributes["connection"] = connection
    return config


def _scripts(service: str) -> ScriptDirectory:
    return ScriptDirectory.from_config(_configured(service))
