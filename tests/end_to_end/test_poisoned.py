"""An event that its consumer cannot handle is parked; others go on; it is handled once somebody has mended
the cause."""

import pytest

from tests.end_to_end import year
from tests.support.region import real_region
from tests.support.running import running
from tests.support.waiting import eventually

BROKEN = "一个模板：{{ nothing_of_this_name }}\n"


def poisoned_and_replayed(region, template):
    year.publish_candidates(region)
    year.open_meeting(region)
    year.open_poll(region)

    def parked():
        return region.call("GET", "/notifications/inbox", roles=["operator"]).json["parked"]

    eventually(lambda: len(parked()) == 1, 60, "the event is parked")
    (entry,) = parked()
    assert entry["type"] == "piaojue.proposals.candidates_published.v1"
    assert entry["error"]
    eventually(lambda: "poll_opened" in year.kinds(region), 60, "events of other subjects are handled")
    assert "candidates_published" not in year.kinds(region)
    metrics = region.call("GET", "/notifications/metrics").body.decode()
    assert 'piaojue_inbox_parked{service="notifications"} 1.0' in metrics

    template.unlink()
    replay = f"/notifications/inbox/parked/{entry['id']}/replay"
    assert region.call("POST", replay, roles=["clerk"]).json["slug"] == "role-not-allowed"
    assert region.call("POST", replay, roles=["operator"]).status == 204
    eventually(lambda: "candidates_published" in year.kinds(region), 60, "the event is handled after all")
    assert parked() == []
    assert region.call("POST", replay, roles=["operator"]).json["slug"] == "not-parked"
    assert year.kinds(region).count("candidates_published") == 1


@pytest.fixture
def template(tmp_path):
    folder = tmp_path / "templates" / "zh-CN"
    folder.mkdir(parents=True)
    file = folder / "notice-candidates_published.txt"
    file.write_text(BROKEN)
    return file


def test_a_poisoned_event_on_the_embedded_suite(template):
    settings = {
        "PIAOJUE_NOTIFICATIONS_TEMPLATES_FOLDER": str(template.parents[1]),
        "PIAOJUE_RETRY_PAUSES": "0.05,0.1",
    }
    with running("proposals", "ballots", "notifications", settings=settings) as region:
        poisoned_and_replayed(region, template)


@pytest.mark.slow
def test_a_poisoned_event_in_a_region(template, rabbitmq, postgres, tmp_path):
    folder = {"PIAOJUE_NOTIFICATIONS_TEMPLATES_FOLDER": str(template.parents[1])}
    with real_region(tmp_path / "region", rabbitmq, postgres, **folder) as region:
        poisoned_and_replayed(region, template)
