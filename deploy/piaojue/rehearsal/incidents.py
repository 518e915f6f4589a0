"""What happens before a step: deputies arrive and leave, and what must be refused is tried."""

from collections.abc import Callable, Sequence
from typing import Any, Final

from piaojue.rehearsal.papers import Part
from piaojue.rehearsal.reading import Where
from piaojue.rehearsal.year import Year, number_of

_TRIED: Final = {
    "box": "Tried to count a box",
    "enter": "Tried to enter papers",
    "next-round": "Tried a next round",
    "strike": "Tried to strike",
}


def happen(
    year: Year,
    incidents: Sequence[Part],
    where: Where,
    step: str,
    attempt: Callable[[Part], Any],
    story: dict[str, Any],
    channel: str | None = None,
) -> None:
    """All incidents before this step, in the order of the file. ``where``: the place of the list in it;
    ``channel``: whose step it is."""
    for place, incident in enumerate(incidents):
        if incident["before"] != step or (channel is not None and incident["channel"] != channel):
            continue
        if incident["tried"] is not None:
            _try(year, incident, attempt, story)
        else:
            _move(year, "arrived" if incident["arrived"] is not None else "left", (*where, place))


def _move(year: Year, kind: str, where: Where) -> None:
    deputies = list(year.plan.attendance.moves[where])
    chinese, route = ("代表到会", "arrivals") if kind == "arrived" else ("代表离会", "departures")
    with year.step(chinese, f"Deputies {kind}") as step:
        path = year.path("ballots", "meetings", year.plan.meeting["id"], route)
        shown = year.suite.post(path, {"deputies": deputies}, role="clerk")
        year.story["meeting"] = shown
        step.say(f"{number_of(len(deputies), 'deputy', 'deputies')}; {shown['present']} present now")


def _try(year: Year, incident: Part, attempt: Callable[[Part], Any], story: dict[str, Any]) -> None:
    tried, slug = incident["tried"], incident["refused"]
    with year.step("依规不予", _TRIED.get(tried, f"Tried to {tried}")) as step:
        found = year.refused(f"to {tried}", slug, lambda: attempt(incident))
        story.setdefault("refused", []).append({"tried": tried, "refused": found})
        step.say(f"refused: {found}")
