"""What ratings tells others: the data of its events and the results, from the rating they are about."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chassis.clock import rfc3339
from chassis.reading import read_text
from ratings.domain.errors import Fault, InvalidRating
from ratings.domain.rating import Rating


@dataclass(frozen=True, slots=True)
class OnForm:
    """What a form says beside its rules. ``titles``: project → title.

    ``body_name``: of those who rate; that may be the standing committee, so the office says it each time.
    """

    body_name: str
    titles: Mapping[str, str]

    def __post_init__(self) -> None:
        try:
            read_text(self.body_name, "body_name")
        except Fault as fault:
            raise InvalidRating(fault.detail, field=fault.field) from fault


def rating_opened(rating: Rating, on_form: OnForm, now: datetime) -> dict[str, Any]:
    return {
        "body": rating.body,
        "body_name": on_form.body_name,
        "rating": rating.id,
        "title": rating.title,
        "projects": projects_shown(rating, on_form),
        "members": rating.members,
        "scale": list(rating.rules.scale),
        "opened_at": rfc3339(now),
    }


def rating_concluded(rating: Rating, on_form: OnForm, returned: int, now: datetime) -> dict[str, Any]:
    """``returned``: forms handed in."""
    return {
        "body": rating.body,
        "body_name": on_form.body_name,
        "rating": rating.id,
        "title": rating.title,
        "members": rating.members,
        "issued": rating.issued,
        "returned": returned,
        "projects": [
            {"project": project, "title": on_form.titles[project]} | _project_rating(result)
            for project, result in results_shown(rating).items()
        ],
        "concluded_at": rfc3339(now),
    }


def _project_rating(result: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "valid": result["valid"],
        "invalid": result["invalid"],
        "grades": [
            {"grade": grade, "forms": forms, "share": result["shares"][grade]}
            for grade, forms in result["counts"].items()
        ],
        "combined": result["combined"],
        "verdict": result["verdict"] or "",  # no valid form, no verdict; events have no null here
    }


def results_shown(rating: Rating) -> dict[str, dict[str, Any]]:
    """Of each project, in the form's order, the grades best first: a store may have lost either order."""
    assert rating.results is not None
    return {project: _in_order(rating.results[project], rating.rules.scale) for project in rating.projects}


def _in_order(result: Mapping[str, Any], scale: tuple[str, ...]) -> dict[str, Any]:
    by_grade = {name: {grade: result[name][grade] for grade in scale} for name in ("counts", "shares")}
    return {
        "valid": result["valid"],
        "invalid": result["invalid"],
        **by_grade,
        "combined": result["combined"],
        "verdict": result["verdict"],
    }


def projects_shown(rating: Rating, on_form: OnForm) -> list[dict[str, str]]:
    """In the form's order."""
    return [{"project": project, "title": on_form.titles[project]} for project in rating.projects]
