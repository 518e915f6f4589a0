"""A body with its roll, its candidate list, an open meeting and open polls, over HTTP."""

from collections.abc import Sequence
from typing import Any

from piaojue_contracts.proposals import CANDIDATES_PUBLISHED_V1
from tests.support.running import Region
from tests.support.waiting import eventually

CANDIDATES = ["water", "road", "clinic", "school", "bridge"]
THREE = CANDIDATES[:3]
RULES: dict[str, Any] = {
    "seats": 2,
    "marking": {"scheme": "choose", "at_most": 2},
    "adoption": {"rule": "majority", "of": "deputies", "more_than": "1/2"},
}


def roll_of(deputies: int) -> list[dict[str, str]]:
    return [{"id": str(number), "name": f"代表{number}"} for number in range(1, deputies + 1)]


ROLL = roll_of(79)


def with_meeting(
    region: Region,
    body: str,
    *,
    level: str = "township",
    deputies: int = 79,
    present: int | None = None,
    candidates: Sequence[str] = CANDIDATES,
    published_at: str = "2022-04-01T00:00:00.000000Z",
) -> str:
    """The path of the body. All deputies are present, unless it is said how many."""
    base, roll = f"/ballots/bodies/{body}", roll_of(deputies)
    _clerk(region, "PUT", base, {"name": "永安镇人民代表大会", "level": level}, 204)
    _clerk(region, "PUT", f"{base}/deputies", {"deputies": roll}, 204)
    publish(region, body, candidates, published_at)
    _clerk(region, "POST", f"{base}/meetings", {"meeting": "m1", "title": "第一次会议"}, 201)
    called = {"present": [each["id"] for each in roll[:present]]}
    _clerk(region, "PUT", f"{base}/meetings/m1/roll-call", called, 200)
    _clerk(region, "POST", f"{base}/meetings/m1/opening", None, 200)
    return base


def poll_of(
    region: Region, body: str, *, deputies: int = 79, present: int | None = None, officers: Any = None
) -> tuple[str, list[str]]:
    """An open poll of a body of its own, with these officers if any, and codes of slips for all present."""
    base = with_meeting(region, body, deputies=deputies, present=present, candidates=THREE)
    return poll_at(region, base, "p1", slips=present or deputies, officers=officers)


def poll_at(
    region: Region, base: str, poll: str, *, slips: int, officers: Any = None
) -> tuple[str, list[str]]:
    """As :func:`poll_of`, at the open meeting of a body."""
    prepared = prepare(region, base, poll, rules=RULES)
    assert prepared.status == 201, prepared.body
    path = f"{base}/polls/{poll}"
    if officers is not None:
        _clerk(region, "PUT", f"{path}/officers", officers, 200)
    opened = open_poll(region, base, poll)
    assert opened.status == 200, opened.body
    return path, region.call("POST", f"{path}/slips", {"slips": slips}, roles=["clerk"]).json["codes"]


def prepare(region: Region, base: str, poll: str = "p1", **given: Any) -> Any:
    """The answer to preparing a poll."""
    body = {"poll": poll, "meeting": "m1", "title": "票决", "year": 2022, **given}
    return region.call("POST", f"{base}/polls", body, roles=["clerk"])


def appoint(region: Region, base: str, poll: str = "p1") -> None:
    """Two scrutineers."""
    officers = {"scrutineers": [{"id": "1"}, {"id": "2"}], "chief": "1", "tellers": [], "conflicts": []}
    _clerk(region, "PUT", f"{base}/polls/{poll}/officers", officers, 200)


def open_poll(region: Region, base: str, poll: str = "p1") -> Any:
    """The answer to opening it."""
    return region.call("POST", f"{base}/polls/{poll}/opening", roles=["clerk"])


def publish(
    region: Region,
    body: str,
    candidates: Sequence[str] = CANDIDATES,
    published_at: str = "2022-04-01T00:00:00.000000Z",
) -> None:
    """Returns when ballots knows the candidate list of 2022."""
    project = {
        "content": "修建",
        "implementing_unit": "水务站",
        "budget": "1200000.00",
        "fund_source": "财政预算",
        "finish_by": "2022-10-31",
    }
    told = {
        "body": body,
        "body_name": "永安镇人民代表大会",
        "year": 2022,
        "candidates": [project | {"project": each, "title": f"{each} 项目"} for each in candidates],
        "published_at": published_at,
    }
    region.tell(CANDIDATES_PUBLISHED_V1, f"bodies/{body}/2022", told)
    path = f"/ballots/bodies/{body}/candidates/2022"
    eventually(lambda: region.call("GET", path, roles=["clerk"]).status == 200, 20, "the list is known")


def _clerk(region: Region, method: str, path: str, body: object, status: int) -> None:
    answer = region.call(method, path, body, roles=["clerk"])
    assert answer.status == status, answer.body
