"""A body with its roll, its candidate list and an open meeting, over HTTP."""

from typing import Any

from piaojue_contracts.proposals import CANDIDATES_PUBLISHED_V1
from tests.support.running import Region
from tests.support.waiting import eventually

CANDIDATES = ("water", "road", "clinic", "school", "bridge")
ROLL = [{"id": str(number), "name": f"代表{number}"} for number in range(1, 80)]


def with_meeting(
    region: Region, body: str, *, level: str = "township", published_at: str = "2022-04-01T00:00:00.000000Z"
) -> str:
    """The path of the body."""
    base = f"/ballots/bodies/{body}"
    _clerk(region, "PUT", base, {"name": "永安镇人民代表大会", "level": level}, 204)
    _clerk(region, "PUT", f"{base}/deputies", {"deputies": ROLL}, 204)
    _publish(region, body, published_at)
    _clerk(region, "POST", f"{base}/meetings", {"meeting": "m1", "title": "第一次会议"}, 201)
    present = {"present": [each["id"] for each in ROLL]}
    _clerk(region, "PUT", f"{base}/meetings/m1/roll-call", present, 200)
    _clerk(region, "POST", f"{base}/meetings/m1/opening", None, 200)
    return base


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


def _clerk(region: Region, method: str, path: str, body: object, status: int) -> None:
    answer = region.call(method, path, body, roles=["clerk"])
    assert answer.status == status, answer.body


def _publish(region: Region, body: str, published_at: str) -> None:
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
        "candidates": [project | {"project": each, "title": f"{each} 项目"} for each in CANDIDATES],
        "published_at": published_at,
    }
    region.tell(CANDIDATES_PUBLISHED_V1, f"bodies/{body}/2022", told)
    path = f"/ballots/bodies/{body}/candidates/2022"
    eventually(lambda: region.call("GET", path, roles=["clerk"]).status == 200, 20, "the list is known")
