"""The reasoning of a result in Chinese, as the documents print it: every figure with what it is compared
to."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta, timezone
from fractions import Fraction
from typing import Any

from ballots.domain.reading import read_fraction
from ballots.domain.rules import Rules

CHINA = timezone(timedelta(hours=8))
_DIGITS = "零一二三四五六七八九十"
_BASES = {
    "deputies": ("全体代表", "名"),
    "present": ("实到代表", "名"),
    "valid": ("有效票", "张"),
}


def date_of(moment: datetime) -> str:
    """2022年4月16日, as it is in China."""
    return day_of(moment.astimezone(CHINA).date())


def day_of(day: date) -> str:
    """2022年4月16日."""
    return f"{day.year}年{day.month}月{day.day}日"


def moment_of(moment: datetime) -> str:
    """2022年4月16日9时30分, as it is in China."""
    local = moment.astimezone(CHINA)
    return f"{date_of(moment)}{local.hour}时{local.minute:02}分"


def share_of(share: Fraction) -> str:
    """三分之二, 半数; with digits where the numbers are above ten."""
    if share == Fraction(1, 2):
        return "半数"
    if share == 1:
        return "全部"
    return f"{_numeral(share.denominator)}分之{_numeral(share.numerator)}"


def unit_of(result: Mapping[str, Any]) -> str:
    """What projects were given: 票, or 分 where a paper gives points."""
    tallies: Mapping[str, Any] = result["tallies"] or {}
    return "分" if any("points" in tally for tally in tallies.values()) else "票"


_CHANNELS = {
    "codes": "凭码电子投票",
    "hand-papers": "纸质票逐张录入",
    "hand-tallies": "纸质票人工计票",
    "keypad": "表决器",
}


def channel_name(channel: str, kind: str) -> str:
    """Of what kind it is, and its id, where there may be several."""
    return kind_name(kind) if kind == "codes" else f"{kind_name(kind)}（{channel}）"


def kind_name(kind: str) -> str:
    """Of a kind of channel; its own name where it is a plugin's."""
    return _CHANNELS.get(kind, kind)


def reasons(result: Mapping[str, Any], rules: Rules, titles: Mapping[str, str], due: int) -> list[str]:
    """The sentences from the roll call to the outcome. ``result``: of a count; ``titles``: of the candidates,
    in the paper's order; ``due``: how many deputies were due to attend, fewer than all where seats are
    vacant."""
    found = [_quorum(result, rules, due)]
    if result["outcome"] == "no-quorum":
        return [*found, "未达到法定人数，本次票决不产生结果。"]
    found += [_papers(result), _valid(result)]
    if result["outcome"] == "void":
        return found
    return [*found, _pass_mark(result, rules), _seats(rules, titles), *_outcome(result, rules, titles)]


def _quorum(result: Mapping[str, Any], rules: Rules, due: int) -> str:
    deputies, present, needed = (result[name] for name in ("deputies", "present", "quorum_needed"))
    met = "符合" if present >= needed else "不符合"
    vacant = f"（含缺额{deputies - due}名）" if due < deputies else ""
    return (
        f"全体代表{deputies}名{vacant}，应到代表{due}名，实到代表{present}名；"
        f"全体代表的{share_of(rules.quorum)}为{needed}名，到会人数{met}法定人数。"
    )


def _papers(result: Mapping[str, Any]) -> str:
    issued, returned = result["issued"], result["returned"]
    text = f"发出表决票{issued}张，收回{returned}张，"
    if returned > issued:
        return f"{text}收回的多于发出的，本次票决无效，应当重新投票。"
    if result["outcome"] == "void":  # one box has too many, though papers of others are missing
        return f"{text}其中{_boxes_with_too_many(result)}，收回的多于发出的，本次票决无效，应当重新投票。"
    left = f"未收回{result['unreturned']}张，" if result["unreturned"] else ""
    return f"{text}{left}收回的不多于发出的，本次票决有效。"


def _boxes_with_too_many(result: Mapping[str, Any]) -> str:
    over = [each for each in result["channels"] if each["returned"] > each["issued"]]
    return "、".join(
        f"{channel_name(each['channel'], each['kind'])}发出{each['issued']}张、收回{each['returned']}张"
        for each in over
    )


def _valid(result: Mapping[str, Any]) -> str:
    text = f"收回的表决票中，有效票{result['valid']}张，废票{result['invalid']}张"
    blank = f"；有效票中有{result['blank']}张未作标记，计为弃权" if result["blank"] else ""
    return f"{text}{blank}。"


def _pass_mark(result: Mapping[str, Any], rules: Rules) -> str:
    mark, unit = result["pass_mark"], unit_of(result)
    parameters = rules.adoption.parameters
    if rules.adoption.name == "majority" and str(parameters["of"]) in _BASES:
        of = str(parameters["of"])
        name, measure = _BASES[of]
        share = share_of(read_fraction(parameters["more_than"], "more_than"))
        more = "过半数" if share == "半数" else f"超过{share}"
        return (
            f"{name}{result[of]}{measure}，{more}为{mark}票；得赞成票{mark}票以上（含{mark}票）的，方为通过。"
        )
    if rules.adoption.name == "plurality":
        return f"按得{unit}多少确定，不设通过{unit}数；没有得{unit}的不能通过。"
    least = f"，通过{unit}数为{mark}{unit}" if mark is not None else ""
    return f"按规则“{rules.adoption.name}”确定{least}。"


def _seats(rules: Rules, titles: Mapping[str, str]) -> str:
    differential = "，差额票决" if len(titles) > rules.seats else ""
    return f"候选项目{len(titles)}项，应选{rules.seats}项{differential}。"


def _outcome(result: Mapping[str, Any], rules: Rules, titles: Mapping[str, str]) -> list[str]:
    adopted, unit = len(result["adopted"]), unit_of(result)
    text = [_adopted(result, rules, titles)]
    if result["outcome"] == "runoff":
        tied: Sequence[str] = result["tied"]
        names = "、".join(f"“{titles[project]}”" for project in tied)
        text.append(
            f"{names}得{unit}相同，均为{result['votes'][tied[0]]}{unit}，而应选项目还有{result['open_seats']}项"
            "未定，须就这些项目再次投票。"
        )
    if result["outcome"] == "shortfall":
        text.append(f"通过的项目{adopted}项，不足应选{rules.seats}项，尚缺{result['open_seats']}项。")
    return text


def _adopted(result: Mapping[str, Any], rules: Rules, titles: Mapping[str, str]) -> str:
    adopted, unit = len(result["adopted"]), unit_of(result)
    mark = 1 if result["pass_mark"] is None else result["pass_mark"]
    over = sum(result["votes"][project] >= mark for project in titles)
    if rules.adoption.name not in ("majority", "plurality"):
        return f"{adopted}项通过。" if adopted else "没有项目通过。"
    reached = f"达到通过{unit}数" if result["pass_mark"] is not None else f"得{unit}"
    if not over:
        return f"没有{reached}的项目。"
    if over == adopted:
        return f"{reached}的项目有{over}项，不多于应选{rules.seats}项，均获通过。"
    return f"{reached}的项目有{over}项，多于应选{rules.seats}项，按得{unit}多少确定，{adopted}项通过。"


def _numeral(number: int) -> str:
    return _DIGITS[number] if number <= 10 else str(number)
