"""Rule profiles of polls, and when a candidate list was made public."""

import sqlalchemy as sa
from alembic import op

from chassis.store import Document, Instant

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("polls", sa.Column("profile", Document))
    op.add_column("polls", sa.Column("warnings", Document))
    op.add_column("candidate_lists", sa.Column("published_at", Instant))
