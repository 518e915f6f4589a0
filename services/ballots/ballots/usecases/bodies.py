"""What is done for a body: its registration, its candidate lists."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ballots.domain import Body, InvalidBody
from ballots.store import Ballots
from chassis.store import Store


def register_body(store: Store[Ballots], body: str, given: Mapping[str, Any]) -> None:
    """Registers a body, or changes what it is. Idempotent. Raises InvalidBody."""
    registered = Body(body, given["name"], given["level"], given.get("deputies_total"))
    with store.transaction() as ballots:
        ballots.save_body(registered)
        if not registered.has_room_for(len(ballots.deputy_ids(body))):
            raise InvalidBody("deputies_total: its roll has more deputies", field="deputies_total")


def show_body(store: Store[Ballots], body: str) -> dict[str, Any]:
    """Raises UnknownBody."""
    with store.reading() as ballots:
        found = ballots.body(body)
        return {
            "id": found.id,
            "name": found.name,
            "level": found.level,
            "deputies": len(ballots.deputy_ids(body)),
            "deputies_total": found.deputies_total,
        }


def keep_candidate_list(ballots: Ballots, data: Mapping[str, Any]) -> None:
    """Proposals has published the candidate list of a body and year."""
    candidates = [{"project": each["project"], "title": each["title"]} for each in data["candidates"]]
    published_at = data.get("published_at")
    ballots.save_candidate_list(
        *(data["body"], data["year"], candidates),
        published_at=datetime.fromisoformat(published_at) if published_at else None,
    )


def show_candidates(store: Store[Ballots], body: str, year: int) -> dict[str, Any]:
    """The candidate list as ballots has it. Raises UnknownCandidateList."""
    with store.reading() as ballots:
        return {"year": year, "candidates": ballots.candidate_list(body, year)}
