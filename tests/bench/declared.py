"""From the request to close to the declared result, over HTTP, with all that the rules ask for between."""

import json
from time import perf_counter
from typing import Any

from tests.bench.casts import cast, prepared
from tests.bench.load import command
from tests.bench.processes import median_of
from tests.bench.report import Figure, Measured, Target
from tests.bench.stage import Stage
from tests.end_to_end import year
from tests.support.processes import Process
from tests.support.region import RealRegion
from tests.support.waiting import eventually

DEPUTIES = 3000
SCRUTINEERS = ("1", "2", "3")


def declared(stage: Stage) -> Measured:
    """3,000 papers: closed, counted, signed by three scrutineers, declared; and closed amid casts."""
    times = 1 if stage.quick else 9
    region = prepared(stage)
    runs = [declare_one(stage, region, f"d{number}", DEPUTIES) for number in range(times)]
    amid = [close_amid_casts(stage, region, f"a{number}") for number in range(times)]
    figures = [
        soon(runs),
        Figure("… the slowest of all runs", max(run["all"] for run in runs), "ms"),
        *(Figure(f"… of that, {step}", median_of(runs, step), "ms") for step in runs[0] if step != "all"),
        Figure("closed while 200 connections cast", median_of(amid, "closing"), "ms"),
    ]
    return Measured(figures, {"declared": runs, "amid": amid})


def soon(runs: list[dict[str, float]]) -> Figure:
    return Figure(
        "from the close to the declared result", median_of(runs, "all"), "ms", target=Target(most=1000)
    )


def declare_one(stage: Stage, region: RealRegion, poll: str, papers: int) -> dict[str, float]:
    """How many milliseconds each step of one poll took, and ``all``."""
    lines = opened(region, poll, papers)
    cast(stage, [region.processes["ballots"].pid], region.port_of("ballots"), lines)
    base = f"/ballots/bodies/{year.BODY}/polls/{poll}"
    found, started = {}, perf_counter()
    by_chief(region, f"{base}/closing")
    found["closing"] = since(started)
    count_hash = by_chief(region, f"{base}/count")["count_hash"]
    found["counting"] = since(started) - found["closing"]
    for person in reversed(SCRUTINEERS):  # the chief last
        signed(region, base, person, count_hash)
    found["signing"] = since(started) - found["counting"] - found["closing"]
    result = year.asked(region, "POST", f"{base}/declaration")["result"]
    found["all"] = since(started)
    found["declaring"] = found["all"] - found["signing"] - found["counting"] - found["closing"]
    assert (result["returned"], result["issued"]) == (papers, papers), result
    return {name: round(found[name], 1) for name in ("closing", "counting", "signing", "declaring", "all")}


def close_amid_casts(stage: Stage, region: RealRegion, poll: str) -> dict[str, float]:
    """Milliseconds until the close is answered while as many as can be cast, and those who come too late ask
    on."""
    lines = opened(region, poll, 5000)
    file = stage.new_folder("amid") / "requests"
    file.write_text("\n".join(lines * 3) + "\n", encoding="utf-8")
    process = Process(command(region.port_of("ballots"), file), output=file.with_name("wrk.log"))
    base = f"/ballots/bodies/{year.BODY}/polls/{poll}"
    try:
        eventually(lambda: year.asked(region, "GET", base)["returned"] >= 500, 30, "papers come")
        started = perf_counter()
        closed = by_chief(region, f"{base}/closing")
        return {"closing": round(since(started), 1), "returned": closed["returned"]}
    finally:
        process.kill()


def opened(region: RealRegion, poll: str, papers: int) -> list[str]:
    """The requests that cast all papers of a poll with three scrutineers."""
    base = f"/ballots/bodies/{year.BODY}/polls"
    title = "2022 年民生实事项目票决"
    year.asked(
        region,
        "POST",
        base,
        {"poll": poll, "meeting": "m1", "title": title, "year": 2022, "rules": year.RULES},
    )
    officers = {
        "scrutineers": [{"id": person} for person in SCRUTINEERS],
        "chief": SCRUTINEERS[0],
        "tellers": [],
        "conflicts": [],
    }
    year.asked(region, "PUT", f"{base}/{poll}/officers", officers)
    year.asked(region, "POST", f"{base}/{poll}/opening")
    codes = year.asked(region, "POST", f"{base}/{poll}/slips", {"slips": papers})["codes"]
    marks: list[list[str]] = [["water"], ["water", "road"], ["road", "clinic"], []]
    return [
        f"POST {base}/{poll}/papers {json.dumps({'code': code, 'marks': marks[number % 4]})}"
        for number, code in enumerate(codes)
    ]


def signed(region: RealRegion, base: str, person: str, count_hash: str) -> None:
    by_scrutineer(region, person, f"{base}/signature", {"count_hash": count_hash})


def by_chief(region: RealRegion, path: str) -> dict[str, Any]:
    return by_scrutineer(region, SCRUTINEERS[0], path)


def by_scrutineer(region: RealRegion, person: str, path: str, given: object = None) -> dict[str, Any]:
    token = region.token("scrutineer", subject=person)
    answer = region.call("POST", path, given, Authorization=token)
    assert answer.status == 200, answer.body
    found: dict[str, Any] = answer.json
    return found


def since(started: float) -> float:
    return (perf_counter() - started) * 1000
