"""Projects that were adopted before, put on record so that they can be followed and rated."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime

from proposals.domain.errors import Fault, InvalidRecord
from proposals.domain.project import Project, Stage, check_projects
from proposals.domain.reading import read_id, read_list, read_text, read_year


@dataclass(frozen=True, slots=True)
class Record:
    """``year``: whose projects they are; ``started_at``: since when they are under implementation."""

    body: str
    body_name: str
    year: int
    projects: tuple[Project, ...]
    started_at: datetime

    def __post_init__(self) -> None:
        try:
            read_id(self.body, "body")
            read_text(self.body_name, "body_name")
            read_year(self.year, "year")
            if not self.projects:
                raise Fault("projects", "must have at least one project")
        except Fault as fault:
            raise InvalidRecord(fault.detail, field=fault.field) from fault
        check_projects(self.projects)

    @classmethod
    def put(
        cls, *, body: str, body_name: str, year: int, projects: Iterable[Project], now: datetime
    ) -> "Record":
        """Under implementation from now on. Raises InvalidRecord or ProjectListedTwice."""
        return cls(body, body_name, year, tuple(projects), now)

    @classmethod
    def restored(cls, stored: Mapping[str, object]) -> "Record":
        """From :meth:`as_stored`."""
        values = {each.name: stored[each.name] for each in fields(cls)}
        values["projects"] = tuple(map(Project.read, read_list(stored["projects"], "projects")))
        return cls(**values)  # type: ignore[arg-type]

    def as_stored(self) -> dict[str, object]:
        """The fields as plain values: projects as JSON objects, the time as a datetime."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        values["projects"] = [project.as_json() for project in self.projects]
        return values

    def says_the_same_as(self, other: "Record") -> bool:
        """Whether both put the same on record; since when does not count."""
        return replace(self, started_at=other.started_at) == other

    @property
    def stage(self) -> Stage:
        return Stage.UNDER_IMPLEMENTATION
