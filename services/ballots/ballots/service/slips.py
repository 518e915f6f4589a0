"""Slips by number."""

from typing import Any

from ballots import usecases
from ballots.domain import (
    CodeSpent,
    CodeUnknown,
    InvalidPoll,
    MoreIssuedThanPresent,
    PollNotOpen,
    SlipAlreadyIssued,
    SlipNotIssued,
    SlipSpoiled,
    SlipsPrintedMeanwhile,
    TooManyGuesses,
    UnknownSlip,
)
from ballots.schemas import IssueSlipsSchema, PrintSlipsSchema, SlipsAnswerSchema, SpoilSlipSchema
from ballots.service.access import AT_THE_MEETING, CLERK
from ballots.service.typesetting import PDF, PdfBusy, PdfUnavailable, attached
from ballots.store import UnknownPoll
from chassis.http import Answer, Call, http


class SlipRoutes:
    """Slips by number."""

    store: Any
    code_key: Any
    guesses: Any
    typesetter: Any

    @http(
        "POST",
        "/bodies/<body>/polls/<poll>/slips/print",
        who=CLERK,
        body=PrintSlipsSchema(),
        answer=PDF,
        status=201,
        refuses=(UnknownPoll, PollNotOpen, SlipsPrintedMeanwhile, PdfUnavailable, PdfBusy),
    )
    def print_slips(self, call: Call) -> Answer:
        """Makes numbered slips to print, cut, fold and shuffle: as many as deputies are present, and spare
        ones.

        Their codes stand in this file and nowhere else, and cannot be cast before their numbers are issued.
        """
        file = usecases.print_slips(
            *(self.store, call.path["body"], call.path["poll"], call.data["slips"], self.code_key),
            lambda facts: self.typesetter.pdf("slips", facts),
        )
        return attached(file, f"slips-{call.path['poll']}.pdf")

    @http(
        "POST",
        "/bodies/<body>/polls/<poll>/slips/issue",
        who=CLERK,
        body=IssueSlipsSchema(),
        answer=SlipsAnswerSchema(),
        refuses=(
            *(UnknownPoll, PollNotOpen, MoreIssuedThanPresent, InvalidPoll),
            *(UnknownSlip, SlipAlreadyIssued, SlipSpoiled),
        ),
    )
    def issue_numbers(self, call: Call) -> dict[str, Any]:
        """Says which slips are handed out: from then on their codes can be cast.

        Do it for all slips at once, before they are shuffled and drawn; all of them or none are issued.
        """
        return usecases.issue_numbers(self.store, call.path["body"], call.path["poll"], call.data)

    @http(
        "POST",
        "/bodies/<body>/polls/<poll>/slips/<slip>/spoil",
        who=CLERK,
        body=SpoilSlipSchema(),
        answer=SlipsAnswerSchema(),
        refuses=(
            *(UnknownPoll, PollNotOpen, UnknownSlip, SlipNotIssued, SlipSpoiled),
            *(CodeUnknown, CodeSpent, TooManyGuesses),
        ),
    )
    def spoil_slip(self, call: Call) -> dict[str, Any]:
        """Takes a spoiled slip back, unused: its code is cancelled, and another slip may be issued for it."""
        body, poll = call.path["body"], call.path["poll"]
        with self.guesses.limited(body, poll):
            return usecases.spoil_slip(
                self.store, body, poll, _number(call), call.data["code"], self.code_key
            )

    @http(
        "GET",
        "/bodies/<body>/polls/<poll>/slips",
        who=AT_THE_MEETING,
        answer=SlipsAnswerSchema(),
        refuses=(UnknownPoll,),
    )
    def show_slips(self, call: Call) -> dict[str, Any]:
        """How many slips were printed, handed out, spoiled, and are left."""
        return usecases.show_slips(self.store, call.path["body"], call.path["poll"])


def _number(call: Call) -> int:
    text = call.path["slip"]
    if not (text.isascii() and text.isdigit() and len(text) <= 7):
        raise UnknownSlip("A slip is named by its number.", field="slip")
    return int(text)
