"""Alembic's migrations of ballots' tables."""
