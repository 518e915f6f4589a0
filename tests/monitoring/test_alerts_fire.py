"""In a region with real servers a service is killed, an event is parked, an inbox stalls: each time the alert
fires in a real Prometheus, reaches Alertmanager, and is over once the cause is."""

import pytest

from tests.end_to_end import year
from tests.support.monitoring import FOLDER, RUNBOOKS, watch
from tests.support.region import SERVICES, real_region
from tests.support.waiting import eventually

BROKEN = "一个模板：{{ nothing_of_this_name }}\n"
WITHIN = 60

pytestmark = pytest.mark.slow


@pytest.fixture
def template(tmp_path):
    folder = tmp_path / "templates" / "zh-CN"
    folder.mkdir(parents=True)
    file = folder / "notice-candidates_published.txt"
    file.write_text(BROKEN)
    return file


@pytest.fixture
def region(rabbitmq, postgres, tmp_path, template, prometheus, alertmanager):
    """Watched by rules in a hurry; nothing fires yet but what always does."""
    folder = {"PIAOJUE_NOTIFICATIONS_TEMPLATES_FOLDER": str(template.parents[1])}
    alertmanager.start((FOLDER / "alertmanager.yml").read_text())
    with real_region(tmp_path / "region", rabbitmq, postgres, **folder) as region:
        watch(prometheus, region, alertmanager=alertmanager.address, hurry=True)

        def up():
            return len(prometheus.query('up{job="piaojue"} == 1')) == len(SERVICES)

        eventually(up, 30, "all are scraped")
        eventually(lambda: prometheus.firing() == {("PiaojueWatchdog", "")}, 30, "nothing is wrong")
        yield region


def fires(prometheus, alert, service):
    eventually(lambda: (alert, service) in prometheus.firing(), WITHIN, f"{alert} of {service} fires")
    found = prometheus.ask("/api/v1/alerts")["data"]["alerts"]
    for each in found:
        texts = each["annotations"]
        assert not [text for text in texts.values() if "<no value>" in text or "error" in text], texts
        assert (RUNBOOKS / texts["runbook_url"].removeprefix("https://localhost/runbooks/")).is_file()


def is_over(prometheus, alert, service):
    eventually(lambda: (alert, service) not in prometheus.firing(), WITHIN, f"{alert} of {service} is over")


def reaches(alertmanager, alert, receiver):
    def told():
        return [each for each in alertmanager.alerts() if each["labels"]["alertname"] == alert]

    (found, *_) = eventually(told, WITHIN, f"{alert} reaches Alertmanager")
    assert [each["name"] for each in found["receivers"]] == [receiver]
    assert found["labels"]["region"] == "demo"
    assert "runbooks" not in found["labels"]


def test_a_killed_service_a_parked_event_and_a_stalled_inbox_are_told(
    region, rabbitmq, prometheus, alertmanager, template
):
    region.kill("ratings")
    fires(prometheus, "PiaojueServiceDown", "ratings")
    reaches(alertmanager, "PiaojueServiceDown", "on-call")
    region.restart("ratings")
    is_over(prometheus, "PiaojueServiceDown", "ratings")

    year.publish_candidates(region)
    fires(prometheus, "PiaojueEventParked", "notifications")
    reaches(alertmanager, "PiaojueEventParked", "on-call")
    template.unlink()
    (parked,) = region.call("GET", "/notifications/inbox", roles=["operator"]).json["parked"]
    replay = f"/notifications/inbox/parked/{parked['id']}/replay"
    assert region.call("POST", replay, roles=["operator"]).status == 204
    is_over(prometheus, "PiaojueEventParked", "notifications")

    rabbitmq.stop()
    year.put_on_record(region)
    for service in ("ratings", "notifications"):
        fires(prometheus, "PiaojueBrokerUnreachable", service)
        fires(prometheus, "PiaojueInboxStalled", service)
    rabbitmq.start()
    for service in ("ratings", "notifications"):
        is_over(prometheus, "PiaojueInboxStalled", service)
        is_over(prometheus, "PiaojueBrokerUnreachable", service)
