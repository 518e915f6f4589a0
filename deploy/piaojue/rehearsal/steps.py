"""The year, step by step, through the HTTP interfaces of a suite."""

from collections.abc import Callable
from random import SystemRandom
from typing import Any

from ballots.domain import count_sheet
from piaojue.rehearsal.checking import by_hand, rated_by_hand
from piaojue.rehearsal.client import RehearsalFailed, SuiteRefused, until
from piaojue.rehearsal.plan import Plan
from piaojue.rehearsal.year import Year, hand_in
from piaojue.versions import SERVICES
from piaojue_contracts import ChainBroken, verify
from ratings.domain import rate_sheet


def take(year: Year) -> None:
    """All of it, or up to where it could not go on; ``year.story`` and ``year.failures`` say what came of
    it."""
    year.story |= _beginning(year.plan, year.suite.url)
    try:
        for step in _steps(year.plan):
            step(year)
    except RehearsalFailed as failed:
        year.failures.append(str(failed))
    year.story |= {"failures": year.failures, "as_expected": not year.failures}


def _beginning(plan: Plan, url: str) -> dict[str, Any]:
    return {
        "title": plan.title,
        "notes": list(plan.notes),
        "suite": url,
        "body": dict(plan.body),
        "year": plan.year,
        "candidates": [dict(each) for each in plan.candidates],
    }


def _steps(plan: Plan) -> list[Callable[[Year], None]]:
    rating = [rate, conclude_rating] if plan.rating else []
    return [
        *[register, *[put_on_record] * bool(plan.record), *[suggest] * bool(plan.suggestions), publish],
        *[open_meeting, open_poll, cast, close, declare, hear_notice, *[implement], *rating, check_logs],
    ]


def register(year: Year) -> None:
    """The body and its roll; never over one that is there."""
    plan = year.plan
    with year.step("代表名册", "Body and roll") as step:
        if year.suite.find(year.path("ballots"), role="clerk"):
            raise RehearsalFailed(
                f"the body {year.body} is there already, and a rehearsal would replace its roll. Rehearse "
                "under another id (--as ID), or in a suite of its own (without --url)."
            )
        _see_roles(year)
        year.suite.put(year.path("ballots"), {key: plan.body[key] for key in ("name", "level")}, role="clerk")
        year.suite.put(year.path("ballots", "deputies"), {"deputies": list(plan.roll)}, role="clerk")
        step.say(f"{plan.body['name']}, {_number(len(plan.roll), 'deputy', 'deputies')}")


def _see_roles(year: Year) -> None:
    """That the token may close the poll, too: else that is told when all have voted, and cannot be undone."""
    try:
        year.suite.post(_poll(year, "closing"), role="scrutineer")
    except SuiteRefused as refusal:
        if refusal.status != 404:  # as it must be: there is no such poll yet
            raise


def put_on_record(year: Year) -> None:
    """Projects adopted before, so that they can be rated."""
    record = year.plan.record
    assert record is not None
    with year.step("往年项目", f"Projects of {record['year']}") as step:
        given = {"body_name": year.plan.body["name"], "projects": list(record["projects"])}
        year.suite.post(year.path("proposals", "years", record["year"], "record"), given, role="clerk")
        step.say(_number(len(record["projects"]), "project") + " put on record")


def suggest(year: Year) -> None:
    with year.step("征集", "Suggestions received") as step:
        for suggestion in year.plan.suggestions:
            given = {key: each for key, each in suggestion.items() if each is not None}
            year.suite.post(
                year.path("proposals", "suggestions"), {"year": year.plan.year, **given}, role="clerk"
            )
        step.say(_number(len(year.plan.suggestions), "suggestion"))


def publish(year: Year) -> None:
    """The candidate list; waits until ballots has heard of it."""
    plan = year.plan
    with year.step("初定", "Candidate list published") as step:
        path = year.path("proposals", "years", plan.year, "list")
        given = {"body_name": plan.body["name"], "projects": list(plan.candidates)}
        year.suite.put(path, given, role="clerk")
        year.suite.post(f"{path}/publication", role="clerk")
        until(
            "the candidate list in ballots",
            lambda: year.suite.find(year.path("ballots", "candidates", plan.year), role="clerk"),
        )
        step.say(f"{_number(len(plan.candidates), 'project')}, known to ballots")
    year.watcher.show("candidates", year.story)


def open_meeting(year: Year) -> None:
    meeting = year.plan.meeting
    with year.step("开会", "Meeting opened") as step:
        given = {"meeting": meeting["id"], "title": meeting["title"], "quorum": meeting["quorum"]}
        year.suite.post(year.path("ballots", "meetings"), given, role="clerk")
        path = year.path("ballots", "meetings", meeting["id"])
        year.suite.put(f"{path}/roll-call", {"present": year.plan.present}, role="clerk")
        opened = year.suite.post(f"{path}/opening", role="clerk")
        year.story["meeting"] = opened
        step.say("{due} due, {present} present, quorum {quorum_needed}".format(**opened))


def open_poll(year: Year) -> None:
    plan = year.plan
    with year.step("票决办法", "Poll opened, rules fixed") as step:
        given = {
            **{"poll": plan.poll["id"], "title": plan.poll["title"], "rules": plan.poll["rules"]},
            **{"meeting": plan.meeting["id"], "year": plan.year},
        }
        year.suite.post(year.path("ballots", "polls"), given, role="clerk")
        opened = year.suite.post(_poll(year, "opening"), role="clerk")
        year.story["poll"] = {key: opened[key] for key in ("poll", "title", "rules", "rules_hash")}
        year.story["poll"]["note"] = plan.poll["note"]
        step.say(f"{_number(plan.poll['rules']['seats'], 'seat')}, hash {opened['rules_hash'][:12]}…")


def cast(year: Year) -> None:
    """Slips are drawn at random, so which paper has which code is nobody's knowledge."""
    plan, story = year.plan, year.story["poll"]
    with year.step("投票", "Papers cast by code") as step:
        codes = year.suite.post(_poll(year, "slips"), {"slips": plan.slips}, role="clerk")["codes"]
        SystemRandom().shuffle(codes)
        papers = [{"marks": marks} for marks in plan.papers]
        hand_in(year, step, _poll(year, "papers"), codes, papers)
        seen = year.suite.get(_poll(year))
        story["turnout"] = {key: seen[key] for key in ("present", "issued", "returned")}
        year.expect(seen["result"] is None, "a result was shown while the poll was open")
        step.say("{returned} of {issued}; no running total shown".format(**seen))
    with year.step("一码一票", "A code cast twice") as step:
        story["cast_twice"] = year.refused(
            _poll(year, "papers"), {"code": codes[0], **papers[0]}, "code-spent"
        )
        step.say(f"refused: {story['cast_twice']}")


def close(year: Year) -> None:
    with year.step("计票", "Poll closed and counted") as step:
        year.suite.post(_poll(year, "closing"), role="scrutineer")
        result = year.suite.post(_poll(year, "count"), role="scrutineer")["result"]
        year.story["poll"]["result"] = result
        if by_hand(year.plan.poll["rules"]):
            year.compare("poll", result, count_sheet(year.plan.count_sheet()))
            step.say(f"{result['outcome']}, as counted by hand")
        else:
            step.say(result["outcome"])
        year.compare("poll", result, (year.plan.expect or {}).get("poll") or {})


def declare(year: Year) -> None:
    with year.step("宣布结果", "Result declared") as step:
        declared = year.suite.post(_poll(year, "declaration"), role="clerk")
        year.compare("poll.result", year.suite.get(_poll(year))["result"], declared["result"])
        step.say(_number(len(declared["result"]["adopted"]), "project") + " adopted")
    year.watcher.show("poll", year.story)


def hear_notice(year: Year) -> None:
    """What the public reads: notifications has heard of the result by an event."""
    with year.step("公告", "Announcement published") as step:
        year.story["poll"]["notice"] = year.notice("result_declared")
        step.say("in Chinese and English")
    year.watcher.show("notice", year.story)


def implement(year: Year) -> None:
    """Proposals has heard of the result, too."""
    adopted = year.story["poll"]["result"]["adopted"]
    if not adopted:
        return
    with year.step("实施", "Under implementation") as step:
        path = year.path("proposals", "years", year.plan.year, "projects")

        def under_way() -> set[str] | None:
            found = {each["id"] for each in (year.suite.find(path) or {}).get("projects", ())}
            return found if found >= set(adopted) else None

        found = until("the adopted projects in proposals", under_way)
        year.expect(found == set(adopted), "projects are under implementation that were not adopted")
        year.story["under_implementation"] = sorted(found)
        step.say(_number(len(found), "project"))


def rate(year: Year) -> None:
    """The projects of before, by forms with codes."""
    rating, rated = year.plan.rating, year.plan.rated
    assert rating is not None
    with year.step("满意度测评", "Rating opened") as step:
        until("the projects on record in ratings", lambda: _rateable(year, rated))
        given = {
            **{"rating": rating["id"], "title": rating["title"], "projects": rated},
            **{key: rating[key] for key in ("members", "scale", "verdict")},
            **{"body_name": year.plan.body["name"], "year": (year.plan.record or {}).get("year")},
        }
        year.suite.post(year.path("ratings", "ratings"), given, role="clerk")
        year.suite.post(_rating(year, "opening"), role="clerk")
        step.say(f"{_number(len(rated), 'project')}, {_number(rating['members'], 'member')}")
    with year.step("测评表", "Forms handed in by code") as step:
        forms = [{"grades": grades} for grades in year.plan.forms(rating)]
        issued = {"slips": rating["issued"] or len(forms)}
        codes = year.suite.post(_rating(year, "slips"), issued, role="clerk")["codes"]
        SystemRandom().shuffle(codes)
        hand_in(year, step, _rating(year, "forms"), codes, forms)
        again = year.refused(_rating(year, "forms"), {"code": codes[0], **forms[0]}, "code-spent")
        year.story["rating"] = {"rating": rating["id"], "title": rating["title"], "note": rating["note"]}
        year.story["rating"]["handed_in_twice"] = again
        step.say(f"{len(forms)} of {issued['slips']}; a code twice: {again}")


def conclude_rating(year: Year) -> None:
    rating, story = year.plan.rating, year.story["rating"]
    assert rating is not None
    with year.step("测评结果", "Rating concluded") as step:
        year.suite.post(_rating(year, "conclusion"), role="scrutineer")
        concluded = year.suite.get(_rating(year))
        story |= {"members": rating["members"], "scale": rating["scale"]}
        story["projects"] = concluded["projects"]
        story["results"] = concluded["results"]
        if rated_by_hand(rating):
            wanted = {each: rate_sheet(year.plan.rating_sheet(rating, each)) for each in year.plan.rated}
            year.compare("rating", story["results"], wanted)
        year.compare("rating", story["results"], (year.plan.expect or {}).get("rating") or {})
        story["notice"] = year.notice("rating_concluded")
        step.say(_number(len(story["results"]), "verdict") + ", announced")
    year.watcher.show("rating", year.story)


def check_logs(year: Year) -> None:
    """Every event of every service, fetched and followed from hash to hash."""
    year.story["logs"] = {}
    with year.step("事件链", "Logs of events verified") as step:
        for service in SERVICES:
            try:
                tip, last = verify(year.suite.log(service))
            except ChainBroken as broken:
                year.failures.append(f"the log of {service}: {broken}")
                year.story["logs"][service] = {"events": broken.sequence, "verified": False}
            except SuiteRefused as refusal:
                if refusal.slug != "body-not-allowed":
                    raise
                raise RehearsalFailed(
                    f"{refusal}. To verify the logs, use a token that is good for every body (--body '*')."
                ) from refusal
            else:
                year.story["logs"][service] = {"events": tip, "hash": last, "verified": True}
        total = sum(each["events"] for each in year.story["logs"].values())
        step.say(f"{_number(total, 'event')}, gapless and unaltered")
    year.watcher.show("logs", year.story)


def _poll(year: Year, *rest: str) -> str:
    return year.path("ballots", "polls", year.plan.poll["id"], *rest)


def _rating(year: Year, *rest: str) -> str:
    assert year.plan.rating is not None
    return year.path("ratings", "ratings", year.plan.rating["id"], *rest)


def _rateable(year: Year, rated: list[str]) -> bool | None:
    known = year.suite.find(year.path("ratings", "projects"), role="clerk") or {}
    return set(rated) <= {each["project"] for each in known.get("projects", ())} or None


def _number(number: int, one: str, many: str | None = None) -> str:
    return f"{number} {one if number == 1 else many or f'{one}s'}"
