"""A year of a town, seen by a real Prometheus with our rules: whatever rules and dashboards ask is there,
names and labels obey the conventions, and a healthy year rings nothing."""

import re
from http.client import HTTPConnection

import pytest
from prometheus_client.parser import text_string_to_metric_families

from chassis.sensitive import is_sensitive
from tests.conftest import served
from tests.end_to_end import year
from tests.support.monitoring import expressions, watch
from tests.support.prometheus import PrivatePrometheus
from tests.support.region import SERVICES
from tests.support.running import running
from tests.support.waiting import eventually

LABELS = {
    *(
        "service",
        "method",
        "route",
        "status",
        "type",
        "outcome",
        "source",
        "state",
        "body",
        "poll",
        "channel",
    ),
    *("group", "plugin", "version", "python", "le"),
}
"""All that our metrics may have. Whoever adds one says here that its values are few and name nobody."""
ONLY_WHEN_ILL = 'service_route_class:piaojue_http_requests:rate5m{class="5xx"}'
THEIRS = re.compile(r"(process|python)_")
FEW = 150
"""Series that one metric of one service may have after a year of one town."""


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory):
    """For all tests here."""
    yield from served(PrivatePrometheus, tmp_path_factory.mktemp("prometheus"))


@pytest.fixture(scope="module")
def region(prometheus):
    """A suite after its year, watched all the time."""
    settings = {"PIAOJUE_VERIFY_INTERVAL": "0.5", "PIAOJUE_NOTIFICATIONS_CHANNELS": "console"}
    with running(*SERVICES, settings=settings) as suite:
        watch(prometheus, suite)
        eventually(lambda: len(prometheus.query('up{job="piaojue"} == 1')) == 4, 30, "all are scraped")
        live_a_year(suite, prometheus)
        yield suite


def live_a_year(region, prometheus):
    year.put_on_record(region)
    year.publish_candidates(region)
    year.open_meeting(region)
    codes = year.open_poll(region)
    for code in codes:
        assert year.cast(region, code, ["water", "road"]).status == 201
    year.cast(region, "ABCD-EFGH-JKLM", ["water"])
    turnout = 'body_poll:piaojue_ballots_turnout:ratio{body="yongan", poll="p1"} == 1'
    eventually(lambda: prometheus.query(turnout), 30, "the turnout is seen")
    year.declare(region)
    year.rate(region)
    gap = 'body_poll_channel:piaojue_ballots_reconciliation_gap:min{body="yongan", poll="p1"} == 0'
    eventually(lambda: prometheus.query(gap), 30, "the reconciliation is seen")
    verified = "piaojue_log_verified == on (service) piaojue_outbox_sequence"
    eventually(lambda: len(prometheus.query(verified)) == 4, 60, "all logs are verified to their ends")


def page(region, service):
    return region.call("GET", f"/{service}/metrics").body.decode()


def families(region, service):
    return [
        each for each in text_string_to_metric_families(page(region, service)) if not THEIRS.match(each.name)
    ]


def test_every_expression_can_be_asked_and_every_series_it_names_exists(region, prometheus):
    absent = set()
    for each in expressions():
        prometheus.query(each.text)
        for selector in each.selectors() - {ONLY_WHEN_ILL}:
            if not prometheus.query(f"count(last_over_time({selector}[1h]))"):
                absent.add((each.where, selector))
    assert not absent


def test_a_legend_names_labels_that_its_series_have(region, prometheus):
    for each in expressions():
        wanted = set(re.findall(r"\{\{(\w+)\}\}", each.legend))
        for series in prometheus.query(each.text):
            assert wanted <= series.get("metric", {}).keys(), f"{each.where}: {each.text}"


def test_a_healthy_year_rings_nothing(region, prometheus):
    assert prometheus.firing() == {("PiaojueWatchdog", "")}


def test_metrics_obey_the_conventions(promtool, region):
    for service in SERVICES:
        status, said = promtool("check", "metrics", given=page(region, service))
        assert (status, said) == (0, ""), service


def test_labels_are_known_and_name_nobody(region):
    for service in SERVICES:
        used = {
            label for each in families(region, service) for sample in each.samples for label in sample.labels
        }
        assert used <= LABELS
        assert not [label for label in used if is_sensitive(label)]


def test_values_of_labels_are_few_and_plain(region):
    for service in SERVICES:
        for each in families(region, service):
            assert len(each.samples) <= FEW * (16 if each.type == "histogram" else 1), each.name
            for sample in each.samples:
                for value in sample.labels.values():
                    assert re.fullmatch(r"[\w./<>+-]{1,100}", value, re.ASCII), (sample.name, value)


def test_paths_that_were_asked_make_no_series(region):
    before = len(page(region, "ballots").splitlines())
    for number in range(20):
        region.call("GET", f"/ballots/bodies/yongan/polls/p{number}")
        region.call("GET", f"/ballots/nothing/of/{number}")
    connection = HTTPConnection("127.0.0.1", region.port_of("ballots"), timeout=30)
    for method in ("BREW", "POUR", "DRINK"):
        connection.request(method, "/ballots/health/live")
        connection.getresponse().read()
    connection.close()
    page_after = page(region, "ballots")
    assert len(page_after.splitlines()) <= before + 80
    assert "p19" not in page_after
    assert "BREW" not in page_after


def test_nothing_that_was_voted_is_in_the_metrics(region):
    text = "".join(page(region, service) for service in SERVICES)
    for secret in (
        *year.CANDIDATES,
        *year.CANDIDATES.values(),
        *year.LAST_YEAR,
        "satisfied",
        "代表",
        "ABCD-EFGH",
    ):
        assert secret not in text, secret
