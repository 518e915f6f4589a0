"""What stands in the documents, as HTML."""

import re
from html import unescape

import pytest

from ballots import usecases
from ballots.domain import PollNotCounted, PollNotDeclared
from ballots.service.pages import page, policy
from ballots.store import UnknownMeeting, UnknownPoll
from chassis.auth import Caller
from tests.ballots import test_channels as by_hand
from tests.ballots.meetings import (
    BODY,
    NOW,
    RECORDER,
    RULES,
    RULES_LOADED,
    SCHEMES_LOADED,
    cast,
    count,
    declare,
    issue,
    open_poll,
    prepare,
    with_body,
    with_meeting,
)

CLERK = Caller("office", frozenset({"clerk"}), frozenset({BODY}))
FOR_AGAINST = RULES | {"marking": {"scheme": "for-against"}}


@pytest.fixture
def stores(sqlite_stores):
    return sqlite_stores


def said(html):
    """The text of a page, without its style, every run of white space one space."""
    body = html.partition("<body>")[2]
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", body)))


def report(store, caller=CLERK):
    return usecases.count_report(store, BODY, "p1", caller)


def a_count(store, marks, rules=None, present=79):
    with_meeting(store, present=present)
    open_poll(store, rules=rules)
    cast(store, zip(issue(store, present), marks, strict=False))
    return count(store)


def test_the_count_report_has_every_figure_and_the_reasoning(store):
    counted = a_count(store, [["water", "road"]] * 60 + [["clinic"]] * 15 + [[]] * 3)
    text = said(page("count-report", report(store)))
    assert "全体代表 应到代表 实到代表 发出票 收回票 有效票 废票 其中弃权 79 79 79 79 78 78 0 3" in text
    assert "1 项目 water 60 通过 2 项目 road 60 通过 3 项目 clinic 15 未通过" in text
    assert "全体代表79名，过半数为40票" in text
    assert counted["count_hash"] in text
    assert "总监票人" in text
    assert "结果尚未宣布" in text
    declare(store)
    assert "结果尚未宣布" not in said(page("count-report", report(store, caller=None)))


def test_documents_tell_all_deputies_from_those_due_where_seats_are_vacant(store):
    with_body(store, 20)
    body = {"name": "永安镇人民代表大会", "level": "township", "deputies_total": 25}
    usecases.register_body(store, BODY, body)
    usecases.call_meeting(store, BODY, {"meeting": "m1", "title": "第一次会议", "quorum": "2/3"})
    usecases.call_roll(store, BODY, "m1", [str(number) for number in range(1, 19)], NOW)
    usecases.open_meeting(store, BODY, "m1", NOW)
    open_poll(store)
    cast(store, [(code, ["water"]) for code in issue(store, 18)])
    count(store)
    declare(store)
    text = said(page("count-report", report(store)))
    assert "全体代表 应到代表 实到代表 发出票 收回票 有效票 废票 其中弃权 25 20 18 18 18 18 0 0" in text
    for told in (text, said(page("announcement", usecases.announcement(store, BODY, "p1")))):
        assert "全体代表25名（含缺额5名），应到代表20名，实到代表18名；全体代表的三分之二为17名" in told
        assert "全体代表25名，过半数为13票" in told


def test_the_count_report_has_each_channel_and_what_was_issued_by_one_that_failed(store):
    with_meeting(store)
    prepare(store)
    usecases.appoint(store, BODY, "p1", by_hand.OFFICERS)
    usecases.open_poll(store, BODY, "p1", RULES_LOADED, SCHEMES_LOADED, NOW)
    cast(store, [(code, ["water"]) for code in issue(store, 3)])
    by_hand.open_channel(store, "keys", "keypad", issued=4)
    by_hand.close(store)
    by_hand.strike(store, "keys")
    by_hand.open_channel(store, "annex", "hand-tallies", replaces="keys")
    tally = {"valid": 3, "invalid": 1, "blank": None, "tallies": {"water": 1, "road": 2, "clinic": 0}}
    by_hand.enter(store, tally, channel="annex")
    by_hand.box(store, 4, "annex")
    by_hand.count(store)
    text = said(page("count-report", report(store)))
    assert "其中弃权 凭码电子投票 3 3 0 3 0 0 表决器 keys 4 计票作废：表决器故障" in text
    assert "纸质票人工计票 annex，替代keys 4 4 0 3 1 — 合计 7 7 0 6 1 —" in text


def test_the_count_report_of_for_and_against_has_all_three(store):
    papers = [{"water": "for", "road": "against"}] * 50 + [{"water": "against"}] * 10
    a_count(store, papers, FOR_AGAINST)
    assert "项目 water 50 10 0 通过 2 项目 road 0 50 10 未通过" in said(page("count-report", report(store)))


def test_the_count_report_names_those_who_signed_and_when(store):
    with_meeting(store)
    prepare(store)
    given = {"scrutineers": [{"id": "7", "name": None}, {"id": "8", "name": None}], "chief": "8"}
    usecases.appoint(store, BODY, "p1", given | {"tellers": [{"id": "t", "name": "老何"}], "conflicts": []})
    usecases.open_poll(store, BODY, "p1", RULES_LOADED, SCHEMES_LOADED, NOW)
    cast(store, [(code, ["water"]) for code in issue(store, 79)])
    count_hash = count(store)["count_hash"]
    usecases.sign(store, BODY, "p1", "7", count_hash, RECORDER.key, NOW)
    text = said(page("count-report", report(store)))
    assert "总监票人 代表8 监票人 代表7 2022年4月16日9时30分 确认 计票人 老何" in text


def test_a_count_report_is_for_counters_until_the_result_is_declared(store):
    with pytest.raises(UnknownPoll):
        report(store)
    with_meeting(store)
    open_poll(store)
    with pytest.raises(PollNotCounted):
        report(store)
    count(store)
    with pytest.raises(PollNotDeclared):
        report(store, caller=None)
    with pytest.raises(PollNotDeclared):
        usecases.announcement(store, BODY, "p1")
    assert report(store)["declared_on"] is None
    declare(store)
    assert report(store, caller=None)["declared_on"] == "2022年4月16日"


def test_the_announcement_lists_the_adopted_by_their_votes(store):
    a_count(store, [["road"]] * 30 + [["water", "road"]] * 45 + [["clinic"]] * 4)
    declare(store)
    text = said(page("announcement", usecases.announcement(store, BODY, "p1")))
    assert "永安镇人民代表大会公告" in text
    assert "下列2项2022年民生实事项目获得通过： 1. 项目 road 赞成 75 票 2. 项目 water 赞成 45 票" in text
    assert "下列项目未获通过： 1. 项目 clinic 赞成 4 票" in text
    assert "第一次会议主席团 2022年4月16日" in text
    assert "代表1" not in text


def test_the_announcement_of_a_tie_says_what_follows(store):
    a_count(store, [["water", "road"]] * 50 + [["clinic"]] * 5, RULES | {"seats": 1})
    declare(store)
    text = said(page("announcement", usecases.announcement(store, BODY, "p1")))
    assert "下列项目将再次投票： 1. 项目 water 赞成 50 票 2. 项目 road 赞成 50 票" in text
    assert "获得通过：" not in text


def test_a_count_without_papers_has_its_documents(store):
    a_count(store, [])
    declare(store)
    assert "没有达到通过票数的项目" in said(page("announcement", usecases.announcement(store, BODY, "p1")))


def test_the_roll_call_sheet_has_all_who_are_due_and_who_is_there(store):
    with_meeting(store, present=60)
    text = said(page("roll-call", usecases.roll_call_sheet(store, BODY, "m1", NOW)))
    assert "应到代表79名 实到代表60名 缺席19名" in text
    assert "第一代表团（79名）" in text
    assert "60 代表60 √ 61 代表61 缺席" in text
    with pytest.raises(UnknownMeeting):
        usecases.roll_call_sheet(store, BODY, "m9", NOW)


def test_the_roll_call_sheet_is_to_be_signed_before_the_roll_is_called(store):
    with_body(store)
    usecases.call_meeting(store, BODY, {"meeting": "m1", "title": "第一次会议", "quorum": "2/3"})
    text = said(page("roll-call", usecases.roll_call_sheet(store, BODY, "m1", NOW)))
    assert "签到" in text
    assert "缺席" not in text
    assert "√" not in text


def test_a_deputy_who_has_left_the_roll_stays_on_the_sheet_of_the_meeting(store):
    with_meeting(store, present=60)
    one = [{"id": "1", "name": "代表1", "delegation": "甲", "district": None}]
    usecases.replace_roll(store, BODY, one, "clerk", NOW)
    facts = usecases.roll_call_sheet(store, BODY, "m1", NOW)
    assert [len(each["deputies"]) for each in facts["delegations"]] == [1, 78]


def test_what_users_wrote_stays_text(store):
    with_body(store)
    evil = "<script>alert(1)</script>&\"'"
    usecases.call_meeting(store, BODY, {"meeting": "m1", "title": evil, "quorum": "2/3"})
    html = page("roll-call", usecases.roll_call_sheet(store, BODY, "m1", NOW))
    assert "<script" not in html
    assert evil in unescape(html)


@pytest.mark.parametrize("template", ["count-report", "announcement", "roll-call"])
def test_a_page_needs_nothing_from_anywhere_and_its_policy_allows_nothing(store, template):
    a_count(store, [["water"]] * 70)
    declare(store)
    facts = {
        "count-report": lambda: report(store),
        "announcement": lambda: usecases.announcement(store, BODY, "p1"),
        "roll-call": lambda: usecases.roll_call_sheet(store, BODY, "m1", NOW),
    }[template]()
    html = page(template, facts)
    assert not re.search(r"<script|<link|<img|<iframe|<form|https?:|url\(| on\w+=| style=", html)
    assert policy(html).startswith("default-src 'none'; style-src 'sha256-")
    assert html.count("<style>") == 1
