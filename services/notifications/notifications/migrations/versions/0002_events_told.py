"""Events as they were heard, for channels that send events themselves."""

import sqlalchemy as sa
from alembic import op

from chassis.store import Instant

revision = "0002"
down_revision = "0001"
fits_from = "0001"  # a table of its own, which the release before does not look at


def upgrade() -> None:
    op.create_table(
        "told",
        sa.Column("id", sa.String(63), primary_key=True),
        sa.Column("body", sa.String(63), nullable=False),
        sa.Column("kind", sa.String(63), nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("heard_at", Instant, nullable=False),
    )
