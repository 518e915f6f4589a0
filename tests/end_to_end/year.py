"""A town through its year, over HTTP and nothing else: the steps that the end-to-end tests share."""

from typing import Any

from tests.support.running import Region
from tests.support.waiting import eventually

BODY = "yongan"
NAME = "永安镇人民代表大会"
CANDIDATES = {"water": "农村饮水安全提升工程", "road": "集镇道路改造工程", "clinic": "村卫生室标准化建设"}
RULES = {
    "seats": 2,
    "marking": {"scheme": "choose", "at_most": 2},
    "adoption": {"rule": "majority", "of": "deputies", "more_than": "1/2"},
}
SCALE = ["satisfied", "basically", "dissatisfied"]
LAST_YEAR = {"drinking": "饮水工程", "traffic": "交通设施"}


def asked(region: Region, method: str, path: str, body: object = None, role: str = "clerk") -> Any:
    """The answer's JSON; a refusal fails the test."""
    answer = region.call(method, path, body, roles=[role])
    assert answer.status < 300, (method, path, answer.status, answer.body)
    return answer.json if answer.body else None


def project(id: str, title: str, year: int = 2022) -> dict[str, str]:
    return {
        "id": id,
        "title": title,
        "content": f"{title}：新建、改造",
        "implementing_unit": "镇农业综合服务中心",
        "budget": "1200000.00",
        "fund_source": "财政预算安排",
        "finish_by": f"{year}-10-31",
    }


def put_on_record(region: Region) -> None:
    """The projects of the year before, adopted before there was this suite."""
    projects = [project(id, title, 2021) for id, title in LAST_YEAR.items()]
    given = {"body_name": NAME, "projects": projects}
    asked(region, "POST", f"/proposals/bodies/{BODY}/years/2021/record", given)


def publish_candidates(region: Region) -> None:
    base = f"/proposals/bodies/{BODY}/years/2022/list"
    projects = [project(id, title) for id, title in CANDIDATES.items()]
    asked(region, "PUT", base, {"body_name": NAME, "projects": projects})
    asked(region, "POST", f"{base}/publication")
    known = f"/ballots/bodies/{BODY}/candidates/2022"
    eventually(lambda: region.call("GET", known, roles=["clerk"]).status == 200, 60, "ballots has the list")


def open_meeting(region: Region, deputies: int = 79) -> None:
    base = f"/ballots/bodies/{BODY}"
    roll = [{"id": str(number), "name": f"代表{number}"} for number in range(1, deputies + 1)]
    asked(region, "PUT", base, {"name": NAME, "level": "township"})
    asked(region, "PUT", f"{base}/deputies", {"deputies": roll})
    asked(region, "POST", f"{base}/meetings", {"meeting": "m1", "title": "第三次会议"})
    asked(region, "PUT", f"{base}/meetings/m1/roll-call", {"present": [each["id"] for each in roll]})
    asked(region, "POST", f"{base}/meetings/m1/opening")


def open_poll(region: Region, poll: str = "p1", slips: int = 79) -> list[str]:
    """The codes of its slips."""
    base = f"/ballots/bodies/{BODY}/polls"
    given = {"poll": poll, "meeting": "m1", "title": "2022 年民生实事项目票决", "year": 2022, "rules": RULES}
    asked(region, "POST", base, given)
    asked(region, "POST", f"{base}/{poll}/opening")
    codes: list[str] = asked(region, "POST", f"{base}/{poll}/slips", {"slips": slips})["codes"]
    return codes


def cast(region: Region, code: str, marks: list[str], poll: str = "p1") -> Any:
    return region.call("POST", f"/ballots/bodies/{BODY}/polls/{poll}/papers", {"code": code, "marks": marks})


def declare(region: Region, poll: str = "p1") -> dict[str, Any]:
    base = f"/ballots/bodies/{BODY}/polls/{poll}"
    asked(region, "POST", f"{base}/closing", role="scrutineer")
    asked(region, "POST", f"{base}/count", role="teller")
    result: dict[str, Any] = asked(region, "POST", f"{base}/declaration")["result"]
    return result


def rate(region: Region) -> dict[str, Any]:
    """91 forms: 88 and 89 of them satisfied with the two projects."""
    base = f"/ratings/bodies/{BODY}/ratings"
    known = f"/ratings/bodies/{BODY}/projects"
    eventually(
        lambda: len(asked(region, "GET", known)["projects"]) >= 2, 60, "ratings knows last year's projects"
    )
    given = {
        "rating": "r1",
        "body_name": NAME,
        "title": "2021 年民生实事项目满意度测评",
        "projects": list(LAST_YEAR),
        "members": 91,
        "scale": SCALE,
        "verdict": {"of": "members", "exactly_half": "fails"},
    }
    asked(region, "POST", base, given)
    asked(region, "POST", f"{base}/r1/opening")
    codes = asked(region, "POST", f"{base}/r1/slips", {"slips": 91})["codes"]
    for number, code in enumerate(codes):
        grades = {
            "drinking": [SCALE[0] if number < 88 else SCALE[1]],
            "traffic": [SCALE[0] if number < 89 else SCALE[2]],
        }
        answer = region.call("POST", f"{base}/r1/forms", {"code": code, "grades": grades})
        assert answer.status == 201, answer.body
    asked(region, "POST", f"{base}/r1/conclusion", role="scrutineer")
    concluded: dict[str, Any] = region.call("GET", f"{base}/r1").json
    return concluded


def notices(region: Region) -> list[dict[str, Any]]:
    return list(region.call("GET", f"/notifications/bodies/{BODY}/notices").json["notices"])


def kinds(region: Region) -> list[str]:
    """Of the notices, in alphabetical order: several may be published at once."""
    return sorted(each["kind"] for each in notices(region))
