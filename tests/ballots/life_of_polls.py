"""The steps of a body's day, sensible or not, each taken by ballots and by the model at once."""

import random
from copy import deepcopy
from datetime import timedelta

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule
from sqlalchemy import inspect

from ballots import usecases
from ballots.domain import RollCallKind, new_code
from chassis.errors import Refused
from tests.ballots.meetings import KEY, KINDS_LOADED, NOW, RECORDER, RULES_LOADED, SCHEMES_LOADED
from tests.ballots.model_of_a_day import Day
from tests.ballots.model_of_a_poll import No
from tests.support.stores import number_events

CANDIDATES = ["water", "road", "clinic"]
STRANGER = "castle"
DEPUTIES = [str(number) for number in range(1, 7)]
BY_LAW = {"rule": "majority", "of": "deputies", "more_than": "1/2"}
CHOOSE_TWO = {"scheme": "choose", "at_most": 2}
RULES = [
    {"seats": 1, "marking": CHOOSE_TWO, "adoption": BY_LAW},
    {"seats": 2, "marking": CHOOSE_TWO, "adoption": BY_LAW | {"of": "present"}},
    {"seats": 2, "marking": {"scheme": "choose", "at_most": 1}, "adoption": {"rule": "plurality"}},
    {"seats": 2, "marking": CHOOSE_TWO, "adoption": BY_LAW | {"of": "valid"}, "quorum": "1/1"},
    {"seats": 1, "marking": {"scheme": "for-against"}, "adoption": BY_LAW | {"more_than": "2/3"}},
    {"seats": 3, "marking": CHOOSE_TWO, "adoption": BY_LAW, "differential": True},
    {"seats": 4, "marking": CHOOSE_TWO, "adoption": {"rule": "plurality"}},
    {"seats": 0, "marking": CHOOSE_TWO, "adoption": BY_LAW},
]

some_deputies = st.lists(st.sampled_from(DEPUTIES), unique=True, max_size=6)
due_deputies = st.lists(st.sampled_from(DEPUTIES[:5]), unique=True, max_size=4)
polls = st.sampled_from(["the latest"] * 5 + ["p1", "p1", "p9"])
chosen = st.lists(st.sampled_from(CANDIDATES), unique=True, max_size=2)
many = st.lists(st.sampled_from(CANDIDATES), unique=True, min_size=2)
said = st.dictionaries(st.sampled_from(CANDIDATES), st.sampled_from(["for", "against", "abstain"]))
nonsense = st.one_of(
    st.lists(st.sampled_from([*CANDIDATES, STRANGER]), max_size=4),
    st.dictionaries(st.sampled_from([*CANDIDATES, STRANGER]), st.sampled_from(["for", "perhaps"])),
    st.sampled_from(["water", None]),
)
codes = st.one_of(st.sampled_from(["unspent", "unspent", "unspent", "spent"]), st.integers(0, 40))
nonces = st.sampled_from([None, "the same", "0123456789abcdef", "fedcba9876543210"])
casts = st.tuples(polls, codes, st.one_of(chosen, many, said, nonsense), nonces)
attempts = st.tuples(st.integers(0, 3), st.sampled_from([True, True, False]))

early = precondition(lambda self: not self.day.polls)


def mostly(*states):
    """When the latest poll is in such a state; and now and then when it is not."""
    return precondition(lambda self: self.state in states or (self.state and self.minute % 4 == 0))


class Steps(RuleBasedStateMachine):
    """A body on its day. ``seen`` counts what was refused, and what polls came to, over all days; ``trying``:
    what would be done is left undone.

    ``printed``: (poll, number) → code; ``known``: all codes that somebody has seen; ``receipts``, ``hashes``,
    ``opened``, ``records``: what was answered; ``rows``: all that the tables hold, None if not read.
    """

    def __init__(self, store, body, seen):
        super().__init__()
        self.store, self.body, self.seen = store, body, seen
        self.trying, self.day, self.minute, self.random = False, Day(), 0, random.Random(body)
        self.printed, self.known, self.receipts, self.hashes = {}, [], {}, {}
        self.opened, self.records, self.tables, self.rows = {}, {}, (), None

    def teardown(self):
        self.store.close()

    def at(self, minute):
        return NOW + timedelta(minutes=minute)

    @property
    def now(self):
        return self.at(self.minute)

    def named(self, poll):
        return f"p{len(self.day.polls)}" if poll == "the latest" else poll

    def next_name(self):
        return f"p{len(self.day.polls) + 1}"

    @property
    def state(self):
        latest = self.day.polls.get(self.named("the latest"))
        return latest and latest.state

    def step(self, in_the_model, use_case, *given, **more):
        """Both do it, or both refuse it by the same rule, and nothing has changed. Whether it is done; the
        ``answer`` is kept."""
        self.minute += 1
        refused = self.refused_in_the_model(in_the_model)
        if not refused and self.trying:
            return False
        if not refused:
            self.rows = None
            self.answer = use_case(self.store, self.body, *given, **more)
            return True
        before = self.rows or self.everything()
        with pytest.raises(Refused) as refusal:
            use_case(self.store, self.body, *given, **more)
        assert refusal.value.slug == refused
        self.rows = self.everything()
        assert self.rows == before
        self.seen[refused] += 1
        return False

    def refused_in_the_model(self, step):
        try:
            step(deepcopy(self.day) if self.trying else self.day)
        except No as refusal:
            return refusal.slug
        return None

    def everything(self):
        """All rows of all tables."""
        self.tables = self.tables or inspect(self.store.engine).get_table_names()
        connection = self.store.engine.raw_connection()
        try:
            cursor, rows = connection.cursor(), {}
            for table in self.tables:
                cursor.execute(f"SELECT * FROM {table}")
                rows[table] = sorted(map(repr, cursor.fetchall()))
            return rows
        finally:
            connection.close()

    @early
    @rule(total=st.sampled_from([None, None, 3, 6, 7]))
    def register(self, total):
        given = {"name": "永安镇人民代表大会", "level": "township", "deputies_total": total}
        self.step(lambda day: day.register(total), usecases.register_body, given)

    @mostly(None, "prepared")
    @rule(roll=st.one_of(some_deputies, st.lists(st.sampled_from(DEPUTIES), max_size=3)))
    def replace_roll(self, roll):
        given = [{"id": each, "name": f"代表{each}", "delegation": None, "district": None} for each in roll]
        self.step(lambda day: day.replace_roll(roll), usecases.replace_roll, given, "clerk", self.now)

    @early
    @rule()
    def publish_list(self):
        listed = [{"project": each, "title": f"项目 {each}"} for each in CANDIDATES]
        self.rows = None
        with self.store.transaction() as ballots:
            given = {"body": self.body, "year": 2022, "candidates": listed}
            usecases.keep_candidate_list(ballots, given)
        self.day.listed = CANDIDATES

    @early
    @rule(quorum=st.sampled_from(["2/3", "1/2"]))
    def call_meeting(self, quorum):
        given = {"meeting": "m1", "title": "第一次会议", "quorum": quorum}
        self.step(lambda day: day.call_meeting(quorum), usecases.call_meeting, given)

    @rule(
        kind=st.sampled_from(["called", "arrived", "arrived", "left"]),
        some=st.one_of(due_deputies, due_deputies, some_deputies),
        ago=st.sampled_from([0, 0, 1, 2, 4, -1]),
    )
    def call_roll(self, kind, some, ago):
        now, then = self.minute, self.minute - ago
        given = ("m1", RollCallKind(kind), some, self.now)
        self.step(
            lambda day: day.call_roll(kind, some, then, now),
            *(usecases.record_roll_call, *given),
            at=self.at(then),
        )

    @mostly(None, "prepared")
    @rule()
    def open_meeting(self):
        self.step(lambda day: day.open_meeting(), usecases.open_meeting, "m1", self.now)

    @mostly(None, "declared")
    @rule(
        new=st.booleans(),
        rules=st.sampled_from(RULES),
        candidates=st.sampled_from([None, None, CANDIDATES[1:], [STRANGER]]),
    )
    def prepare(self, new, rules, candidates):
        name = self.next_name() if new else "p1"
        given = {"poll": name, "meeting": "m1", "title": "票决", "year": 2022}
        given |= {"rules": rules, "candidates": candidates}
        self.step(
            lambda day: day.prepare(name, rules, candidates),
            *(usecases.prepare_poll, given, RULES_LOADED, SCHEMES_LOADED),
        )

    @mostly("prepared")
    @rule(poll=polls, some=some_deputies, chief=st.booleans(), conflicts=st.sampled_from([[], [], ["1"]]))
    def appoint(self, poll, some, chief, conflicts):
        name, first = self.named(poll), some[0] if some and chief else None
        given = {
            "scrutineers": [{"id": each, "name": None} for each in some],
            "chief": first,
            "tellers": [],
            "conflicts": [{"person": each, "reason": "other"} for each in conflicts],
        }
        self.step(lambda day: day.appoint(name, some, first, conflicts), usecases.appoint, name, given)

    @mostly("prepared")
    @rule(poll=polls)
    def open_poll(self, poll):
        name, plugins = self.named(poll), (RULES_LOADED, SCHEMES_LOADED)
        if self.step(lambda day: day.open_poll(name), usecases.open_poll, name, *plugins, self.now):
            self.opened[name] = self.answer

    @mostly("prepared", "open")
    @rule(poll=polls, slips=st.integers(1, 4))
    def print_slips(self, poll, slips):
        name, on_slips = self.named(poll), []

        def press(facts):
            on_slips.extend(facts["slips"])
            return b"%PDF-"

        given = (name, slips, KEY, press, self.random)
        if self.step(lambda day: day.print_slips(name, slips), usecases.print_slips, *given):
            self.printed |= {(name, each["number"]): each["code"] for each in on_slips}
            self.known += [each["code"] for each in on_slips]

    @mostly("open")
    @rule(poll=polls, numbers=st.lists(st.integers(1, 5), max_size=3))
    def issue_numbers(self, poll, numbers):
        name = self.named(poll)
        if self.step(lambda day: day.issue_numbers(name, numbers), usecases.issue_numbers, name, numbers):
            self.hand_out(name, [self.printed[name, number] for number in numbers])

    @mostly("open")
    @rule(poll=polls, slips=st.integers(0, 4))
    def issue_slips(self, poll, slips):
        name, drawn = self.named(poll), (KEY, self.random)
        if self.step(lambda day: day.issue_slips(name, slips), usecases.issue_slips, name, slips, *drawn):
            self.hand_out(name, self.answer)
            self.known += self.answer

    def hand_out(self, name, codes):
        self.day.polls[name].codes |= dict.fromkeys(codes)

    @mostly("open")
    @rule(poll=polls, numbers=st.lists(st.integers(1, 4), min_size=1, max_size=3), which=codes)
    def spoil(self, poll, numbers, which):
        name = self.named(poll)
        for number in numbers:
            code = self.code(name, which)
            given = (name, number, code, KEY)
            self.step(lambda day: day.spoil(name, number, code), usecases.spoil_slip, *given)  # noqa: B023  # called at once

    def code(self, name, which):
        """One of the poll that is or is not spent, one of any poll, or one that nobody has printed."""
        handed_out = self.day.polls[name].codes if name in self.day.polls else {}
        if isinstance(which, str):
            fit = [code for code, nonce in handed_out.items() if (nonce is None) == (which == "unspent")]
            which = self.known.index(fit[-1]) if fit else -1
        known = [*self.known, new_code(random.Random("of nobody"))]
        return known[which % len(known)]

    @mostly("open")
    @rule(some=st.lists(casts, min_size=1, max_size=4))
    def cast(self, some):
        """All in one transaction."""
        self.minute += 1
        given = [self.given(*each) for each in some]
        day = deepcopy(self.day) if self.trying else self.day
        expected = [self.cast_in_the_model(day, *each) for each in given]
        if self.trying and True in expected:
            return
        before = self.rows or self.everything()
        outcomes = usecases.cast_ballots(self.store, [self.cast_of(*each) for each in given])
        for each, wanted, outcome in zip(given, expected, outcomes, strict=True):
            self.compare_cast(each, wanted, outcome)
        self.rows = self.everything()
        assert True in expected or self.rows == before

    def given(self, poll, which, marks, nonce):
        name = self.named(poll)
        code = self.code(name, which)
        return name, code, marks, self.nonce(name, code) if nonce == "the same" else nonce

    def nonce(self, name, code):
        return self.day.polls[name].codes.get(code) if name in self.day.polls else None

    def cast_in_the_model(self, day, *given):
        """True for a paper, False for one that is sent again; or the slug of the refusal."""
        try:
            return day.cast(*given)
        except No as refused:
            return refused.slug

    def cast_of(self, name, code, marks, nonce):
        given = {"code": code, "marks": marks, "nonce": nonce}
        return usecases.read_cast(self.body, name, given, KEY, SCHEMES_LOADED)

    def compare_cast(self, given, wanted, outcome):
        name, code, _, nonce = given
        if isinstance(wanted, str):
            assert isinstance(outcome, Refused), outcome
            assert outcome.slug == wanted
            self.seen[wanted] += 1
            return
        assert outcome["accepted"] is True
        assert ("nonce" in outcome) == (nonce is None)
        if wanted:
            self.day.polls[name].codes[code] = nonce or outcome["nonce"]
            self.receipts[name, code] = outcome["receipt"]
        else:
            self.seen["sent-again"] += 1
        assert outcome["receipt"] == self.receipts[name, code]

    @rule()
    def tell_turnout(self):
        self.step(lambda day: day.tell_turnout(), lambda store, _: usecases.tell_turnout(store, self.now))

    @mostly("open")
    @rule(poll=polls)
    def close_poll(self, poll):
        name = self.named(poll)
        self.step(lambda day: day.close(name), usecases.close_poll, name, self.now)

    @mostly("closed")
    @rule(poll=polls)
    def count_poll(self, poll):
        name, plugins = self.named(poll), (RULES_LOADED, SCHEMES_LOADED, KINDS_LOADED)
        if self.step(lambda day: day.count(name), usecases.count_poll, name, *plugins):
            self.hashes[name] = self.answer["count_hash"]
            self.compare_result(name, self.answer["result"])

    def compare_result(self, name, result):
        expected = self.day.polls[name].result
        assert {key: result[key] for key in expected} == expected
        assert result["valid"] + result["invalid"] == result["returned"]

    @mostly("counted")
    @rule(poll=polls, attempts=st.lists(attempts, min_size=1, max_size=3))
    def sign(self, poll, attempts):
        name = self.named(poll)
        appointed = self.day.polls[name].scrutineers if name in self.day.polls else []
        for who, right in attempts:
            person = [*appointed, "somebody"][who % (len(appointed) + 1)]
            self.sign_as(name, person, right)

    def sign_as(self, name, person, right=True):
        given = self.hashes.get(name, "") if right else "0" * 64
        self.step(
            lambda day: day.sign(name, person, right),
            *(usecases.sign, name, person, given, RECORDER.key, self.now),
        )

    @rule()
    def number_events(self):
        """As a relay does."""
        self.rows = None
        number_events(self.store)
        self.day.unnumbered.clear()

    @mostly("counted")
    @rule(poll=polls)
    def declare(self, poll):
        name, given = self.named(poll), (RECORDER, self.now)
        if self.step(lambda day: day.declare(name), usecases.declare_result, name, *given, within=-1):
            self.seen[self.day.polls[name].result["outcome"]] += 1

    @mostly("declared")
    @rule(poll=polls, new=st.sampled_from([True, True, True, False]))
    def next_round(self, poll, new):
        name, following = self.named(poll), self.next_name() if new else "p1"
        given = {"poll": following, "title": "再次投票"}
        if self.step(lambda day: day.next_round(name, following), usecases.prepare_next_round, name, given):
            self.seen["next-round"] += 1
