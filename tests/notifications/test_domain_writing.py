"""Notices and messages, and the words for days, money and numbers."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.domain import (
    Fault,
    InvalidMessage,
    InvalidNotice,
    Message,
    Notice,
    Text,
    notice_published,
    wording,
)
from piaojue_contracts.notifications import NOTICE_PUBLISHED_V1

NOW = datetime(2022, 4, 16, 11, 5, 43, tzinfo=timezone(timedelta(hours=8)))
TEXTS = (Text("zh-CN", "公告", "一段。\n\n二段。"), Text("en", "Notice", "One."))
ZH, EN = wording("zh-CN"), wording("en")


def notice(**changes):
    fields = {"id": "n1", "body": "yongan", "kind": "result_declared", "texts": TEXTS, "about": "e1"}
    return Notice(**(fields | {"published_at": NOW} | changes))


def message(**changes):
    fields = {"id": "m1", "body": "yongan", "role": "department", "unit": "镇政府", "kind": "poll_opened"}
    return Message(**(fields | {"texts": TEXTS, "about": "e1", "written_at": NOW} | changes))


def test_notice_published_fits_its_contract():
    told = notice_published(notice())
    NOTICE_PUBLISHED_V1.check(told)
    assert told["published_at"] == "2022-04-16T03:05:43.000000Z"
    with pytest.raises(ValueError, match="zone"):
        notice_published(notice(published_at=datetime(2022, 4, 16)))


def test_notice_and_message_restored_are_the_same():
    assert Notice.restored(notice().as_stored()) == notice()
    assert Message.restored(message().as_stored()) == message()


@pytest.mark.parametrize(
    "wrong",
    [{"id": "N"}, {"body": ""}, {"kind": "x" * 64}, {"about": ""}, {"texts": ()}, {"texts": TEXTS[:1] * 2}],
)
def test_notice_and_message_invalid_cannot_be_built(wrong):
    with pytest.raises(InvalidNotice):
        notice(**wrong)
    with pytest.raises(InvalidMessage):
        message(**wrong)


@pytest.mark.parametrize("wrong", [{"role": "mayor"}, {"role": "deputy"}, {"unit": ""}])
def test_message_is_for_a_known_role_and_only_a_department_has_a_unit(wrong):
    with pytest.raises(InvalidMessage):
        message(**wrong)
    assert message(role="deputy", unit=None).unit is None


@pytest.mark.parametrize("wrong", [("zh_CN", "t", "t"), ("zh-CN", "a\nb", "t"), ("zh-CN", "t", " ")])
def test_text_invalid_cannot_be_built(wrong):
    with pytest.raises(Fault):
        Text(*wrong)


@given(st.text(min_size=1, max_size=700), st.lists(st.text(max_size=9000), min_size=1, max_size=5))
def test_text_fitted_always_fits_the_contract(title, paragraphs):
    if not title.strip() or not any(part.strip() for part in paragraphs):
        return
    text = Text.fitted("zh-CN", title, "\n\n".join(paragraphs))
    NOTICE_PUBLISHED_V1.check(notice_published(notice(texts=(text,))))


def test_text_too_long_loses_its_last_paragraphs_and_shows_it():
    text = Text.fitted("zh-CN", "题" * 301, "\n\n".join(["一" * 9000, "二" * 9000, "三" * 9000])).text
    assert text == "一" * 9000 + "\n\n" + "二" * 9000 + "\n\n……"
    assert len(Text.fitted("zh-CN", "题" * 301, "文" * 30000).text) == 20_000
    assert Text.fitted("zh-CN", "题" * 301, "文").title == "题" * 299 + "…"


def test_text_that_fits_is_left_as_it_is():
    assert Text.fitted("en", "A title", "One,\nand more.\n\nTwo.") == Text(
        "en", "A title", "One,\nand more.\n\nTwo."
    )


def test_day_is_that_of_the_place_and_not_of_greenwich():
    assert ZH["day"]("2022-04-15T23:05:00.000000Z") == "2022年4月16日"
    assert ZH["moment"]("2022-04-15T23:05:00Z") == "2022年4月16日7时05分"
    assert EN["moment"]("2022-04-15T23:05:00Z") == "16 April 2022, 07:05"
    assert wording("en", UTC)["day"]("2022-04-15T23:05:00Z") == "15 April 2022"
    assert (ZH["day"]("2022-10-31"), EN["day"]("2022-10-31")) == ("2022年10月31日", "31 October 2022")


@pytest.mark.parametrize(
    ("amount", "chinese", "english"),
    [
        ("1200000.00", "120万元", "CNY 1,200,000"),
        ("1205000.50", "120.50005万元", "CNY 1,205,000.50"),
        ("10000.00", "1万元", "CNY 10,000"),
        ("9999.90", "9999.9元", "CNY 9,999.90"),
        ("0.00", "0元", "CNY 0"),
        ("999999999999999.99", "99999999999.999999万元", "CNY 999,999,999,999,999.99"),
    ],
)
def test_money_is_said_exactly(amount, chinese, english):
    assert (ZH["money"](amount), EN["money"](amount)) == (chinese, english)


@given(st.integers(0, 10**17 - 1))
def test_money_in_chinese_can_be_read_back(fen):
    said = ZH["money"](f"{Decimal(fen).scaleb(-2):.2f}").removesuffix("元")
    factor = 1_000_000 if said.endswith("万") else 100
    assert Decimal(said.removesuffix("万")) * factor == fen


@pytest.mark.parametrize(
    ("number", "numeral"),
    [(1, "一"), (9, "九"), (10, "十"), (11, "十一"), (20, "二十"), (99, "九十九"), (100, "100")],
)
def test_entries_are_numbered_as_in_an_announcement(number, numeral):
    assert ZH["numeral"](number) == numeral
    assert EN["numeral"](number) == str(number)


def test_grade_of_a_scale_of_ones_own_is_left_as_it_is():
    assert [ZH["grade"](each) for each in ("satisfied", "basically", "优秀", "")] == [
        "满意",
        "基本满意",
        "优秀",
        "",
    ]
    assert EN["grade"]("basically") == "basically satisfied"
