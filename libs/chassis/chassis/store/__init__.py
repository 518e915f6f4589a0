"""A service's own database: SQLite or PostgreSQL by URL, transactions with an outbox, migrations."""

from chassis.store.engine import StoreUnavailable, open_engine
from chassis.store.grouping import Grouping
from chassis.store.leading import Leadership, take_leadership
from chassis.store.migrating import (
    Fit,
    SchemaMismatch,
    check_migrated,
    check_owner,
    look,
    migrate,
    run_migrations,
)
from chassis.store.store import Repository, Store, Transaction
from chassis.store.stored import Grouped, Stored
from chassis.store.tables import create_backbone_v1
from chassis.store.types import Document, Instant, Number

__all__ = [
    "Document",
    "Fit",
    "Grouped",
    "Grouping",
    "Instant",
    "Leadership",
    "Number",
    "Repository",
    "SchemaMismatch",
    "Store",
    "StoreUnavailable",
    "Stored",
    "Transaction",
    "check_migrated",
    "check_owner",
    "create_backbone_v1",
    "look",
    "migrate",
    "open_engine",
    "run_migrations",
    "take_leadership",
]
