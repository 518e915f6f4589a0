"""Channels: papers by hand entered twice, tallies, keypad responses, and what replaces a channel that
failed."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ballots.domain.channel_errors import (
    ChannelNotSettled,
    ChannelStruck,
    EntriesComplete,
    InvalidChannel,
    InvalidEntry,
    NothingToSettle,
    SameTeller,
)
from ballots.domain.channel_kinds import Ballot, HandPapers, HandTallies, KeypadImport
from ballots.domain.channel_records import channel_as_stored, channel_restored, seal
from ballots.domain.channels import CODES, Channel, Channels, together
from ballots.domain.counting import PerChannel, read_papers
from ballots.domain.errors import Fault, PapersDoNotBalance, RuleChanged, TallyExceedsValid
from ballots.domain.marking import ChooseScheme, ForAgainstScheme

CHOOSE = Ballot(ChooseScheme(), {"at_most": 2}, ("a", "b", "c"))
EACH = Ballot(ForAgainstScheme(), {}, ("a", "b"))
PAPERS, TALLIES, KEYPAD = HandPapers(), HandTallies(), KeypadImport()

marks = st.one_of(st.none(), st.lists(st.sampled_from("abc"), unique=True, max_size=3))


def opened(plugin=PAPERS, issued=10, id="hall"):
    return Channel.opened(id=id, plugin=plugin, issued=issued)


def entered(first, second=None, plugin=PAPERS, ballot=CHOOSE, issued=10, batch=1, channel=None):
    channel = channel or opened(plugin, issued)
    channel = channel.entered("t1", first, plugin, ballot, batch=batch)
    return channel if second is None else channel.entered("t2", second, plugin, ballot, batch=batch)


def differing(channel, plugin=PAPERS, batch=1):
    """Places yet to be settled."""
    known = channel.batches[batch]
    return sorted(set(known.differences(plugin, CHOOSE)) - set(known.settled))


def test_two_equal_entries_are_settled_and_read():
    papers = [["a"], ["b", "a"], [], None, ["a", "b", "c"]]
    channel = entered(papers, [["a"], ["a", "b"], [], None, ["c", "b", "a"]]).box_opened("s1", 5)
    assert differing(channel) == []
    reading = channel.reading(PAPERS, CHOOSE)
    assert (reading.valid, reading.invalid, reading.blank) == (3, 2, 1)
    assert {key: tally.votes for key, tally in reading.tallies.items()} == {"a": 2, "b": 1, "c": 0}


def test_a_second_entry_is_made_by_another_teller():
    with pytest.raises(SameTeller):
        entered([["a"]]).entered("t1", [["b"]], PAPERS, CHOOSE)


def test_the_same_entry_sent_again_changes_nothing():
    once = entered([["a"]])
    assert once.entered("t1", [["a"]], PAPERS, CHOOSE) == once


def test_a_third_entry_is_not_taken():
    with pytest.raises(EntriesComplete):
        entered([["a"]], [["a"]]).entered("t3", [["a"]], PAPERS, CHOOSE)


def test_batches_are_entered_apart_and_read_together():
    first = entered([["a"]], [["a"]])
    both = entered([["b"], []], [["b"], []], batch=7, channel=first).box_opened("s1", 3)
    reading = both.reading(PAPERS, CHOOSE)
    assert (reading.valid, reading.tallies["a"].votes, reading.tallies["b"].votes) == (3, 1, 1)
    lacking = both.entered("t1", [["c"]], PAPERS, CHOOSE, batch=2)
    with pytest.raises(ChannelNotSettled, match="batch 2"):
        lacking.reading(PAPERS, CHOOSE)


def test_differences_are_shown_and_settled_paper_by_paper():
    channel = entered([["a"], ["b"], ["c"]], [["a"], ["c"], ["c"], ["a"]]).box_opened("s1", 3)
    assert differing(channel) == [1, 3]
    with pytest.raises(ChannelNotSettled):
        channel.reading(PAPERS, CHOOSE)
    with pytest.raises(NothingToSettle):
        channel.settle("s1", 0, ["a"], PAPERS, CHOOSE)
    with pytest.raises(InvalidEntry):
        channel.settle("s1", 1, ["x"], PAPERS, CHOOSE)
    with pytest.raises(InvalidEntry) as refusal:
        channel.settle("s1", 1, None, PAPERS, CHOOSE, absent=True)
    assert refusal.value.field == "absent"
    channel = channel.settle("s1", 1, ["b"], PAPERS, CHOOSE).settle(
        "s1", 3, None, PAPERS, CHOOSE, absent=True
    )
    reading = channel.reading(PAPERS, CHOOSE)
    assert (reading.valid, reading.tallies["b"].votes, reading.tallies["a"].votes) == (3, 1, 1)
    assert channel.batches[1].at(1) == [["b"], ["c"]]


def test_a_channel_whose_box_holds_other_papers_than_were_entered_does_not_balance():
    channel = entered([["a"]], [["a"]])
    with pytest.raises(ChannelNotSettled, match="box"):
        channel.reading(PAPERS, CHOOSE)
    with pytest.raises(PapersDoNotBalance) as refusal:
        channel.box_opened("s1", 2).reading(PAPERS, CHOOSE)
    assert refusal.value.field == "hall"
    counted_again = channel.box_opened("s1", 2).box_opened("s2", 1)
    assert counted_again.reading(PAPERS, CHOOSE).valid == 1
    assert [box.returned for box in counted_again.boxes] == [2, 1]


def test_an_empty_box_needs_no_entry():
    reading = opened().box_opened("s1", 0).reading(PAPERS, CHOOSE)
    assert (reading.valid, reading.invalid, reading.blank) == (0, 0, 0)


def test_an_entry_that_is_no_paper_names_its_place():
    with pytest.raises(InvalidEntry) as refusal:
        entered([["a"], ["x"]])
    assert refusal.value.field == "content.1"


def test_tallies_are_entered_twice_and_must_be_possible():
    content = {"valid": 5, "invalid": 1, "tallies": {"a": 4, "b": 3, "c": 0}}
    other = {"valid": 5, "invalid": 1, "tallies": {"a": 4, "b": 2, "c": 0}}
    channel = entered(content, other, TALLIES).box_opened("s1", 6)
    assert differing(channel, TALLIES) == [2]
    reading = channel.settle("s1", 2, 3, TALLIES, CHOOSE).reading(TALLIES, CHOOSE)
    assert (reading.valid, reading.invalid, reading.blank) == (5, 1, None)
    with pytest.raises(TallyExceedsValid, match=r"hall: tallies\.b") as refusal:
        channel.settle("s1", 2, 9, TALLIES, CHOOSE).reading(TALLIES, CHOOSE)
    assert refusal.value.field == "hall"


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"tallies": {"a": 6, "b": 0, "c": 0}}, "content.tallies.a"),
        ({"tallies": {"a": 4, "b": 4, "c": 1}}, "content.tallies"),
        ({"blank": 6}, "content.blank"),
        ({"blank": 2, "tallies": {"a": 4, "b": 0, "c": 0}}, "content.tallies.a"),
        ({"blank": 2, "tallies": {"a": 3, "b": 3, "c": 1}}, "content.tallies"),
        ({"blank": 0, "tallies": {"a": 2, "b": 1, "c": 1}}, "content.blank"),
    ],
)
def test_a_tally_that_no_papers_can_give_is_not_taken(changed, field):
    content = {"valid": 5, "invalid": 0, "blank": 1, "tallies": {"a": 4, "b": 3, "c": 1}}
    entered(content, plugin=TALLIES)
    with pytest.raises(InvalidEntry) as refusal:
        entered(content | changed, plugin=TALLIES)
    assert refusal.value.field == field


def test_a_tally_for_and_against_that_no_papers_can_give_is_not_taken():
    line = {"for": 3, "against": 1, "abstain": 1}
    content = {"valid": 5, "invalid": 0, "blank": 1, "tallies": {"a": line, "b": line}}
    entered(content, plugin=TALLIES, ballot=EACH)
    for changed in ({"blank": 2}, {"valid": 6}):
        with pytest.raises(InvalidEntry):
            entered(content | changed, plugin=TALLIES, ballot=EACH)


def test_a_batch_on_which_both_entries_err_is_struck_and_entered_again():
    channel = entered([["a"], ["a"]], [["a"], ["a"]]).box_opened("s1", 3)
    with pytest.raises(PapersDoNotBalance):
        channel.reading(PAPERS, CHOOSE)
    with pytest.raises(NothingToSettle):
        channel.strike_batch("s1", 2, "no such")
    again = channel.strike_batch("s1", 1, "a paper stuck to another")
    with pytest.raises(PapersDoNotBalance):
        again.reading(PAPERS, CHOOSE)
    again = entered([["a"], ["b"], ["a"]], [["a"], ["b"], ["a"]], channel=again)
    assert again.reading(PAPERS, CHOOSE).valid == 3
    kept = seal(Channels((Channel.codes(0), again)), [], {"hand-papers": PAPERS}, CHOOSE, {"hall": "salt"})
    assert kept[1].detail["struck_batches"] == [
        {
            "by": "s1",
            "reason": "a paper stuck to another",
            "readings": [[{"times": 2, "marks": ["a"]}]] * 2,
        }
    ]


def test_keypad_responses_are_imported_once_and_rejects_looked_at():
    channel = entered("a,b,c\n1,,\n1,1,1\n,,\n", plugin=KEYPAD).box_opened("s1", 3)
    assert differing(channel, KEYPAD) == [1]
    with pytest.raises(ChannelNotSettled):
        channel.reading(KEYPAD, CHOOSE)
    reading = channel.settle("s1", 1, ["a", "b"], KEYPAD, CHOOSE).reading(KEYPAD, CHOOSE)
    assert (reading.valid, reading.invalid, reading.blank) == (3, 0, 1)
    assert channel.batches[1].at(1) == [["a", "b", "c"]]


def test_keypad_responses_for_and_against_are_read():
    channel = entered("b,a\nfor,against\n,abstain\n", plugin=KEYPAD, ballot=EACH).box_opened("s1", 2)
    reading = channel.reading(KEYPAD, EACH)
    assert reading.tallies["b"].votes == 1
    assert (reading.tallies["a"].against, reading.tallies["a"].abstain) == (1, 1)


@pytest.mark.parametrize(
    ("content", "field"),
    [
        ("a,b\n", "content"),
        ("a,b,c\n1\n", "row 2"),
        (7, "content"),
        ('a,b,c\n"1', "content"),
        ("", "content"),
        ("a,b,c\n1,,\n\n,1,\n", "row 3"),
        ("a,b,c\r1,,\r \r,1,\r", "row 3"),
    ],
)
def test_keypad_responses_that_cannot_be_read_name_the_row(content, field):
    with pytest.raises(InvalidEntry) as refusal:
        entered(content, plugin=KEYPAD)
    assert refusal.value.field == field


@pytest.mark.parametrize("cell", ["x", "2", "１", "0", "for"])
def test_a_keypad_cell_that_says_nothing_known_is_told_with_row_column_and_what_it_may_be(cell):
    with pytest.raises(InvalidEntry, match=r"row 3: column b must be empty or 1$"):
        entered(f"a,b,c\n1,,\n,{cell},\n", plugin=KEYPAD)
    with pytest.raises(InvalidEntry, match=r"row 2: column b must be empty or for or against or abstain$"):
        entered(f"b,a\n{cell.replace('for', 'For')},\n", plugin=KEYPAD, ballot=EACH)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("after", ["", "\n", " \n\n"])
def test_keypad_lines_may_end_in_any_way_and_the_last_ones_may_be_empty(end, after):
    content = f"a,b,c\n1,,\n,,\n,1,\n{after}".replace("\n", end)
    assert KEYPAD.read(content, CHOOSE) == [["a"], [], ["b"]]


def test_an_empty_line_is_a_blank_response_where_there_is_one_candidate():
    one = Ballot(ForAgainstScheme(), {}, ("a",))
    assert KEYPAD.read("a\nfor\n\nagainst\n\n", one) == [{"a": "for"}, {}, {"a": "against"}, {}]
    with pytest.raises(Fault, match="row 4"):
        KEYPAD.read("a\nfor\n\nyes\n", one)


def test_a_channel_is_read_by_no_other_plugin_than_it_was_opened_with():
    class Newer(HandPapers):
        version = "2"

    channel = entered([["a"]], [["a"]]).box_opened("s1", 1)
    for plugin in (Newer(), TALLIES):
        with pytest.raises(RuleChanged):
            channel.reading(plugin, CHOOSE)


def test_a_struck_channel_is_replaced_whole_and_stays_on_record():
    failed = entered("a,b,c\n1,,\n", plugin=KEYPAD, issued=3).strike("the receiver failed")
    with pytest.raises(ChannelStruck):
        failed.reading(KEYPAD, CHOOSE)
    with pytest.raises(ChannelNotSettled):
        Channels((failed,)).standing()
    by_hand = Channel.opened(id="again", plugin=PAPERS, replaces=failed)
    assert by_hand.issued == 3
    both = Channels((failed,)).add(by_hand)
    assert both.standing() == [by_hand]
    with pytest.raises(InvalidChannel):
        both.add(Channel.opened(id="twice", plugin=PAPERS, replaces=failed))
    with pytest.raises(InvalidChannel):
        Channel.opened(id="third", plugin=PAPERS, replaces=by_hand)
    with pytest.raises(InvalidChannel):
        Channel.opened(id="more", plugin=PAPERS, issued=1, replaces=failed)
    with pytest.raises(InvalidChannel):
        by_hand.issue(1)


def test_what_was_entered_is_kept_and_told_in_no_order_after_the_count():
    papers = [["c"], ["a"], ["b"], ["a"]]
    figures = {"valid": 2, "invalid": 0, "blank": 1, "tallies": {"a": 1, "b": 0, "c": 1}}
    hall = entered(papers, [["c"], ["a"], ["c"], ["a"]]).box_opened("s1", 4)
    hall = hall.settle("s1", 2, ["b"], PAPERS, CHOOSE)
    failed = entered("a,b,c\n,,1\n1,,\n", plugin=KEYPAD, channel=opened(KEYPAD, 2, "keys")).strike("failed")
    again = Channel.opened(id="again", plugin=TALLIES, replaces=failed)
    tally = entered(figures, figures, TALLIES, channel=again).box_opened("s2", 2)
    every = Channels((Channel.codes(1), hall, failed, tally))
    kinds = {"hand-papers": PAPERS, "hand-tallies": TALLIES, "keypad": KEYPAD}
    salts = {each.id: "salt" for each in every.each}
    codes, by_hand, struck, instead = seal(every, [(1, ["a"])], kinds, CHOOSE, salts)
    assert codes.told == {"channel": CODES, "kind": CODES, "issued": 1, "struck": None}
    assert by_hand.papers == [(2, ["a"]), (1, ["b"]), (1, ["c"])]
    assert by_hand.detail["settled"] == [{"read": [["b"], ["c"]], "found": ["b"], "by": "s1"}]
    assert by_hand.detail["entered_by"] == ["t1", "t2"]
    assert "readings" not in by_hand.told
    assert struck.told["readings"] == [[{"times": 1, "marks": ["a"]}, {"times": 1, "marks": ["c"]}]]
    assert instead.told["tally"] == figures
    assert (instead.told["replaces"], instead.told["issued"]) == ("keys", 2)


@settings(deadline=None)
@given(st.lists(st.lists(marks, max_size=6), max_size=3), st.lists(st.integers(0, 99), max_size=3))
def test_a_channel_is_kept_as_it_is(heaps, boxes):
    channel = opened()
    for number, heap in enumerate(heaps, 1):
        channel = channel.entered("t1", heap, PAPERS, CHOOSE, batch=number)
        channel = channel.entered("t2", heap[1:], PAPERS, CHOOSE, batch=number)
        for place in channel.batches[number].differences(PAPERS, CHOOSE):
            channel = channel.settle("s1", place, ["a"], PAPERS, CHOOSE, batch=number)
    if heaps:
        channel = channel.strike_batch("s2", 1, "wrong pile")
    for returned in boxes:
        channel = channel.box_opened("s1", returned)
    assert channel_restored(opened(), channel_as_stored(channel)) == channel


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
    reading = entered([["a"], None], [["a"], None]).box_opened("s1", 2).reading(PAPERS, CHOOSE)
    assert PerChannel("hall", "hand-papers", 5, reading).as_json() == {
        **{"channel": "hall", "kind": "hand-papers", "issued": 5, "returned": 2, "unreturned": 3},
        **{"valid": 1, "invalid": 1, "blank": 0},
    }
