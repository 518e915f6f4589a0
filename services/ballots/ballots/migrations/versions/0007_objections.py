"""Objections to declared results."""

import sqlalchemy as sa
from alembic import op

from chassis.store import Instant

revision = "0007"
down_revision = "0006"
fits_from = "0006"  # a table of its own, which the release before does not look at


def upgrade() -> None:
    op.create_table(
        "objections",
        sa.Column("body", sa.String(63), primary_key=True),
        sa.Column("poll", sa.String(63), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("id", sa.String(63), nullable=False),
        sa.Column("deputy", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("filed_at", Instant, nullable=False),
        sa.Column("answer_by", sa.Date, nullable=False),
        sa.Column("outcome", sa.String(20)),
        sa.Column("answer", sa.Text),
        sa.Column("answered_at", Instant),
        sa.ForeignKeyConstraint(["body", "poll"], ["polls.body", "polls.id"]),
        sa.UniqueConstraint("body", "poll", "id"),
    )
