"""A body with something of everything in it, so that calls of the right form find what they ask for."""

from dataclasses import dataclass, field
from typing import Any

from tests.end_to_end.year import RULES, SCALE, project
from tests.support.running import Region
from tests.support.waiting import eventually

NAME = "永安镇人民代表大会"
CANDIDATES = ("water", "road", "clinic")
PAST = ("drinking", "traffic")
DEPUTIES = 9
PROPOSER = {"name": "提议人甲", "contact": "139-0000-0000"}
OFFICERS = {
    "scrutineers": [{"id": "1"}, {"id": "2"}],
    "chief": "1",
    "tellers": [{"id": "t1", "name": "计票甲"}, {"id": "t2", "name": "计票乙"}],
}
SUBJECTS = ("1", "2", "t1", "t2", "3")


@dataclass
class Seeded:
    """What a body has: values for parameters of paths and for fields of bodies, by their names.

    ``codes`` are those of its slips, which no answer may show again.
    """

    body: str
    paths: dict[str, list[str]]
    fields: dict[str, list[Any]]
    """By ``service.name`` where services mean different things by it."""
    codes: list[str] = field(default_factory=list)

    def known(self, service: str) -> dict[str, list[Any]]:
        """Values for fields of a service's bodies."""
        common = {name: some for name, some in self.fields.items() if "." not in name}
        own = {name: some for name, some in self.fields.items() if name.startswith(f"{service}.")}
        return common | {name.partition(".")[2]: some for name, some in own.items()}


def seed(region: Region, body: str) -> Seeded:
    """Polls and ratings in each of their states, a suggestion, lists, a channel, an objection."""
    suggestion = _proposals(region, body)
    _meeting(region, body)
    codes, hashes = _polls(region, body)
    codes += _ratings(region, body)
    return Seeded(body, _paths(region, body, suggestion), _fields(codes, hashes), codes)


def _proposals(region: Region, body: str) -> str:
    base = f"/proposals/bodies/{body}"
    given = {"year": 2022, "title": "饮水", "content": "打井", "source": "residents", "proposer": PROPOSER}
    suggestion: str = asked(region, "POST", f"{base}/suggestions", given)["suggestion"]
    past = {"body_name": NAME, "projects": [project(id, id, 2021) for id in PAST]}
    asked(region, "POST", f"{base}/years/2021/record", past)
    for year in (2022, 2023):
        projects = [project(f"{id}-{year}" if year > 2022 else id, id, year) for id in CANDIDATES]
        asked(region, "PUT", f"{base}/years/{year}/list", {"body_name": NAME, "projects": projects})
    asked(region, "POST", f"{base}/years/2022/list/publication")
    eventually(
        lambda: (
            b"road" in _shown(region, f"/ballots/bodies/{body}/candidates/2022")
            and b"traffic" in _shown(region, f"/ratings/bodies/{body}/projects")
        ),
        *(30, "ballots has the list, and ratings the projects"),
    )
    return suggestion


def asked(region: Region, method: str, path: str, body: object = None, role: str = "clerk") -> Any:
    """The answer's JSON, to those who were appointed where that matters; a refusal fails the test."""
    subject = {"scrutineer": "1", "teller": "t1"}.get(role, "someone")
    answer = region.call(method, path, body, Authorization=region.token(role, subject=subject))
    assert answer.status < 300, (method, path, answer.status, answer.body)
    return answer.json if answer.body else None


def _shown(region: Region, path: str) -> bytes:
    answer = region.call("GET", path, roles=["clerk"])
    return answer.body if answer.status == 200 else b""


def _meeting(region: Region, body: str) -> None:
    base = f"/ballots/bodies/{body}"
    roll = [{"id": str(number), "name": f"代表{number}"} for number in range(1, DEPUTIES + 1)]
    asked(region, "PUT", base, {"name": NAME, "level": "township"})
    asked(region, "PUT", f"{base}/deputies", {"deputies": roll})
    for meeting in ("m1", "m2"):
        asked(region, "POST", f"{base}/meetings", {"meeting": meeting, "title": meeting})
    asked(region, "PUT", f"{base}/meetings/m1/roll-call", {"present": [each["id"] for each in roll]})
    asked(region, "POST", f"{base}/meetings/m1/opening")


def _polls(region: Region, body: str) -> tuple[list[str], list[str]]:
    """Codes, and hashes of counts."""
    base, codes, hashes = f"/ballots/bodies/{body}/polls", [], []
    states = ("prepared", "open", "closed", "counted", "declared")
    for place, state in enumerate(states):
        given = {"poll": state, "meeting": "m1", "title": state, "year": 2022, "rules": RULES}
        asked(region, "POST", base, given)
        if state == "counted":
            asked(region, "PUT", f"{base}/{state}/officers", OFFICERS)
        if place:
            asked(region, "POST", f"{base}/{state}/opening")
            channel = {"channel": "hall", "kind": "hand-papers", "issued": 1}
            if state in ("open", "closed"):
                asked(region, "POST", f"{base}/{state}/channels", channel)
            codes += asked(region, "POST", f"{base}/{state}/slips", {"slips": DEPUTIES - 1})["codes"]
            paper = {"code": codes[-1], "marks": ["water", "road"]}
            assert region.call("POST", f"{base}/{state}/papers", paper).status == 201
        if place > 1:
            asked(region, "POST", f"{base}/{state}/closing", role="scrutineer")
        if place > 2:
            hashes.append(asked(region, "POST", f"{base}/{state}/count", role="teller")["count_hash"])
    asked(region, "POST", f"{base}/declared/declaration")
    asked(
        region, "POST", f"{base}/declared/objections", {"objection": "o1", "text": "计票有误", "deputy": "3"}
    )
    return codes, hashes


def _ratings(region: Region, body: str) -> list[str]:
    base, codes = f"/ratings/bodies/{body}/ratings", []
    for place, state in enumerate(("prepared", "open", "concluded")):
        given = {
            **{"rating": state, "body_name": NAME, "title": state, "projects": list(PAST), "members": 9},
            **{"scale": SCALE, "verdict": {"of": "members", "exactly_half": "fails"}},
        }
        asked(region, "POST", base, given)
        if place:
            asked(region, "POST", f"{base}/{state}/opening")
            codes += asked(region, "POST", f"{base}/{state}/slips", {"slips": 3})["codes"]
    asked(region, "POST", f"{base}/concluded/conclusion", role="scrutineer")
    return codes


def _paths(region: Region, body: str, suggestion: str) -> dict[str, list[str]]:
    listed = f"/notifications/bodies/{body}/notices"
    notices = eventually(lambda: region.call("GET", listed).json["notices"], 20, "there are notices")
    return {
        "body": [body],
        "suggestion": [suggestion],
        "year": ["2021", "2022", "2023"],
        "meeting": ["m1", "m2"],
        "poll": ["prepared", "open", "closed", "counted", "declared"],
        "channel": ["hall"],
        "batch": ["1"],
        "slip": ["1"],
        "objection": ["1"],
        "profile": ["township", "hengyang"],
        "rating": ["prepared", "open", "concluded"],
        "notice": [notices[0]["notice"]],
        "delivery": ["1"],
        "event": ["00000000-0000-4000-8000-000000000000"],
    }


def _fields(codes: list[str], hashes: list[str]) -> dict[str, list[Any]]:
    return {
        "meeting": ["m1", "m3", "m4"],
        "poll": ["p8", "p9", "open"],
        "year": [2022, 2023],
        "profile": [None, "township", "hengyang"],
        "candidates": [None, list(CANDIDATES), ["water", "water"]],
        "rules": [RULES, {**RULES, "seats": 9}, {**RULES, "marking": {"scheme": "for-against"}}],
        "code": codes,
        "count_hash": hashes,
        "marks": [["water", "road"], ["water"], [], ["water"] * 3, {"water": "for"}],
        "kind": ["hand-papers", "hand-tallies", "keypad"],
        "channel": ["hall", "keypads"],
        "replaces": [None, "hall"],
        "content": [
            [["road"], None],
            {"valid": 1, "invalid": 0, "blank": 0, "tallies": {"water": 1}},
            "序号,water,road\n1,1,0\n",
        ],
        "deputy": ["3", None],
        "id": ["1", "3", "water", "new-one"],
        "present": [["1", "2", "3", "4", "5", "6", "7"], ["1"]],
        "source": ["residents", "deputies", "hotline"],
        "rating": ["r9", "open"],
        "ratings.projects": [list(PAST), ["nowhere"]],
        "proposals.projects": [
            [project("well", "井"), project("park", "园")],
            [project("well", "井")] * 2,
            [],
        ],
        "slips": [1, 2, 9],
        "papers": [1, 9],
        "numbers": [[1], [1, 2]],
        "scale": [SCALE],
        "verdict": [{"of": "members", "exactly_half": "fails"}],
        "grades": [{"drinking": [SCALE[0]], "traffic": [SCALE[1]]}, {"drinking": [SCALE[0]]}],
        "budget": ["1200000.00", 5, "many"],
        "finish_by": ["2022-10-31", "2022-02-30"],
        "level": ["township", "county"],
        "quorum": [None, "2/3", "1/2", "0/0"],
    }
