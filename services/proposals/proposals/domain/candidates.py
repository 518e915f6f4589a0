"""The candidate list of a body and year: a draft, then published and fixed; and what the polls made of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime

from proposals.domain.errors import (
    CandidatesAlreadyPublished,
    CandidatesNotPublished,
    Fault,
    InvalidCandidates,
    InvalidResult,
    NoCandidates,
    UnknownProject,
)
from proposals.domain.project import Project, Stage, check_projects
from proposals.domain.reading import read_id, read_list, read_text, read_year
from proposals.domain.result import Result


@dataclass(frozen=True, slots=True)
class CandidateList:
    """``projects`` in the order of the paper; ``results``: of the polls on it, as they came."""

    body: str
    body_name: str
    year: int
    projects: tuple[Project, ...] = ()
    published_at: datetime | None = None
    results: tuple[Result, ...] = ()

    def __post_init__(self) -> None:
        try:
            read_id(self.body, "body")
            read_text(self.body_name, "body_name")
            read_year(self.year, "year")
        except Fault as fault:
            raise InvalidCandidates(fault.detail, field=fault.field) from fault
        check_projects(self.projects)
        if self.published_at is not None and not self.projects:
            raise NoCandidates("projects: a candidate list has at least one project", field="projects")
        if self.published_at is None and self.results:
            raise InvalidCandidates("results: only a published list is voted on", field="results")

    @classmethod
    def drafted(
        cls, *, body: str, body_name: str, year: int, projects: Iterable[Project] = ()
    ) -> "CandidateList":
        """A new list, which may still be empty. Raises InvalidCandidates or ProjectListedTwice."""
        return cls(body, body_name, year, tuple(projects))

    @classmethod
    def restored(cls, stored: Mapping[str, object]) -> "CandidateList":
        """From :meth:`as_stored`."""
        values = {each.name: stored[each.name] for each in fields(cls)}
        values["projects"] = tuple(map(Project.read, read_list(stored["projects"], "projects")))
        values["results"] = tuple(map(Result.read, read_list(stored["results"], "results")))
        return cls(**values)  # type: ignore[arg-type]

    def as_stored(self) -> dict[str, object]:
        """The fields as plain values: projects and results as JSON objects, the time as a datetime."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        values["projects"] = [project.as_json() for project in self.projects]
        values["results"] = [result.as_json() for result in self.results]
        return values

    @property
    def published(self) -> bool:
        return self.published_at is not None

    def project(self, id: str) -> Project:
        """Raises UnknownProject."""
        for project in self.projects:
            if project.id == id:
                return project
        raise UnknownProject("no project with this id is on the candidate list", field="project")

    def with_projects(self, projects: Iterable[Project]) -> "CandidateList":
        """Other projects, in their order. Raises CandidatesAlreadyPublished or ProjectListedTwice."""
        self._check_draft()
        return replace(self, projects=tuple(projects))

    def put(self, project: Project) -> "CandidateList":
        """The project at the end, or in the place of the one with its id. Idempotent.

        Raises CandidatesAlreadyPublished.
        """
        self._check_draft()
        known = {each.id: each for each in self.projects} | {project.id: project}
        return replace(self, projects=tuple(known.values()))

    def remove(self, id: str) -> "CandidateList":
        """Raises CandidatesAlreadyPublished or UnknownProject."""
        self._check_draft()
        gone = self.project(id)
        return replace(self, projects=tuple(each for each in self.projects if each != gone))

    def publish(self, now: datetime) -> "CandidateList":
        """From here on the list is fixed. Raises CandidatesAlreadyPublished or NoCandidates."""
        self._check_draft()
        return replace(self, published_at=now)

    def decided(self, result: Result) -> tuple["CandidateList", tuple[Project, ...]]:
        """The list after a declared result, and the projects that are under implementation by it alone.

        Idempotent by poll. Results may come in any order, since each carries the time it was declared at.
        Raises CandidatesNotPublished, or InvalidResult for another body or year.
        """
        if (result.body, result.year) != (self.body, self.year):
            raise InvalidResult("body: the result is of another body or year", field="body")
        if not self.published:
            raise CandidatesNotPublished("the candidate list is a draft: nothing can have been decided on it")
        if any(known.poll == result.poll for known in self.results):
            return self, ()
        after = replace(self, results=(*self.results, result))
        before = self.under_implementation
        return after, tuple(each for each in after.under_implementation if each not in before)

    def strangers(self, result: Result) -> tuple[str, ...]:
        """Projects that were voted on without being on this list; :meth:`decided` passes over them."""
        known = {project.id for project in self.projects}
        return tuple(project for project in result.on_paper if project not in known)

    def stage(self, id: str) -> Stage:
        """What has become of a project. Once under implementation it stays; else the last word counts.

        A result speaks only of what was on its paper. Raises UnknownProject.
        """
        self.project(id)
        in_order = sorted(self.results, key=lambda result: (result.declared_at, result.poll))
        said = [stage for result in in_order if (stage := result.says(id)) is not None]
        if Stage.UNDER_IMPLEMENTATION in said:
            return Stage.UNDER_IMPLEMENTATION
        return said[-1] if said else Stage.CANDIDATE

    @property
    def under_implementation(self) -> tuple[Project, ...]:
        """In the order of the paper."""
        return tuple(
            project for project in self.projects if self.stage(project.id) is Stage.UNDER_IMPLEMENTATION
        )

    def _check_draft(self) -> None:
        if self.published:
            raise CandidatesAlreadyPublished("the candidate list was published: it is fixed")
