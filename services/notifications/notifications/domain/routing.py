"""Which event causes which texts: a table, and how an order for each text is read off it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from notifications.domain.writing import ROLES


@dataclass(frozen=True, slots=True)
class Route:
    """What an event causes. ``kind`` names its templates; ``roles``: who gets a message.

    ``units_in``: the list in the event's data whose projects name their implementing units; then each of
    these gets its own message, of its own projects.
    """

    kind: str
    notice: bool = False
    roles: tuple[str, ...] = ()
    units_in: str | None = None

    def __post_init__(self) -> None:
        if not set(self.roles) <= set(ROLES) or len(set(self.roles)) != len(self.roles):
            raise ValueError(f"{self.kind}: a role is unknown or there twice")


ROUTES: Mapping[str, Route] = {
    "piaojue.proposals.suggestion_received.v1": Route("suggestion_received", roles=("clerk",)),
    "piaojue.proposals.candidates_published.v1": Route(
        "candidates_published", notice=True, roles=("deputy", "department"), units_in="candidates"
    ),
    "piaojue.proposals.implementation_started.v1": Route(
        "implementation_started", notice=True, roles=("department", "supervisor"), units_in="projects"
    ),
    "piaojue.ballots.meeting_opened.v1": Route("meeting_opened", roles=("deputy",)),
    "piaojue.ballots.poll_opened.v1": Route(
        "poll_opened", notice=True, roles=("deputy", "scrutineer", "teller")
    ),
    "piaojue.ballots.turnout_changed.v1": Route("turnout_changed"),
    "piaojue.ballots.channel_struck.v1": Route("channel_struck", roles=("clerk", "scrutineer", "teller")),
    "piaojue.ballots.poll_counted.v1": Route("poll_counted", roles=("scrutineer",)),
    "piaojue.ballots.count_signed.v1": Route("count_signed"),
    "piaojue.ballots.poll_closed.v1": Route("poll_closed", roles=("clerk", "scrutineer", "teller")),
    "piaojue.ballots.result_declared.v1": Route("result_declared", notice=True, roles=("deputy", "clerk")),
    "piaojue.ballots.objection_filed.v1": Route(
        "objection_filed", notice=True, roles=("clerk", "scrutineer")
    ),
    "piaojue.ballots.objection_answered.v1": Route(
        "objection_answered", notice=True, roles=("deputy", "scrutineer")
    ),
    "piaojue.ratings.rating_opened.v1": Route("rating_opened", notice=True, roles=("deputy",)),
    "piaojue.ratings.rating_concluded.v1": Route(
        "rating_concluded", notice=True, roles=("deputy", "department", "supervisor")
    ),
}
"""By the ``type`` of the event. Residents read the notices; a place that sends them messages routes these."""


@dataclass(frozen=True, slots=True)
class Order:
    """A text to be written: a notice for the public where ``role`` is None, else a message for that role.

    ``data``: the event's; for a department that is named by ``unit``, with its own projects alone.
    """

    kind: str
    role: str | None
    unit: str | None
    data: Mapping[str, Any]

    @property
    def template(self) -> str:
        """``notice-result_declared`` or ``message-poll_opened``."""
        return f"{'notice' if self.role is None else 'message'}-{self.kind}"


def orders(
    type: str, data: Mapping[str, Any], routes: Mapping[str, Route] | None = None
) -> tuple[Order, ...]:
    """What an event causes, the notice first; nothing where no route is for it. ``data`` fits its schema."""
    route = (ROUTES if routes is None else routes).get(type)
    if route is None:
        return ()
    found = [Order(route.kind, None, None, data)] if route.notice else []
    for role in route.roles:
        if role == "department" and route.units_in is not None:
            found += _for_each_unit(route.kind, data, route.units_in)
        else:
            found.append(Order(route.kind, role, None, data))
    return tuple(found)


def _for_each_unit(kind: str, data: Mapping[str, Any], units_in: str) -> list[Order]:
    projects: Sequence[Mapping[str, Any]] = data[units_in]
    units = dict.fromkeys(project["implementing_unit"] for project in projects)
    return [
        Order(
            kind,
            "department",
            unit,
            {**data, units_in: [project for project in projects if project["implementing_unit"] == unit]},
        )
        for unit in units
    ]
