"""Channels of papers that were not cast by code."""

import sqlalchemy as sa
from alembic import op

from chassis.store import Document, Instant

revision = "0006"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "channels",
        sa.Column("body", sa.String(63), primary_key=True),
        sa.Column("poll", sa.String(63), primary_key=True),
        sa.Column("id", sa.String(63), primary_key=True),
        sa.Column("kind", sa.String(63), nullable=False),
        sa.Column("issued", sa.Integer, nullable=False),
        sa.Column("struck", sa.Text),
        sa.Column("replaces", sa.String(63)),
        sa.ForeignKeyConstraint(["body", "poll"], ["polls.body", "polls.id"]),
        sa.UniqueConstraint("body", "poll", "replaces"),
    )
    op.create_table(
        "channel_entries",
        sa.Column("body", sa.String(63), primary_key=True),
        sa.Column("poll", sa.String(63), primary_key=True),
        sa.Column("channel", sa.String(63), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("entered_by", sa.Text, nullable=False),
        sa.Column("content", Document, nullable=False),
        sa.Column("entered_at", Instant, nullable=False),
        sa.ForeignKeyConstraint(
            ["body", "poll", "channel"], ["channels.body", "channels.poll", "channels.id"]
        ),
    )
    op.create_table(
        "channel_settlements",
        sa.Column("body", sa.String(63), primary_key=True),
        sa.Column("poll", sa.String(63), primary_key=True),
        sa.Column("channel", sa.String(63), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("place", sa.Integer, nullable=False),
        sa.Column("content", Document, nullable=False),
        sa.Column("settled_by", sa.Text, nullable=False),
        sa.Column("settled_at", Instant, nullable=False),
        sa.ForeignKeyConstraint(
            ["body", "poll", "channel"], ["channels.body", "channels.poll", "channels.id"]
        ),
    )
