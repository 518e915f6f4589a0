"""Backups of a region: four stores as they were at one moment, and how they come back."""
