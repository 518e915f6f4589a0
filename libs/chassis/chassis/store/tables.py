"""The tables of the event backbone, which every service's database has beside its own.

They are made by :func:`create_backbone_v1`, called from a service's first migration; what changes them
later is a function of its own, called from a later migration.
"""

from typing import Any, Final

from sqlalchemy import Column, Index, LargeBinary, MetaData, String, Table, Text

from chassis.store.types import Instant, Number

HANDLED: Final = "handled"
WAITING: Final = "waiting"
PARKED: Final = "parked"
DISCARDED: Final = "discarded"
"""Set aside for good by a person; ``error`` has the reason. Nothing waits behind it any more."""

backbone: Final = MetaData()

outbox: Final = Table(
    "outbox",
    backbone,
    Column("position", Number, primary_key=True, autoincrement=True),
    Column("id", String(36), nullable=False),
    Column("type", String(200), nullable=False),
    Column("subject", String(300), nullable=False),
    Column("time", String(27), nullable=False),
    Column("correlation_id", String(64)),
    Column("traceparent", String(55)),
    Column("data", Text, nullable=False),
)
"""Committed and not yet numbered: a row leaves for ``event_log`` within moments. ``position`` is no order."""

event_log: Final = Table(
    "event_log",
    backbone,
    Column("sequence", Number, primary_key=True, autoincrement=False),
    Column("id", String(36), nullable=False),
    Column("type", String(200), nullable=False),
    Column("subject", String(300), nullable=False),
    Column("hash", String(64), nullable=False),
    Column("body", Text, nullable=False),
)
"""This service's events, gapless and chained. ``body`` is the whole message."""

relay_state: Final = Table(
    "relay_state",
    backbone,
    Column("id", Number, primary_key=True, autoincrement=False),
    Column("published", Number, nullable=False),
)
"""One row: the last number that the broker confirmed. May lag behind: what is sent twice is dropped there."""

inbox_cursor: Final = Table(
    "inbox_cursor",
    backbone,
    Column("source", String(63), primary_key=True),
    Column("sequence", Number, nullable=False),
    Column("hash", String(64), nullable=False),
    Column("forked", Text),
)
"""For each producer, the last event taken; ``forked`` says why no more is taken."""

inbox: Final = Table(
    "inbox",
    backbone,
    Column("source", String(63), primary_key=True),
    Column("sequence", Number, primary_key=True, autoincrement=False),
    Column("event_id", String(36), nullable=False, unique=True),
    Column("type", String(200), nullable=False),
    Column("subject", String(300), nullable=False),
    Column("state", String(9), nullable=False),
    Column("body", Text),
    Column("attempts", Number, nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("next_try_at", Instant),
    Column("error", Text),
)
Index(
    "inbox_unhandled",
    inbox.c.source,
    inbox.c.subject,
    inbox.c.sequence,
    sqlite_where=inbox.c.state.in_([WAITING, PARKED]),
    postgresql_where=inbox.c.state.in_([WAITING, PARKED]),
)
"""Events that have a handler. Only of those not yet handled is the message kept: their source has the
others."""

unreadable: Final = Table(
    "inbox_unreadable",
    backbone,
    Column("id", Number, primary_key=True, autoincrement=True),
    Column("received_at", Instant, nullable=False),
    Column("exchange", Text, nullable=False),
    Column("routing_key", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
)
"""Messages that are no events, as the bytes that came."""


def create_backbone_v1(operations: Any) -> None:
    """For a migration: ``create_backbone_v1(op)``."""
    backbone.create_all(operations.get_bind())
    operations.get_bind().execute(relay_state.insert().values(id=1, published=0))
