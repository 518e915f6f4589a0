"""Papers that are not cast by code: opened, issued, entered by two tellers, settled, struck, counted with
the rest."""

import json

import pytest

import piaojue_verify
from ballots import usecases
from ballots.domain import (
    ChannelNotSettled,
    ChannelStruck,
    ChiefLooksAgain,
    InvalidChannel,
    MoreIssuedThanPresent,
    NotAppointed,
    PapersDoNotBalance,
    PollNotClosed,
    PollNotOpen,
    RuleChanged,
    UnknownChannel,
)
from ballots.domain.hashing import digest
from ballots.plugins import BALLOT_CHANNELS
from ballots.store import ChannelExists
from tests.ballots.meetings import (
    BODY,
    KINDS_LOADED,
    NOW,
    RECORDER,
    RULES_LOADED,
    SCHEMES_LOADED,
    cast,
    declare,
    events,
    issue,
    open_poll,
    prepare,
    with_meeting,
)

OFFICERS = {
    "scrutineers": [{"id": "7", "name": None}, {"id": "9", "name": None}],
    "chief": "9",
    "tellers": [{"id": "t1", "name": "计票甲"}, {"id": "t2", "name": "计票乙"}],
    "conflicts": [],
}


def open_channel(store, channel="hall", kind="hand-papers", issued=0, replaces=None):
    given = {"channel": channel, "kind": kind, "issued": issued, "replaces": replaces}
    return usecases.open_channel(store, BODY, "p1", given, KINDS_LOADED)


def enter(store, content, by=("t1", "t2"), channel="hall", batch=1):
    for teller in by:
        given = {"batch": batch, "content": content}
        shown = usecases.enter_batch(
            *(store, BODY, "p1", channel, teller, given, KINDS_LOADED, SCHEMES_LOADED)
        )
    return shown


def box(store, returned, channel="hall", by="9"):
    return usecases.count_box(store, BODY, "p1", channel, by, returned)


def settle(store, place, marks=None, by="9", channel="hall", batch=1, absent=False):
    given = {"batch": batch, "place": place, "marks": marks, "absent": absent}
    return usecases.settle_difference(*(store, BODY, "p1", channel, by, given, KINDS_LOADED, SCHEMES_LOADED))


def strike(store, channel, by="9", reason="表决器故障"):
    return usecases.strike_channel(store, BODY, "p1", channel, by, reason, NOW)


def show(store, channel="hall"):
    return usecases.show_channel(store, BODY, "p1", channel, KINDS_LOADED, SCHEMES_LOADED)


def count(store):
    return usecases.count_poll(store, BODY, "p1", RULES_LOADED, SCHEMES_LOADED, KINDS_LOADED)


def close(store):
    return usecases.close_poll(store, BODY, "p1", NOW)


def declared(store):
    """Signed by all, declared; the record."""
    count_hash = usecases.show_count(store, BODY, "p1")["count_hash"]
    if usecases.show_officers(store, BODY, "p1")["scrutineers"]:
        for person in ("7", "9"):
            usecases.sign(store, BODY, "p1", person, count_hash, RECORDER.key, NOW)
    declare(store)
    return json.loads(usecases.show_record(store, BODY, "p1"))


@pytest.fixture
def opened(store):
    """79 present; two scrutineers and two tellers."""
    with_meeting(store)
    prepare(store)
    usecases.appoint(store, BODY, "p1", OFFICERS)
    usecases.open_poll(store, BODY, "p1", RULES_LOADED, SCHEMES_LOADED, NOW)
    return store


def mixed(store):
    """By code 50 of 50 issued, on paper 28 of 29: one differed; counted, not declared."""
    open_channel(store, issued=20)
    usecases.issue_papers(store, BODY, "p1", "hall", 9)
    cast(store, [(code, ["water"]) for code in issue(store, 50)])
    close(store)
    box(store, 28)
    enter(store, [["road"]] * 20, batch=1)
    papers = [["road", "clinic"]] * 5 + [[], None, ["water", "road", "clinic"]]
    enter(store, papers, by=["t2"], batch=2)
    enter(store, [*papers[:4], ["clinic"], *papers[5:]], by=["t1"], batch=2)
    settle(store, 4, ["road", "clinic"], batch=2)
    return count(store)


def test_papers_by_hand_and_by_code_are_counted_together_and_reconciled_apart(opened):
    result = mixed(opened)["result"]
    assert result["votes"] == {"water": 50, "road": 25, "clinic": 5}
    figures = {
        name: result[name] for name in ("issued", "returned", "unreturned", "valid", "invalid", "blank")
    }
    assert figures == {
        **{"issued": 79, "returned": 78, "unreturned": 1, "valid": 76, "invalid": 2, "blank": 1}
    }
    assert result["channels"] == [
        {
            **{"channel": "codes", "kind": "codes", "issued": 50, "returned": 50, "unreturned": 0},
            **{"valid": 50, "invalid": 0, "blank": 0},
        },
        {
            **{"channel": "hall", "kind": "hand-papers", "issued": 29, "returned": 28, "unreturned": 1},
            **{"valid": 26, "invalid": 2, "blank": 1},
        },
    ]


def test_a_mixed_poll_has_a_record_that_anybody_can_count_again(opened):
    mixed(opened)
    record = declared(opened)
    report = piaojue_verify.verify(record, key=RECORDER.key.jwk, receipt=record["receipts"][0])
    assert report.ok, report.as_text()
    assert {"times": 1, "marks": None} in record["papers"]
    assert record["channels"][1]["settled"] == 1
    assert "readings" not in record["channels"][1]
    key, data = events(opened)[-1]
    assert key == "result_declared.v1"
    assert [each["returned"] for each in data["channels"]] == [50, 28]


def test_both_readings_are_kept_for_those_who_count_and_in_no_order(opened):
    mixed(opened)
    shown = show(opened)
    assert "differences" not in shown
    detail = shown["detail"]
    assert detail["entered_by"] == ["t1", "t2"]
    assert detail["settled"] == [
        {"read": [["road", "clinic"], ["clinic"]], "found": ["road", "clinic"], "by": "9"}
    ]
    first, second = detail["readings"]
    assert {"times": 5, "marks": ["road", "clinic"]} in first
    assert {"times": 1, "marks": ["clinic"]} in second
    record = declared(opened)
    assert record["channels"][1]["detail_hash"] == digest(detail)


def test_differences_are_shown_to_nobody_before_both_tellers_have_entered(opened):
    open_channel(opened, issued=3)
    close(opened)
    enter(opened, [["road"], ["water"]], by=["t1"])
    assert show(opened)["differences"] == []
    enter(opened, [["road"], ["clinic"], []], by=["t2"])
    assert show(opened)["differences"] == [
        {
            **{"batch": 1, "place": 1, "read": [["water"], ["clinic"]]},
            **{"settled": False, "found": None},
        },
        {"batch": 1, "place": 2, "read": ["absent", []], "settled": False, "found": None},
    ]
    settle(opened, 1, ["water"], by="7")
    settle(opened, 2, absent=True)
    box(opened, 2)
    assert count(opened)["result"]["votes"] == {"water": 1, "road": 1, "clinic": 0}


def test_nothing_is_entered_or_counted_before_the_close_nor_after_the_count(opened):
    open_channel(opened, issued=1)
    for act in (lambda: enter(opened, [[]]), lambda: box(opened, 1), lambda: settle(opened, 0)):
        with pytest.raises(PollNotClosed):
            act()
    close(opened)
    box(opened, 1)
    enter(opened, [[]])
    count(opened)
    for act in (lambda: enter(opened, [[]]), lambda: box(opened, 1), lambda: strike(opened, "hall")):
        with pytest.raises(PollNotClosed):
            act()
    with pytest.raises(PollNotOpen):
        open_channel(opened, "late")
    with pytest.raises(PollNotOpen):
        usecases.issue_papers(opened, BODY, "p1", "hall", 1)


def test_a_poll_of_which_a_channel_does_not_balance_is_not_counted(opened):
    open_channel(opened, issued=3)
    close(opened)
    with pytest.raises(ChannelNotSettled):
        count(opened)
    enter(opened, [["road"], ["water"]])
    box(opened, 3)
    with pytest.raises(PapersDoNotBalance):
        count(opened)
    assert usecases.show_poll(opened, BODY, "p1")["state"] == "closed"
    box(opened, 2)
    assert count(opened)["result"]["returned"] == 2


def test_more_papers_in_a_box_than_were_issued_void_the_poll_though_others_are_missing(opened):
    open_channel(opened, issued=2)
    issue(opened, 40)
    close(opened)
    enter(opened, [["road"]] * 3)
    box(opened, 3)
    result = count(opened)["result"]
    assert (result["outcome"], result["votes"]) == ("void", None)
    report = piaojue_verify.verify(declared(opened), key=RECORDER.key.jwk)
    assert report.ok, report.as_text()


def test_nobody_present_has_two_papers_by_two_channels(opened):
    open_channel(opened, issued=40)
    issue(opened, 39)
    with pytest.raises(MoreIssuedThanPresent):
        usecases.issue_papers(opened, BODY, "p1", "hall", 1)
    with pytest.raises(MoreIssuedThanPresent):
        open_channel(opened, "second", issued=1)
    assert [each["channel"] for each in listed(opened)] == ["codes", "hall"]
    assert [each["issued"] for each in listed(opened)] == [39, 40]


def listed(store):
    return usecases.show_channels(store, BODY, "p1")["channels"]


def test_only_those_appointed_enter_and_settle(opened):
    open_channel(opened, issued=1)
    close(opened)
    for act in (lambda: enter(opened, [[]], by=["t3"]), lambda: box(opened, 1, by="8")):
        with pytest.raises(NotAppointed):
            act()
    with pytest.raises(NotAppointed):
        strike(opened, "hall", by="8")


def test_a_machines_rejects_are_looked_at_by_the_chief(opened):
    open_channel(opened, "keys", "keypad", issued=3)
    close(opened)
    enter(opened, "water,road,clinic\n1,1,1\n1,,\n", by=["t1"], channel="keys")
    box(opened, 2, "keys")
    with pytest.raises(ChiefLooksAgain):
        settle(opened, 0, ["water", "road"], by="7", channel="keys")
    with pytest.raises(ChannelNotSettled):
        count(opened)
    settle(opened, 0, ["water", "road"], channel="keys")
    assert count(opened)["result"]["votes"] == {"water": 2, "road": 1, "clinic": 0}


def test_a_channel_that_failed_is_replaced_whole_and_both_stay_on_record(opened):
    open_channel(opened, "keys", "keypad", issued=4)
    close(opened)
    enter(opened, "water,road,clinic\n1,,\n", by=["t1"], channel="keys")
    strike(opened, "keys", by="7")
    with pytest.raises(ChannelStruck):
        enter(opened, "water,road,clinic\n1,,\n", by=["t1"], channel="keys", batch=2)
    with pytest.raises(ChannelNotSettled):
        count(opened)
    open_channel(opened, replaces="keys", kind="hand-tallies")
    tally = {"valid": 4, "invalid": 0, "blank": 0, "tallies": {"water": 1, "road": 3, "clinic": 0}}
    enter(opened, tally)
    box(opened, 4)
    assert count(opened)["result"]["votes"] == {"water": 1, "road": 3, "clinic": 0}
    record = declared(opened)
    report = piaojue_verify.verify(record, key=RECORDER.key.jwk)
    assert report.ok, report.as_text()
    _, struck, instead = record["channels"]
    assert (struck["struck"], struck["readings"]) == ("表决器故障", [[{"times": 1, "marks": ["water"]}]])
    assert (instead["replaces"], instead["issued"], instead["tally"]) == ("keys", 4, tally)
    assert record["papers"] == []
    assert {"body": BODY, "poll": "p1", "channel": "keys", "kind": "keypad"}.items() <= dict(events(opened))[
        "channel_struck.v1"
    ].items()


def test_papers_by_code_are_struck_after_the_close_and_not_counted(opened):
    codes = issue(opened, 3)
    open_channel(opened)
    cast(opened, [(codes[0], ["water"])])
    with pytest.raises(PollNotClosed):
        strike(opened, "codes")
    close(opened)
    strike(opened, "codes")
    open_channel(opened, "again", replaces="codes")
    enter(opened, [["road"]] * 3, channel="again")
    box(opened, 3, "again")
    box(opened, 0)
    assert count(opened)["result"]["votes"] == {"water": 0, "road": 3, "clinic": 0}
    record = declared(opened)
    report = piaojue_verify.verify(record, key=RECORDER.key.jwk)
    assert report.ok, report.as_text()
    assert record["channels"][0]["readings"] == [[{"times": 1, "marks": ["water"]}]]
    told = piaojue_verify.verify(record, receipt=record["receipts"][0]).check("receipt")
    assert "struck" in told.faults[0]


def test_papers_by_code_are_struck_where_they_are_all_there_is(opened):
    cast(opened, [(issue(opened, 2)[0], ["water"])])
    close(opened)
    strike(opened, "codes")
    with pytest.raises(ChannelNotSettled):
        count(opened)
    open_channel(opened, "again", replaces="codes")
    enter(opened, [["road"]] * 2, channel="again")
    box(opened, 2, "again")
    assert count(opened)["result"]["votes"]["road"] == 2
    report = piaojue_verify.verify(declared(opened), key=RECORDER.key.jwk)
    assert report.ok, report.as_text()


def test_what_was_cast_by_code_is_entered_by_nobody(opened):
    open_channel(opened)
    close(opened)
    for act in (
        lambda: enter(opened, [[]], channel="codes"),
        lambda: box(opened, 1, "codes"),
        lambda: settle(opened, 0, channel="codes"),
    ):
        with pytest.raises(InvalidChannel):
            act()


def test_channels_are_opened_once_each_and_of_kinds_that_are_loaded(opened):
    open_channel(opened)
    with pytest.raises(ChannelExists):
        open_channel(opened)
    with pytest.raises(InvalidChannel):
        open_channel(opened, "codes")
    with pytest.raises(InvalidChannel):
        open_channel(opened, "second", replaces="hall")
    for kind, replaces in (("telepathy", None), ("keypad", "nowhere")):
        with pytest.raises(UnknownChannel):
            open_channel(opened, "second", kind, replaces=replaces)
    with pytest.raises(UnknownChannel):
        usecases.issue_papers(opened, BODY, "p1", "nowhere", 1)


def test_a_poll_is_not_counted_without_the_kind_that_its_channel_was_opened_with(opened):
    open_channel(opened, issued=1)
    close(opened)
    box(opened, 0)
    with pytest.raises(RuleChanged):
        usecases.count_poll(
            *(opened, BODY, "p1", RULES_LOADED, SCHEMES_LOADED, BALLOT_CHANNELS.load(["keypad"]))
        )


def test_the_order_of_the_papers_in_a_box_is_forgotten_with_the_count(opened):
    open_channel(opened, issued=4)
    close(opened)
    enter(opened, [["road"], ["clinic"], ["road"], ["water"]])
    box(opened, 4)
    with opened.reading() as ballots:
        before = ballots.channels(ballots.poll(BODY, "p1")).one("hall")
    assert [list(paper) for paper in before.batches[1].entries[0].read][1] == ["clinic"]
    count(opened)
    with opened.reading() as ballots:
        after = ballots.channels(ballots.poll(BODY, "p1")).one("hall")
    assert after.batches == {}


def test_without_channels_a_poll_shows_none(store):
    with_meeting(store)
    open_poll(store)
    assert listed(store) == []
    close(store)
    assert "channels" not in count(store)["result"]
