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


class Ballots(Bodies, Meetings, PollOfficers, Polls):
    """All that ballots keeps, in one transaction."""


__all__ = [
    "Ballots",
    "MeetingExists",
    "PollExists",
    "Turnout",
    "UnknownBody",
    "UnknownCandidateList",
    "UnknownMeeting",
    "UnknownPoll",
]
