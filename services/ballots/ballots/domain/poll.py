"""The life of a poll: prepared, open, closed, counted, declared. Each step returns a new poll or raises."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from enum import Enum

from ballots.domain.adoption import BUILT_IN_ADOPTION_RULES, AdoptionRule
from ballots.domain.channel_kinds import BUILT_IN_CHANNELS, Ballot, BallotChannel
from ballots.domain.channels import NO_CHANNELS, Channels, together
from ballots.domain.counting import Attendance, PerChannel, check_issued, count, read_papers
from ballots.domain.errors import (
    Fault,
    InvalidMarks,
    InvalidPoll,
    Overvoted,
    PollAlreadyOpened,
    PollNotClosed,
    PollNotCounted,
    PollNotOpen,
    RuleChanged,
    UnknownCandidate,
)
from ballots.domain.marking import BUILT_IN_MARKING_SCHEMES, MarkingScheme, Marks, Standing
from ballots.domain.meeting import Meeting, check_id, check_quorum
from ballots.domain.profile_checks import Situation, opening_breaches
from ballots.domain.profiles import Profile
from ballots.domain.reading import read_candidates, read_text
from ballots.domain.rules import Rules, rules_hash


class PollState(Enum):
    PREPARED = "prepared"
    OPEN = "open"
    CLOSED = "closed"
    COUNTED = "counted"
    DECLARED = "declared"


@dataclass(frozen=True, slots=True)
class Poll:
    """One decision by ballot (票决). ``candidates`` in the paper's order; ``issued``: slips handed out.

    From its opening on, ``attendance``, ``versions`` (of the adoption rule and the marking scheme) and
    ``rules_hash`` are fixed; ``result`` is the JSON of a :class:`Count`, from the count on. ``profile``: the
    one it was prepared by, if any, whatever becomes of its file; ``warnings``: where it was opened outside of
    that, as ``rule`` and ``detail``.
    """

    id: str
    body: str
    meeting: str
    title: str
    rules: Rules
    candidates: tuple[str, ...]
    state: PollState = PollState.PREPARED
    issued: int = 0
    attendance: Attendance | None = None
    versions: Mapping[str, str] | None = None
    rules_hash: str | None = None
    result: Mapping[str, object] | None = None
    profile: Profile | None = None
    warnings: Sequence[Mapping[str, str]] | None = None
    opened_at: datetime | None = None
    closed_at: datetime | None = None
    declared_at: datetime | None = None

    def __post_init__(self) -> None:
        try:
            for name in ("id", "body", "meeting"):
                check_id(getattr(self, name), name)
            read_text(self.title, "title", longest=300)
            for place, candidate in enumerate(read_candidates(self.candidates)):
                check_id(candidate, f"candidates.{place}")
        except Fault as fault:
            raise InvalidPoll(fault.detail, field=fault.field) from fault
        opened = self.state is not PollState.PREPARED
        if opened != (self.attendance is not None and self.rules_hash is not None):
            raise InvalidPoll("state: an opened poll, and no other, has its attendance and rules fixed")
        if (self.state in (PollState.COUNTED, PollState.DECLARED)) != (self.result is not None):
            raise InvalidPoll("state: a counted poll, and no other, has a result")

    @classmethod
    def prepared(
        cls,
        *,
        id: str,
        body: str,
        meeting: str,
        title: str,
        rules: Rules,
        candidates: Sequence[str],
        profile: Profile | None = None,
    ) -> "Poll":
        """A new poll; ``candidates``, not empty and none twice, in the order of the published list."""
        return cls(id, body, meeting, title, rules, tuple(candidates), profile=profile)

    @classmethod
    def restored(cls, stored: Mapping[str, object]) -> "Poll":
        """From :meth:`as_stored`."""
        values = {field.name: stored[field.name] for field in fields(cls) if field.name in stored}
        attendance, rules, candidates = stored["attendance"], stored["rules"], stored["candidates"]
        profile = stored.get("profile")
        values["profile"] = Profile.restored(profile) if isinstance(profile, Mapping) else None
        values["rules"] = Rules.restored(rules)  # type: ignore[arg-type]
        values["candidates"] = tuple(candidates)  # type: ignore[arg-type]
        values["state"] = PollState(stored["state"])
        values["attendance"] = Attendance(**attendance) if isinstance(attendance, Mapping) else None
        return cls(**values)  # type: ignore[arg-type]

    def as_stored(self) -> dict[str, object]:
        """The fields as plain values: JSON objects, lists, texts and numbers, and times as datetimes."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        values["rules"] = self.rules.as_json()
        values["candidates"] = list(self.candidates)
        values["state"] = self.state.value
        values["profile"] = self.profile.as_json() if self.profile else None
        if self.attendance is not None:
            values["attendance"] = {
                "deputies": self.attendance.deputies,
                "present": self.attendance.present,
            }
        return values

    def open(
        self,
        meeting: Meeting,
        now: datetime,
        adoption_rules: Mapping[str, AdoptionRule] | None = None,
        marking_schemes: Mapping[str, MarkingScheme] | None = None,
        situation: Situation | None = None,
    ) -> "Poll":
        """Fixes rules, candidates and attendance. ``situation``: what the profile is about, where it has one.

        Raises PollAlreadyOpened, MeetingNotOpen, QuorumNotMet, NotDifferential, OutsideProfile, or
        RuleChanged where a rule is no longer loaded.
        """
        if self.state is not PollState.PREPARED:
            raise PollAlreadyOpened("the poll was opened before: its rules are fixed")
        if meeting.id != self.meeting or meeting.body != self.body:
            raise InvalidPoll("meeting: the poll belongs to another meeting", field="meeting")
        meeting.check_open()
        check_quorum(meeting.attendance, self.rules.quorum)
        self.rules.check_differential(self.candidates)
        versions = {
            "adoption": self._adoption_rule(adoption_rules).version,
            "marking": self._marking_scheme(marking_schemes).version,
        }
        identity = self.profile.identity if self.profile else None
        return replace(
            self,
            state=PollState.OPEN,
            opened_at=max(now, meeting.opened_at or now),
            attendance=meeting.attendance,
            versions=versions,
            rules_hash=rules_hash(self.rules, self.candidates, versions, identity),
            warnings=self._warnings(meeting, situation, adoption_rules, marking_schemes),
        )

    def _warnings(
        self,
        meeting: Meeting,
        situation: Situation | None,
        adoption_rules: Mapping[str, AdoptionRule] | None,
        marking_schemes: Mapping[str, MarkingScheme] | None,
    ) -> Sequence[Mapping[str, str]] | None:
        """Where the profile lets the poll be outside of it. Raises OutsideProfile where it does not."""
        if self.profile is None:
            return None
        assert situation is not None, "a poll with a profile is opened in a known situation"
        assert meeting.opened_at is not None
        rules = BUILT_IN_ADOPTION_RULES if adoption_rules is None else adoption_rules
        schemes = BUILT_IN_MARKING_SCHEMES if marking_schemes is None else marking_schemes
        breaches = opening_breaches(
            self.profile, self.rules, self.candidates, situation, meeting.opened_at, rules, schemes
        )
        return [each.as_json() for each in self.profile.check(breaches)]

    def issue(self, slips: int) -> "Poll":
        """``slips`` more are handed to deputies present. Raises PollNotOpen or MoreIssuedThanPresent."""
        self.check_open()
        if slips < 1:
            raise InvalidPoll("slips: at least one is issued at a time", field="slips")
        assert self.attendance is not None
        check_issued(self.issued + slips, self.attendance.present)
        return replace(self, issued=self.issued + slips)

    def take_back(self) -> "Poll":
        """A slip that was issued comes back spoiled, with its code unspent; another may be issued for it.

        Raises PollNotOpen.
        """
        self.check_open()
        return replace(self, issued=self.issued - 1)

    def check_not_closed(self) -> None:
        """It is not open yet, or open. Raises PollNotOpen."""
        if self.state is not PollState.PREPARED:
            self.check_open()

    def accept(self, marks: object, marking_schemes: Mapping[str, MarkingScheme] | None = None) -> Marks:
        """The marks to keep, in the paper's order: how a deputy ordered them is nobody's business.

        A blank paper is accepted: an abstention. Raises PollNotOpen, Overvoted or InvalidMarks.
        """
        self.check_open()
        scheme = self._marking_scheme(marking_schemes)
        places = {candidate: place for place, candidate in enumerate(self.candidates)}
        try:
            paper = scheme.read(marks, places, self.rules.marking.parameters)
        except (Fault, UnknownCandidate) as refusal:
            raise InvalidMarks(refusal.detail, field="marks") from None
        if paper.standing is Standing.OVERVOTED:
            limits = ", ".join(f"{key} {value}" for key, value in self.rules.marking.parameters.items())
            raise Overvoted(f"more marks than the rules allow ({limits}): take some away", field="marks")
        return paper.marks

    def close(self, now: datetime) -> "Poll":
        """From here on no paper is accepted. Raises PollNotOpen."""
        self.check_open()
        closed_at = max(now, self.opened_at or now)  # the clock may have been set back meanwhile
        return replace(self, state=PollState.CLOSED, closed_at=closed_at)

    def count(
        self,
        papers: Iterable[tuple[int, object]],
        adoption_rules: Mapping[str, AdoptionRule] | None = None,
        marking_schemes: Mapping[str, MarkingScheme] | None = None,
        channels: Channels = NO_CHANNELS,
        channel_kinds: Mapping[str, BallotChannel] | None = None,
    ) -> "Poll":
        """Counts all papers: those cast by code, given as ``(times, marks)``, and what ``channels`` give.

        Raises PollNotClosed, RuleChanged, and what :meth:`Channels.readings` raises.
        """
        self.check_closed("only a closed poll is counted, and only once")
        assert self.attendance is not None
        ballot, rule = self.ballot(marking_schemes), self._adoption_rule(adoption_rules)
        kinds = BUILT_IN_CHANNELS if channel_kinds is None else channel_kinds
        per_channel: Sequence[PerChannel] = ()
        if channels.each:
            per_channel = channels.readings(papers, kinds, ballot)
            reading = together([each.reading for each in per_channel], ballot)
        else:
            reading = read_papers(papers, ballot.scheme, self.candidates, ballot.parameters)
        returned = reading.valid + reading.invalid
        result = count(self.rules, self.attendance, self.issued, returned, reading, rule, per_channel)
        return replace(self, state=PollState.COUNTED, result=result.as_json())

    def ballot(self, marking_schemes: Mapping[str, MarkingScheme] | None = None) -> Ballot:
        """What its papers may say. RuleChanged."""
        scheme = self._marking_scheme(marking_schemes)
        return Ballot(scheme, self.rules.marking.parameters, self.candidates)

    def declare(self, now: datetime) -> "Poll":
        """Raises PollNotCounted."""
        if self.state is not PollState.COUNTED:
            raise PollNotCounted("only a counted poll is declared, and only once")
        return replace(self, state=PollState.DECLARED, declared_at=now)

    def check_open(self) -> None:
        if self.state is not PollState.OPEN:
            raise PollNotOpen("the poll is not open")

    def check_closed(self, detail: str) -> None:
        if self.state is not PollState.CLOSED:
            raise PollNotClosed(detail)

    def _adoption_rule(self, loaded: Mapping[str, AdoptionRule] | None) -> AdoptionRule:
        known = BUILT_IN_ADOPTION_RULES if loaded is None else loaded
        rule = known.get(self.rules.adoption.name)
        self._check_version("adoption", rule.version if rule else None)
        assert rule is not None
        return rule

    def _marking_scheme(self, loaded: Mapping[str, MarkingScheme] | None) -> MarkingScheme:
        known = BUILT_IN_MARKING_SCHEMES if loaded is None else loaded
        scheme = known.get(self.rules.marking.name)
        self._check_version("marking", scheme.version if scheme else None)
        assert scheme is not None
        return scheme

    def _check_version(self, kind: str, version: str | None) -> None:
        """Fail closed: a poll is counted by the very rule that it was opened with."""
        if version is None or (self.versions is not None and self.versions[kind] != version):
            raise RuleChanged(
                f"the {kind} rule of this poll is not loaded in the version that it was opened with"
            )
