"""The year, step by step, through the HTTP interfaces of a suite."""

from collections.abc import Callable
from typing import Any

from piaojue.rehearsal import channels, declaring
from piaojue.rehearsal.afterwards import check_logs, conclude_rating, implement, rate
from piaojue.rehearsal.beforehand import open_meeting, publish, put_on_record, register, suggest
from piaojue.rehearsal.client import RehearsalFailed
from piaojue.rehearsal.objecting import object_to_it
from piaojue.rehearsal.papers import is_held
from piaojue.rehearsal.plan import Plan
from piaojue.rehearsal.polling import Polling
from piaojue.rehearsal.year import Year


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
        *[open_meeting, hold_polls, implement, *rating, check_logs],
    ]


def hold_polls(year: Year) -> None:
    """One after the other: a further round needs the declared result of the one before."""
    polled = []
    for place in range(len(year.plan.polls)):
        polled.append(Polling(year, place))
        hold(polled[-1])
    declaring.show_decisions(polled)


def hold(polling: Polling) -> None:
    """One poll; no further than its opening if the file has no papers of it."""
    polling.prepare()
    polling.appoint()
    if not is_held(polling.poll):
        polling.before("open")
        return
    polling.open()
    channels.open_them(polling)
    polling.issue()
    polling.cast()
    declaring.close(polling)
    channels.count_them(polling)
    declaring.count(polling)
    declaring.sign(polling)
    declaring.declare(polling)
    declaring.announce(polling)
    declaring.verify_record(polling)
    object_to_it(polling)
    polling.before("next-round")
