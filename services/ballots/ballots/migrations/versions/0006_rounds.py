"""Rounds of one decision."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "rounds",
        sa.Column("body", sa.String(63), primary_key=True),
        sa.Column("poll", sa.String(63), primary_key=True),
        sa.Column("decision", sa.String(63), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("follows", sa.String(63)),
        sa.ForeignKeyConstraint(["body", "poll"], ["polls.body", "polls.id"]),
        sa.UniqueConstraint("body", "follows"),
    )
