"""The operator's commands on a region as it runs: RabbitMQ, PostgreSQL, a process for each service."""

import json
import shlex
import subprocess
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from urllib.parse import urlsplit

import psycopg2
import pytest
from kombu.connection import Connection
from psycopg2.sql import SQL, Identifier

from chassis.bus import KombuBus
from piaojue_contracts import Event
from tests.chaos.checks import check_inboxes, check_logs
from tests.chaos.test_region import suggest
from tests.command.suites import PIAOJUE
from tests.end_to_end import year
from tests.support.deployed import deployed, plain, psql
from tests.support.rabbitmq import ALL, CONTROL, USER
from tests.support.region import QUICK, SERVICES
from tests.support.waiting import eventually

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

NOT_ASKED = {"disk", "clock"}
"""They are of the machine that runs the tests."""


class Operator:
    """Somebody with the region's folder."""

    def __init__(self, region):
        self.region, self.config = region, region.made / "piaojue.yaml"

    def run(self, *words):
        management = f"http://127.0.0.1:{self.region.rabbitmq.management_port}"
        where = {
            f"PIAOJUE_{name.upper()}_HTTP_ADDRESS": f"127.0.0.1:{self.region.port_of(name)}"
            for name in SERVICES
        }
        return subprocess.run(
            [PIAOJUE, *map(str, words), "--config", self.config],
            env={**plain(), **QUICK, **where, "RABBITMQ_MANAGEMENT_URL": management},
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=120,
        )

    def told(self, *words):
        ended = self.run(*words, "--json")
        assert "Traceback" not in ended.stderr, ended.stderr
        return json.loads(ended.stdout)

    def found(self, *levels):
        """What the doctor finds of these levels, by check and what it is about."""
        findings = self.told("doctor")["findings"]
        wrong = [each for each in findings if each["check"] not in NOT_ASKED and each["level"] in levels]
        assert all(each["cure"] for each in wrong), wrong
        return {(each["check"], each["about"]) for each in wrong}

    def is_well(self):
        eventually(lambda: self.found("error", "warning") == set(), 60, "the doctor finds nothing")


@pytest.fixture(scope="module")
def region(rabbitmq, postgres, tmp_path_factory):
    """With users and roles of its own, which have no more rights than they need."""
    with deployed(tmp_path_factory.mktemp("region"), rabbitmq, postgres) as made:
        rabbitmq.api("PUT", f"permissions/{made.vhost}/{USER}", ALL)
        made.start()
        year.publish_candidates(made)
        year.open_meeting(made)
        made.settled()
        rabbitmq.settle()
        yield made


@pytest.fixture
def operator(region):
    """The region is as it was found, before each test."""
    found = Operator(region)
    found.is_well()
    return found


def others(region):
    """The bus as somebody else has it, with more rights than a service."""
    return KombuBus(region.rabbitmq.url(region.vhost))


def test_all_of_a_region_is_looked_at_with_the_rights_that_it_has(operator):
    told = operator.told("doctor")["findings"]
    assert not [each for each in told if each["level"] == "skipped"]
    assert {each["about"] for each in told if each["check"] == "queues"} == {
        f"{name}.inbox" for name in SERVICES
    }
    asked = {each["check"] for each in told if each["level"] == "ok"}
    assert asked >= {
        "process",
        "version",
        "database",
        "broker",
        "queues",
        "sequence",
        "chain",
        "secrets",
        "keys",
    }
    assert not [each for each in told if each["level"] == "skipped"]


def test_a_service_that_was_killed_is_told_with_its_queue(operator, region):
    region.kill("notifications")
    expected = {("process", "notifications"), ("queues", "notifications.inbox")}
    eventually(lambda: operator.found("error") == expected, 30, "it is told")
    assert operator.run("doctor").returncode == 2
    region.restart("notifications")
    operator.is_well()


def test_a_broker_that_is_down_is_told_and_all_else_is_still_looked_at(operator, region):
    region.rabbitmq.kill()
    assert {("broker", name) for name in SERVICES} <= operator.found("error")
    told = operator.told("doctor")["findings"]
    assert {each["about"] for each in told if (each["check"], each["level"]) == ("database", "ok")} >= set(
        SERVICES
    )
    region.rabbitmq.start()
    operator.is_well()


def test_a_database_server_that_is_down_is_told_and_what_hangs_on_it_is_skipped(operator, region):
    region.postgres.stop()
    assert {("database", name) for name in SERVICES} <= operator.found("error")
    assert {("sequence", name) for name in SERVICES} <= operator.found("skipped")
    assert operator.run("status", "--once").returncode == 0
    assert operator.run("events", "verify").returncode == 2
    region.postgres.start()
    operator.is_well()


def test_a_database_server_that_would_log_papers_is_told_until_roles_are_made_again(operator, region):
    role = urlsplit(region.databases["ballots"]).username
    with (
        closing(psycopg2.connect(region.postgres.url)) as connection,
        connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(SQL("ALTER ROLE {} RESET log_min_error_statement").format(Identifier(role)))
    assert operator.found("error", "warning") == {("database", "ballots")}
    assert "papers with their time: log_min_error_statement" in operator.run("doctor", "--quiet").stdout
    psql(region.postgres, region.made / "database/roles.sql")
    operator.is_well()


def test_bindings_and_queues_that_are_not_as_they_should_be_are_told(operator, region):
    api, here = region.rabbitmq.api, region.vhost
    with Connection(region.rabbitmq.url(region.vhost)) as connection, connection.channel() as channel:
        channel.queue_unbind("notifications.inbox", "ballots.events", "#")
    api("PUT", f"queues/{here}/budget.inbox", {"durable": True})
    api("POST", f"bindings/{here}/e/ballots.events/q/budget.inbox", {"routing_key": "#"})
    events = operator.told("status")["services"][1]["sequence"]
    assert operator.run("events", "replay", "ballots", "--from", 1, "--yes").returncode == 0
    eventually(lambda: queued(region, "budget.inbox", events), 20, "they are in the queue")
    assert operator.found("error") == {("queues", "notifications.inbox")}, operator.run("doctor").stdout
    assert operator.found("warning") == {("queues", "budget.inbox")}
    subscription = others(region).subscribe("others.inbox", ["ballots.events"], most=100)
    assert operator.run("events", "replay", "ballots", "--from", 1, "--yes").returncode == 0
    eventually(lambda: queued(region, "others.inbox", events), 20, "they are with somebody who takes from it")
    assert operator.found("warning") == {("queues", "budget.inbox")}
    subscription.close()
    api("DELETE", f"queues/{here}/others.inbox")
    api("DELETE", f"queues/{here}/budget.inbox")
    region.kill("notifications")
    region.restart("notifications")
    operator.is_well()


def queued(region, queue, events):
    listed = region.rabbitmq.api("GET", f"queues/{region.vhost}?disable_stats=true&enable_queue_totals=true")
    assert {each["name"]: each["messages"] for each in listed}[queue] == events
    return True


def test_a_queue_of_another_type_is_told_with_the_command_that_cures_it(operator, region):
    api, here = region.rabbitmq.api, region.vhost
    region.kill("ratings")
    api("DELETE", f"queues/{here}/ratings.inbox")
    api("PUT", f"queues/{here}/ratings.inbox", {"durable": True})
    region.restart("ratings")
    told = operator.told("doctor", "--only", "queues")["findings"]
    (cure,) = [each["cure"] for each in told if "inequivalent arg" in each["what"]]
    command, *words = shlex.split(cure.partition(" (or: ")[0])
    assert command == CONTROL.name
    subprocess.run([CONTROL, *words], env=region.rabbitmq.tools(), check=True, timeout=60)
    operator.is_well()


def test_events_that_are_published_again_come_as_they_are_and_ours_drop_them(operator, region):
    before = operator.told("events", "verify")
    subscription = others(region).subscribe("others.inbox", ["ballots.events"], most=100)
    dry = operator.run("events", "replay", "ballots", "--from", 1, "--dry-run")
    assert (dry.returncode, "Nothing was changed" in dry.stdout) == (0, True)
    assert operator.run("events", "replay", "ballots", "--from", 1).returncode == 2
    run = operator.run("events", "replay", "ballots", "--from", 1, "--yes", "--reason", "others lost them")
    assert run.returncode == 0, run.stderr
    log = [Event.from_json(each) for each in region.events("ballots")]
    came = []
    eventually(lambda: came.extend(subscription.receive(1)) or len(came) >= len(log), 20, "they came")
    subscription.acknowledge()
    assert [Event.from_bytes(each.body) for each in came] == log
    subscription.close()
    region.rabbitmq.api("DELETE", f"queues/{region.vhost}/others.inbox")
    assert operator.told("events", "verify") == before
    entry = operator.told("audit", "--service", "ballots")[-1]
    assert (entry["action"], entry["reason"]) == ("events replay", "others lost them")
    assert entry["details"]["events"] == len(log)


def test_a_region_that_was_destroyed_amid_its_work_is_restored_and_goes_on(operator, region, tmp_path):
    with ThreadPoolExecutor(1) as pool:
        suggesting = pool.submit(suggest, region, 60)
        for number in range(3):
            run = operator.run("backup", tmp_path / f"kept-{number}", "--by", "Li Na")
            assert run.returncode == 0, run.stderr
        suggesting.result(120)
    running = operator.run("restore", tmp_path / "kept-2", "--yes")
    assert running.returncode == 1
    region.kill("notifications")
    suggest(region, 3)  # what waits for it at the broker then is from after the backup
    told = json.loads((tmp_path / "kept-2/manifest.json").read_text())["services"]
    assert not any("password" in text or "secret" in text for text in map(str, told.values()))
    for name in SERVICES:
        region.kill(name)
    for name in SERVICES:
        region.postgres.drop_database(region.databases[name].rpartition("/")[2])
    psql(region.postgres, region.made / "database/roles.sql")
    assert operator.run("events", "verify").returncode == 2
    run = operator.run("restore", tmp_path / "kept-2", "--yes", "--reason", "the disk was lost")
    assert run.returncode == 0, run.stdout + run.stderr
    assert "message(s) in notifications.inbox were thrown away" in run.stdout
    found = operator.told("events", "verify")
    assert {each["service"]: each["sequence"] for each in found if each["hash"]} == {
        name: entry["log"]["sequence"] for name, entry in told.items()
    }
    assert not any(each["fault"] or each["missing"] for each in found)
    assert operator.run("restore", tmp_path / "kept-2", "--yes").returncode == 1
    region.start()
    suggest(region, 3)
    region.settled()
    check_inboxes(region, check_logs(region))
    operator.is_well()
