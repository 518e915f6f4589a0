"""Slips by number."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "slips",
        sa.Column("body", sa.String(63), primary_key=True),
        sa.Column("poll", sa.String(63), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("hash", sa.String(64)),
        sa.ForeignKeyConstraint(["body", "poll"], ["polls.body", "polls.id"]),
        sqlite_with_rowid=False,
    )
