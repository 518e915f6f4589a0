"""What several use cases of polls share."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

from ballots.domain import (
    AdoptionRule,
    BallotChannel,
    Body,
    MarkingScheme,
    OnPaper,
    Poll,
)
from ballots.store import Ballots
from chassis.plugins import Plugins

AdoptionRules = Plugins[AdoptionRule]

MarkingSchemes = Plugins[MarkingScheme]

ChannelKinds = Plugins[BallotChannel]

T = TypeVar("T")


def told(
    telling_of: Callable[[Poll, OnPaper, Body, datetime], dict[str, Any]],
    ballots: Ballots,
    poll: Poll,
    now: datetime,
) -> dict[str, Any]:
    """With where the poll stands among the rounds of its decision."""
    stands = ballots.round_of(poll.body, poll.id)
    data = telling_of(poll, ballots.on_paper(poll), ballots.body(poll.body), now)
    return data | {"decision": stands.decision, "round": stands.number}


def by_plugin(plugins: Plugins[Any], name: str, call: Callable[[], T]) -> T:
    """Fails closed when the plugin of this name does; whether it is loaded is for the domain to see."""
    return plugins.decide(name, lambda _: call()) if name in plugins else call()


def subject_of(poll: Poll) -> str:
    return f"polls/{poll.body}/{poll.id}"
