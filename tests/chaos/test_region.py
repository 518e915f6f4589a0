"""A region amid kill -9 of whatever it consists of: nothing is lost, nothing is doubled."""

import random
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.chaos.casting import Casting
from tests.chaos.checks import check_inboxes, check_logs, check_notices, check_papers
from tests.end_to_end import year
from tests.support.region import real_region
from tests.support.waiting import eventually

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

PAPERS = 500
VICTIMS = ("ballots", "rabbitmq", "postgres", "notifications", "proposals", "ratings")


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


def kill_and_start(region, victim):
    if victim == "rabbitmq":
        region.rabbitmq.kill()
        region.rabbitmq.start()
    elif victim == "postgres":
        region.postgres.kill()
        region.postgres.start()
    else:
        region.kill(victim)
        region.restart(victim)


def check_everything(region, casting, papers=PAPERS):
    result = year.declare(region)
    assert result["returned"] == result["issued"] == papers
    assert result["votes"] == casting.votes()
    region.settled()
    logs = check_logs(region)
    check_papers(region, "p1", papers)
    check_inboxes(region, logs)
    check_notices(region, logs)


@pytest.mark.parametrize("seed", [1, 2])
def test_kills_at_random_moments_lose_and_double_nothing(region, seed):
    drawn = random.Random(seed)
    year.publish_candidates(region)
    year.open_meeting(region, PAPERS)
    codes = year.open_poll(region, slips=PAPERS)
    victims = drawn.sample(VICTIMS, len(VICTIMS)) + drawn.choices(VICTIMS, k=2)
    moments = sorted(drawn.sample(range(10, PAPERS - 60), len(victims)))
    with ThreadPoolExecutor(1) as pool:
        suggesting = pool.submit(suggest, region, 60)
        casting = Casting(region, codes).start()
        for moment, victim in zip(moments, victims, strict=True):
            casting.wait_for(moment)
            kill_and_start(region, victim)
        casting.finish()
        suggesting.result(120)
    assert len(casting.accepted) == PAPERS
    check_everything(region, casting)


def test_a_broker_that_lost_all_its_data_loses_no_event(region):
    year.publish_candidates(region)
    year.open_meeting(region, 200)
    casting = Casting(region, year.open_poll(region, slips=200)).start()
    casting.wait_for(60)
    region.rabbitmq.kill()
    region.rabbitmq.wipe()
    suggest(region, 20)
    casting.wait_for(120)
    region.rabbitmq.start()
    casting.finish()
    check_everything(region, casting, papers=200)


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
