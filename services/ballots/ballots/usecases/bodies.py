"""What is done for a body: its registration, its roll, its candidate lists."""

from collections.abc import Mapping, Sequence
from typing import Any

from ballots.domain import (
    Body,
    read_roll,
)
from ballots.store import Ballots
from chassis.store import Store


def register_body(store: Store[Ballots], body: str, given: Mapping[str, Any]) -> None:
    """Registers a body, or changes its name and level. Idempotent. Raises InvalidBody."""
    with store.transaction() as ballots:
        ballots.save_body(Body(body, given["name"], given["level"]))


def show_body(store: Store[Ballots], body: str) -> dict[str, Any]:
    """Raises UnknownBody."""
    with store.reading() as ballots:
        found = ballots.body(body)
        return {
            "id": found.id,
            "name": found.name,
            "level": found.level,
            "deputies": len(ballots.deputy_ids(body)),
        }


def replace_roll(store: Store[Ballots], body: str, given: Sequence[Mapping[str, Any]]) -> None:
    """Replaces a body's roll, whole or not at all. Idempotent. Raises UnknownBody, InvalidRoll."""
    with store.transaction() as ballots:
        ballots.body(body)
        ballots.save_roll(body, read_roll(given))


def keep_candidate_list(ballots: Ballots, data: Mapping[str, Any]) -> None:
    """Proposals has published the candidate list of a body and year."""
    candidates = [{"project": each["project"], "title": each["title"]} for each in data["candidates"]]
    ballots.save_candidate_list(data["body"], data["year"], candidates)


def show_candidates(store: Store[Ballots], body: str, year: int) -> dict[str, Any]:
    """The candidate list as ballots has it. Raises UnknownCandidateList."""
    with store.reading() as ballots:
        return {"year": year, "candidates": ballots.candidate_list(body, year)}
