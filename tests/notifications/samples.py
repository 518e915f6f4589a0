"""Events' data as notifications hears it, one of each kind; every sample fits its contract."""

from piaojue_contracts import all_event_types, event_type

BODY = {"body": "yongan", "body_name": "永安镇人民代表大会"}
PROJECTS = [
    {
        "project": "market",
        "title": "农贸市场改造",
        "content": "改造摊位120个。",
        "implementing_unit": "镇经济发展办公室",
        "budget": "1205000.50",
        "fund_source": "镇财政",
        "finish_by": "2022-10-31",
    },
    {
        "project": "elders",
        "title": "养老服务点",
        "content": "建设服务点3处。",
        "implementing_unit": "镇社会事务办公室",
        "budget": "860000.00",
        "fund_source": "上级补助",
        "finish_by": "2022-11-30",
    },
    {
        "project": "lights",
        "title": "公路亮灯",
        "content": "安装路灯320盏。",
        "implementing_unit": "镇经济发展办公室",
        "budget": "9000.00",
        "fund_source": "村集体自筹",
        "finish_by": "2022-09-30",
    },
]
NAMED = [{"project": each["project"], "title": each["title"]} for each in PROJECTS]
AT = "2022-04-15T23:05:00.000000Z"
RESULT = "piaojue.ballots.result_declared.v1"
POLL = {"meeting": "spring", "poll": "p1", "title": "2022年民生实事项目票决", "year": 2022}


def result(*, votes=(70, 60, 24), adopted=("market", "elders"), against=None, **changes):
    """The data of result_declared: 79 deputies, all there, two seats; ``changes`` by their field."""
    projects = [
        {
            **named,
            "adopted": named["project"] in adopted,
            "votes": votes[place] if votes else None,
            "against": against[place] if against else None,
            "abstain": 0 if against else None,
        }
        for place, named in enumerate(NAMED)
    ]
    return {
        **BODY,
        **POLL,
        "outcome": "complete",
        "seats": 2,
        "open_seats": 0,
        "pass_mark": 40,
        "projects": projects,
        "adopted": list(adopted),
        "tied": [],
        "deputies": 79,
        "present": 79,
        "issued": 79,
        "returned": 79,
        "unreturned": 0,
        "valid": 78,
        "invalid": 1,
        "blank": 1,
        "rules_hash": "a" * 64,
        "declared_at": AT,
        **changes,
    }


def by_points(points, papers):
    """Projects that were given points by so many papers; the first two are adopted."""
    return [
        named | {"adopted": place < 2, "votes": votes, "against": None, "abstain": None, "papers": given}
        for place, (named, votes, given) in enumerate(zip(NAMED, points, papers, strict=True))
    ]


def _figures(issued, returned):
    unreturned = max(issued - returned, 0)
    figures = {"issued": issued, "returned": returned, "unreturned": unreturned}
    return {**figures, "valid": returned, "invalid": 0, "blank": 0}


OUTCOMES = {
    "complete": result(),
    "for and against": result(against=(8, 17, 50)),
    "by order of votes": result(pass_mark=None, blank=None),
    "second round": result(decision="p1", round=2),
    "by points": result(pass_mark=None, projects=by_points((170, 150, 24), (70, 60, 24))),
    "some unreturned": result(returned=77, unreturned=2, valid=77, invalid=0, blank=0),
    "runoff": result(
        outcome="runoff",
        votes=(70, 50, 50),
        adopted=("market",),
        tied=["elders", "lights"],
        open_seats=1,
    ),
    "shortfall": result(outcome="shortfall", votes=(70, 12, 10), adopted=("market",), open_seats=1),
    "shortfall without any": result(outcome="shortfall", votes=(30, 12, 10), adopted=(), open_seats=2),
    "void": result(outcome="void", votes=None, adopted=(), open_seats=2, pass_mark=None, returned=80),
    "void by a channel": result(
        outcome="void",
        votes=None,
        adopted=(),
        open_seats=2,
        pass_mark=None,
        returned=78,
        channels=[
            {"channel": "codes", "kind": "codes", **_figures(57, 55)},
            {"channel": "hall", "kind": "hand-papers", **_figures(22, 23)},
        ],
    ),
    "no-quorum": result(
        outcome="no-quorum",
        votes=None,
        adopted=(),
        open_seats=2,
        pass_mark=None,
        present=52,
        issued=0,
        returned=0,
    ),
}


def grades(*forms):
    shares = ("96.70", "2.20", "1.10")
    names = ("satisfied", "basically", "dissatisfied")
    return [
        {"grade": name, "forms": number, "share": share}
        for name, number, share in zip(names, forms, shares, strict=True)
    ]


OBJECTION = {
    **BODY,
    **{"poll": "p1", "title": "2022年民生实事项目票决", "year": 2022},
    **{"objection": 2, "filed_at": "2022-04-17T16:05:00.000000Z", "answer_by": "2022-04-25"},
}
ANSWERED = {
    **OBJECTION,
    **{"outcome": "rejected", "answer": "经复核，得票与宣布的结果一致。", "late": False},
    "answered_at": "2022-04-20T02:00:00.000000Z",
}
RATING = {**BODY, "rating": "r1", "title": "2021年项目满意度测评", "members": 91}
RATED = {"valid": 91, "invalid": 0, "grades": grades(88, 2, 1), "combined": "98.90", "verdict": "satisfied"}
DATA = {
    "piaojue.proposals.suggestion_received.v1": {
        "body": "yongan",
        "year": 2022,
        "suggestion": "s-17",
        "title": "给公路装上路灯",
        "source": "hotline",
        "received_at": AT,
    },
    "piaojue.proposals.candidates_published.v1": {
        **BODY,
        "year": 2022,
        "candidates": PROJECTS,
        "published_at": AT,
    },
    "piaojue.proposals.implementation_started.v1": {
        **BODY,
        "year": 2022,
        "origin": "result",
        "projects": PROJECTS,
        "started_at": AT,
    },
    "piaojue.ballots.meeting_opened.v1": {
        **BODY,
        "meeting": "spring",
        "title": "永安镇人民代表大会会议",
        "due": 79,
        "present": 75,
        "quorum_needed": 53,
        "opened_at": AT,
    },
    "piaojue.ballots.poll_opened.v1": {
        **BODY,
        **POLL,
        "seats": 2,
        "candidates": NAMED,
        "rules": {},
        "rules_hash": "a" * 64,
        "deputies": 79,
        "present": 75,
        "quorum_needed": 53,
        "opened_at": AT,
    },
    "piaojue.ballots.channel_struck.v1": {
        "body": "yongan",
        "poll": "p1",
        "channel": "keys",
        "kind": "keypad",
        "struck_at": AT,
    },
    "piaojue.ballots.poll_counted.v1": {"body": "yongan", "meeting": "spring", "poll": "p1"},
    "piaojue.ballots.count_signed.v1": {"body": "yongan", "poll": "p1", "signed": 2, "of": 3},
    "piaojue.ballots.turnout_changed.v1": {
        "body": "yongan",
        "poll": "p1",
        "present": 79,
        "issued": 79,
        "returned": 41,
        "at": AT,
    },
    "piaojue.ballots.poll_closed.v1": {
        "body": "yongan",
        "meeting": "spring",
        "poll": "p1",
        "issued": 79,
        "returned": 77,
        "closed_at": AT,
    },
    RESULT: result(),
    "piaojue.ballots.objection_filed.v1": OBJECTION,
    "piaojue.ballots.objection_answered.v1": ANSWERED,
    "piaojue.ratings.rating_opened.v1": {
        **RATING,
        "projects": NAMED,
        "scale": ["satisfied", "basically", "dissatisfied"],
        "opened_at": AT,
    },
    "piaojue.ratings.rating_concluded.v1": {
        **RATING,
        "issued": 91,
        "returned": 91,
        "projects": [
            {**NAMED[0], **RATED},
            {**NAMED[1], **RATED, "valid": 0, "invalid": 91, "verdict": ""},
        ],
        "concluded_at": AT,
    },
}
HEARD = {each.type for each in all_event_types() if each.producer != "notifications"}


def check_samples():
    for type, data in [*DATA.items(), *((RESULT, data) for data in OUTCOMES.values())]:
        event_type(type).check(data)
