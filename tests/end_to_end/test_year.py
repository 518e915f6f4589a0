"""The whole year, on the embedded suite and on a region with real servers: the same steps, the same
outcome."""

import pytest

from piaojue_contracts import Event, verify
from tests.end_to_end import year
from tests.support.region import SERVICES, real_region
from tests.support.running import running
from tests.support.waiting import eventually

EXPECTED_NOTICES = sorted(
    [
        "candidates_published",
        "implementation_started",
        "implementation_started",
        "poll_opened",
        "rating_concluded",
        "rating_opened",
        "result_declared",
    ]
)


def a_year(region):
    year.put_on_record(region)
    year.publish_candidates(region)
    year.open_meeting(region)
    codes = year.open_poll(region)
    for number, code in enumerate(codes):
        marks = ["water", "road"] if number < 61 else ["clinic"] if number < 76 else []
        assert year.cast(region, code, marks).status == 201
    assert year.cast(region, codes[0], ["clinic"]).json["slug"] == "code-spent"
    result = year.declare(region)
    assert (result["outcome"], result["adopted"]) == ("complete", ["water", "road"])
    assert result["votes"] == {"water": 61, "road": 61, "clinic": 15}
    rated = year.rate(region)
    shares = {id: result["shares"]["satisfied"] for id, result in rated["results"].items()}
    assert shares == {"drinking": "96.70", "traffic": "97.80"}


def what_everybody_then_knows(region):
    stages = f"/proposals/bodies/{year.BODY}/years/2022/list"

    def decided():
        projects = region.call("GET", stages).json["projects"]
        found = {each["id"]: each["stage"] for each in projects}
        return found == {
            "water": "under_implementation",
            "road": "under_implementation",
            "clinic": "not_adopted",
        }

    eventually(decided, 60, "proposals knows what was adopted")
    rateable = f"/ratings/bodies/{year.BODY}/projects"
    eventually(
        lambda: len(year.asked(region, "GET", rateable)["projects"]) == 4,
        60,
        "next year's rating can name them",
    )
    eventually(lambda: set(EXPECTED_NOTICES) <= set(year.kinds(region)), 60, "the notices are published")
    declared = next(each for each in year.notices(region) if each["kind"] == "result_declared")
    chinese = region.call("GET", f"/notifications/bodies/{year.BODY}/notices/{declared['notice']}").json
    said = str(chinese)
    assert "农村饮水安全提升工程" in said
    assert "61" in said
    assert "40" in said


def the_logs_verify(region):
    for service in SERVICES:
        events = [Event.from_json(each) for each in region.events(service)]
        sequence, digest = verify(events)
        tip = region.call("GET", f"/{service}/events", roles=["operator"]).json["tip"]
        assert (sequence, digest) == (tip["sequence"], tip["hash"])
        assert sequence > 0


def test_a_year_on_the_embedded_suite():
    with running(*SERVICES) as region:
        a_year(region)
        what_everybody_then_knows(region)
        the_logs_verify(region)


@pytest.mark.slow
def test_a_year_in_a_region_with_a_process_for_each_service(rabbitmq, postgres, tmp_path):
    with real_region(tmp_path / "region", rabbitmq, postgres) as region:
        a_year(region)
        what_everybody_then_knows(region)
        region.settled()
        the_logs_verify(region)
        assert not [line for line in region.log().splitlines() if '"level": "error"' in line]
