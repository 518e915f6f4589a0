"""Objections to a declared result, and their answers."""

from piaojue.rehearsal.papers import Part
from piaojue.rehearsal.polling import Polling


def object_to_it(polling: Polling) -> None:
    """Each is filed by its deputy, told to everybody without a word of what it says, and answered."""
    polling.before("object")
    for objection in polling.poll["objections"]:
        number = _file(polling, objection)
        if objection["outcome"] is not None:
            _answer(polling, objection, number)
    if polling.poll["objections"]:
        polling.story["objections"] = polling.year.suite.get(polling.calls.path("objections"))["objections"]


def _file(polling: Polling, objection: Part) -> int:
    year, path = polling.year, polling.calls.path("objections")
    with year.step("提出异议", "Objection filed") as step:
        filed = polling.calls.object(objection["by"], objection["text"])
        number: int = filed["number"]
        (public,) = year.suite.get(f"{path}?after={number - 1}&limit=1")["objections"]
        year.expect(public["text"] is None, f"{path}: everybody can read what objection {number} says")
        notice = year.notice("objection_filed")
        told = any(objection["text"] in each["text"] for each in notice.values())
        year.expect(not told, f"{path}: the notice tells what objection {number} says")
        step.say(f"no. {number}; answer due {public['answer_by']}")
    return number


def _answer(polling: Polling, objection: Part, number: int) -> None:
    year = polling.year
    with year.step("答复异议", "Objection answered") as step:
        answered = polling.calls.answer(number, objection["outcome"], objection["answer"])
        notice = year.notice("objection_answered")
        step.say(f"no. {number}: {answered['outcome']}, announced")
    year.watcher.show("notice", {"notice": notice})
