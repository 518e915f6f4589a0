"""A region without one of its parts for longer: nothing is lost, nothing is doubled. What kills and cuts at
random moments do is in test_schedule."""

import pytest

from tests.chaos.casting import Casting
from tests.chaos.checks import check_inboxes, check_logs, check_notices, check_papers
from tests.end_to_end import year
from tests.support.region import real_region
from tests.support.waiting import eventually

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

PAPERS = 200


@pytest.fixture
def region(rabbitmq, postgres, tmp_path):
    with real_region(tmp_path / "region", rabbitmq, postgres) as made:
        rabbitmq.settle()
        yield made


def suggest(region, how_many):
    """Suggestions, each an event that notifications handles; tried until each is accepted."""
    path = f"/proposals/bodies/{year.BODY}/suggestions"
    given = {"year": 2023, "title": "修一口井", "content": "东村需要一口井", "source": "residents"}
    for _ in range(how_many):
        eventually(
            lambda: region.call("POST", path, given, roles=["deputy"]).status == 201,
            60,
            "a suggestion is accepted",
            ignoring=(OSError,),
        )


def check_everything(region, casting, papers=PAPERS):
    result = year.declare(region)
    assert result["returned"] == result["issued"] == papers
    assert result["votes"] == casting.votes()
    region.settled()
    logs = check_logs(region)
    check_papers(region, "p1", papers)
    check_inboxes(region, logs)
    check_notices(region, logs)


def test_a_broker_that_lost_all_its_data_loses_no_event(region):
    year.publish_candidates(region)
    year.open_meeting(region, PAPERS)
    casting = Casting(region, year.open_poll(region, slips=PAPERS)).start()
    casting.wait_for(60)
    region.rabbitmq.kill()
    region.rabbitmq.wipe()
    suggest(region, 20)
    casting.wait_for(120)
    region.rabbitmq.start()
    casting.finish()
    check_everything(region, casting)


def test_a_service_that_was_down_catches_up_by_itself(region):
    region.kill("notifications")
    region.kill("ratings")
    year.put_on_record(region)
    year.publish_candidates(region)
    year.open_meeting(region)
    codes = year.open_poll(region)
    for code in codes[:60]:
        assert year.cast(region, code, ["water"]).status == 201
    year.declare(region)
    region.restart("notifications")
    region.restart("ratings")
    region.settled()
    assert "result_declared" in year.kinds(region)
    check_inboxes(region, check_logs(region))


def test_casting_goes_on_while_the_broker_is_away_even_from_a_fresh_start(region):
    year.publish_candidates(region)
    year.open_meeting(region)
    codes = year.open_poll(region)
    region.rabbitmq.kill()
    region.kill("ballots")
    region.restart("ballots")
    for code in codes:
        assert year.cast(region, code, ["water"]).status == 201
    year.declare(region)
    ready = region.call("GET", "/ballots/health/ready")
    assert ready.status == 200
    region.rabbitmq.start()
    region.settled()
    assert "result_declared" in year.kinds(region)
