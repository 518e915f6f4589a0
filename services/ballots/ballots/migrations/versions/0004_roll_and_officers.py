"""Scrutineers and tellers; a body's number of deputies, its roll's history, arrivals and departures."""

import sqlalchemy as sa
from alembic import op

from chassis.store import Document, Instant

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    _create_officer_tables()
    op.add_column("bodies", sa.Column("deputies_total", sa.Integer))
    op.add_column("meetings", sa.Column("deputies", sa.Integer))
    op.create_table(
        "roll_changes",
        sa.Column("body", sa.String(63), sa.ForeignKey("bodies.id"), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("changed_at", Instant, nullable=False),
        sa.Column("changed_by", sa.Text, nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("summary", Document, nullable=False),
        sa.Column("changes", Document, nullable=False),
    )
    op.add_column("roll_calls", sa.Column("kind", sa.String(20), nullable=False, server_default="called"))
    op.add_column("roll_calls", sa.Column("deputies", Document))
    op.add_column("roll_calls", sa.Column("recorded_at", Instant))
    op.add_column("roll_calls", sa.Column("recorded_by", sa.Text))


def _create_officer_tables() -> None:
    op.create_table(
        "officers",
        sa.Column("body", sa.String(63), primary_key=True),
        sa.Column("poll", sa.String(63), primary_key=True),
        sa.Column("person", sa.String(63), primary_key=True),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("role", sa.String(20), nullable=False),
        sa.Column("chief", sa.Boolean, nullable=False),
        sa.ForeignKeyConstraint(["body", "poll"], ["polls.body", "polls.id"]),
    )
    op.create_table(
        "officer_conflicts",
        sa.Column("body", sa.String(63), primary_key=True),
        sa.Column("poll", sa.String(63), primary_key=True),
        sa.Column("person", sa.String(63), primary_key=True),
        sa.Column("reason", sa.String(20), nullable=False),
        sa.ForeignKeyConstraint(["body", "poll"], ["polls.body", "polls.id"]),
    )
