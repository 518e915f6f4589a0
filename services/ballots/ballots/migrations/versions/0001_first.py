"""The first tables."""

import sqlalchemy as sa
from alembic import op

from chassis.store import Document, Instant, create_backbone_v1

revision = "0001"
down_revision = None


def upgrade() -> None:
    create_backbone_v1(op)
    op.create_table(
        "bodies",
        sa.Column("id", sa.String(63), primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("level", sa.String(20), nullable=False),
    )
    op.create_table(
        "deputies",
        sa.Column("body", sa.String(63), sa.ForeignKey("bodies.id"), primary_key=True),
        sa.Column("id", sa.String(63), primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("delegation", sa.Text),
        sa.Column("district", sa.Text),
    )
    op.create_table(
        "candidate_lists",
        sa.Column("body", sa.String(63), primary_key=True),
        sa.Column("year", sa.Integer, primary_key=True),
        sa.Column("candidates", Document, nullable=False),
    )
    op.create_table(
        "meetings",
        sa.Column("body", sa.String(63), sa.ForeignKey("bodies.id"), primary_key=True),
        sa.Column("id", sa.String(63), primary_key=True),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("due", Document, nullable=False),
        sa.Column("quorum", sa.Text, nullable=False),
        sa.Column("opened_at", Instant),
    )
    op.create_table(
        "roll_calls",
        sa.Column("body", sa.String(63), primary_key=True),
        sa.Column("meeting", sa.String(63), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("present", Document, nullable=False),
        sa.Column("called_at", Instant, nullable=False),
        sa.ForeignKeyConstraint(["body", "meeting"], ["meetings.body", "meetings.id"]),
    )
    _create_poll_tables()


def _create_poll_tables() -> None:
    op.create_table(
        "polls",
        sa.Column("body", sa.String(63), primary_key=True),
        sa.Column("id", sa.String(63), primary_key=True),
        sa.Column("meeting", sa.String(63), nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("year", sa.Integer, nullable=False),
        sa.Column("titles", Document, nullable=False),
        sa.Column("rules", Document, nullable=False),
        sa.Column("candidates", Document, nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("issued", sa.Integer, nullable=False),
        sa.Column("attendance", Document),
        sa.Column("versions", Document),
        sa.Column("rules_hash", sa.String(64)),
        sa.Column("result", Document),
        sa.Column("opened_at", Instant),
        sa.Column("closed_at", Instant),
        sa.Column("declared_at", Instant),
        sa.Column("told_issued", sa.Integer, nullable=False),
        sa.Column("told_returned", sa.Integer, nullable=False),
        sa.ForeignKeyConstraint(["body", "meeting"], ["meetings.body", "meetings.id"]),
    )
    op.create_table(
        "codes",
        sa.Column("body", sa.String(63), primary_key=True),
        sa.Column("poll", sa.String(63), primary_key=True),
        sa.Column("hash", sa.String(64), primary_key=True),
        sa.Column("spent", sa.Boolean, nullable=False),
        sa.ForeignKeyConstraint(["body", "poll"], ["polls.body", "polls.id"]),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "papers",
        sa.Column("body", sa.String(63), primary_key=True),
        sa.Column("poll", sa.String(63), primary_key=True),
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("marks", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(["body", "poll"], ["polls.body", "polls.id"]),
        sqlite_with_rowid=False,
    )
