"""A meeting that tests vote at: Yong'an town, 79 deputies, three candidates of which two are adopted."""

import random
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from ballots import usecases
from ballots.plugins import ADOPTION_RULES, MARKING_SCHEMES
from ballots.store import Ballots
from chassis.store import Store
from tests.support.stores import told

NOW = datetime(2022, 4, 16, 1, 30, tzinfo=UTC)
KEY = b"0123456789abcdef"
RULES_LOADED = ADOPTION_RULES.load()
SCHEMES_LOADED = MARKING_SCHEMES.load()
BODY = "yongan"
CANDIDATES = ["water", "road", "clinic"]
RULES: dict[str, Any] = {
    "seats": 2,
    "marking": {"scheme": "choose", "at_most": 2},
    "adoption": {"rule": "majority", "of": "deputies", "more_than": "1/2"},
}


def with_body(store: Store[Ballots], deputies: int = 79) -> None:
    """A body with its roll and its candidate list of 2022."""
    usecases.register_body(store, BODY, {"name": "永安镇人民代表大会", "level": "township"})
    roll = [
        {"id": str(number), "name": f"代表{number}", "delegation": "第一代表团", "district": None}
        for number in range(1, deputies + 1)
    ]
    usecases.replace_roll(store, BODY, roll, "clerk", NOW)
    listed = [{"project": each, "title": f"项目 {each}"} for each in CANDIDATES]
    with store.transaction() as ballots:
        usecases.keep_candidate_list(ballots, {"body": BODY, "year": 2022, "candidates": listed})


def with_meeting(store: Store[Ballots], present: int = 79, deputies: int = 79) -> None:
    """As :func:`with_body`, with an open meeting."""
    with_body(store, deputies)
    given = {"meeting": "m1", "title": "第一次会议", "quorum": "2/3"}
    usecases.call_meeting(store, BODY, given)
    usecases.call_roll(store, BODY, "m1", [str(number) for number in range(1, present + 1)], NOW)
    usecases.open_meeting(store, BODY, "m1", NOW)


def prepare(store: Store[Ballots], poll: str = "p1", rules: dict[str, Any] | None = None) -> dict[str, Any]:
    given = {
        "poll": poll,
        "meeting": "m1",
        "title": "民生实事项目票决",
        "year": 2022,
        "rules": rules or RULES,
        "candidates": None,
    }
    return usecases.prepare_poll(store, BODY, given, RULES_LOADED, SCHEMES_LOADED)


def open_poll(store: Store[Ballots], poll: str = "p1", rules: dict[str, Any] | None = None) -> None:
    prepare(store, poll, rules)
    usecases.open_poll(store, BODY, poll, RULES_LOADED, SCHEMES_LOADED, NOW)


def issue(store: Store[Ballots], slips: int, poll: str = "p1") -> list[str]:
    return usecases.issue_slips(store, BODY, poll, slips, KEY, random.Random(slips))


def cast(store: Store[Ballots], ballots: Iterable[tuple[str, object]], poll: str = "p1") -> list[Any]:
    """The outcomes of ``(code, marks)`` cast together."""
    casts = [
        usecases.read_cast(BODY, poll, {"code": code, "marks": marks}, KEY, SCHEMES_LOADED)
        for code, marks in ballots
    ]
    return list(usecases.cast_ballots(store, casts))


def finish(store: Store[Ballots], poll: str = "p1") -> dict[str, Any]:
    """Closes, counts, declares."""
    usecases.close_poll(store, BODY, poll, NOW)
    usecases.count_poll(store, BODY, poll, RULES_LOADED, SCHEMES_LOADED)
    return usecases.declare_result(store, BODY, poll, NOW)


def events(store: Store[Any]) -> list[tuple[str, dict[str, Any]]]:
    """What was published: the routing key and the data of each event, oldest first."""
    return [(each["type"].split(".", 2)[2], each["data"]) for each in told(store)]
