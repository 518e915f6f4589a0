"""Days, money, numbers and grades as they are said in a language. What a template calls by these names."""

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta, timezone, tzinfo
from decimal import Decimal

CHINA = timezone(timedelta(hours=8))
_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_NUMERALS = "〇一二三四五六七八九"
_GRADES = {"satisfied": "满意", "basically": "基本满意", "dissatisfied": "不满意"}
_TEN_THOUSAND = 10_000

Filter = Callable[..., str]


def wording(language: str, zone: tzinfo = CHINA) -> Mapping[str, Filter]:
    """The filters of a language; English ones for a language that has none of its own.

    ``day``: of an event's date, or of its time, in ``zone``; ``moment``: a time in ``zone``; ``money``: of
    an amount in yuan; ``numeral``: the number of an entry in a list; ``grade``: of a rating's scale.
    """
    say_day, say_clock, money, numeral, grade = _CHINESE if language.startswith("zh") else _ENGLISH

    def day(given: str) -> str:
        return say_day(date.fromisoformat(given) if len(given) == 10 else _local(given, zone).date())

    def moment(given: str) -> str:
        local = _local(given, zone)
        return say_clock(say_day(local.date()), local)

    return {"day": day, "moment": moment, "money": money, "numeral": numeral, "grade": grade}


def _local(given: str, zone: tzinfo) -> datetime:
    return datetime.fromisoformat(given).astimezone(zone)


def _chinese_day(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"


def _chinese_clock(day: str, moment: datetime) -> str:
    return f"{day}{moment.hour}时{moment.minute:02}分"


def _chinese_money(amount: str) -> str:
    """``1200000.00`` → 120万元; exact, however long that gets."""
    yuan = Decimal(amount)
    if yuan < _TEN_THOUSAND:
        return f"{_plain(yuan)}元"
    return f"{_plain(yuan / _TEN_THOUSAND)}万元"


def _plain(amount: Decimal) -> str:
    text = f"{amount:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _chinese_numeral(number: int) -> str:
    """1 → 一, 12 → 十二, 20 → 二十; from a hundred on in digits."""
    tens, ones = divmod(number, 10)
    if not 0 < number < 100:
        return str(number)
    head = "" if not tens else "十" if tens == 1 else f"{_NUMERALS[tens]}十"
    return head + (_NUMERALS[ones] if ones else "")


def _chinese_grade(grade: str) -> str:
    return _GRADES.get(grade, grade)


def _english_day(day: date) -> str:
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def _english_clock(day: str, moment: datetime) -> str:
    return f"{day}, {moment.hour:02}:{moment.minute:02}"


def _english_money(amount: str) -> str:
    return f"CNY {Decimal(amount):,.2f}".removesuffix(".00")


def _english_grade(grade: str) -> str:
    return "basically satisfied" if grade == "basically" else grade


_CHINESE = (_chinese_day, _chinese_clock, _chinese_money, _chinese_numeral, _chinese_grade)
_ENGLISH = (_english_day, _english_clock, _english_money, str, _english_grade)
