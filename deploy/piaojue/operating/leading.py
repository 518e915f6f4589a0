"""Whether a service's relay has a leader, without becoming one."""

import fcntl
import os
from typing import Any

from sqlalchemy import text

from chassis.store.engine import unavailable_when_lost
from chassis.store.leading import KEY
from piaojue.operating.places import Place


def leads_anybody(place: Place) -> bool:
    """Whether some process has the leadership of the place's log. StoreUnavailable."""
    file = place.file
    return _in_file(f"{file}.leader") if file is not None else _in_database(place.store)


def _in_file(path: str) -> bool:
    """A relay that asks in the moment in which the lock is tried here asks again a second later."""
    try:
        file = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(file)
    return False


def _in_database(store: Any) -> bool:
    query = text(
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted AND classid = 0 "
        "AND objid = :key AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    )
    with unavailable_when_lost(), store.engine.connect() as connection:
        return bool(connection.scalar(query, {"key": KEY}))
