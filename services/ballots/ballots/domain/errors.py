"""What the poll refuses, each error named after the broken rule; no text holds a code or a choice."""

from collections.abc import Sequence

from chassis.errors import Conflict, Forbidden, Invalid, NotFound
from chassis.reading import Fault as Fault


class InvalidSheet(Invalid):
    slug = "invalid-sheet"


class InvalidRules(Invalid):
    slug = "invalid-rules"


class InvalidProfile(Invalid):
    """A profile that cannot be used; ``faults`` is all that is wrong with it."""

    slug = "invalid-profile"

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("; ".join(fault.detail for fault in faults), field=faults[0].field)
        self.faults = tuple(faults)


class OutsideProfile(Invalid):
    """The rules of the poll, or what it would be opened in, do not agree with its profile."""

    slug = "outside-profile"


class InvalidMarks(Invalid):
    """The marks are not a paper of this poll; the deputy may correct them and try again."""

    slug = "invalid-marks"


class Overvoted(InvalidMarks):
    slug = "overvoted"


class UnknownCandidate(Invalid):
    slug = "unknown-candidate"


class NotDifferential(Invalid):
    slug = "not-differential"


class PapersDoNotBalance(Invalid):
    slug = "papers-do-not-balance"


class TallyExceedsValid(Invalid):
    slug = "tally-exceeds-valid"


class MorePresentThanDeputies(Invalid):
    slug = "more-present-than-deputies"


class MoreIssuedThanPresent(Invalid):
    slug = "more-issued-than-present"


class InvalidBody(Invalid):
    slug = "invalid-body"


class InvalidRoll(Invalid):
    slug = "invalid-roll"


class InvalidPoll(Invalid):
    slug = "invalid-poll"


class RollUnreadable(Invalid):
    """The file is no roll: its form, its size or its header."""

    slug = "roll-unreadable"


class RollHasFaults(Invalid):
    """Rows of the file break rules; ``errors`` names each, as ``rows.7.name``. Nothing was imported."""

    slug = "roll-has-faults"

    def __init__(self, faults: Sequence[Fault]) -> None:
        rows = {str(fault.field).split(".")[1] for fault in faults}
        super().__init__(f"rows with faults: {len(rows)}; faults in all: {len(faults)}")
        self.errors = [{"field": str(fault.field), "detail": fault.rule} for fault in faults]


class InvalidRollCall(Invalid):
    slug = "invalid-roll-call"


class InvalidOfficers(Invalid):
    slug = "invalid-officers"


class UnknownDeputy(Invalid):
    slug = "unknown-deputy"


class QuorumNotMet(Conflict):
    slug = "quorum-not-met"


class MeetingNotOpen(Conflict):
    slug = "meeting-not-open"


class MeetingAlreadyOpen(Conflict):
    slug = "meeting-already-open"


class PollAlreadyOpened(Conflict):
    slug = "poll-already-opened"


class PollNotOpen(Conflict):
    slug = "poll-not-open"


class PollNotClosed(Conflict):
    slug = "poll-not-closed"


class PollNotCounted(Conflict):
    slug = "poll-not-counted"


class PollNotDeclared(Conflict):
    slug = "poll-not-declared"


class RuleChanged(Conflict):
    """The rule that is loaded is not the one, by name and version, that the poll was opened with."""

    slug = "rule-changed"


class UnknownProfile(NotFound):
    """No profile of this name is loaded."""

    slug = "unknown-profile"


class CodeSpent(Conflict):
    slug = "code-spent"


class UnknownSlip(NotFound):
    """No slip of this number was printed for the poll."""

    slug = "unknown-slip"


class SlipAlreadyIssued(Conflict):
    slug = "slip-already-issued"


class SlipNotIssued(Conflict):
    slug = "slip-not-issued"


class SlipSpoiled(Conflict):
    """The slip came back spoiled: its code is cancelled for good."""

    slug = "slip-spoiled"


class SlipsPrintedMeanwhile(Conflict):
    """Somebody else had slips printed at the same time, with these numbers; try again for the next ones."""

    slug = "slips-printed-meanwhile"


class NotAppointed(Forbidden):
    slug = "not-appointed"


class CountHashDiffers(Conflict):
    slug = "count-hash-differs"


class ChiefSignsLast(Conflict):
    slug = "chief-signs-last"


class SignaturesMissing(Conflict):
    slug = "signatures-missing"


class RecordKeyChanged(Conflict):
    """The key of the service is not the one that the scrutineers' signatures were made with."""

    slug = "record-key-changed"


class InvalidObjection(Invalid):
    slug = "invalid-objection"


class NotOnesOwnObjection(Forbidden):
    slug = "not-ones-own-objection"


class ObjectionsClosed(Conflict):
    """The days in which objections to the result could be filed are over."""

    slug = "objections-closed"


class TooManyObjections(Conflict):
    """The deputy, or all together, have filed as many to this poll as are taken."""

    slug = "too-many-objections"


class ObjectionExists(Conflict):
    """Another objection to this poll has this id: choose another one."""

    slug = "objection-exists"


class UnknownObjection(NotFound):
    """No objection to this poll has this number."""

    slug = "unknown-objection"


class ObjectionAlreadyAnswered(Conflict):
    slug = "objection-already-answered"
