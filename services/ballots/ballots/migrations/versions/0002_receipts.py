"""Receipts; signatures of counts; records of declared polls."""

import sqlalchemy as sa
from alembic import op

from chassis.store import Instant

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "receipts",
        sa.Column("body", sa.String(63), primary_key=True),
        sa.Column("poll", sa.String(63), primary_key=True),
        sa.Column("receipt", sa.String(64), primary_key=True),
        sa.ForeignKeyConstraint(["body", "poll"], ["polls.body", "polls.id"]),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "signatures",
        sa.Column("body", sa.String(63), primary_key=True),
        sa.Column("poll", sa.String(63), primary_key=True),
        sa.Column("count_hash", sa.String(64), primary_key=True),
        sa.Column("person", sa.String(63), primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("chief", sa.Boolean, nullable=False),
        sa.Column("signed_at", Instant, nullable=False),
        sa.Column("signature", sa.String(86), nullable=False),
        sa.ForeignKeyConstraint(["body", "poll"], ["polls.body", "polls.id"]),
    )
    op.create_table(
        "records",
        sa.Column("body", sa.String(63), primary_key=True),
        sa.Column("poll", sa.String(63), primary_key=True),
        sa.Column("record", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(["body", "poll"], ["polls.body", "polls.id"]),
    )
    op.create_index("event_log_subject", "event_log", ["subject", "sequence"])
