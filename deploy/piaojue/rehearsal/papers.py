"""The papers of a poll, as the file has them."""

from collections.abc import Mapping
from typing import Any

Part = Mapping[str, Any]


def papers_of(poll: Part) -> list[Any]:
    """The marks of every paper that is cast by code."""
    return [paper["marks"] for paper in poll["papers"] or () for _ in range(paper["times"])]


def issued_of(poll: Part) -> int:
    """How many slips are handed out, without those that come back spoiled."""
    issued: int = poll["slips"]["issued"] or len(papers_of(poll))
    return issued


def is_held(poll: Part) -> bool:
    """Whether it opens at all."""
    return poll["papers"] is not None
