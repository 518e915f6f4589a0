"""Alembic's entry."""

from chassis.store import run_migrations

run_migrations()
