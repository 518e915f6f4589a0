"""Scrutineers and tellers of polls, and who may be neither."""

from typing import Any

from sqlalchemy import delete, insert, select

from ballots.domain import DeclaredConflict, Officer, Officers, Poll
from ballots.store.rows import BallotsRepository
from ballots.store.tables import officer_conflicts, officers


class PollOfficers(BallotsRepository):
    """Scrutineers and tellers of polls, and who may be neither."""

    def save_officers(self, poll: Poll, appointed: Officers) -> None:
        """Replaces those of a poll. In the order of their appointment, which is theirs when they sign."""
        key = {"body": poll.body, "poll": poll.id}
        people = [
            key | {"number": number, "person": each.id, "name": each.name, "role": role, "chief": each.chief}
            for role, of_role in (("scrutineer", appointed.scrutineers), ("teller", appointed.tellers))
            for number, each in enumerate(of_role, 1)
        ]
        declared = [key | {"person": each.person, "reason": each.reason} for each in appointed.conflicts]
        for table, rows in ((officers, people), (officer_conflicts, declared)):
            self.connection.execute(delete(table).where(table.c.body == poll.body, table.c.poll == poll.id))
            if rows:
                self.connection.execute(insert(table), rows)

    def officers(self, poll: Poll) -> Officers:
        """Those of a poll; nobody where none were appointed."""
        rows = self._of_poll(officers, poll, officers.c.role, officers.c.number)
        people: dict[str, list[Officer]] = {"scrutineer": [], "teller": []}
        for row in rows:
            people[row.role].append(Officer(row.person, row.name, row.chief))
        declared = self._of_poll(officer_conflicts, poll, officer_conflicts.c.person)
        conflicts = tuple(DeclaredConflict(row.person, row.reason) for row in declared)
        return Officers(tuple(people["scrutineer"]), tuple(people["teller"]), conflicts)

    def _of_poll(self, table: Any, poll: Poll, *order: Any) -> Any:
        query = select(table).where(table.c.body == poll.body, table.c.poll == poll.id)
        return self.connection.execute(query.order_by(*order))
