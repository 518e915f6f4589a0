"""The tables of proposals, and the repository of its use cases.

Who proposed a suggestion is in ``proposers`` and nowhere else, so that it can be erased, and so that no
query comes upon it that does not ask for it.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    Integer,
    Row,
    TableClause,
    and_,
    column,
    delete,
    insert,
    or_,
    select,
    table,
    update,
)
from sqlalchemy.exc import IntegrityError

from chassis.errors import Conflict, NotFound
from chassis.store import Document, Instant, Repository
from proposals.domain import CandidateList, Record, Suggestion

suggestions: Final = table(
    "suggestions",
    *map(column, ("id", "body", "title", "content", "source", "reply", "project")),
    column("year", Integer),
    column("received_at", Instant),
    column("replied_at", Instant),
)
proposers: Final = table("proposers", column("suggestion"), column("name"), column("contact"))
candidate_lists: Final = table(
    "candidate_lists",
    column("body"),
    column("year", Integer),
    column("body_name"),
    column("projects", Document),
    column("results", Document),
    column("published_at", Instant),
)
records: Final = table(
    "records",
    column("body"),
    column("year", Integer),
    column("body_name"),
    column("projects", Document),
    column("started_at", Instant),
)


class UnknownSuggestion(NotFound):
    """The body has no suggestion of this id."""

    slug = "unknown-suggestion"


class UnknownCandidateList(NotFound):
    """The body has no candidate list of this year, or it is not published."""

    slug = "unknown-candidate-list"


class RecordExists(Conflict):
    """Something else is on record for this body and year."""

    slug = "record-exists"


class Proposals(Repository):
    """All that proposals keeps, in one transaction."""

    def add_suggestion(self, suggestion: Suggestion) -> None:
        """The proposer, if any, goes into a table apart."""
        values = suggestion.as_stored()
        person = values.pop("proposer")
        self.connection.execute(insert(suggestions).values(**values))
        if isinstance(person, Mapping):
            self.connection.execute(insert(proposers).values(suggestion=suggestion.id, **person))

    def suggestion_to_change(self, body: str, id: str) -> Suggestion:
        """Without its proposer. Nobody else changes it until the transaction ends. UnknownSuggestion."""
        query = select(suggestions).where(suggestions.c.body == body, suggestions.c.id == id)
        row = self.connection.execute(query.with_for_update()).first()
        if row is None:
            raise UnknownSuggestion("The body has no suggestion of this id.", field="suggestion")
        return _suggestion(row, None)

    def suggestions(self, body: str, year: int, *, after: str | None, most: int) -> list[Suggestion]:
        """With their proposers, in the order in which they were received. UnknownSuggestion: ``after``."""
        query = (
            select(suggestions, proposers.c.suggestion.label("person"), proposers.c.name, proposers.c.contact)
            .outerjoin(proposers, proposers.c.suggestion == suggestions.c.id)
            .where(suggestions.c.body == body, suggestions.c.year == year)
            .order_by(suggestions.c.received_at, suggestions.c.id)
        )
        if after is not None:
            last = self._received_at(body, after)
            later = suggestions.c.received_at > last
            query = query.where(or_(later, and_(suggestions.c.received_at == last, suggestions.c.id > after)))
        return [
            _suggestion(row, {"name": row.name, "contact": row.contact} if row.person else None)
            for row in self.connection.execute(query.limit(most))
        ]

    def _received_at(self, body: str, id: str) -> datetime:
        query = select(suggestions.c.received_at)
        found: datetime | None = self.connection.scalar(
            query.where(suggestions.c.body == body, suggestions.c.id == id)
        )
        if found is None:
            raise UnknownSuggestion("The body has no suggestion of this id.", field="after")
        return found

    def save_reply(self, suggestion: Suggestion) -> None:
        self.connection.execute(
            update(suggestions)
            .where(suggestions.c.id == suggestion.id)
            .values(reply=suggestion.reply, replied_at=suggestion.replied_at)
        )

    def erase_proposer(self, suggestion: Suggestion) -> None:
        """Idempotent."""
        self.connection.execute(delete(proposers).where(proposers.c.suggestion == suggestion.id))

    def candidate_list(self, body: str, year: int) -> CandidateList | None:
        """Draft or published; None when there is none."""
        row = self.connection.execute(_of_year(candidate_lists, body, year)).first()
        return CandidateList.restored(dict(row._mapping)) if row else None

    def candidate_list_to_change(self, body: str, year: int) -> CandidateList | None:
        """As :meth:`candidate_list`; nobody else changes it until the transaction ends."""
        row = self.connection.execute(_of_year(candidate_lists, body, year).with_for_update()).first()
        return CandidateList.restored(dict(row._mapping)) if row else None

    def add_candidate_list(self, draft: CandidateList) -> bool:
        """False when there is one of the body and year: it stays as it is. Races end here too."""
        return self._inserted(candidate_lists, draft.as_stored())

    def save_candidate_list(self, candidates: CandidateList) -> None:
        table = candidate_lists
        self.connection.execute(
            update(table)
            .where(table.c.body == candidates.body, table.c.year == candidates.year)
            .values(**candidates.as_stored())
        )

    def record(self, body: str, year: int) -> Record | None:
        """What was put on record; None when nothing was."""
        row = self.connection.execute(_of_year(records, body, year)).first()
        return Record.restored(dict(row._mapping)) if row else None

    def add_record(self, record: Record) -> bool:
        """False when there is one of the body and year: it stays as it is. Races end here too."""
        return self._inserted(records, record.as_stored())

    def _inserted(self, table: TableClause, values: Mapping[str, Any]) -> bool:
        try:
            with self.connection.begin_nested():
                self.connection.execute(insert(table).values(**values))
        except IntegrityError:
            return False
        return True


def _of_year(table: TableClause, body: str, year: int) -> Any:
    return select(table).where(table.c.body == body, table.c.year == year)


def _suggestion(row: Row[Any], proposer: Mapping[str, str | None] | None) -> Suggestion:
    return Suggestion.restored({**row._mapping, "proposer": proposer})
