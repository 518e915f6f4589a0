"""The repository of ballots' use cases."""

from ballots.store.bodies import Bodies
from ballots.store.errors import (
    MeetingExists,
    PollExists,
    UnknownBody,
    UnknownCandidateList,
    UnknownMeeting,
    UnknownPoll,
)
from ballots.store.meetings import Meetings
from ballots.store.officers import PollOfficers
from ballots.store.polls import Polls, Turnout
from ballots.store.rolls import Rolls
from ballots.store.rounds import NextRoundExists, Rounds


class Ballots(Bodies, Rolls, Meetings, PollOfficers, Polls, Rounds):
    """All that ballots keeps, in one transaction."""


__all__ = [
    "Ballots",
    "MeetingExists",
    "NextRoundExists",
    "PollExists",
    "Turnout",
    "UnknownBody",
    "UnknownCandidateList",
    "UnknownMeeting",
    "UnknownPoll",
]
