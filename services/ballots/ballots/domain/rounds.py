"""Rounds: what follows a poll that left seats open, or was void. The polls of one decision belong
together."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ballots.domain.errors import PollNotDeclared
from ballots.domain.poll import Poll, PollState
from ballots.domain.rules import Named, Rules
from chassis.errors import Conflict


class NoFurtherRound(Conflict):
    """All seats are filled: nothing is left to decide."""

    slug = "no-further-round"


@dataclass(frozen=True, slots=True)
class Round:
    """Where a poll stands among those of one decision. ``decision``: the id of its first poll; ``number``
    from 1."""

    decision: str
    number: int = 1
    follows: str | None = None

    def next(self, poll: str) -> "Round":
        """The round after the one that was ``poll``."""
        return Round(self.decision, self.number + 1, poll)


def next_round(poll: Poll, *, id: str, title: str) -> Poll:
    """The poll that follows, prepared. After a tie: the tied, for the open seats. After a shortfall: all that
    were not adopted, for the open seats. A void poll: the same again.

    Nobody may mark more projects than there are seats now. That there be more candidates than seats is
    asked of a list, not of what is left of it. Raises PollNotDeclared, NoFurtherRound.
    """
    if poll.state is not PollState.DECLARED or poll.result is None:
        raise PollNotDeclared("a further round follows a declared result")
    result: Mapping[str, Any] = poll.result
    _check_profile(poll, result["outcome"])
    match result["outcome"]:
        case "runoff":
            candidates, seats = tuple(result["tied"]), int(result["open_seats"])
        case "shortfall":
            adopted = set(result["adopted"])
            candidates = tuple(each for each in poll.candidates if each not in adopted)
            seats = int(result["open_seats"])
        case "void" | "no-quorum":
            candidates, seats = poll.candidates, poll.rules.seats
        case _:
            raise NoFurtherRound("all seats are filled: nothing is left to decide")
    if not candidates:
        raise NoFurtherRound("every project on the paper is adopted: no candidate is left")
    rules = poll.rules if seats == poll.rules.seats else _for_seats(poll.rules, seats)
    return Poll.prepared(
        id=id,
        body=poll.body,
        meeting=poll.meeting,
        title=title,
        rules=rules,
        candidates=candidates,
        profile=poll.profile,
    )


def _check_profile(poll: Poll, outcome: str) -> None:
    profile = poll.profile
    if profile and outcome == "runoff" and profile.after_tie == "none":
        raise NoFurtherRound("after a tie no runoff follows, by the profile of the poll")
    if profile and outcome == "shortfall" and profile.after_shortfall == "none":
        raise NoFurtherRound("after a shortfall no further round follows, by the profile of the poll")


def _for_seats(rules: Rules, seats: int) -> Rules:
    parameters = dict(rules.marking.parameters)
    at_most = parameters.get("at_most")
    if isinstance(at_most, int):
        parameters["at_most"] = min(at_most, seats)
    marking = Named(rules.marking.name, parameters)
    return replace(rules, seats=seats, marking=marking, differential=False)
