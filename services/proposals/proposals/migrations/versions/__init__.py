"""Alembic's migrations of proposals' tables."""
