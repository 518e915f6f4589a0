"""A body's day in naive words: what each step changes, and by which slug it is refused.

Nothing of ballots is used here, so that the model does not err with it. A step that is refused raises
:class:`No` before anything has changed. Times are minutes of the day.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from tests.ballots.model_of_a_poll import Poll, fewest, no


@dataclass
class Meeting:
    """``facts``: minute, number, kind and deputies of each roll call, arrival and departure."""

    due: set[str]
    deputies: int
    quorum: str
    facts: list[tuple[int, int, str, set[str]]] = field(default_factory=list)
    open: bool = False

    def present(self) -> set[str]:
        there: set[str] = set()
        for _, _, kind, deputies in sorted(self.facts, key=lambda fact: fact[:2]):
            there = {"called": deputies, "arrived": there | deputies, "left": there - deputies}[kind]
        return there

    def check_quorum(self, quorum: str) -> None:
        needed = fewest(lambda present: present >= self.deputies * Fraction(quorum))
        no("quorum-not-met", len(self.present()) < needed)


@dataclass
class Day:
    """A body, its meeting, its polls. ``events``: what was told, as its name, its poll and what it says;
    ``unnumbered``: the polls of which some are not in the log yet."""

    registered: bool = False
    total: int | None = None
    roll: set[str] = field(default_factory=set)
    listed: list[str] | None = None
    meeting: Meeting | None = None
    polls: dict[str, Poll] = field(default_factory=dict)
    events: list[tuple[str, str | None, dict[str, Any]]] = field(default_factory=list)
    unnumbered: set[str] = field(default_factory=set)

    def tell(self, event: str, poll: Poll | None, **said: Any) -> None:
        self.events.append((event, poll and poll.id, said))
        if poll:
            self.unnumbered.add(poll.id)

    def poll(self, name: str) -> Poll:
        no("unknown-poll", name not in self.polls)
        return self.polls[name]

    def register(self, total: int | None) -> None:
        no("invalid-body", total is not None and total < len(self.roll))
        self.registered, self.total = True, total

    def replace_roll(self, deputies: list[str]) -> None:
        no("unknown-body", not self.registered)
        no("invalid-roll", not deputies or len(set(deputies)) < len(deputies))
        no("invalid-roll", self.total is not None and len(deputies) > self.total)
        self.roll = set(deputies)

    def call_meeting(self, quorum: str) -> None:
        no("unknown-body", not self.registered)
        no("invalid-roll", not self.roll)
        no("meeting-exists", self.meeting)
        self.meeting = Meeting(self.roll, self.total or len(self.roll), quorum)

    def call_roll(self, kind: str, deputies: Collection[str], at: int, now: int) -> None:
        no("unknown-meeting", not self.meeting)
        no("unknown-deputy", set(deputies) - self.meeting.due)
        no("invalid-roll-call", at > now)
        self.meeting.facts.append((at, len(self.meeting.facts), kind, set(deputies)))

    def open_meeting(self) -> None:
        no("unknown-meeting", not self.meeting)
        no("meeting-already-open", self.meeting.open)
        self.meeting.check_quorum(self.meeting.quorum)
        self.meeting.open = True
        self.tell("meeting_opened", None, due=len(self.meeting.due), present=len(self.meeting.present()))

    def prepare(self, name: str, rules: dict[str, Any], candidates: list[str] | None) -> None:
        no("unknown-meeting", not self.meeting)
        no("invalid-rules", rules["seats"] < 1)
        no("unknown-candidate-list", self.listed is None)
        chosen = self.listed if candidates is None else candidates
        no("invalid-poll", set(chosen) - set(self.listed) or not chosen)
        no("poll-exists", name in self.polls)
        given = {key: value for key, value in rules.items() if key not in ("marking", "adoption")}
        marking = rules["marking"]
        self.polls[name] = Poll(
            *(name, list(chosen)),
            scheme=marking["scheme"],
            at_most=marking.get("at_most"),
            adoption=rules["adoption"],
            **given,
        )

    def appoint(self, name: str, scrutineers: list[str], chief: str | None, conflicts: list[str]) -> None:
        poll = self.poll(name)
        no("poll-already-opened", poll.state != "prepared")
        no("invalid-officers", set(scrutineers) - self.meeting.present() or set(scrutineers) - self.roll)
        no("invalid-officers", len(set(scrutineers)) < len(scrutineers) or set(scrutineers) & set(conflicts))
        no("invalid-officers", chief not in scrutineers if scrutineers else chief)
        poll.scrutineers, poll.chief = scrutineers, chief

    def open_poll(self, name: str) -> None:
        poll = self.poll(name)
        no("poll-already-opened", poll.state != "prepared")
        no("meeting-not-open", not self.meeting.open)
        self.meeting.check_quorum(poll.quorum)
        no("not-differential", poll.differential and len(poll.candidates) <= poll.seats)
        poll.state = "open"
        poll.deputies, poll.present = self.meeting.deputies, len(self.meeting.present())
        self.tell("poll_opened", poll, seats=poll.seats, deputies=poll.deputies, present=poll.present)

    def print_slips(self, name: str, slips: int) -> None:
        poll = self.poll(name)
        no("poll-not-open", poll.state not in ("prepared", "open"))
        for _ in range(slips):
            poll.slips[len(poll.slips) + 1] = "printed"

    def issue_numbers(self, name: str, numbers: list[int]) -> None:
        poll = self.poll(name)
        no("invalid-poll", len(set(numbers)) < len(numbers))
        wrong = {None: "unknown-slip", "issued": "slip-already-issued", "spoiled": "slip-spoiled"}
        for number in numbers:
            no(wrong.get(poll.slips.get(number)), poll.slips.get(number) != "printed")
        self._issue(poll, len(numbers))
        poll.slips |= dict.fromkeys(numbers, "issued")

    def issue_slips(self, name: str, slips: int) -> None:
        self._issue(self.poll(name), slips)

    def _issue(self, poll: Poll, slips: int) -> None:
        no("poll-not-open", poll.state != "open")
        no("invalid-poll", slips < 1)
        no("more-issued-than-present", poll.issued + slips > poll.present)
        poll.issued += slips

    def spoil(self, name: str, number: int, code: str) -> None:
        poll = self.poll(name)
        no("poll-not-open", poll.state != "open")
        wrong = {None: "unknown-slip", "printed": "slip-not-issued", "spoiled": "slip-spoiled"}
        no(wrong.get(poll.slips.get(number)), poll.slips.get(number) != "issued")
        no("code-unknown", code not in poll.codes)
        no("code-spent", code not in poll.unspent())
        poll.slips[number] = "spoiled"
        poll.issued -= 1
        del poll.codes[code]

    def cast(self, name: str, code: str, marks: Any, nonce: str | None) -> bool:
        """Whether it is a paper, and not only one that is sent again."""
        poll = self.poll(name)
        if nonce is not None and poll.codes.get(code) == nonce:
            return False
        no("poll-not-open", poll.state != "open")
        no("code-unknown", code not in poll.codes)
        no("code-spent", code not in poll.unspent())
        poll.check_marks(marks)
        poll.papers.append(marks)
        poll.codes[code] = nonce or "a nonce that the service has drawn"
        return True

    def tell_turnout(self) -> None:
        for poll in self.polls.values():
            turnout = poll.issued, len(poll.papers)
            if poll.state == "open" and turnout != poll.told:
                poll.told = turnout
                self.tell(
                    *("turnout_changed", poll), present=poll.present, issued=turnout[0], returned=turnout[1]
                )

    def close(self, name: str) -> None:
        poll = self.poll(name)
        no("poll-not-open", poll.state != "open")
        poll.state = "closed"
        self.tell("poll_closed", poll, meeting="m1", issued=poll.issued, returned=len(poll.papers))

    def count(self, name: str) -> None:
        poll = self.poll(name)
        no("poll-not-closed", poll.state != "closed")
        poll.state, poll.result = "counted", poll.counted()
        self.tell("poll_counted", poll, meeting="m1")

    def sign(self, name: str, person: str, right: bool) -> None:
        """``right``: the hash is that of the count."""
        poll = self.poll(name)
        no("poll-not-counted", poll.state != "counted")
        no("not-appointed", person not in poll.scrutineers)
        no("count-hash-differs", not right)
        if person in poll.signed:
            return
        no("chief-signs-last", person == poll.chief and len(poll.signed) < len(poll.scrutineers) - 1)
        poll.signed.append(person)
        self.tell("count_signed", poll, signed=len(poll.signed), of=len(poll.scrutineers))

    def declare(self, name: str) -> None:
        poll = self.poll(name)
        no("poll-not-counted", poll.state != "counted")
        no("signatures-missing", set(poll.scrutineers) - set(poll.signed))
        no("events-not-numbered", name in self.unnumbered)
        poll.state = "declared"
        told = {key: poll.result[key] for key in ("outcome", "adopted", "tied", "issued", "returned")}
        self.tell("result_declared", poll, **told)

    def next_round(self, name: str, following: str) -> None:
        poll = self.poll(name)
        no("poll-not-declared", poll.state != "declared")
        left = [each for each in poll.candidates if each not in poll.result["adopted"]]
        seats, candidates = poll.result["open_seats"], poll.result["tied"] or left
        no("no-further-round", not seats or not candidates)
        no("poll-exists", following in self.polls)
        no("next-round-exists", any(each.follows == name for each in self.polls.values()))
        fewer = seats < poll.seats
        self.polls[following] = Poll(
            *(following, candidates, seats, poll.scheme),
            at_most=min(poll.at_most, seats) if fewer and poll.at_most else poll.at_most,
            adoption=poll.adoption,
            quorum=poll.quorum,
            differential=poll.differential and not fewer,
            follows=name,
        )
