"""The first tables."""

import sqlalchemy as sa
from alembic import op

from chassis.store import Document, Instant, create_backbone_v1

revision = "0001"
down_revision = None


def upgrade() -> None:
    create_backbone_v1(op)
    op.create_table(
        "projects",
        sa.Column("body", sa.String(63), primary_key=True),
        sa.Column("year", sa.Integer, primary_key=True),
        sa.Column("project", sa.String(63), primary_key=True),
        sa.Column("title", sa.Text, nullable=False),
    )
    op.create_table(
        "ratings",
        sa.Column("body", sa.String(63), primary_key=True),
        sa.Column("id", sa.String(63), primary_key=True),
        sa.Column("body_name", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("titles", Document, nullable=False),
        sa.Column("rules", Document, nullable=False),
        sa.Column("projects", Document, nullable=False),
        sa.Column("members", sa.Integer, nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("issued", sa.Integer, nullable=False),
        sa.Column("version", sa.Text),
        sa.Column("results", Document),
        sa.Column("opened_at", Instant),
        sa.Column("concluded_at", Instant),
    )
    op.create_table(
        "codes",
        sa.Column("body", sa.String(63), primary_key=True),
        sa.Column("rating", sa.String(63), primary_key=True),
        sa.Column("hash", sa.String(64), primary_key=True),
        sa.Column("spent", sa.Boolean, nullable=False),
        sa.ForeignKeyConstraint(["body", "rating"], ["ratings.body", "ratings.id"]),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "forms",
        sa.Column("body", sa.String(63), primary_key=True),
        sa.Column("rating", sa.String(63), primary_key=True),
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("grades", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(["body", "rating"], ["ratings.body", "ratings.id"]),
        sqlite_with_rowid=False,
    )
