"""Migrations: a service's Alembic revisions, run by whoever comes first while the others wait.

The database says not only of which revision its tables are, but also from which revision on a release works
with them. So a release that is older than the tables knows whether it may go on with them, as one must amid
a rolling upgrade.
"""

import json
from collections.abc import Iterable
from threading import Lock
from typing import Any, Final, NamedTuple

from alembic import command, context
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import Script, ScriptDirectory
from sqlalchemy import Column, Connection, Engine, MetaData, String, Table, inspect, select, text

from chassis.store.engine import WRITES, unavailable_when_lost
from chassis.store.tables import event_log

_LOCK = 0x70696171
_LOCK_SECONDS: Final = 10
"""How long a change waits for a table that is in use, while all that come after it wait, too."""
_one_at_a_time = Lock()
"""Within a process: Alembic's context is one for all of it."""

_fit: Final = Table(
    "schema_fit",
    MetaData(),
    Column("revision", String(32), primary_key=True),
    Column("fits_from", String(32), nullable=False),
)
"""One row: the tables' revision, and the oldest one whose release works with them."""


class SchemaMismatch(Exception):
    """The database's tables are not those of this release; the text says what to do."""


class Fit(NamedTuple):
    """The tables of a service: ``current`` is their revision, None where there are none; ``head`` is that of
    this release, ``known`` whether this release knows the current one; ``beside``: whether a release of the
    current revision works with the tables of this one, so that both may run."""

    current: str | None
    head: str
    known: bool
    beside: bool = True


def migrate(engine: Engine, service: str) -> Fit:
    """Bring a service's tables to this release; how they were before. Idempotent; all in one transaction,
    under a lock.

    A database of a newer release that this one fits is left as it is. SchemaMismatch: it does not fit.
    StoreUnavailable: the database is away, or somebody works in the tables for too long.
    """
    with _one_at_a_time, unavailable_when_lost(), engine.connect() as plain:
        connection = plain.execution_options(**{WRITES: True})
        with connection.begin():
            if engine.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
                connection.execute(text(f"SET LOCAL lock_timeout = '{_LOCK_SECONDS}s'"))
            before = _checked(connection, service)
            if before.known:
                command.upgrade(_configured(service, connection), "head")
                _note(connection, service, before.head)
            return before


def look(engine: Engine, service: str) -> Fit:
    """How the tables are. SchemaMismatch: they are of a newer release, which this one does not fit."""
    with unavailable_when_lost(), engine.connect() as connection:
        return _checked(connection, service)


def check_migrated(engine: Engine, service: str) -> Fit:
    """How the tables are, which this release works with. SchemaMismatch: it does not; the text says why."""
    fit = look(engine, service)
    if fit.known and fit.current != fit.head:
        raise SchemaMismatch(
            f"the tables of {service} are of revision {fit.current or 'none'}, this release needs "
            f"{fit.head}: run piaojue migrate {service}"
        )
    return fit


def knows(service: str, revision: str | None) -> bool:
    """Whether tables of that revision can be brought to this release's; None are no tables at all."""
    return revision is None or revision in {script.revision for script in _scripts(service).walk_revisions()}


def check_owner(engine: Engine, source: str) -> None:
    """That the log in this database, if it has begun, is the one of ``source``, as its events say it.

    SchemaMismatch: it is another service's, or another region's. What would be written would go on with their
    log, under another name. StoreUnavailable.
    """
    with unavailable_when_lost(), engine.connect() as connection:
        if not inspect(connection).has_table(event_log.name):
            return
        first = connection.scalar(select(event_log.c.body).order_by(event_log.c.sequence).limit(1))
    if first is not None and (theirs := json.loads(first)["source"]) != source:
        raise SchemaMismatch(
            f"the database of {source} has the log of {theirs}: its settings region and store_url do "
            "not belong together"
        )


def run_migrations() -> None:
    """What a service's ``migrations/env.py`` does."""
    context.configure(connection=context.config.attributes["connection"], transactional_ddl=True)
    context.run_migrations()


def fits_from(scripts: Iterable[Script]) -> str:
    """The oldest revision whose release works with the tables after these, from the newest to the first.

    A migration says it with ``fits_from``; one that says nothing is for its own release and later ones. None
    can be for older ones than those before it are for.
    """
    newest_first = [*scripts]
    age = {script.revision: age for age, script in enumerate(newest_first)}
    said: list[str] = [getattr(each.module, "fits_from", each.revision) for each in newest_first]
    return min(said, key=age.__getitem__)


def _checked(connection: Connection, service: str) -> Fit:
    scripts = _scripts(service)
    known = [script.revision for script in scripts.walk_revisions()]
    head = known[0]
    current = MigrationContext.configure(connection).get_current_revision()
    if current is None:
        return Fit(None, head, known=True)
    if current in known:
        oldest = fits_from(scripts.walk_revisions())
        return Fit(current, head, known=True, beside=known.index(current) <= known.index(oldest))
    noted = _noted(connection, current)
    if noted in known:
        return Fit(current, head, known=False)
    since = f"fit releases from revision {noted} on" if noted else "are of a newer release"
    raise SchemaMismatch(
        f"the tables of {service} are of revision {current} and {since}; this release knows {head} at most: "
        "start a newer one"
    )


def _noted(connection: Connection, current: str) -> str | None:
    if not inspect(connection).has_table(_fit.name):
        return None
    return connection.scalar(
        _fit.select().with_only_columns(_fit.c.fits_from).where(_fit.c.revision == current)
    )


def _note(connection: Connection, service: str, head: str) -> None:
    _fit.create(connection, checkfirst=True)
    connection.execute(_fit.delete())
    connection.execute(
        _fit.insert().values(revision=head, fits_from=fits_from(_scripts(service).walk_revisions()))
    )


def _configured(service: str, connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", f"{service}:migrations")
    attributes: dict[Any, Any] = config.attributes
    attributes["connection"] = connection
    return config


def _scripts(service: str) -> ScriptDirectory:
    return ScriptDirectory.from_config(_configured(service))
