"""At every stage of a day with a tie and its runoff, every step whose turn it is not is refused, by its
rule."""

from collections import Counter

import pytest

from tests.ballots.life_of_polls import CANDIDATES, RULES, STRANGER
from tests.ballots.test_life_of_a_poll import Life

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

STAGES = 33
REFUSALS = """
    unknown-body invalid-body invalid-roll unknown-meeting meeting-exists unknown-deputy invalid-roll-call
    meeting-already-open meeting-not-open quorum-not-met
    unknown-poll poll-exists unknown-candidate-list invalid-poll invalid-rules invalid-officers
    poll-already-opened not-differential
    poll-not-open more-issued-than-present unknown-slip slip-already-issued slip-not-issued slip-spoiled
    code-unknown code-spent invalid-marks overvoted
    poll-not-closed poll-not-counted not-appointed count-hash-differs chief-signs-last signatures-missing
    events-not-numbered poll-not-declared no-further-round next-round-exists
"""
OTHERS = {0: "p9", 4: "p1"}
"""Polls to try it with in place of the latest, at some of the stages."""
TIE, ONE = ["water", "road"], ["water"]


def try_what_is_of_the_body(life):
    life.register(1)
    for roll in ([], ["1", "1"]):
        life.replace_roll(roll)
    life.call_meeting("2/3")
    life.call_roll("called", ["1"], -1)
    life.call_roll("arrived", ["1", "6"], 0)
    life.open_meeting()
    for rules, candidates in ((RULES[0], None), (RULES[0], [STRANGER]), (RULES[-1], None)):
        life.prepare(True, rules, candidates)
    life.prepare(False, RULES[0], None)


def try_what_comes_before_the_papers(life, poll):
    for some, chief, conflicts in (
        *((["1", "2"], True, []), (["1", "2"], False, []), (["1", "2"], True, ["1"])),
        (["6"], True, []),
    ):
        life.appoint(poll, some, chief, conflicts)
    life.open_poll(poll)
    for slips in (0, 1, 9):
        life.issue_slips(poll, slips)
    life.print_slips(poll, 1)
    for numbers in ([1], [1, 1], [1, 99]):
        life.issue_numbers(poll, numbers)
    for number in (1, 2, 3, 99):
        for which in ("unspent", "spent", -1):
            life.spoil(poll, [number], which)


def try_papers(life, poll):
    for which in ("unspent", "spent", -1):
        for marks in ([STRANGER], ["water", "water"], CANDIDATES, {"water": "perhaps"}, None):
            life.cast([(poll, which, marks, None)])
    for place in range(3):  # of the first slips: one that was spoiled, and one that is not issued
        life.cast([(poll, place, ONE, None)])
    life.cast([(poll, "spent", ONE, None), (poll, "spent", TIE, "the same"), ("p9", "unspent", ONE, None)])


def try_what_comes_after_the_papers(life, poll):
    life.close_poll(poll)
    life.count_poll(poll)
    life.sign(poll, [(who, right) for who in range(4) for right in (True, False)])
    life.declare(poll)
    for new in (True, False):
        life.next_round(poll, new)


def try_all(life, poll):
    life.trying = True
    try_what_is_of_the_body(life)
    try_what_comes_before_the_papers(life, poll)
    try_papers(life, poll)
    try_what_comes_after_the_papers(life, poll)
    life.trying = False


def spoil_a_slip(life):
    """Of three that are printed the second one stays where it is, and the third one is exchanged."""
    life.print_slips("p1", 3)
    life.issue_numbers("p1", [1, 3])
    life.spoil("p1", [3], "unspent")


def take_the_next_step(life, stage):
    if stage == 2:
        life.publish_list()
        life.prepare(True, RULES[0], None)
    elif stage == 4:
        life.call_roll("left", ["1", "2"], 1000)  # they had left before they came, which is recorded late
    elif life.state == "open" and not life.printed:
        spoil_a_slip(life)
    elif life.state == "declared" and len(life.day.polls) == 2:
        life.prepare(True, RULES[5], None)  # which cannot be opened
    else:
        life.go_on(TIE if len(life.day.polls) < 2 else ONE, RULES[0], watched=True)


def test_what_is_out_of_turn_is_refused_and_changes_nothing(store):
    life = Life(store, "yongan", Counter())
    for stage in range(STAGES):
        try_all(life, OTHERS.get(stage % 8, "the latest"))
        take_the_next_step(life, stage)
        life.all_is_as_in_the_model()
    assert not set(REFUSALS.split()) - life.seen.keys()
