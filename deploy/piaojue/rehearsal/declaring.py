"""What comes of a poll: the count, its signatures, the declared result, its documents and its record."""

from random import SystemRandom
from typing import Any

from piaojue.rehearsal.channels import tell_them
from piaojue.rehearsal.checking import OF_POLL
from piaojue.rehearsal.polling import Polling
from piaojue.rehearsal.year import number_of
from piaojue_verify import NotARecord, Report, read, verify


def close(polling: Polling) -> None:
    polling.before("close")
    with polling.year.step("投票结束", "Poll closed") as step:
        polling.calls.close()
        step.say("no paper is accepted any more")


def count(polling: Polling) -> None:
    """Compared with a count of the file, and with what the file expects."""
    year, poll = polling.year, polling.poll
    polling.before("count")
    with year.step("计票", "Poll counted") as step:
        result = polling.story["result"] = polling.calls.count()["result"]
        what, forecast = f"polls.{poll['id']}", year.plan.forecasts.get(poll["id"])
        if forecast is not None:
            year.compare(what, result, forecast.result)
        by_id = {each["channel"]: each for each in result.get("channels", ())}
        found = {**result, **_of_poll(polling.story), "channels": by_id}
        year.compare(what, found, poll["expect"] or {})
        step.say(result["outcome"] + (", as counted by hand" if forecast is not None else ""))
    tell_them(polling)


def _of_poll(story: dict[str, Any]) -> dict[str, Any]:
    told = {
        "round": story["round"]["number"],
        "seats": story["rules"]["seats"],
        "candidates": [each["project"] for each in story["candidates"]],
        "warnings": [each["rule"] for each in story["warnings"] or ()],
    }
    assert tuple(told) == OF_POLL
    return told


def sign(polling: Polling) -> None:
    """Each scrutineer confirms the same count; the chief last."""
    polling.before("sign")
    officers = polling.poll["officers"]
    if officers is None:
        return
    with polling.year.step("签字", "Count signed") as step:
        chief = officers["chief"]
        for person in [*(each for each in officers["scrutineers"] if each != chief), chief]:
            signed = polling.story["signed"] = polling.calls.sign(person)
        step.say("{signed} of {of} scrutineers, the chief last".format(**signed))


def declare(polling: Polling) -> None:
    year, story = polling.year, polling.story
    polling.before("declare")
    with year.step("宣布结果", "Result declared") as step:
        declared = polling.calls.declare()
        year.compare(f"polls.{story['poll']}.result", declared["result"], story["result"])
        year.compare(f"polls.{story['poll']}.result", polling.calls.show()["result"], story["result"])
        step.say(number_of(len(story["result"]["adopted"]), "project") + " adopted")
    year.watcher.show("poll", story)


def announce(polling: Polling) -> None:
    """What the public reads: notifications has heard of the result by an event; and the documents."""
    year, story = polling.year, polling.story
    with year.step("公告", "Announcement published") as step:
        story["notice"] = year.notice("result_declared")
        step.say("in Chinese and English")
    year.watcher.show("notice", story)
    with year.step("文书", "Documents made") as step:
        titles = [each["title"] for each in story["candidates"]]
        for name in ("count-report", "announcement"):
            page = year.suite.fetch("GET", polling.calls.path("documents", name)).decode()
            if name == "count-report" or story["result"]["votes"] is not None:
                year.expect(all(each in page for each in titles), f"the {name} does not name every project")
        path = year.path("ballots", "meetings", year.plan.meeting["id"], "documents", "roll-call")
        year.suite.fetch("GET", path, role="clerk")
        step.say("report, announcement, roll call")


def verify_record(polling: Polling) -> None:
    """Offline, by a program that shares nothing with the suite; with the receipt of one of the papers."""
    year, story = polling.year, polling.story
    with year.step("核验记录", "Record verified") as step:
        key = year.suite.get("/ballots/record-key")
        octets = year.suite.fetch("GET", polling.calls.path("record"))
        try:
            record = read(octets)
        except NotARecord as fault:
            year.expect(False, f"polls.{story['poll']}: the record is none: {fault}")
            return
        counted = "channels" not in record or record["channels"][0]["struck"] is None
        receipt = SystemRandom().choice(polling.receipts) if polling.receipts and counted else None
        foreign = story["poll"] not in year.plan.forecasts
        report = verify(record, key=key, receipt=receipt, without_recount=foreign)
        year.failures += [f"polls.{story['poll']}: the record: {each}" for each in _faults(report)]
        lacking = set(polling.receipts) - set(record["receipts"])
        year.expect(not lacking, f"polls.{story['poll']}: {len(lacking)} receipts are not in the record")
        checks = sum(check.state == "holds" for check in report.checks)
        story["record"] = {"verified": report.ok and not lacking, "checks": checks}
        story["record"] |= {"receipts": len(record["receipts"]), "record_hash": record["record_hash"]}
        story["record"]["events"] = record["events"]
        receipts = number_of(len(polling.receipts), "receipt") if polling.receipts else "all on paper"
        step.say(f"recounted; {checks} checks, {receipts}")


def _faults(report: Report) -> list[str]:
    return [f"{check.name}: {fault}" for check in report.failed for fault in check.faults]


def show_decisions(polled: list[Polling]) -> None:
    """The rounds of each decision, as the suite tells that they belong together."""
    year = polled[0].year
    by_id = {polling.story["poll"]: polling for polling in polled}
    decisions = year.story["decisions"] = []
    for polling in polled:
        if polling.story["round"]["number"] > 1:
            continue
        rounds = [by_id[each] for each in polling.calls.show()["round"]["polls"] if each in by_id]
        decisions.append(_decision([each.story for each in rounds]))
    for polling in polled:
        follows, story = polling.poll["follows"], polling.story
        year.expect(story["round"]["follows"] == follows, f"polls.{story['poll']}: does not follow {follows}")
    if any(len(each["rounds"]) > 1 for each in decisions):
        year.watcher.show("decisions", year.story)


def _decision(stories: list[dict[str, Any]]) -> dict[str, Any]:
    held = [each for each in stories if "result" in each]
    rounds = [
        {
            "poll": each["poll"],
            "title": each["title"],
            "candidates": len(each["candidates"]),
            "seats": each["rules"]["seats"],
            **{key: each["result"][key] for key in ("outcome", "adopted", "tied", "open_seats")},
        }
        for each in held
    ]
    adopted = [project for each in rounds for project in each["adopted"]]
    return {"decision": stories[0]["poll"], "rounds": rounds, "adopted": adopted}
