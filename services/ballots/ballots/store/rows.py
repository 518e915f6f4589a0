"""What the parts of the repository share."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import TableClause, insert
from sqlalchemy.exc import IntegrityError

from chassis.errors import Conflict
from chassis.store import Repository


class BallotsRepository(Repository):
    """Base of the parts."""

    def insert_new(self, table: TableClause, values: Mapping[str, Any], taken: Conflict) -> None:
        """Raises ``taken`` when there is one of this key; races lose here too."""
        try:
            with self.connection.begin_nested():
                self.connection.execute(insert(table).values(**values))
        except IntegrityError:
            raise taken from None
