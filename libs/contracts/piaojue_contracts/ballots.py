"""What ballots says: the meeting, the poll, its turnout, its result. No total before the poll has closed."""

from typing import Final

from marshmallow import fields

from piaojue_contracts.event_type import Data, EventType, declare
from piaojue_contracts.fields import (
    boolean,
    choice,
    date,
    digest,
    identifier,
    instant,
    listed,
    text,
    whole,
    year,
)

PRODUCER: Final = "ballots"


class MeetingOpened(Data):
    """The roll call found a quorum."""

    body = identifier("The body that meets.")
    body_name = text("The body's name.")
    meeting = identifier("The meeting.")
    title = text("The meeting's title.")
    due = whole("Deputies due to attend: those on the roll; the body may have vacant seats beside.", least=1)
    present = whole("Deputies present.", least=1)
    quorum_needed = whole("The fewest who must be present.", least=1)
    opened_at = instant("When it was opened.")


class Candidate(Data):
    """A project on the paper."""

    project = identifier("The project.")
    title = text("Its title.")


class ProfileWarning(Data):
    """Where a poll is outside of its profile, which lets that be."""

    rule = text("The rule of the profile.")
    detail = text("What is asked for, and what is so.", longest=1000)


class PollOpened(Data):
    """A poll was opened; its rules are fixed from now on."""

    body = identifier("The body that votes.")
    body_name = text("The body's name.")
    meeting = identifier("The meeting.")
    poll = identifier("The poll.")
    title = text("The poll's title.")
    year = year()
    seats = whole("How many projects are to be adopted.", least=1)
    candidates = listed(Candidate, "The projects in the order of the paper.", least=1)
    rules = fields.Dict(
        keys=fields.String(),
        required=True,
        metadata={"description": "The rules as fixed: the rule fields of a count sheet."},
    )
    rules_hash = digest(
        "Of the rules, the versions of their plugins, the candidates in their order, and the profile if any."
    )
    deputies = whole("All deputies of the body.", least=1)
    present = whole("Deputies present.", least=1)
    quorum_needed = whole("The fewest who must be present.", least=1)
    opened_at = instant("When it was opened.")
    decision = identifier("The first poll of the decision that this one is a round of.", required=False)
    round = whole("Which round of it: 1 for the first.", least=1, required=False)
    profile = identifier("The rule profile that it is held by, where there is one.", required=False)
    profile_version = text("The profile's version.", required=False)
    profile_hash = digest("Of all that the profile says.", required=False)
    warnings = listed(ProfileWarning, "Where the poll is outside of its profile.", required=False)


class TurnoutChanged(Data):
    """How many have voted so far; told at intervals, and never how."""

    body = identifier("The body that votes.")
    poll = identifier("The poll.")
    present = whole("Deputies present.", least=1)
    issued = whole("Papers issued so far.")
    returned = whole("Papers returned so far.")
    at = instant("When this was so.")


class PollClosed(Data):
    """No paper is accepted any more."""

    body = identifier("The body that votes.")
    meeting = identifier("The meeting.")
    poll = identifier("The poll.")
    issued = whole("Papers issued.")
    returned = whole("Papers returned by code; those in boxes are not counted yet.")
    channels = whole("Other channels, whose papers are still to be counted.", required=False)
    closed_at = instant("When it was closed.")


class ChannelStruck(Data):
    """A channel of a poll has failed: another count replaces its whole count. Why is in the record."""

    body = identifier("The body that votes.")
    poll = identifier("The poll.")
    channel = identifier("The channel; `codes` is that of papers cast by code.")
    kind = text("The kind of the channel, such as `keypad`.")
    struck_at = instant("When it was struck.")


class PollCounted(Data):
    """A poll was counted: its scrutineers are to sign. What was counted is told with the result."""

    body = identifier("The body that voted.")
    meeting = identifier("The meeting.")
    poll = identifier("The poll.")


class CountSigned(Data):
    """A scrutineer has confirmed the count of a poll; who it was is in the record."""

    body = identifier("The body that voted.")
    poll = identifier("The poll.")
    count_hash = digest(
        "Of the count, as all of them confirm it. Left out where papers were returned without a receipt: the "
        "count could be guessed from it, before it is declared.",
        required=False,
    )
    signed = whole("Scrutineers who have signed by now.", least=1)
    of = whole("Scrutineers who are to sign.", least=1)


class ProjectResult(Data):
    """What became of a project on the paper. The figures are null where nothing was counted."""

    project = identifier("The project.")
    title = text("Its title.")
    adopted = boolean("Whether it is adopted.")
    votes = whole("Votes for it.", nullable=True)
    against = whole("Votes against it, where the marking knows them.", nullable=True)
    abstain = whole("Abstentions, where the marking knows them.", nullable=True)
    papers = whole(
        "Papers that are for it, where its votes are points; else null.", nullable=True, required=False
    )


class ChannelFigures(Data):
    """The reconciliation of one channel."""

    channel = identifier("The channel; `codes` is that of papers cast by code.")
    kind = text("The kind of the channel, such as `hand-papers`.")
    issued = whole("Papers issued.")
    returned = whole("Papers returned.")
    unreturned = whole("Papers issued and not returned.")
    valid = whole("Valid papers.")
    invalid = whole("Invalid papers.")
    blank = whole("Valid papers without a mark; null where a hand count does not tell.", nullable=True)


class ResultDeclared(Data):
    """The presidium has declared the result of a poll."""

    body = identifier("The body that voted.")
    body_name = text("The body's name.")
    meeting = identifier("The meeting.")
    poll = identifier("The poll.")
    title = text("The poll's title.")
    year = year()
    outcome = choice(
        "All seats filled; a tie for the last of them; too few over the pass mark; more papers returned "
        "than issued; no quorum.",
        "complete",
        "runoff",
        "shortfall",
        "void",
        "no-quorum",
    )
    decision = identifier("The first poll of the decision that this one is a round of.", required=False)
    round = whole("Which round of it: 1 for the first.", least=1, required=False)
    seats = whole("How many projects were to be adopted.", least=1)
    open_seats = whole("Seats left to fill.")
    pass_mark = whole(
        "The fewest votes that pass; null where the order of votes alone decides.", nullable=True
    )
    projects = listed(ProjectResult, "Every project, in the order of the paper.", least=1)
    adopted = listed(identifier("A project."), "The adopted projects, most votes first.")
    tied = listed(identifier("A project."), "Those that go to a runoff, in the order of the paper.")
    deputies = whole("All deputies of the body.", least=1)
    present = whole("Deputies present.")
    issued = whole("Papers issued.")
    returned = whole("Papers returned.")
    unreturned = whole("Papers issued and not returned.")
    valid = whole("Valid papers.")
    invalid = whole("Invalid papers.")
    blank = whole("Valid papers without a mark; null where a hand count does not tell.", nullable=True)
    channels = listed(
        ChannelFigures,
        "Each channel whose count stands, where papers were not all cast by code.",
        required=False,
    )
    rules_hash = digest("As in poll_opened.")
    count_hash = digest("Of the count, as the scrutineers have confirmed it.", required=False)
    receipts_root = digest("The Merkle root (RFC 6962) of the receipts of all papers.", required=False)
    record_hash = digest("Of the record of the poll, with which anybody can count again.", required=False)
    declared_at = instant("When it was declared.")
    objections_until = date(
        "The last day on which an objection may be filed, in China; left out where none may.", required=False
    )


class ObjectionFiled(Data):
    """An objection to a declared result was filed. What it says and whose it is, is not told."""

    body = identifier("The body that voted.")
    body_name = text("The body's name.")
    poll = identifier("The poll.")
    title = text("The poll's title.")
    year = year()
    objection = whole("Its number among the objections to the poll.", least=1)
    filed_at = instant("When it was filed.")
    answer_by = date("The last day for its answer, in China.")


class ObjectionAnswered(ObjectionFiled):
    """The presidium has answered an objection to a declared result, which stands as it was declared."""

    outcome = choice("Whether the objection is upheld.", "upheld", "rejected")
    answer = text("The answer; it may have several lines.", longest=2000)
    answered_at = instant("When it was answered.")
    late = boolean("Whether that was after the last day for it.")


MEETING_OPENED_V1: Final = declare(
    EventType(
        PRODUCER, "meeting_opened", 1, MeetingOpened, "`meetings/<body>/<meeting>`", "A meeting was opened."
    )
)
POLL_OPENED_V1: Final = declare(
    EventType(
        PRODUCER,
        "poll_opened",
        1,
        PollOpened,
        "`polls/<body>/<poll>`",
        "A poll was opened; its rules are fixed.",
    )
)
TURNOUT_CHANGED_V1: Final = declare(
    EventType(
        PRODUCER,
        "turnout_changed",
        1,
        TurnoutChanged,
        "`polls/<body>/<poll>`",
        "The turnout of an open poll, told at intervals while it changes.",
    )
)
POLL_CLOSED_V1: Final = declare(
    EventType(
        PRODUCER,
        "poll_closed",
        1,
        PollClosed,
        "`polls/<body>/<poll>`",
        "A poll was closed; nothing is cast any more.",
    )
)
CHANNEL_STRUCK_V1: Final = declare(
    EventType(
        PRODUCER,
        "channel_struck",
        1,
        ChannelStruck,
        "`polls/<body>/<poll>`",
        "A channel of a poll was struck; another count replaces its whole count.",
    )
)
POLL_COUNTED_V1: Final = declare(
    EventType(
        PRODUCER,
        "poll_counted",
        1,
        PollCounted,
        "`polls/<body>/<poll>`",
        "A closed poll was counted; nothing of the count is told yet.",
    )
)
COUNT_SIGNED_V1: Final = declare(
    EventType(
        PRODUCER,
        "count_signed",
        1,
        CountSigned,
        "`polls/<body>/<poll>`",
        "A scrutineer has signed a poll's count; the chief signs last.",
    )
)
RESULT_DECLARED_V1: Final = declare(
    EventType(
        PRODUCER,
        "result_declared",
        1,
        ResultDeclared,
        "`polls/<body>/<poll>`",
        "A poll's result was declared.",
    )
)
OBJECTION_FILED_V1: Final = declare(
    EventType(
        PRODUCER,
        "objection_filed",
        1,
        ObjectionFiled,
        "`polls/<body>/<poll>`",
        "An objection to a declared result was filed.",
    )
)
OBJECTION_ANSWERED_V1: Final = declare(
    EventType(
        PRODUCER,
        "objection_answered",
        1,
        ObjectionAnswered,
        "`polls/<body>/<poll>`",
        "An objection to a declared result was answered.",
    )
)
