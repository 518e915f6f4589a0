"""Rolls of bodies."""

from typing import Any, Final

from eventlet import tpool
from eventlet.semaphore import Semaphore

from ballots import usecases
from ballots.domain import InvalidRoll, RollHasFaults, RollTable, RollUnreadable
from ballots.schemas import (
    ROLL_FILE_LIMIT,
    ROLL_FILES,
    RollHistoryQuerySchema,
    RollHistorySchema,
    RollImportedSchema,
    RollImportQuerySchema,
    RollSchema,
    read_roll_file,
)
from ballots.service.access import CLERK, sub
from ballots.store import UnknownBody
from chassis.clock import now
from chassis.errors import Unavailable
from chassis.http import Call, Content, http

_READING: Final = Semaphore(1)


class RollBusy(Unavailable):
    """Another file is being read: one at a time, lest many fill the memory while others cast."""

    slug = "roll-busy"
    retry_after = 5


class RollRoutes:
    """Rolls of bodies."""

    store: Any

    @http("PUT", "/bodies/<body>/deputies", who=CLERK, body=RollSchema(), refuses=(UnknownBody, InvalidRoll))
    def replace_roll(self, call: Call) -> None:
        """Replaces the roll of a body, whole or not at all. Meetings keep the roll they were called with."""
        usecases.replace_roll(self.store, call.path["body"], call.data["deputies"], sub(call), now())

    @http(
        "POST",
        "/bodies/<body>/deputies/import",
        who=CLERK,
        accepts=ROLL_FILES,
        body_limit=ROLL_FILE_LIMIT,
        query=RollImportQuerySchema(),
        answer=RollImportedSchema(),
        refuses=(UnknownBody, RollUnreadable, RollHasFaults, InvalidRoll, RollBusy),
    )
    def import_roll(self, call: Call) -> dict[str, Any]:
        """Replaces the roll of a body by that of a file, CSV or XLSX, whole or not at all.

        One of the first ten rows is the header. It names `编号` or `id` and `姓名` or `name`, and may name
        `代表团` or `delegation` and `选区` or `district`; other columns are passed over and told of. Of XLSX
        the first sheet is read. CSV has commas, and the charset that the media type names, `utf-8` or
        `gb18030`; where it names none, UTF-8 if all of the file is, with or without a byte order mark, and
        GB18030 if not. Every fault is in `errors`, as `rows.7.name` with its rule: row 7 as a spreadsheet
        counts them.
        """
        table = _read(call.data)
        return usecases.import_roll(
            *(self.store, call.path["body"], table, sub(call), now()), dry_run=call.query["dry_run"]
        )

    @http(
        "GET",
        "/bodies/<body>/deputies/history",
        who=CLERK,
        query=RollHistoryQuerySchema(),
        answer=RollHistorySchema(),
        refuses=(UnknownBody,),
    )
    def show_roll_history(self, call: Call) -> dict[str, Any]:
        """How the roll came to be: each change, with what became of each deputy, newest first."""
        return usecases.show_roll_history(self.store, call.path["body"], call.query)


def _read(content: Content) -> RollTable:
    """In a thread of its own, for it may take seconds, and others are casting. Raises RollBusy,
    RollUnreadable."""
    if not _READING.acquire(blocking=False):
        raise RollBusy("Another file is being read: send this one again in a moment.")
    try:
        table: RollTable = tpool.execute(read_roll_file, content)
        return table
    finally:
        _READING.release()
