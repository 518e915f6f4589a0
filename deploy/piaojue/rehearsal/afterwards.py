"""What comes after the polls: the projects under implementation, the rating of earlier ones, the logs."""

from random import SystemRandom
from typing import Any

from piaojue.rehearsal.checking import rated_by_hand
from piaojue.rehearsal.client import RehearsalFailed, SuiteRefused, until
from piaojue.rehearsal.year import Year, hand_in, number_of
from piaojue.versions import SERVICES
from piaojue_contracts import ChainBroken, Event, verify
from ratings.domain import rate_sheet


def implement(year: Year) -> None:
    """Proposals has heard of the results, too."""
    adopted = {each for decision in year.story["decisions"] for each in decision["adopted"]}
    if not adopted:
        return
    with year.step("实施", "Under implementation") as step:
        path = year.path("proposals", "years", year.plan.year, "projects")

        def under_way() -> set[str] | None:
            found = {each["id"] for each in (year.suite.find(path) or {}).get("projects", ())}
            return found if found >= adopted else None

        found = until("the adopted projects in proposals", under_way)
        year.expect(found == adopted, "projects are under implementation that were not adopted")
        year.story["under_implementation"] = sorted(found)
        step.say(number_of(len(found), "project"))


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
        step.say(f"{number_of(len(rated), 'project')}, {number_of(rating['members'], 'member')}")
    with year.step("测评表", "Forms handed in by code") as step:
        forms = [{"grades": grades} for grades in year.plan.forms(rating)]
        issued = {"slips": rating["issued"] or len(forms)}
        codes = year.suite.post(_rating(year, "slips"), issued, role="clerk")["codes"]
        SystemRandom().shuffle(codes)

        def hand_over(code: str, form: dict[str, Any]) -> Any:
            return year.suite.post(_rating(year, "forms"), {"code": code, **form})

        pairs = list(zip(codes, forms, strict=False))
        hand_in(step, (lambda pair=each: hand_over(*pair) for each in pairs), len(forms))  # type: ignore[misc]
        again = year.refused("a form handed in twice", "code-spent", lambda: hand_over(*pairs[0]))
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
        year.compare("rating", story["results"], rating["expect"] or {})
        story["notice"] = year.notice("rating_concluded")
        step.say(number_of(len(story["results"]), "verdict") + ", announced")
    year.watcher.show("rating", year.story)


def check_logs(year: Year) -> None:
    """Every event of every service, fetched and followed from hash to hash; and those that records name are
    the ones in the log."""
    year.story["logs"] = {}
    with year.step("事件链", "Logs of events verified") as step:
        for service in SERVICES:
            try:
                events = list(year.suite.log(service))
                tip, last = verify(iter(events))
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
                if service == "ballots":
                    _compare_records(year, events)
        total = sum(each["events"] for each in year.story["logs"].values())
        step.say(f"{number_of(total, 'event')}, gapless and unaltered")
    year.watcher.show("logs", year.story)


def _compare_records(year: Year, log: list[Event]) -> None:
    hashes = {event.sequence: event.hash for event in log}
    for poll in year.story.get("polls", ()):
        for named in poll.get("record", {}).get("events", ()):
            year.expect(
                hashes.get(int(named["sequence"])) == named["hash"],
                f"polls.{poll['poll']}: the record names an event that is not in the log",
            )


def _rating(year: Year, *rest: str) -> str:
    assert year.plan.rating is not None
    return year.path("ratings", "ratings", year.plan.rating["id"], *rest)


def _rateable(year: Year, rated: list[str]) -> bool | None:
    known = year.suite.find(year.path("ratings", "projects"), role="clerk") or {}
    return set(rated) <= {each["project"] for each in known.get("projects", ())} or None
