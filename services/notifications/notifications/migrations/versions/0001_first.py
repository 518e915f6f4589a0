"""The first tables."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from chassis.store import Document, Instant, create_backbone_v1

revision = "0001"
down_revision = None


def upgrade() -> None:
    create_backbone_v1(op)
    op.create_table("notices", *_written(), sa.Column("published_at", Instant, nullable=False))
    op.create_index("notices_about", "notices", ["about"])
    op.create_index("notices_newest", "notices", ["body", "published_at", "id"])
    op.create_table(
        "messages",
        *_written(),
        sa.Column("role", sa.String(20), nullable=False),
        sa.Column("unit", sa.Text),
        sa.Column("written_at", Instant, nullable=False),
    )
    op.create_index("messages_about", "messages", ["about"])
    op.create_index("messages_newest", "messages", ["body", "written_at", "id"])
    _create_deliveries()


def _written() -> list[sa.Column[Any]]:
    return [
        sa.Column("id", sa.String(63), primary_key=True),
        sa.Column("body", sa.String(63), nullable=False),
        sa.Column("kind", sa.String(63), nullable=False),
        sa.Column("texts", Document, nullable=False),
        sa.Column("about", sa.String(63), nullable=False),
    ]


def _create_deliveries() -> None:
    op.create_table(
        "deliveries",
        sa.Column("id", sa.String(63), primary_key=True),
        sa.Column("item", sa.String(63), nullable=False),
        sa.Column("channel", sa.String(63), nullable=False),
        sa.Column("body", sa.String(63), nullable=False),
        sa.Column("kind", sa.String(63), nullable=False),
        sa.Column("role", sa.String(20)),
        sa.Column("planned_at", Instant, nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_try_at", Instant),
        sa.Column("failure", sa.String(63)),
        sa.Column("settled_at", Instant),
    )
    due, unsent = sa.text("state = 'due'"), sa.text("state <> 'sent'")
    op.create_index(
        "deliveries_due",
        "deliveries",
        ["channel", "next_try_at"],
        sqlite_where=due,
        postgresql_where=due,
    )
    op.create_index(
        "deliveries_unsent",
        "deliveries",
        ["channel", "state"],
        sqlite_where=unsent,
        postgresql_where=unsent,
    )
    op.create_index("deliveries_newest", "deliveries", ["planned_at", "id"])
