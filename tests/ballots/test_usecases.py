"""What users of ballots do, on a real store: a meeting, its poll, casting, the result."""

import json
import random
from threading import Thread

import pytest
from sqlalchemy import text

from ballots import usecases
from ballots.domain import (
    CodeSpent,
    CodeUnknown,
    InvalidMarks,
    InvalidPoll,
    InvalidRoll,
    InvalidRules,
    MeetingNotOpen,
    MoreIssuedThanPresent,
    NotDifferential,
    Overvoted,
    PollAlreadyOpened,
    PollNotClosed,
    PollNotCounted,
    PollNotOpen,
    QuorumNotMet,
    RuleChanged,
    UnknownDeputy,
    new_code,
)
from ballots.plugins import ADOPTION_RULES
from ballots.store import (
    Ballots,
    MeetingExists,
    PollExists,
    UnknownBody,
    UnknownCandidateList,
    UnknownMeeting,
    UnknownPoll,
)
from chassis.errors import Refused
from chassis.plugins import PluginFailed
from tests.ballots.meetings import (
    BODY,
    CANDIDATES,
    KEY,
    KINDS_LOADED,
    NOW,
    RULES,
    RULES_LOADED,
    SCHEMES_LOADED,
    accepted,
    cast,
    declare,
    events,
    finish,
    issue,
    open_poll,
    prepare,
    with_body,
    with_meeting,
)
from tests.support.stores import migrated_store


@pytest.fixture
def store(tmp_path):
    with migrated_store("ballots", Ballots, tmp_path) as made:
        yield made


def test_a_year_is_voted_on_and_everyone_is_told(store):
    with_meeting(store)
    open_poll(store)
    codes = issue(store, 79)
    marks = [["water", "road"]] * 60 + [["clinic"]] * 15 + [[]] * 4
    assert all(map(accepted, cast(store, zip(codes, marks, strict=True))))
    usecases.tell_turnout(store, NOW)
    shown = finish(store)
    result = shown["result"]
    assert (result["outcome"], result["adopted"], result["pass_mark"]) == ("complete", ["water", "road"], 40)
    assert result["votes"] == {"water": 60, "road": 60, "clinic": 15}
    assert (result["issued"], result["returned"], result["valid"], result["blank"]) == (79, 79, 79, 4)
    told = events(store)
    assert [name for name, _ in told] == [
        "meeting_opened.v1",
        "poll_opened.v1",
        "turnout_changed.v1",
        "poll_closed.v1",
        "poll_counted.v1",
        "result_declared.v1",
    ]
    assert told[-1][1]["adopted"] == ["water", "road"]
    assert told[-1][1]["projects"][2]["votes"] == 15
    assert told[1][1]["rules_hash"] == told[-1][1]["rules_hash"] == shown["rules_hash"]


def test_a_meeting_without_its_quorum_is_not_opened(store):
    with_body(store)
    usecases.call_meeting(store, BODY, {"meeting": "m1", "title": "会", "quorum": "2/3"})
    usecases.call_roll(store, BODY, "m1", [str(n) for n in range(1, 53)], NOW)
    with pytest.raises(QuorumNotMet, match="52 of 79"):
        usecases.open_meeting(store, BODY, "m1", NOW)
    assert not events(store)
    usecases.call_roll(store, BODY, "m1", [str(n) for n in range(1, 54)], NOW)
    assert usecases.open_meeting(store, BODY, "m1", NOW)["present"] == 53


def test_a_corrected_roll_call_is_a_fact_beside_the_first(store):
    with_meeting(store, present=60)
    usecases.call_roll(store, BODY, "m1", ["1", "2"], NOW)
    assert usecases.show_meeting(store, BODY, "m1")["present"] == 2
    with store.engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM roll_calls")) == 2


def test_a_quorum_lost_before_the_poll_keeps_it_from_opening(store):
    with_meeting(store)
    prepare(store)
    usecases.call_roll(store, BODY, "m1", ["1"], NOW)
    with pytest.raises(QuorumNotMet):
        usecases.open_poll(store, BODY, "p1", RULES_LOADED, SCHEMES_LOADED, NOW)


def test_a_roll_is_replaced_whole_or_not_at_all(store):
    with_body(store)
    twice = [{"id": "1", "name": "甲", "delegation": None, "district": None}] * 2
    with pytest.raises(InvalidRoll) as refusal:
        usecases.replace_roll(store, BODY, twice, "clerk", NOW)
    assert refusal.value.field == "deputies.1.id"
    assert usecases.show_body(store, BODY)["deputies"] == 79


def test_a_meeting_keeps_the_roll_it_was_called_with(store):
    with_meeting(store)
    usecases.replace_roll(
        store, BODY, [{"id": "x", "name": "乙", "delegation": None, "district": None}], "clerk", NOW
    )
    assert usecases.show_meeting(store, BODY, "m1")["due"] == 79


@pytest.mark.parametrize(
    ("rules", "field"),
    [
        ({}, "rules.seats"),
        (RULES | {"seats": 0}, "rules.seats"),
        (RULES | {"marking": {"scheme": "choose"}}, "rules.marking.at_most"),
        (RULES | {"adoption": {"rule": "lottery"}}, "rules.adoption.rule"),
        (RULES | {"quorum": "3/2"}, "rules.quorum"),
        (RULES | {"colour": "red"}, "rules.colour"),
    ],
)
def test_a_poll_with_faulty_rules_names_the_field(store, rules, field):
    with_meeting(store)
    with pytest.raises(InvalidRules) as refusal:
        prepare(store, rules=rules or {"marking": RULES["marking"], "adoption": RULES["adoption"]})
    assert refusal.value.field == field


def test_a_differential_poll_needs_more_candidates_than_seats(store):
    with_meeting(store)
    prepare(store, rules=RULES | {"seats": 3, "differential": True})
    with pytest.raises(NotDifferential):
        usecases.open_poll(store, BODY, "p1", RULES_LOADED, SCHEMES_LOADED, NOW)


def test_a_poll_on_a_project_that_is_not_listed_is_refused(store):
    with_meeting(store)
    given = {"poll": "p1", "meeting": "m1", "title": "x", "year": 2022, "rules": RULES}
    with pytest.raises(InvalidPoll) as refusal:
        usecases.prepare_poll(
            store, BODY, given | {"candidates": ["water", "castle"]}, RULES_LOADED, SCHEMES_LOADED
        )
    assert refusal.value.field == "candidates.1"


def test_things_that_are_not_there_are_named(store):
    with pytest.raises(UnknownBody):
        usecases.show_body(store, "nowhere")
    with pytest.raises(UnknownBody):
        usecases.replace_roll(store, "nowhere", [], "clerk", NOW)
    with_meeting(store)
    with pytest.raises(UnknownMeeting):
        usecases.show_meeting(store, BODY, "m2")
    with pytest.raises(UnknownPoll):
        usecases.show_poll(store, BODY, "p9")
    with pytest.raises(UnknownCandidateList):
        usecases.show_candidates(store, BODY, 1999)
    with pytest.raises(UnknownDeputy):
        usecases.call_roll(store, BODY, "m1", ["stranger"], NOW)


def test_things_are_made_once(store):
    with_meeting(store)
    with pytest.raises(MeetingExists):
        usecases.call_meeting(store, BODY, {"meeting": "m1", "title": "会", "quorum": "2/3"})
    open_poll(store)
    with pytest.raises(PollExists):
        prepare(store)
    with pytest.raises(PollAlreadyOpened):
        usecases.open_poll(store, BODY, "p1", RULES_LOADED, SCHEMES_LOADED, NOW)


def test_a_poll_needs_an_open_meeting(store):
    with_body(store)
    usecases.call_meeting(store, BODY, {"meeting": "m1", "title": "会", "quorum": "2/3"})
    prepare(store)
    with pytest.raises(MeetingNotOpen):
        usecases.open_poll(store, BODY, "p1", RULES_LOADED, SCHEMES_LOADED, NOW)


def test_more_slips_than_deputies_present_are_not_issued(store):
    with_meeting(store, present=60)
    open_poll(store)
    issue(store, 59)
    with pytest.raises(MoreIssuedThanPresent):
        issue(store, 2)
    assert usecases.show_poll(store, BODY, "p1")["issued"] == 59
    issue(store, 1)


def test_codes_are_kept_as_keyed_hashes_only(store):
    with_meeting(store)
    open_poll(store)
    codes = issue(store, 20)
    with store.engine.connect() as connection:
        kept = connection.scalars(text("SELECT hash FROM codes")).all()
    assert len(kept) == 20
    assert not any(code in each or code.replace("-", "") in each for code in codes for each in kept)


def test_a_code_is_good_once_and_of_two_casts_together_the_first_counts(store):
    with_meeting(store)
    open_poll(store)
    code, other = issue(store, 2)
    first, second = cast(store, [(code, ["water"]), (code, ["road"])])
    assert accepted(first)
    assert isinstance(second, CodeSpent)
    (again,) = cast(store, [(code, ["water"])])
    assert isinstance(again, CodeSpent)
    assert accepted(cast(store, [(other, ["road"])])[0])
    assert finish(store)["result"]["votes"] == {"water": 1, "road": 1, "clinic": 0}


@pytest.mark.parametrize(
    ("marks", "refusal"),
    [
        (CANDIDATES, Overvoted),
        (["castle"], InvalidMarks),
        (["water", "water"], InvalidMarks),
        ({"water": "for"}, InvalidMarks),
        ("water", InvalidMarks),
        (None, InvalidMarks),
        ([["water"]], InvalidMarks),
    ],
)
def test_a_refused_paper_leaves_the_code_good(store, marks, refusal):
    with_meeting(store)
    open_poll(store)
    (code,) = issue(store, 1)
    (outcome,) = cast(store, [(code, marks)])
    assert isinstance(outcome, refusal)
    assert outcome.field == "marks"
    assert "water" not in outcome.detail
    assert accepted(cast(store, [(code, [])])[0])


def test_a_code_of_another_poll_or_of_nobody_is_unknown(store):
    with_meeting(store)
    open_poll(store)
    open_poll(store, "p2")
    (code,) = issue(store, 1, "p2")
    outcomes = cast(store, [(code, []), (new_code(random.Random(99)), [])])
    assert [type(each) for each in outcomes] == [CodeUnknown, CodeUnknown]


def test_casts_for_several_polls_are_put_where_they_belong(store):
    with_meeting(store)
    open_poll(store)
    open_poll(store, "p2")
    mine, theirs = issue(store, 1), issue(store, 1, "p2")
    casts = [
        usecases.read_cast(BODY, poll, {"code": code, "marks": marks}, KEY, SCHEMES_LOADED)
        for poll, code, marks in [
            ("p2", theirs[0], ["road"]),
            ("p1", mine[0], ["water"]),
            ("p9", mine[0], ["water"]),
        ]
    ]
    outcomes = usecases.cast_ballots(store, casts)
    assert all(map(accepted, outcomes[:2]))
    assert isinstance(outcomes[2], UnknownPoll)
    assert finish(store)["result"]["votes"]["water"] == 1
    assert finish(store, "p2")["result"]["votes"]["road"] == 1


def test_nothing_is_cast_before_the_opening_or_after_the_close(store):
    with_meeting(store)
    prepare(store)
    code = new_code(random.Random(1))
    assert isinstance(cast(store, [(code, [])])[0], PollNotOpen)
    usecases.open_poll(store, BODY, "p1", RULES_LOADED, SCHEMES_LOADED, NOW)
    (good,) = issue(store, 1)
    usecases.close_poll(store, BODY, "p1", NOW)
    assert isinstance(cast(store, [(good, ["water"])])[0], PollNotOpen)
    with pytest.raises(PollNotOpen):
        issue(store, 1)


def test_steps_out_of_their_order_are_refused(store):
    with_meeting(store)
    open_poll(store)
    with pytest.raises(PollNotClosed):
        usecases.count_poll(store, BODY, "p1", RULES_LOADED, SCHEMES_LOADED, KINDS_LOADED)
    with pytest.raises(PollNotCounted):
        declare(store)
    finish(store)
    with pytest.raises(PollNotClosed):
        usecases.count_poll(store, BODY, "p1", RULES_LOADED, SCHEMES_LOADED, KINDS_LOADED)
    with pytest.raises(PollNotCounted):
        declare(store)


def test_nobody_sees_a_total_before_the_result_is_declared(store):
    with_meeting(store)
    open_poll(store)
    cast(store, [(code, ["water"]) for code in issue(store, 70)])
    seen = [usecases.show_poll(store, BODY, "p1")]
    usecases.tell_turnout(store, NOW)
    usecases.close_poll(store, BODY, "p1", NOW)
    seen.append(usecases.show_poll(store, BODY, "p1"))
    usecases.count_poll(store, BODY, "p1", RULES_LOADED, SCHEMES_LOADED, KINDS_LOADED)
    seen.append(usecases.show_poll(store, BODY, "p1"))
    assert [each["result"] for each in seen] == [None] * 3
    assert all(each["returned"] == 70 for each in seen)
    assert "votes" not in json.dumps(events(store))


def test_turnout_is_told_when_it_has_changed(store):
    with_meeting(store)
    open_poll(store)
    codes = issue(store, 3)
    for _ in range(2):
        usecases.tell_turnout(store, NOW)
    cast(store, [(codes[0], [])])
    for _ in range(2):
        usecases.tell_turnout(store, NOW)
    told = [data for name, data in events(store) if name == "turnout_changed.v1"]
    assert [(each["issued"], each["returned"]) for each in told] == [(3, 0), (3, 1)]


def test_for_and_against_are_counted_with_abstentions(store):
    with_meeting(store)
    open_poll(store, rules=RULES | {"marking": {"scheme": "for-against"}})
    codes = issue(store, 79)
    marks = [{"water": "for", "road": "against"}] * 50 + [{"clinic": "abstain"}] * 29
    cast(store, zip(codes, marks, strict=True))
    finish(store)
    projects = events(store)[-1][1]["projects"]
    assert [(p["votes"], p["against"], p["abstain"]) for p in projects] == [
        (50, 0, 29),
        (0, 50, 29),
        (0, 0, 79),
    ]


def test_a_poll_is_counted_by_the_rule_it_was_opened_with_or_not_at_all(store):
    with_meeting(store)
    open_poll(store)
    usecases.close_poll(store, BODY, "p1", NOW)
    with pytest.raises(RuleChanged):
        usecases.count_poll(
            store, BODY, "p1", ADOPTION_RULES.load(["plurality"]), SCHEMES_LOADED, KINDS_LOADED
        )


def test_a_rule_that_fails_decides_nothing(store, monkeypatch):
    with_meeting(store)
    open_poll(store)
    usecases.close_poll(store, BODY, "p1", NOW)
    rules = ADOPTION_RULES.load()
    monkeypatch.setattr(type(rules["majority"]), "decide", lambda *_: 1 / 0)
    with pytest.raises(PluginFailed):
        usecases.count_poll(store, BODY, "p1", rules, SCHEMES_LOADED, KINDS_LOADED)
    assert usecases.show_poll(store, BODY, "p1")["state"] == "closed"


def test_sealed_papers_have_new_ids_in_the_order_of_their_content(store):
    with_meeting(store)
    open_poll(store)
    codes = issue(store, 60)
    marks = [["water"], ["road"], [], ["clinic", "road"]] * 15
    for pair in zip(codes, marks, strict=True):
        cast(store, [pair])
    before = _papers(store)
    usecases.close_poll(store, BODY, "p1", NOW)
    after = _papers(store)
    assert not {id for id, _ in before} & {id for id, _ in after}
    assert sorted(content for _, content in before) == [content for _, content in after]


def _papers(store):
    with store.engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text("SELECT id, marks FROM papers ORDER BY id"))]


def test_closing_amid_casts_counts_exactly_those_accepted(store):
    with_meeting(store)
    open_poll(store)
    codes = issue(store, 79)
    outcomes = []
    casting = Thread(target=lambda: outcomes.extend(cast(store, [(code, ["water"])])[0] for code in codes))
    casting.start()
    while len(outcomes) < 5:
        casting.join(0.001)
    usecases.close_poll(store, BODY, "p1", NOW)
    casting.join(30)
    kept = sum(map(accepted, outcomes))
    assert all(accepted(outcome) or isinstance(outcome, PollNotOpen) for outcome in outcomes)
    assert len(_papers(store)) == kept


def test_no_event_and_no_refusal_holds_a_code_a_name_or_marks(store):
    with_meeting(store)
    open_poll(store)
    codes = issue(store, 5)
    refusals = cast(store, [(codes[0], CANDIDATES), (codes[1], ["castle"]), (codes[0], "water")])
    cast(store, [(code, ["water", "clinic"]) for code in codes])
    refusals += cast(store, [(codes[0], ["road"])])
    finish(store)
    said = json.dumps(events(store), ensure_ascii=False)
    said += "".join(each.detail for each in refusals if isinstance(each, Refused))
    assert len([each for each in refusals if isinstance(each, Refused)]) == 4
    assert not any(code in said for code in codes)
    assert "代表1" not in said
    assert "castle" not in said
