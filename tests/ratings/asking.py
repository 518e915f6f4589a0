"""What tests ask of the service ratings over HTTP."""

from uuid import uuid4

from tests.ratings.raters import ASKED, BODY
from tests.support.waiting import eventually

RATINGS = f"/ratings/bodies/{BODY}/ratings"


def asked(**changes):
    """A rating of an id that nobody has had, unless ``changes`` say one."""
    return ASKED | {"rating": f"r-{uuid4().hex[:12]}"} | changes


def prepare(region, **changes):
    """Prepares one, and returns its path."""
    given = asked(**changes)
    answer = region.call("POST", RATINGS, given, roles=["clerk"])
    assert answer.status == 201, answer.body
    return f"{RATINGS}/{given['rating']}"


def opened(region, slips=0, **changes):
    """An open rating's path, and the codes of its slips."""
    path = prepare(region, **changes)
    assert region.call("POST", f"{path}/opening", roles=["clerk"]).status == 200
    return path, issue(region, path, slips) if slips else []


def issue(region, path, slips):
    answer = region.call("POST", f"{path}/slips", {"slips": slips}, roles=["clerk"])
    assert answer.status == 201, answer.body
    return answer.json["codes"]


def hand_in(region, path, code, grades):
    return region.call("POST", f"{path}/forms", {"code": code, "grades": grades})


def conclude(region, path):
    return region.call("POST", f"{path}/conclusion", roles=["scrutineer"])


def conclusion_told(region, path):
    """The event ``rating_concluded`` of this rating, waited for."""
    rating = path.rsplit("/", 1)[1]

    def told():
        events = region.events("ratings", "rating_concluded")
        return [each for each in events if each["data"]["rating"] == rating]

    [event] = eventually(told, what="the conclusion is told")
    return event
