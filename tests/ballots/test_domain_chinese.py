"""The reasoning of a result in Chinese: figures of real and made-up polls, and what is said of them."""

from datetime import UTC, datetime
from fractions import Fraction

import pytest

from ballots.domain import Rules, count_sheet
from ballots.domain.chinese import date_of, moment_of, reasons, share_of

TITLES = {"water": "饮水", "road": "道路", "clinic": "卫生院"}
MAJORITY = {"rule": "majority", "of": "deputies", "more_than": "1/2"}


def reasoned(papers, *, seats=2, adoption=MAJORITY, marking=None, due=79, **figures):
    marking = marking or {"scheme": "choose", "at_most": 3}
    fixed = {"seats": seats, "marking": marking, "adoption": adoption}
    sheet = {"deputies": 79, "present": 79, "candidates": list(TITLES), "papers": papers, **fixed, **figures}
    return reasons(count_sheet(sheet), Rules.read(fixed), TITLES, due)


def times(number, *marks):
    return {"times": number, "marks": list(marks)}


def test_a_complete_poll_is_reasoned_from_the_roll_call_to_the_outcome():
    papers = [times(60, "water", "road"), times(15, "clinic"), times(3)]
    assert reasoned(papers, issued=79) == [
        "全体代表79名，应到代表79名，实到代表79名；全体代表的三分之二为53名，到会人数符合法定人数。",
        "发出表决票79张，收回78张，未收回1张，收回的不多于发出的，本次票决有效。",
        "收回的表决票中，有效票78张，废票0张；有效票中有3张未作标记，计为弃权。",
        "全体代表79名，过半数为40票；得赞成票40票以上（含40票）的，方为通过。",
        "候选项目3项，应选2项，差额票决。",
        "达到通过票数的项目有2项，不多于应选2项，均获通过。",
    ]


def test_deputies_due_are_not_all_where_seats_are_vacant():
    assert reasoned([times(15, "water")], deputies=25, present=18, issued=18, due=20)[0] == (
        "全体代表25名（含缺额5名），应到代表20名，实到代表18名；全体代表的三分之二为17名，到会人数符合法定人数。"
    )


def test_more_over_the_mark_than_seats_are_decided_by_their_votes():
    found = reasoned([times(60, "water", "road"), times(19, "clinic")], seats=1)
    assert "“饮水”、“道路”得票相同，均为60票，而应选项目还有1项未定，须就这些项目再次投票。" in found
    found = reasoned([times(50, "water", "road"), times(29, "road")], seats=1)
    assert found[-1] == "达到通过票数的项目有2项，多于应选1项，按得票多少确定，1项通过。"


def test_a_shortfall_says_how_many_are_lacking():
    found = reasoned([times(60, "water"), times(19, "road")])
    assert found[-2:] == [
        "达到通过票数的项目有1项，不多于应选2项，均获通过。",
        "通过的项目1项，不足应选2项，尚缺1项。",
    ]


def test_where_nothing_passed_it_is_said():
    assert "没有达到通过票数的项目。" in reasoned([times(20, "water")], issued=79)


def test_a_void_poll_ends_with_why():
    found = reasoned([times(79, "water")], issued=78)
    assert found[1] == "发出表决票78张，收回79张，收回的多于发出的，本次票决无效，应当重新投票。"
    assert len(found) == 3


def test_poll_that_one_box_voids_says_which():
    rules = {"seats": 2, "marking": {"scheme": "choose", "at_most": 3}, "adoption": MAJORITY}
    sheet = {"deputies": 79, "present": 79, "candidates": list(TITLES), "issued": 79, **rules}
    result = count_sheet({**sheet, "papers": [times(78, "water")]})
    figures = [("codes", "codes", 57, 55), ("hall", "hand-papers", 22, 23)]
    keys = ("channel", "kind", "issued", "returned")
    channels = [dict(zip(keys, each, strict=True)) for each in figures]
    found = reasons({**result, "outcome": "void", "channels": channels}, Rules.read(rules), TITLES, 79)
    assert found[1] == (
        "发出表决票79张，收回78张，其中纸质票逐张录入（hall）发出22张、收回23张，"
        "收回的多于发出的，本次票决无效，应当重新投票。"
    )


def test_without_a_quorum_nothing_more_is_said():
    assert reasoned([times(52, "water")], present=52) == [
        "全体代表79名，应到代表79名，实到代表52名；全体代表的三分之二为53名，到会人数不符合法定人数。",
        "未达到法定人数，本次票决不产生结果。",
    ]


@pytest.mark.parametrize(
    ("adoption", "said"),
    [
        (
            {"rule": "majority", "of": "present", "more_than": "2/3"},
            "实到代表75名，超过三分之二为51票；得赞成票51票以上（含51票）的，方为通过。",
        ),
        (
            {"rule": "majority", "of": "valid", "more_than": "1/2"},
            "有效票60张，过半数为31票；得赞成票31票以上（含31票）的，方为通过。",
        ),
        ({"rule": "plurality"}, "按得票多少确定，不设通过票数；没有得票的不能通过。"),
    ],
)
def test_the_pass_mark_is_said_with_its_base(adoption, said):
    assert said in reasoned([times(60, "water")], adoption=adoption, present=75, issued=75)


def test_shares_are_read_as_they_are_written():
    assert [share_of(Fraction(each)) for each in ("1/2", "2/3", "1", "11/20")] == [
        "半数",
        "三分之二",
        "全部",
        "20分之11",
    ]


def test_moments_are_those_of_china():
    late = datetime(2022, 4, 15, 17, 5, tzinfo=UTC)
    assert (date_of(late), moment_of(late)) == ("2022年4月16日", "2022年4月16日1时05分")
