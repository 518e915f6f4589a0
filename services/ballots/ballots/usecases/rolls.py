"""What is done to the roll of a body: it is replaced or imported, and what changed is kept."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from ballots.domain import (
    Body,
    Deputy,
    InvalidRoll,
    RollDifference,
    RollTable,
    compare_rolls,
    read_roll,
    read_roll_table,
)
from ballots.store import Ballots
from chassis.store import Store


def replace_roll(
    store: Store[Ballots], body: str, given: Sequence[Mapping[str, Any]], by: str, now: datetime
) -> None:
    """Replaces a body's roll, whole or not at all. Idempotent. Raises UnknownBody, InvalidRoll."""
    with store.transaction() as ballots:
        registered = ballots.body(body, to_change=True)
        roll = read_roll(given)
        difference = _compared(ballots, registered, roll)
        _keep(ballots, body, roll, difference, ("replaced", by, now))


def import_roll(
    store: Store[Ballots], body: str, table: RollTable, by: str, now: datetime, *, dry_run: bool = False
) -> dict[str, Any]:
    """Replaces a body's roll by that of a file, whole or not at all. Idempotent.

    Raises UnknownBody, RollHasFaults with every fault, RollUnreadable, InvalidRoll; a ``dry_run`` too.
    """
    with store.transaction() as ballots:
        registered = ballots.body(body, to_change=True)
        roll = read_roll_table(table)
        difference = _compared(ballots, registered, roll)
        if not dry_run:
            _keep(ballots, body, roll, difference, ("imported", by, now))
    return {**difference.summary, "imported": not dry_run, "ignored_columns": table.ignored}


def show_roll_history(store: Store[Ballots], body: str, query: Mapping[str, Any]) -> dict[str, Any]:
    """Newest first. Raises UnknownBody."""
    with store.reading() as ballots:
        ballots.body(body)
        return {"changes": ballots.roll_history(body, query["before"], query["limit"])}


def _compared(ballots: Ballots, body: Body, roll: Sequence[Deputy]) -> RollDifference:
    if not body.has_room_for(len(roll)):
        raise InvalidRoll("deputies: they are more than the body has in all", field="deputies")
    return compare_rolls(ballots.roll(body.id), roll)


def _keep(
    ballots: Ballots,
    body: str,
    roll: Sequence[Deputy],
    difference: RollDifference,
    how: tuple[str, str, datetime],
) -> None:
    """A roll that changes nothing, as when a request is repeated, leaves no trace in the history."""
    if difference.changes:
        kind, by, now = how
        ballots.save_roll(body, roll)
        ballots.add_roll_change(body, kind, difference, by, now)
