"""A rating that tests hold: Yong'an town rates in 2022 the two projects that it adopted the year before."""

import random
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from chassis.store import Store
from ratings import usecases
from ratings.plugins import VERDICT_RULES
from ratings.store import Ratings

NOW = datetime(2022, 4, 16, 3, 20, tzinfo=UTC)
KEY = b"0123456789abcdef"
RULES_LOADED = VERDICT_RULES.load()
BODY = "yongan"
TITLES = {"water": "农村安全饮水工程", "traffic": "道路交通安全设施完善工程"}
SCALE = ["satisfied", "basically", "dissatisfied"]
ASKED: dict[str, Any] = {
    "rating": "r1",
    "body_name": "永安镇人民代表大会",
    "title": "2021年民生实事项目满意度测评",
    "projects": ["water", "traffic"],
    "members": 91,
    "scale": SCALE,
    "verdict": {"of": "valid", "exactly_half": "fails"},
}


def started(titles: Mapping[str, str] = TITLES, *, body: str = BODY, year: int = 2021) -> dict[str, Any]:
    """The data of ``implementation_started`` for these projects."""
    project = {
        "content": "新建供水管网12公里。\n惠及6个村。",
        "implementing_unit": "镇自然资源和生态环境办公室",
        "budget": "1200000.00",
        "fund_source": "镇财政",
        "finish_by": "2021-10-31",
    }
    return {
        "body": body,
        "body_name": "永安镇人民代表大会",
        "year": year,
        "origin": "record",
        "projects": [{"project": id, "title": title, **project} for id, title in titles.items()],
        "started_at": "2021-04-10T02:00:00.000000Z",
    }


def with_projects(store: Store[Ratings], titles: Mapping[str, str] = TITLES, **where: Any) -> None:
    """Word of these projects has come."""
    with store.transaction() as ratings:
        usecases.keep_projects(ratings, started(titles, **where))


def prepare(store: Store[Ratings], rules: Any = RULES_LOADED, **changes: Any) -> dict[str, Any]:
    return usecases.prepare_rating(store, BODY, {"year": None} | ASKED | changes, rules)


def open_rating(store: Store[Ratings], rules: Any = RULES_LOADED, **changes: Any) -> dict[str, Any]:
    """As :func:`prepare`, and opened."""
    rating = prepare(store, rules, **changes)["id"]
    return usecases.open_rating(store, BODY, rating, rules, NOW)


def issue(store: Store[Ratings], slips: int, rating: str = "r1") -> list[str]:
    return usecases.issue_slips(store, BODY, rating, slips, KEY, random.Random(slips))


def hand_in(store: Store[Ratings], handed_in: Iterable[tuple[str, object]], rating: str = "r1") -> list[Any]:
    """The outcomes of ``(code, grades)`` handed in together."""
    forms = [
        usecases.read_form(BODY, rating, {"code": code, "grades": grades}, KEY) for code, grades in handed_in
    ]
    return list(usecases.hand_in_forms(store, forms))


def conclude(store: Store[Ratings], rating: str = "r1", rules: Any = RULES_LOADED) -> dict[str, Any]:
    return usecases.conclude_rating(store, BODY, rating, rules, NOW)


def graded(grade: str) -> dict[str, list[str]]:
    """A form that gives both projects this grade."""
    return {project: [grade] for project in TITLES}
