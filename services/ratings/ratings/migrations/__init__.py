"""Alembic's migrations of ratings' tables."""
