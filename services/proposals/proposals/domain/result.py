"""A poll's declared result, as far as it decides what becomes of the projects."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from proposals.domain.errors import Fault, InvalidResult
from proposals.domain.project import Stage
from proposals.domain.reading import (
    read_choice,
    read_id,
    read_ids,
    read_instant,
    read_list,
    read_object,
    read_year,
    write_instant,
)

DECIDING = ("complete", "runoff", "shortfall")
UNDECIDED = ("void", "no-quorum")
_FIELDS = ("body", "year", "poll", "outcome", "projects", "adopted", "tied", "declared_at")


@dataclass(frozen=True, slots=True)
class Result:
    """``on_paper``: every project that was put to the vote; ``tied``: those that go to a runoff."""

    body: str
    year: int
    poll: str
    outcome: str
    on_paper: tuple[str, ...]
    adopted: tuple[str, ...]
    tied: tuple[str, ...]
    declared_at: datetime

    def __post_init__(self) -> None:
        decided = {*self.adopted, *self.tied}
        if len(decided) != len(self.adopted) + len(self.tied) or not decided <= set(self.on_paper):
            raise InvalidResult("projects: one is decided twice, or without being on the paper")
        if decided and self.outcome in UNDECIDED:
            raise InvalidResult("outcome: nothing is decided by a void poll, or without a quorum")
        if self.declared_at.tzinfo is None:
            raise InvalidResult("declared_at: a time needs its zone", field="declared_at")

    @classmethod
    def read(cls, given: object) -> "Result":
        """From the data of ``result_declared``, of which it passes over what it does not need.

        Raises InvalidResult.
        """
        try:
            data = read_object(given, "result", required=_FIELDS, optional=None)
            return cls._read(data)
        except Fault as fault:
            raise InvalidResult(fault.detail, field=fault.field) from fault

    @classmethod
    def _read(cls, data: Mapping[str, object]) -> "Result":
        on_paper = []
        for place, entry in enumerate(read_list(data["projects"], "projects")):
            field = f"projects.{place}"
            on_paper.append(read_object(entry, field, required=("project",), optional=None)["project"])
        return cls(
            body=read_id(data["body"], "body"),
            year=read_year(data["year"], "year"),
            poll=read_id(data["poll"], "poll"),
            outcome=read_choice(data["outcome"], "outcome", DECIDING + UNDECIDED),
            on_paper=read_ids(on_paper, "projects"),
            adopted=read_ids(data["adopted"], "adopted"),
            tied=read_ids(data["tied"], "tied"),
            declared_at=read_instant(data["declared_at"], "declared_at"),
        )

    def as_json(self) -> dict[str, object]:
        """What :meth:`read` reads: the part of the event that counts here."""
        return {
            "body": self.body,
            "year": self.year,
            "poll": self.poll,
            "outcome": self.outcome,
            "projects": [{"project": project} for project in self.on_paper],
            "adopted": list(self.adopted),
            "tied": list(self.tied),
            "declared_at": write_instant(self.declared_at),
        }

    def says(self, project: str) -> Stage | None:
        """What this poll made of the project; None where it decided nothing about it.

        After a shortfall, what was not adopted is not adopted; should another round be held on it, that
        round's result says otherwise.
        """
        if project in self.adopted:
            return Stage.UNDER_IMPLEMENTATION
        if project in self.tied:
            return Stage.CANDIDATE
        if project in self.on_paper and self.outcome in DECIDING:
            return Stage.NOT_ADOPTED
        return None
