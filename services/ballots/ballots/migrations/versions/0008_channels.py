"""Channels of papers that are not cast by code.

A release before would count the codes alone of a poll that has others: it must not run beside.
"""

import sqlalchemy as sa
from alembic import op

from chassis.store import Document

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "channels",
        sa.Column("body", sa.String(63), primary_key=True),
        sa.Column("poll", sa.String(63), primary_key=True),
        sa.Column("id", sa.String(63), primary_key=True),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("kind", sa.String(100), nullable=False),
        sa.Column("version", sa.String(100), nullable=False),
        sa.Column("issued", sa.Integer, nullable=False),
        sa.Column("struck", sa.Text),
        sa.Column("replaces", sa.String(63)),
        sa.Column("entered", Document),
        sa.Column("sealed", Document),
        sa.ForeignKeyConstraint(["body", "poll"], ["polls.body", "polls.id"]),
    )
