"""Any order of steps in the life of polls, against a model: what is done, what is refused, what is seen."""

import json
import shutil
from collections import Counter
from itertools import count

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import event

import piaojue_verify
from ballots import usecases
from ballots.domain import PollNotCounted
from ballots.store import Ballots, RecordNotPublished
from chassis.store import Store
from tests.ballots.life_of_polls import DEPUTIES, RULES, Steps
from tests.ballots.meetings import RECORDER
from tests.support.stores import migrated_store, told

SAYS_NO_MORE = {
    "turnout_changed": {"body", "poll", "present", "issued", "returned", "at"},
    "poll_closed": {"body", "meeting", "poll", "issued", "returned", "closed_at"},
    "poll_counted": {"body", "meeting", "poll"},
    "count_signed": {"body", "poll", "count_hash", "signed", "of"},
}
"""What may be known between the first paper and the declaration."""
ONCE = ["poll_opened", "poll_closed", "poll_counted", "result_declared"]
OFTEN = """
    complete shortfall runoff sent-again next-round
    unknown-poll poll-already-opened poll-not-open poll-not-closed poll-not-counted poll-not-declared
    more-issued-than-present code-unknown code-spent invalid-marks not-appointed events-not-numbered
"""
"""What happens in any hundred days."""
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

votes = st.sampled_from([["water"], ["water", "road"], ["road", "clinic"], []])


class Life(Steps):
    """Steps in any order, with some in theirs, so that polls come to their end."""

    @initialize(
        steps=st.sampled_from([0, 0, 0, 2, 3, 6, 7, 8, *range(4, 22)]),
        marks=votes,
        rules=st.sampled_from(RULES[:-1]),
    )
    def begin(self, steps, marks, rules):
        for _ in range(steps):
            self.go_on(marks, rules, watched=steps % 2)

    @rule(marks=votes, rules=st.sampled_from(RULES), watched=st.booleans())
    def go_on(self, marks, rules, watched):
        """What is due next."""
        day = self.day
        if not day.roll:
            self.register(None)
            self.replace_roll(DEPUTIES[:5])
        elif not day.meeting:
            self.call_meeting("2/3")
        elif not day.meeting.open:
            self.call_roll("arrived", sorted(day.meeting.due), 0)
            self.open_meeting()
        elif not day.listed:
            self.publish_list()
        elif not day.polls:
            self.prepare(True, rules, None)
        else:
            getattr(self, f"go_on_when_{self.latest.state}")(self.latest, marks, watched)

    @property
    def latest(self):
        return self.day.polls[self.named("the latest")]

    def go_on_when_prepared(self, poll, _marks, watched):
        if watched and not poll.scrutineers:
            self.appoint(poll.id, sorted(self.day.meeting.present())[:3], True, [])
        self.open_poll(poll.id)
        if poll.state == "prepared":
            self.call_roll("called", sorted(self.day.meeting.due), 0)
            self.prepare(True, RULES[0], None)

    def go_on_when_open(self, poll, marks, watched):
        unspent, left = poll.unspent(), poll.present - poll.issued
        if left and watched:
            self.print_slips(poll.id, left)
            self.issue_numbers(poll.id, list(poll.slips)[-left:])
        elif left:
            self.issue_slips(poll.id, left)
        elif unspent:
            marks = [each for each in marks if each in poll.candidates][: poll.at_most]
            same = dict.fromkeys(marks, "for") if poll.scheme == "for-against" else marks
            some = unspent[: (len(unspent) + 1) // 2]
            self.cast([(poll.id, self.known.index(code), same, None) for code in some])
        else:
            self.close_poll(poll.id)

    def go_on_when_closed(self, poll, _marks, _watched):
        self.count_poll(poll.id)

    def go_on_when_counted(self, poll, _marks, _watched):
        missing = [each for each in poll.scrutineers if each not in poll.signed]
        if missing:
            self.sign_as(poll.id, missing[-1])  # the chief is the first
        elif poll.id in self.day.unnumbered:
            self.number_events()
        else:
            self.declare(poll.id)

    def go_on_when_declared(self, poll, _marks, _watched):
        self.next_round(poll.id, True)
        if self.latest is poll:
            self.prepare(True, RULES[0], None)

    @invariant()
    def all_is_as_in_the_model(self):
        self.check_meeting()
        for name, poll in self.day.polls.items():
            self.check_poll(name, poll)
            self.check_slips_and_officers(name, poll)
            self.check_record(name, poll)
        self.check_events()

    def check_meeting(self):
        if self.day.meeting:
            shown, there = usecases.show_meeting(self.store, self.body, "m1"), self.day.meeting.present()
            figures = [shown[key] for key in ("due", "present", "deputies")]
            assert figures == [len(self.day.meeting.due), len(there), self.day.meeting.deputies]
            assert (shown["opened_at"] is not None) == self.day.meeting.open

    def check_poll(self, name, poll):
        shown = usecases.show_poll(self.store, self.body, name)
        figures = [shown[key] for key in ("state", "deputies", "present", "issued", "returned")]
        assert figures == [poll.state, poll.deputies, poll.present, poll.issued, len(poll.papers)]
        assert shown["returned"] <= shown["issued"] <= (shown["present"] or 0)
        assert [each["project"] for each in shown["candidates"]] == poll.candidates
        rules = shown["rules"]
        assert (rules["seats"], rules["marking"].get("at_most")) == (poll.seats, poll.at_most)
        assert shown["round"]["follows"] == poll.follows
        if poll.state == "declared":
            self.compare_result(name, shown["result"])
        elif poll.state != "prepared":
            self.check_nothing_but_turnout_is_seen(name, shown)

    def check_nothing_but_turnout_is_seen(self, name, shown):
        assert shown["result"] is None
        moved = {key for key in shown if shown[key] != self.opened[name][key]}
        assert moved <= {"state", "issued", "returned"}
        if shown["state"] != "counted":
            with pytest.raises(PollNotCounted):
                usecases.show_count(self.store, self.body, name)

    def check_slips_and_officers(self, name, poll):
        slips, states = usecases.show_slips(self.store, self.body, name), list(poll.slips.values())
        found = [slips[key] for key in ("printed", "left", "spoiled", "issued")]
        assert found == [len(states), states.count("printed"), states.count("spoiled"), poll.issued]
        officers = usecases.show_officers(self.store, self.body, name)
        assert [each["id"] for each in officers["scrutineers"]] == poll.scrutineers
        assert officers["chief"] == poll.chief

    def check_events(self):
        """Each is told once, in its turn, and says no more than may be known."""
        events = [(each["type"].split(".")[2], each["data"]) for each in told(self.store)]
        found = [(name, data) for name, data in events if data["body"] == self.body]
        expected = self.day.events
        assert [(name, data.get("poll")) for name, data in found] == [each[:2] for each in expected]
        for (name, data), (_, _, says) in zip(found, expected, strict=True):
            assert {key: data[key] for key in says} == says
            assert set(data) == SAYS_NO_MORE.get(name, set(data))
        for poll in self.day.polls:
            once = [name for name, data in found if data.get("poll") == poll and name in ONCE]
            assert once == ONCE[: len(once)]

    def check_record(self, name, poll):
        """It is there once the poll is declared, of the papers that were accepted, and stays as it is."""
        if poll.state != "declared":
            with pytest.raises(RecordNotPublished):
                usecases.show_record(self.store, self.body, name)
            return
        record = usecases.show_record(self.store, self.body, name)
        if name not in self.records:
            self.check_new_record(name, poll, json.loads(record))
            report = piaojue_verify.verify_bytes(record, key=RECORDER.key.jwk)
            assert report.ok, report.as_text()
        assert record == self.records.setdefault(name, record)

    def check_new_record(self, name, poll, record):
        given = [receipt for (of, _), receipt in self.receipts.items() if of == name]
        assert record["receipts"] == sorted(given)
        papers = {json.dumps(each["marks"], sort_keys=True): each["times"] for each in record["papers"]}
        assert papers == Counter(json.dumps(poll.tidy(each), sort_keys=True) for each in poll.papers)
        assert len(record["signatures"]) == len(poll.scrutineers)
        self.compare_result(name, record["result"])


def live(store_of, examples):
    """As many days as that, the same ones each time. What was seen in them, and how often."""
    seen, numbers = Counter(), count()

    def life():
        number = next(numbers)
        return Life(store_of(number), f"body-{number}", seen)

    often = settings(
        max_examples=examples,
        stateful_step_count=35,
        deadline=None,
        derandomize=True,
        database=None,
        phases=(Phase.generate,),  # a day that fails is not shrunk, which would take minutes
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(life, settings=often)
    return seen


def test_a_poll_lives_as_in_the_model(tmp_path):
    with migrated_store("ballots", Ballots, tmp_path):
        pass

    def store_of(number):
        file = shutil.copy(tmp_path / "ballots.db", tmp_path / f"{number}.db")
        store = Store.at(f"sqlite:///{file}", Ballots)
        event.listen(store.engine, "connect", lambda raw, _: raw.execute("PRAGMA synchronous=OFF"))
        return store

    seen = live(store_of, 100)
    assert not set(OFTEN.split()) - seen.keys(), "days in which this never happens show nothing of it"


def test_a_poll_lives_as_in_the_model_on_postgresql(database_url, tmp_path):
    url = database_url("ballots")
    with migrated_store("ballots", Ballots, tmp_path, url=url):
        pass
    seen = live(lambda _: Store.at(url, Ballots), 10)
    assert {"complete", "shortfall", "runoff"} & seen.keys()
