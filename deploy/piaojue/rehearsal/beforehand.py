"""What is done before the first poll: the roll, the candidates, the meeting."""

from collections.abc import Iterator
from typing import Any

from piaojue.rehearsal.client import RehearsalFailed, SuiteRefused, until
from piaojue.rehearsal.incidents import happen
from piaojue.rehearsal.papers import Part
from piaojue.rehearsal.year import Year, number_of


def register(year: Year) -> None:
    """The body and its roll; never over one that is there."""
    plan = year.plan
    with year.step("代表名册", "Body and roll") as step:
        if year.suite.find(year.path("ballots"), role="clerk"):
            raise RehearsalFailed(
                f"the body {year.body} is there already, and a rehearsal would replace its roll. Rehearse "
                "under another id (--as ID), or in a suite of its own (without --url or --region)."
            )
        _see_roles(year)
        given = {key: plan.body[key] for key in ("name", "level", "deputies_total")}
        year.suite.put(year.path("ballots"), given, role="clerk")
        how = _enrol(year)
        step.say(f"{plan.body['name']}, {number_of(len(plan.roll), 'deputy', 'deputies')}{how}")


def _see_roles(year: Year) -> None:
    """That the token may close the poll, too, and that everybody can act who has to in person: else that is
    told when all have voted, and cannot be undone."""
    for poll in year.plan.polls:
        for role, person in acting(poll):
            year.suite.check_token(role, person)
    try:
        first = year.plan.polls[0]["id"]
        year.suite.post(year.path("ballots", "polls", first, "closing"), role="scrutineer")
    except SuiteRefused as refusal:
        if refusal.status != 404:  # as it must be: there is no such poll yet
            raise


def acting(poll: Part) -> Iterator[tuple[str, str]]:
    """Who acts by a token of their own, and in what role."""
    for person in (poll["officers"] or {}).get("scrutineers", ()):
        yield "scrutineer", person
    for channel in poll["channels"]:
        for batch in channel["batches"]:
            yield from (("teller", entry["by"]) for entry in batch["entries"])
            yield from (("scrutineer", found["by"]) for found in batch["settled"] if found["by"])
        if channel["box_by"]:
            yield "scrutineer", channel["box_by"]
    yield from (("deputy", objection["by"]) for objection in poll["objections"])


def _enrol(year: Year) -> str:
    path, file = year.path("ballots", "deputies"), year.plan.roll_file
    if file is None:
        year.suite.put(path, {"deputies": list(year.plan.roll)}, role="clerk")
        return ""
    answer = year.suite.send(f"{path}/import", file.octets, file.media_type, role="clerk")
    year.story["roll"] = {"file": file.name, **answer}
    return f" imported: {file.name}"


def put_on_record(year: Year) -> None:
    """Projects adopted before, so that they can be rated."""
    record = year.plan.record
    assert record is not None
    with year.step("往年项目", f"Projects of {record['year']}") as step:
        given = {"body_name": year.plan.body["name"], "projects": list(record["projects"])}
        year.suite.post(year.path("proposals", "years", record["year"], "record"), given, role="clerk")
        step.say(number_of(len(record["projects"]), "project") + " put on record")


def suggest(year: Year) -> None:
    with year.step("征集", "Suggestions received") as step:
        for suggestion in year.plan.suggestions:
            given = {key: each for key, each in suggestion.items() if each is not None}
            year.suite.post(
                year.path("proposals", "suggestions"), {"year": year.plan.year, **given}, role="clerk"
            )
        step.say(number_of(len(year.plan.suggestions), "suggestion"))


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
        step.say(f"{number_of(len(plan.candidates), 'project')}, known to ballots")
    year.watcher.show("candidates", year.story)


def open_meeting(year: Year) -> None:
    """Roll call, who comes late, and the opening by its quorum."""
    meeting = year.plan.meeting
    path = year.path("ballots", "meetings", meeting["id"])

    def open_it(*_: Any) -> Any:
        return year.suite.post(f"{path}/opening", role="clerk")

    with year.step("点名", "Roll called") as step:
        given = {"meeting": meeting["id"], "title": meeting["title"], "quorum": meeting["quorum"]}
        year.suite.post(year.path("ballots", "meetings"), given, role="clerk")
        called = {"present": list(year.plan.attendance.called)}
        shown = year.suite.put(f"{path}/roll-call", called, role="clerk")
        step.say("{due} due, {present} present, quorum {quorum_needed}".format(**shown))
    refused: dict[str, Any] = {}
    happen(year, meeting["incidents"], ("meeting", "incidents"), "open", open_it, refused)
    with year.step("开会", "Meeting opened") as step:
        opened = year.story["meeting"] = {**open_it(), **refused}
        year.compare("meeting", opened, meeting["expect"] or {})
        step.say("{present} present".format(**opened))
