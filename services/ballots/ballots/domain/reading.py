"""Strict reading of untrusted JSON values. Every function raises Fault, which names the field."""

from ballots.domain.errors import Fault
from chassis.reading import (
    Faults,
    read_boolean,
    read_choice,
    read_fraction,
    read_integer,
    read_list,
    read_object,
    read_paragraphs,
    read_text,
    shown,
    write_fraction,
)

__all__ = [
    "Faults",
    "read_boolean",
    "read_candidates",
    "read_choice",
    "read_fraction",
    "read_integer",
    "read_list",
    "read_object",
    "read_paragraphs",
    "read_text",
    "shown",
    "write_fraction",
]


def read_candidates(given: object, field: str = "candidates") -> tuple[str, ...]:
    """The ids of the projects in the paper's order."""
    candidates: dict[str, None] = {}
    for place, entry in enumerate(read_list(given, field)):
        candidate = read_text(entry, f"{field}.{place}")
        if candidate in candidates:
            raise Fault(f"{field}.{place}", "is on the paper twice")
        candidates[candidate] = None
    if not candidates:
        raise Fault(field, "must name at least one project")
    return tuple(candidates)
