"""Channels: papers by hand entered twice, tallies, keypad responses, and what replaces a channel that
failed."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ballots.domain.channel_kinds import Ballot, HandPapers, HandTallies, KeypadImport
from ballots.domain.channels import (
    Channel,
    ChannelFigures,
    ChannelNotSettled,
    ChannelStruck,
    EntriesComplete,
    InvalidEntry,
    NothingToSettle,
    SameTeller,
    standing,
    together,
)
from ballots.domain.counting import read_papers
from ballots.domain.errors import InvalidPoll, TallyExceedsValid
from ballots.domain.marking import ChooseScheme, ForAgainstScheme

CHOOSE = Ballot(ChooseScheme(), {"at_most": 2}, ("a", "b", "c"))
EACH = Ballot(ForAgainstScheme(), {}, ("a", "b"))
PAPERS, TALLIES, KEYPAD = HandPapers(), HandTallies(), KeypadImport()

marks = st.one_of(st.none(), st.lists(st.sampled_from("abc"), unique=True, max_size=3))


def entered(first, second=None, plugin=PAPERS, ballot=CHOOSE, issued=10):
    channel = Channel.opened(id="hall", kind=plugin.name, issued=issued).entered("t1", first, plugin, ballot)
    return channel if second is None else channel.entered("t2", second, plugin, ballot)


def test_two_equal_entries_are_settled_and_read():
    papers = [["a"], ["b", "a"], [], None, ["a", "b", "c"]]
    channel = entered(papers, [["a"], ["a", "b"], [], None, ["c", "b", "a"]])
    assert channel.differences(PAPERS, CHOOSE) == []
    reading = channel.reading(PAPERS, CHOOSE)
    assert (reading.valid, reading.invalid, reading.blank) == (3, 2, 1)
    assert {key: tally.votes for key, tally in reading.tallies.items()} == {"a": 2, "b": 1, "c": 0}


def test_a_second_entry_is_made_by_another_teller():
    with pytest.raises(SameTeller):
        entered([["a"]]).entered("t1", [["a"]], PAPERS, CHOOSE)


def test_a_third_entry_is_not_taken():
    with pytest.raises(EntriesComplete):
        entered([["a"]], [["a"]]).entered("t3", [["a"]], PAPERS, CHOOSE)


def test_differences_are_shown_and_settled_paper_by_paper():
    channel = entered([["a"], ["b"], ["c"]], [["a"], ["c"], ["c"], ["a"]])
    assert channel.differences(PAPERS, CHOOSE) == [1, 3]
    with pytest.raises(ChannelNotSettled):
        channel.reading(PAPERS, CHOOSE)
    with pytest.raises(NothingToSettle):
        channel.settle(0, ["a"], PAPERS, CHOOSE)
    with pytest.raises(InvalidEntry):
        channel.settle(1, ["x"], PAPERS, CHOOSE)
    channel = channel.settle(1, ["b"], PAPERS, CHOOSE).settle(3, None, PAPERS, CHOOSE, absent=True)
    reading = channel.reading(PAPERS, CHOOSE)
    assert (reading.valid, reading.tallies["b"].votes, reading.tallies["a"].votes) == (3, 1, 1)
    assert [entry.read[1] for entry in channel.entries] == [["b"], ["c"]]


def test_an_entry_that_is_no_paper_names_its_place():
    with pytest.raises(InvalidEntry) as refusal:
        entered([["a"], ["x"]])
    assert refusal.value.field == "content.1"


def test_tallies_are_entered_twice_and_must_be_possible():
    content = {"valid": 5, "invalid": 1, "tallies": {"a": 4, "b": 3, "c": 0}}
    other = {"valid": 5, "invalid": 1, "tallies": {"a": 4, "b": 2, "c": 0}}
    channel = entered(content, other, TALLIES)
    assert channel.differences(TALLIES, CHOOSE) == [2]
    reading = channel.settle(2, 3, TALLIES, CHOOSE).reading(TALLIES, CHOOSE)
    assert (reading.valid, reading.invalid, reading.blank) == (5, 1, None)
    with pytest.raises(TallyExceedsValid):
        channel.settle(2, 9, TALLIES, CHOOSE).reading(TALLIES, CHOOSE)


def test_keypad_responses_are_imported_once_and_rejects_looked_at():
    channel = entered("a,b,c\n1,,\n1,1,1\n,,\n", plugin=KEYPAD)
    assert channel.differences(KEYPAD, CHOOSE) == [1]
    with pytest.raises(ChannelNotSettled):
        channel.reading(KEYPAD, CHOOSE)
    reading = channel.settle(1, ["a", "b"], KEYPAD, CHOOSE).reading(KEYPAD, CHOOSE)
    assert (reading.valid, reading.invalid, reading.blank) == (3, 0, 1)
    assert channel.entries[0].read[1] == ["a", "b", "c"]


def test_keypad_responses_for_and_against_are_read():
    channel = entered("b,a\nfor,against\n,abstain\n", plugin=KEYPAD, ballot=EACH)
    reading = channel.reading(KEYPAD, EACH)
    assert reading.tallies["b"].votes == 1
    assert (reading.tallies["a"].against, reading.tallies["a"].abstain) == (1, 1)


@pytest.mark.parametrize(
    ("content", "field"),
    [("a,b\n", "content"), ("a,b,c\n1\n", "row 2"), (7, "content"), ("a,b,c\nx,,\n", "row 2")],
)
def test_keypad_responses_that_cannot_be_read_name_the_row(content, field):
    with pytest.raises(InvalidEntry) as refusal:
        entered(content, plugin=KEYPAD)
    assert refusal.value.field == field


def test_a_struck_channel_is_replaced_whole_and_stays_on_record():
    failed = entered("a,b,c\n1,,\n", plugin=KEYPAD, issued=3).strike("the receiver failed")
    with pytest.raises(ChannelStruck):
        failed.reading(KEYPAD, CHOOSE)
    with pytest.raises(ChannelNotSettled):
        standing([failed])
    by_hand = Channel.opened(id="again", kind="hand-papers", issued=99, replaces=failed)
    assert by_hand.issued == 3
    assert standing([failed, by_hand]) == [by_hand]
    assert failed.entries[0].read == (["a"],)
    with pytest.raises(InvalidPoll):
        Channel.opened(id="third", kind="hand-papers", issued=1, replaces=by_hand)


@settings(deadline=None)
@given(st.lists(st.lists(marks, max_size=8), min_size=1, max_size=4))
def test_channels_together_read_as_their_papers_together(heaps):
    readings = [PAPERS.reading(PAPERS.read(heap, CHOOSE), CHOOSE) for heap in heaps]
    whole = together(readings, CHOOSE)
    every = [paper for heap in heaps for paper in heap]
    readable = [(1, paper) for paper in every if paper is not None]
    expected = read_papers(readable, CHOOSE.scheme, CHOOSE.candidates, CHOOSE.parameters)
    assert whole.tallies == expected.tallies
    assert whole.valid == expected.valid
    assert whole.invalid == expected.invalid + len(every) - len(readable)


def test_a_channel_is_reconciled_by_itself():
    figures = ChannelFigures(
        "hall", 5, entered([["a"], None], [["a"], None]).reading(PAPERS, CHOOSE)
    ).as_json()
    assert figures == {
        "channel": "hall",
        "issued": 5,
        "returned": 2,
        "unreturned": 3,
        "valid": 1,
        "invalid": 1,
        "blank": 0,
    }
