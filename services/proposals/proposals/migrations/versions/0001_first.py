"""The first tables."""

import sqlalchemy as sa
from alembic import op

from chassis.store import Document, Instant, create_backbone_v1

revision = "0001"
down_revision = None


def upgrade() -> None:
    create_backbone_v1(op)
    op.create_table(
        "suggestions",
        sa.Column("id", sa.String(63), primary_key=True),
        sa.Column("body", sa.String(63), nullable=False),
        sa.Column("year", sa.Integer, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("source", sa.String(63), nullable=False),
        sa.Column("received_at", Instant, nullable=False),
        sa.Column("reply", sa.Text),
        sa.Column("replied_at", Instant),
        sa.Column("project", sa.String(63)),
    )
    op.create_index("suggestions_of_year", "suggestions", ["body", "year", "received_at", "id"])
    op.create_table(
        "proposers",
        sa.Column("suggestion", sa.String(63), sa.ForeignKey("suggestions.id"), primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("contact", sa.Text),
    )
    op.create_table(
        "candidate_lists",
        sa.Column("body", sa.String(63), primary_key=True),
        sa.Column("year", sa.Integer, primary_key=True),
        sa.Column("body_name", sa.Text, nullable=False),
        sa.Column("projects", Document, nullable=False),
        sa.Column("results", Document, nullable=False),
        sa.Column("published_at", Instant),
    )
    op.create_table(
        "records",
        sa.Column("body", sa.String(63), primary_key=True),
        sa.Column("year", sa.Integer, primary_key=True),
        sa.Column("body_name", sa.Text, nullable=False),
        sa.Column("projects", Document, nullable=False),
        sa.Column("started_at", Instant, nullable=False),
    )
