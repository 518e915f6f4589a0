"""Which projects may be rated: those known to be under implementation."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ratings.domain.errors import AmbiguousProject, UnknownProject


@dataclass(frozen=True, slots=True)
class Rateable:
    """A project under implementation. ``year``: of its candidate list; ids may come again in another year."""

    project: str
    title: str
    year: int


def titles_of(projects: Sequence[str], rateable: Iterable[Rateable], year: int | None) -> dict[str, str]:
    """The titles of the named projects, all of them of ``year`` where one is given.

    Raises UnknownProject; AmbiguousProject where several years have the id and none is given.
    """
    known: dict[str, list[str]] = {}
    for each in rateable:
        if year is None or each.year == year:
            known.setdefault(each.project, []).append(each.title)
    for place, project in enumerate(projects):
        if project not in known:
            raise UnknownProject(
                "A project is not known to be under implementation, or word of it has not come yet.",
                field=f"projects.{place}",
            )
        if len(known[project]) > 1:
            raise AmbiguousProject(
                "Several years have a project of this id: say the year.", field=f"projects.{place}"
            )
    return {project: known[project][0] for project in projects}
