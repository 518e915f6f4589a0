"""The tables of ballots.

Secrecy: ``codes``, ``papers`` and ``receipts`` share the poll and nothing else. A paper has a random id, a
receipt is its own key; no row of them has a time or an order. The roll is in no transaction that touches any.
"""

from typing import Final

from sqlalchemy import Boolean, Integer, column, table

from chassis.store import Document, Instant

bodies: Final = table(
    "bodies", column("id"), column("name"), column("level"), column("deputies_total", Integer)
)
deputies: Final = table(
    "deputies", column("body"), column("id"), column("name"), column("delegation"), column("district")
)
roll_changes: Final = table(
    "roll_changes",
    *map(column, ("body", "changed_by", "kind")),
    column("number", Integer),
    column("changed_at", Instant),
    column("summary", Document),
    column("changes", Document),
)
candidate_lists: Final = table(
    "candidate_lists",
    *(column("body"), column("year"), column("candidates", Document), column("published_at", Instant)),
)
meetings: Final = table(
    "meetings",
    column("body"),
    column("id"),
    column("title"),
    column("due", Document),
    column("quorum"),
    column("deputies", Integer),
    column("opened_at", Instant),
)
roll_calls: Final = table(
    "roll_calls",
    column("body"),
    column("meeting"),
    column("number", Integer),
    column("present", Document),
    column("called_at", Instant),
    *(column("kind"), column("deputies", Document), column("recorded_at", Instant), column("recorded_by")),
)
polls: Final = table(
    "polls",
    *map(column, ("body", "id", "meeting", "title", "year", "state", "rules_hash")),
    *(column(name, Integer) for name in ("issued", "told_issued", "told_returned")),
    *(
        column(name, Document)
        for name in (
            *("titles", "rules", "candidates", "attendance", "versions", "result"),
            *("profile", "warnings"),
        )
    ),
    *(column(name, Instant) for name in ("opened_at", "closed_at", "declared_at")),
)
codes: Final = table("codes", column("body"), column("poll"), column("hash"), column("spent", Boolean))
officers: Final = table(
    "officers",
    *map(column, ("body", "poll", "person", "name", "role")),
    column("number", Integer),
    column("chief", Boolean),
)
officer_conflicts: Final = table("officer_conflicts", *map(column, ("body", "poll", "person", "reason")))
receipts: Final = table("receipts", column("body"), column("poll"), column("receipt"))
signatures: Final = table(
    "signatures",
    *map(column, ("body", "poll", "count_hash", "person", "name", "signature")),
    column("chief", Boolean),
    column("signed_at", Instant),
)
records: Final = table("records", *map(column, ("body", "poll", "record")))
papers: Final = table("papers", column("body"), column("poll"), column("id"), column("marks"))
