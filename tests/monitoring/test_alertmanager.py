"""Alertmanager: its configuration is sound, and each alert reaches whom it should."""

import pytest
import yaml

from tests.support.monitoring import FOLDER, alerts
from tests.support.waiting import eventually

FILE = FOLDER / "alertmanager.yml"
RECEIVERS = {"page": "on-call", "ticket": "office-hours", "heartbeat": "heartbeat"}


def test_the_configuration_is_sound(promtool):
    status, said = promtool("amtool", "check-config", FILE)
    assert status == 0, said


@pytest.mark.parametrize(("severity", "receiver"), RECEIVERS.items())
def test_an_alert_reaches_whom_it_should(promtool, severity, receiver):
    for alert, rule in alerts().items():
        if rule["labels"]["severity"] == severity:
            labels = [f"alertname={alert}", f"severity={severity}", "region=demo"]
            status, said = promtool(
                *("amtool", "config", "routes", "test", f"--config.file={FILE}"),
                *(f"--verify.receivers={receiver}", *labels),
            )
            assert status == 0, f"{alert}: {said}"


FOLLOWS = [
    ("PiaojueStoreUnreachable", "ballots", "PiaojueBrokerUnreachable", True),
    ("PiaojueStoreUnreachable", "ballots", "PiaojueRelayWithoutLeader", True),
    ("PiaojueStoreUnreachable", "ballots", "PiaojueCastsFailing", False),
    ("PiaojueStoreUnreachable", "ratings", "PiaojueBrokerUnreachable", False),
    ("PiaojueServiceDown", "ballots", "PiaojueInboxStalled", True),
    ("PiaojueBrokerUnreachable", "ballots", "PiaojueOutboxOld", True),
]


@pytest.mark.slow
def test_what_follows_from_something_else_is_not_told_beside_it_and_all_else_is(alertmanager):
    """Each pair in a region of its own: the cause, of which service, and an alert of ballots."""
    alertmanager.start(FILE.read_text())
    for number, (cause, service, alert, _) in enumerate(FOLLOWS):
        for name, of in ((cause, service), (alert, "ballots")):
            labels = {"alertname": name, "service": of, "region": f"r{number}", "severity": "page"}
            alertmanager.tell([{"labels": labels}])

    def told():
        found = {
            (each["labels"]["region"], each["labels"]["alertname"]): each["status"]["state"]
            for each in alertmanager.alerts()
        }
        assert len(found) == 2 * len(FOLLOWS)
        return [
            found[f"r{number}", cause] == "active"
            and found[f"r{number}", alert] == ("suppressed" if follows else "active")
            for number, (cause, _, alert, follows) in enumerate(FOLLOWS)
        ]

    eventually(lambda: all(told()), 60, f"each is told or not: {FOLLOWS}")


def test_an_alert_of_no_known_severity_is_not_lost(promtool):
    route = ("amtool", "config", "routes", "test", f"--config.file={FILE}")
    status, said = promtool(*route, "--verify.receivers=office-hours", "severity=unheard-of")
    assert status == 0, said


def test_only_alerts_that_there_are_are_named():
    configuration = yaml.safe_load(FILE.read_text())
    matchers = [each for rule in configuration["inhibit_rules"] for side in rule.values() for each in side]
    matchers += [each for route in configuration["route"]["routes"] for each in route["matchers"]]
    named = {
        name
        for matcher in matchers
        if matcher.startswith("alertname")
        for name in matcher.split("=")[1].strip(' ~"').split("|")
    }
    assert len(named) > 5
    assert named <= alerts().keys()


def test_no_secret_is_in_the_configuration():
    text = FILE.read_text()
    assert "smtp_auth_password_file" in text
    assert "smtp_auth_password:" not in text
