"""Polls, until their papers come."""

from typing import Any

from ballots import usecases
from ballots.domain import (
    InvalidPoll,
    InvalidRules,
    MeetingNotOpen,
    MoreIssuedThanPresent,
    NotDifferential,
    OutsideProfile,
    PollAlreadyOpened,
    PollNotOpen,
    QuorumNotMet,
    RuleChanged,
    UnknownProfile,
)
from ballots.schemas import (
    CodesSchema,
    PollAnswerSchema,
    PollSchema,
    SlipsSchema,
)
from ballots.service.access import CLERK
from ballots.store import (
    PollExists,
    UnknownCandidateList,
    UnknownMeeting,
    UnknownPoll,
)
from chassis.clock import now
from chassis.http import PUBLIC, Call, http
from chassis.plugins import PluginFailed
from chassis.service import timer


class PollRoutes:
    """Polls, until their papers come."""

    store: Any
    adoption_rules: Any
    marking_schemes: Any
    profiles: Any
    code_key: Any

    @http(
        "POST",
        "/bodies/<body>/polls",
        who=CLERK,
        body=PollSchema(),
        answer=PollAnswerSchema(),
        status=201,
        refuses=(
            *(UnknownMeeting, UnknownCandidateList, UnknownProfile, InvalidRules, OutsideProfile),
            *(InvalidPoll, PollExists),
        ),
    )
    def prepare_poll(self, call: Call) -> dict[str, Any]:
        """Prepares a poll on the candidate list of a year, by rules of its own or by a profile's."""
        return usecases.prepare_poll(
            self.store,
            call.path["body"],
            call.data,
            self.adoption_rules,
            self.marking_schemes,
            self.profiles,
        )

    @http("GET", "/bodies/<body>/polls/<poll>", who=PUBLIC, answer=PollAnswerSchema(), refuses=(UnknownPoll,))
    def show_poll(self, call: Call) -> dict[str, Any]:
        """A poll: its rules and its turnout, and the result once it is declared."""
        return usecases.show_poll(self.store, call.path["body"], call.path["poll"])

    @http(
        "POST",
        "/bodies/<body>/polls/<poll>/opening",
        who=CLERK,
        answer=PollAnswerSchema(),
        refuses=(
            *(UnknownPoll, PollAlreadyOpened, MeetingNotOpen, QuorumNotMet, NotDifferential, InvalidPoll),
            *(OutsideProfile, RuleChanged, PluginFailed),
        ),
    )
    def open_poll(self, call: Call) -> dict[str, Any]:
        """Opens a poll: its rules and candidates are fixed from now on."""
        return usecases.open_poll(
            self.store,
            call.path["body"],
            call.path["poll"],
            self.adoption_rules,
            self.marking_schemes,
            now(),
        )

    @http(
        "POST",
        "/bodies/<body>/polls/<poll>/slips",
        who=CLERK,
        body=SlipsSchema(),
        answer=CodesSchema(),
        status=201,
        refuses=(UnknownPoll, PollNotOpen, MoreIssuedThanPresent),
    )
    def issue_slips(self, call: Call) -> dict[str, Any]:
        """Makes codes for slips that are handed out now. They are shown this once: print, seal, shuffle
        them."""
        codes = usecases.issue_slips(
            self.store, call.path["body"], call.path["poll"], call.data["slips"], self.code_key
        )
        return {"codes": codes}

    @timer(interval=1)
    def tell_turnout(self) -> None:
        """Tells how many have voted so far in open polls."""
        usecases.tell_turnout(self.store, now())
