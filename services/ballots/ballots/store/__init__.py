"""The repository of ballots' use cases."""

from ballots.store.bodies import Bodies
from ballots.store.channels import ChannelExists, PollChannels
from ballots.store.errors import (
    EventsNotNumbered,
    MeetingExists,
    PollExists,
    RecordNotPublished,
    UnknownBody,
    UnknownCandidateList,
    UnknownMeeting,
    UnknownPoll,
)
from ballots.store.meetings import Meetings
from ballots.store.objections import Objections
from ballots.store.officers import PollOfficers
from ballots.store.polls import Polls, Turnout
from ballots.store.records import Records
from ballots.store.rolls import Rolls
from ballots.store.rounds import NextRoundExists, Rounds
from ballots.store.slips import Slips


class Ballots(Bodies, Rolls, Meetings, PollOfficers, Polls, Rounds, Records, Slips, Objections, PollChannels):
    """All that ballots keeps, in one transaction."""


__all__ = [
    "Ballots",
    "ChannelExists",
    "EventsNotNumbered",
    "MeetingExists",
    "NextRoundExists",
    "PollExists",
    "RecordNotPublished",
    "Turnout",
    "UnknownBody",
    "UnknownCandidateList",
    "UnknownMeeting",
    "UnknownPoll",
]
