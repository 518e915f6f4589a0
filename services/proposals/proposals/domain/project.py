"""Projects: candidates (候选项目), and what is under implementation."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal
from enum import Enum

from proposals.domain.errors import Fault, InvalidProject, OnListAndRecord, ProjectListedTwice
from proposals.domain.reading import (
    check_amount,
    read_amount,
    read_date,
    read_id,
    read_object,
    read_paragraphs,
    read_text,
    write_amount,
)


class Stage(Enum):
    CANDIDATE = "candidate"
    UNDER_IMPLEMENTATION = "under_implementation"
    NOT_ADOPTED = "not_adopted"


@dataclass(frozen=True, slots=True)
class Project:
    """A livelihood project. ``budget`` in yuan, exact to two decimals; ``finish_by``: its last day."""

    id: str
    title: str
    content: str
    implementing_unit: str
    budget: Decimal
    fund_source: str
    finish_by: date

    def __post_init__(self) -> None:
        try:
            read_id(self.id, "id")
            read_paragraphs(self.content, "content")
            for name in ("title", "implementing_unit", "fund_source"):
                read_text(getattr(self, name), name)
            check_amount(self.budget, "budget")
            if type(self.finish_by) is not date:
                raise Fault("finish_by", "must be a date without a time")
        except Fault as fault:
            raise InvalidProject(fault.detail, field=fault.field) from fault

    @classmethod
    def proposed(
        cls,
        *,
        id: str,
        title: str,
        content: str,
        implementing_unit: str,
        budget: object,
        fund_source: str,
        finish_by: object,
    ) -> "Project":
        """A new project; ``budget`` as text or whole yuan, ``finish_by`` as ``2022-10-31`` or a date.

        Raises InvalidProject.
        """
        try:
            amount = read_amount(budget, "budget")
            day = finish_by if isinstance(finish_by, date) else read_date(finish_by, "finish_by")
        except Fault as fault:
            raise InvalidProject(fault.detail, field=fault.field) from fault
        return cls(id, title, content, implementing_unit, amount, fund_source, day)

    @classmethod
    def read(cls, given: object, field: str = "project") -> "Project":
        """From untrusted JSON with exactly the fields of :meth:`as_json`. Raises InvalidProject."""
        try:
            values = read_object(given, field, required=[each.name for each in fields(cls)])
        except Fault as fault:
            raise InvalidProject(fault.detail, field=fault.field) from fault
        try:
            return cls.proposed(**values)  # type: ignore[arg-type]
        except InvalidProject as refusal:
            path = f"{field}.{refusal.field}"
            raise InvalidProject(f"{field}.{refusal.detail}", field=path) from refusal

    def as_json(self) -> dict[str, object]:
        """Plain JSON: the budget as ``1200000.00``, the date as ``2022-10-31``."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        values["budget"] = write_amount(self.budget)
        values["finish_by"] = self.finish_by.isoformat()
        return values


def check_projects(projects: Iterable[Project], field: str = "projects") -> tuple[Project, ...]:
    """The projects in their order, none twice. Raises ProjectListedTwice."""
    known: dict[str, Project] = {}
    for place, project in enumerate(projects):
        if project.id in known:
            path = f"{field}.{place}.id"
            raise ProjectListedTwice(f"{path}: is on the list twice", field=path)
        known[project.id] = project
    return tuple(known.values())


def check_apart(projects: Iterable[Project], others: Iterable[Project], field: str = "projects") -> None:
    """No project is also among the others. Raises OnListAndRecord."""
    taken = {other.id for other in others}
    for place, project in enumerate(projects):
        if project.id in taken:
            path = f"{field}.{place}.id"
            raise OnListAndRecord(f"{path}: is on the year's list and on its record", field=path)


def read_projects(given: object, field: str = "projects") -> tuple[Project, ...]:
    """From an untrusted JSON list. Raises InvalidProject or ProjectListedTwice."""
    if not isinstance(given, list | tuple):
        raise InvalidProject(f"{field}: must be a list", field=field)
    return check_projects((Project.read(each, f"{field}.{place}") for place, each in enumerate(given)), field)
