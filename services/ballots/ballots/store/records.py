"""What is signed and published of a count: signatures, records, and where the poll's events stand."""

from typing import Any

from sqlalchemy import exists, insert, select

from ballots.domain import Poll, Signature
from ballots.store.errors import EventsNotNumbered, RecordNotPublished
from ballots.store.rows import BallotsRepository
from ballots.store.tables import records, signatures
from chassis.store.tables import event_log, outbox


class Records(BallotsRepository):
    """Signatures, records, and where the poll's events stand."""

    def signatures(self, poll: Poll) -> list[Signature]:
        """All of a poll, whichever count they are of, in the order of their time."""
        query = select(signatures).where(signatures.c.body == poll.body, signatures.c.poll == poll.id)
        rows = self.connection.execute(query.order_by(signatures.c.signed_at, signatures.c.person))
        return [
            Signature(row.person, row.name, row.chief, row.count_hash, row.signed_at, row.signature)
            for row in rows
        ]

    def add_signature(self, poll: Poll, signed: Signature) -> None:
        self.connection.execute(
            insert(signatures).values(
                body=poll.body,
                poll=poll.id,
                count_hash=signed.count_hash,
                person=signed.person,
                name=signed.name,
                chief=signed.chief,
                signed_at=signed.signed_at,
                signature=signed.signature,
            )
        )

    def events_of(self, subject: str) -> list[dict[str, Any]]:
        """Type, number and hash of each event of a subject. EventsNotNumbered: some have no number yet."""
        if self.connection.scalar(select(exists().where(outbox.c.subject == subject))):
            raise EventsNotNumbered(
                "Not all events of this poll have their number in the log yet: try again in a moment."
            )
        query = select(event_log.c.type, event_log.c.sequence, event_log.c.hash)
        rows = self.connection.execute(
            query.where(event_log.c.subject == subject).order_by(event_log.c.sequence)
        )
        return [{"type": row.type, "sequence": row.sequence, "hash": row.hash} for row in rows]

    def add_record(self, poll: Poll, record: str) -> None:
        self.connection.execute(insert(records).values(body=poll.body, poll=poll.id, record=record))

    def record(self, body: str, poll: str) -> str:
        """As it was made. RecordNotPublished."""
        query = select(records.c.record).where(records.c.body == body, records.c.poll == poll)
        found: str | None = self.connection.scalar(query)
        if found is None:
            raise RecordNotPublished("A poll has a record from its declaration on.", field="poll")
        return found
