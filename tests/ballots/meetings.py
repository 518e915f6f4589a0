"""A meeting that tests vote at: Yong'an town, 79 deputies, three candidates of which two are adopted."""

import random
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from ballots import usecases
from ballots.plugins import ADOPTION_RULES, BALLOT_CHANNELS, MARKING_SCHEMES
from ballots.service.record_key import Ed25519Key
from ballots.store import Ballots
from chassis.auth import new_key
from chassis.store import Store
from tests.support.stores import number_events, told

NOW = datetime(2022, 4, 16, 1, 30, tzinfo=UTC)
KEY = b"0123456789abcdef"
RECORDER = usecases.Recorder("demo", Ed25519Key(new_key()))
RULES_LOADED = ADOPTION_RULES.load()
SCHEMES_LOADED = MARKING_SCHEMES.load()
KINDS_LOADED = BALLOT_CHANNELS.load()
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
    """The outcomes of ``(code, marks)`` cast together, each with a nonce of its own."""
    return cast_again(store, [(code, marks, None) for code, marks in ballots], poll)


def cast_again(
    store: Store[Ballots], ballots: Iterable[tuple[str, object, str | None]], poll: str = "p1"
) -> list[Any]:
    """As :func:`cast`, of ``(code, marks, nonce)``."""
    casts = [
        usecases.read_cast(BODY, poll, {"code": code, "marks": marks, "nonce": nonce}, KEY, SCHEMES_LOADED)
        for code, marks, nonce in ballots
    ]
    return list(usecases.cast_ballots(store, casts))


def accepted(outcome: Any) -> bool:
    return isinstance(outcome, dict) and outcome["accepted"] is True


def count(store: Store[Ballots], poll: str = "p1") -> dict[str, Any]:
    """Closes, counts."""
    usecases.close_poll(store, BODY, poll, NOW)
    return usecases.count_poll(store, BODY, poll, RULES_LOADED, SCHEMES_LOADED, KINDS_LOADED)


def declare(store: Store[Ballots], poll: str = "p1") -> dict[str, Any]:
    """Once all events have their numbers, as they have soon where a relay is at work."""
    number_events(store)
    return usecases.declare_result(store, BODY, poll, RECORDER, NOW)


def finish(store: Store[Ballots], poll: str = "p1") -> dict[str, Any]:
    """Closes, counts, declares."""
    count(store, poll)
    return declare(store, poll)


def events(store: Store[Any]) -> list[tuple[str, dict[str, Any]]]:
    """What was published: the routing key and the data of each event, oldest first."""
    return [(each["type"].split(".", 2)[2], each["data"]) for each in told(store)]
