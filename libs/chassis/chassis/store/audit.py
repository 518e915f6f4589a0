"""What operators did to a service's database: a table to which rows are only added, each chained to the one
before by its hash.

It is made by whoever writes to it first, and is no part of a service's revisions: an operator who repairs
something must not have to migrate first.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Column, Connection, MetaData, String, Table, Text, inspect, select, text

from chassis.clock import rfc3339
from chassis.store.engine import unavailable_when_lost
from chassis.store.store import Store, Transaction
from chassis.store.types import Number
from piaojue_contracts import FIRST_PREVIOUS_HASH, canonical

_LOCK: Final = 0x70696175
_PAGE: Final = 500

_metadata: Final = MetaData()
operator_actions: Final = Table(
    "operator_actions",
    _metadata,
    Column("number", Number, primary_key=True, autoincrement=False),
    Column("hash", String(64), nullable=False),
    Column("body", Text, nullable=False),
)

_ONLY_ADDED: Final = {
    "sqlite": [
        f"CREATE TRIGGER operator_actions_no_{verb} BEFORE {verb} ON operator_actions "
        "BEGIN SELECT RAISE(ABORT, 'what operators did is only added to'); END"
        for verb in ("update", "delete")
    ],
    "postgresql": [
        "CREATE OR REPLACE FUNCTION operator_actions_only_added() RETURNS trigger LANGUAGE plpgsql AS "
        "$$BEGIN RAISE EXCEPTION 'what operators did is only added to'; END$$",
        "CREATE TRIGGER operator_actions_only_added BEFORE UPDATE OR DELETE OR TRUNCATE ON operator_actions "
        "FOR EACH STATEMENT EXECUTE FUNCTION operator_actions_only_added()",
    ],
}


@dataclass(frozen=True, slots=True)
class Action:
    """``user`` is the operating system's; ``by`` who that was, as they say; ``details`` plain JSON."""

    at: datetime
    user: str
    by: str | None
    action: str
    target: str
    reason: str | None
    details: Mapping[str, Any] = field(default_factory=dict)


class AuditBroken(Exception):
    """Entries were altered or removed; the text names the first that does not fit."""


def note(transaction: Transaction, action: Action) -> int:
    """Adds an entry, committed with what else the transaction does; its number."""
    connection = transaction.connection
    _locked(connection)
    _make(connection)
    last, previous = _last(connection)
    number = last + 1
    body = canonical({**_told(action), "number": number, "previous_hash": previous}).decode()
    row = {"number": number, "hash": _hash(body), "body": body}
    connection.execute(operator_actions.insert().values(**row))
    return number


def last_noted(connection: Connection) -> tuple[int, str]:
    """Number and hash of the last entry, 0 where there is none. Kept elsewhere they show that entries at the
    end were cut off, which the chain alone does not."""
    if not inspect(connection).has_table(operator_actions.name):
        return 0, FIRST_PREVIOUS_HASH
    return _last(connection)


def _last(connection: Connection) -> tuple[int, str]:
    query = select(operator_actions.c.number, operator_actions.c.hash)
    row = connection.execute(query.order_by(operator_actions.c.number.desc()).limit(1)).first()
    return (row.number, row.hash) if row else (0, FIRST_PREVIOUS_HASH)


def noted(store: Store[Any]) -> Iterator[dict[str, Any]]:
    """All entries in their order, verified: ``number``, ``at``, ``user``, ``by``, ``action``, ``target``,
    ``reason``, ``details``, ``previous_hash``, ``hash``.

    AuditBroken: at the first that does not fit. StoreUnavailable.
    """
    number, previous = 0, FIRST_PREVIOUS_HASH
    while rows := _rows(store, number):
        for row in rows:
            if row.hash != _hash(row.body):
                raise AuditBroken(f"entry {row.number} is not what was hashed")
            entry = {**json.loads(row.body), "hash": row.hash}
            if (entry["number"], row.number) != (number + 1, number + 1):
                raise AuditBroken(f"entry {number + 1} is missing")
            if entry["previous_hash"] != previous:
                raise AuditBroken(f"entry {row.number} does not continue the one before it")
            number, previous = row.number, row.hash
            yield entry


def _rows(store: Store[Any], after: int) -> list[Any]:
    with unavailable_when_lost(), store.engine.connect() as connection:
        if not inspect(connection).has_table(operator_actions.name):
            return []
        query = select(operator_actions).where(operator_actions.c.number > after)
        return list(connection.execute(query.order_by(operator_actions.c.number).limit(_PAGE)).all())


def _told(action: Action) -> dict[str, Any]:
    return {
        "at": rfc3339(action.at),
        "user": action.user,
        "by": action.by,
        "action": action.action,
        "target": action.target,
        "reason": action.reason,
        "details": dict(action.details),
    }


def _locked(connection: Connection) -> None:
    """One after the other; on SQLite a transaction that writes is alone anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})


def _make(connection: Connection) -> None:
    if not inspect(connection).has_table(operator_actions.name):
        _metadata.create_all(connection)
        for statement in _ONLY_ADDED[connection.dialect.name]:
            connection.execute(text(statement))


def _hash(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()
