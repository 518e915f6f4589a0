"""The parts of a rehearsal's story as tables and panels."""

from typing import Any, Final

from rich import box
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from piaojue.rehearsal.channel_fields import CHINESE_KINDS

BAR: Final = 20
SHOWN: Final = "cyan"
CHINESE_OUTCOMES: Final = {
    "complete": "已选足",
    "runoff": "同票再投",
    "shortfall": "未选足",
    "void": "票决无效",
    "no-quorum": "不足法定人数",
}
_OF_CHANNEL: Final = ("issued", "returned", "valid", "invalid", "blank")


def _table(title: str, *columns: tuple[str, dict[str, Any]]) -> Table:
    table = Table(
        title=title,
        title_justify="left",
        title_style="bold",
        box=box.ROUNDED,
        border_style=SHOWN,
        expand=True,
    )
    for name, options in columns:
        table.add_column(name, **options)
    return table


_TEXT: Final[dict[str, Any]] = {"ratio": 1, "overflow": "fold"}
_FIGURE: Final[dict[str, Any]] = {"justify": "right", "no_wrap": True}


def candidates(story: dict[str, Any]) -> RenderableType:
    table = _table(
        f"候选项目 Candidate projects {story['year']}",
        ("Project", _TEXT),
        ("Implementing unit", _TEXT),
        ("Budget ¥", _FIGURE),
        ("Finish by", {"no_wrap": True}),
    )
    for each in story["candidates"]:
        table.add_row(each["title"], each["implementing_unit"], f"{each['budget']:,}", each["finish_by"])
    return table


def heading(poll: dict[str, Any]) -> RenderableType:
    number = poll["round"]
    which = f"第{number}轮 round {number} · " if number > 1 else ""
    return Rule(Text(f"{which}{poll['title']}", style="bold"), style=SHOWN, align="left")


def poll(poll: dict[str, Any]) -> RenderableType:
    result = poll["result"]
    table = _table(
        "计票报告单 Count report",
        ("Project", _TEXT),
        ("Votes", _FIGURE),
        ("Of all deputies", {"no_wrap": True}),
        ("Outcome", {"no_wrap": True}),
    )
    for each in poll["candidates"]:
        votes = (result["votes"] or {}).get(each["project"])
        table.add_row(
            each["title"],
            "–" if votes is None else str(votes),
            bar(votes or 0, result["deputies"], result["pass_mark"]),
            _outcome(each["project"], result),
        )
    warnings = [
        f"Outside of the profile, as it lets be: {each['detail']}." for each in poll["warnings"] or ()
    ]
    told = _noted(table, "\n".join([_figures(result), *warnings]), poll["note"])
    return Group(told, Text(), _channels(poll, result)) if "channels" in poll else told


def _channels(poll: dict[str, Any], result: dict[str, Any]) -> RenderableType:
    """The struck ones too, whose figures do not count."""
    table = _table(
        "各渠道 Papers by channel",
        ("Channel", _TEXT),
        *((name, _FIGURE) for name in ("Issued", "Returned", "Valid", "Invalid", "Blank")),
    )
    for each in poll["channels"]:
        style = "dim" if each["struck"] is not None else ""
        figures = (_figure(each[key]) for key in _OF_CHANNEL)
        table.add_row(_channel(each), *figures, style="bold red" if _is_over(each) else style)
    table.add_section()
    table.add_row("合计 together", *(_figure(result[key]) for key in _OF_CHANNEL), style="bold")
    return table


def _is_over(channel: dict[str, Any]) -> bool:
    return channel["struck"] is None and channel["returned"] > channel["issued"]


def _channel(channel: dict[str, Any]) -> str:
    name = f"{CHINESE_KINDS.get(channel['kind'], '')} {channel['channel']}".strip()
    if channel["struck"] is not None:
        name += f"\n作废 struck\n{channel['struck']}"
    if _is_over(channel):
        name += "\n多于发出 more than issued"
    if channel["replaces"] is not None:
        name += f"\n代替 in place of {channel['replaces']}"
    return name


def decisions(story: dict[str, Any]) -> RenderableType:
    titles = {each["id"]: each["title"] for each in story["candidates"]}
    table = _table(
        "同一决定的各轮 Rounds of one decision",
        ("", {"no_wrap": True}),
        ("Candidates\nfor seats", _FIGURE),
        ("Outcome", {"no_wrap": True}),
        ("通过 Adopted", _TEXT),
    )
    for decision in story["decisions"]:
        for number, each in enumerate(decision["rounds"], 1):
            adopted = "、".join(titles[project] for project in each["adopted"]) or "–"
            outcome = f"{CHINESE_OUTCOMES[each['outcome']]} {each['outcome']}"
            figures = f"{each['candidates']} for {each['seats']}"
            table.add_row(f"第{number}轮 {number}", figures, outcome, adopted)
        table.add_section()
    return table


def _noted(table: Table, caption: str, note: str | None) -> RenderableType:
    """What belongs under a table; the file's own remark last."""
    lines = [Text(caption, style="dim"), *([Text(note, style="italic yellow")] if note else [])]
    return Group(table, *(Padding(line, (0, 1)) for line in lines))


def _outcome(project: str, result: dict[str, Any]) -> Text:
    if result["votes"] is None:
        return Text("未决 undecided", style="yellow")
    if project in result["adopted"]:
        return Text("通过 adopted", style="bold green")
    if project in result["tied"]:
        return Text("再次投票 runoff", style="yellow")
    return Text("未通过 not adopted", style="dim")


def _figures(result: dict[str, Any]) -> str:
    lines = (
        {
            "全体 deputies": "deputies",
            "实到 present": "present",
            "发出 issued": "issued",
            "收回 returned": "returned",
        },
        {"有效 valid": "valid", "废票 invalid": "invalid", "弃权 blank": "blank"},
    )
    told = [[f"{name} {_figure(result[key])}" for name, key in line.items()] for line in lines]
    return "\n".join(" · ".join(line) for line in (told[0], [*told[1], _mark(result)]))


def _figure(number: int | None) -> str:
    """A hand count may not tell how many were blank."""
    return "–" if number is None else str(number)


def _mark(result: dict[str, Any]) -> str:
    if result["votes"] is None:
        return f"{CHINESE_OUTCOMES[result['outcome']]} {result['outcome']}"
    mark = "order of votes alone" if result["pass_mark"] is None else result["pass_mark"]
    return f"通过票数 pass mark {mark}"


def notice(poll: dict[str, Any]) -> RenderableType:
    return Group(*(_announcement(poll["notice"][language]) for language in ("zh-CN", "en")))


def _announcement(notice: dict[str, str]) -> Panel:
    return Panel(
        Text(notice["text"].strip()),
        title=Text(notice["title"], style="bold"),
        box=box.ROUNDED,
        border_style=SHOWN,
        padding=(1, 2),
    )


def rating(story: dict[str, Any]) -> RenderableType:
    rating = story["rating"]
    table = _table(
        "满意度测评 Satisfaction rating",
        ("Project", _TEXT),
        ("Valid", _FIGURE),
        *((_grade(each), _FIGURE) for each in rating["scale"]),
        ("Verdict", {"no_wrap": True}),
    )
    for project in rating["projects"]:
        result = rating["results"][project["project"]]
        shares = [f"{result['counts'][each]}\n{result['shares'][each]} %" for each in rating["scale"]]
        verdict = Text(_grade(result["verdict"]), style="bold green")
        table.add_row(project["title"], str(result["valid"]), *shares, verdict)
    told = f"{rating['members']} members of those who rate; shares are of the valid forms."
    return _noted(table, told, rating["note"])


def _grade(name: str) -> str:
    chinese = {"satisfied": "满意", "basically": "基本满意", "dissatisfied": "不满意"}.get(name)
    return f"{chinese}\n{name}" if chinese else name


def logs(story: dict[str, Any]) -> RenderableType:
    table = _table(
        "事件链 Logs of events",
        ("Service", _TEXT),
        ("Events", _FIGURE),
        ("Last hash", {"no_wrap": True}),
        ("Chain", {"no_wrap": True}),
    )
    for service, log in story["logs"].items():
        good = Text("intact", style="bold green") if log["verified"] else Text("BROKEN", style="bold red")
        table.add_row(service, str(log["events"]), f"{log.get('hash', ''):.16}…", good)
    return table


def bar(done: int, total: int, mark: int | None = None) -> Text:
    """Filled as far as done; ``mark`` is shown as a line across."""
    filled, at = (round(BAR * each / max(total, 1)) for each in (done, mark or 0))
    bar = Text("━" * filled, style="green" if mark is None or done >= mark else "yellow")
    bar.append("─" * (BAR - filled), style="dim")
    if mark is None:
        return bar
    return Text.assemble(bar[:at], ("╂", "bold"), bar[at:])
