"""The release before and this one side by side, on one store and one broker, amid a vote: nobody notices.

Tables may be for later releases alone, because of something that the one before knows nothing of. It must
not be used then as long as that one runs, and it is not used here.
"""

import json
import subprocess
from contextlib import closing
from itertools import cycle
from pathlib import Path

import psycopg2
import pytest

from tests.chaos.casting import Casting
from tests.chaos.checks import check_logs, check_notices, check_papers, handled_types
from tests.chaos.test_region import suggest
from tests.end_to_end import year
from tests.support.deployed import PIAOJUE, plain
from tests.support.processes import Process
from tests.support.region import SERVICES, RealRegion
from tests.support.releases import command, release_before, unpacked
from tests.support.servers import free_ports
from tests.support.waiting import eventually

pytestmark = [pytest.mark.slow, pytest.mark.timeout(500)]

PAPERS = 600


class Upgraded(RealRegion):
    """Each service may have two processes; requests go to both, one after the other."""

    def __init__(self, before, folder, rabbitmq, postgres):
        super().__init__(folder, rabbitmq, postgres)
        self.before = before
        self._running = {name: {} for name in SERVICES}
        self._turns = {}

    def port_of(self, service):
        return next(self._turns[service])

    def add(self, service, release):
        """Starts a process of a service, of the release before or of this one (None), and waits for it."""
        port = free_ports(1)[0]
        words, environment = command(release)
        which = "this" if release is None else "before"
        process = Process(
            [*words, "run", service],
            output=self.folder / f"{service}-{which}.log",
            env={
                **self._environment(service),
                "PIAOJUE_HTTP_ADDRESS": f"127.0.0.1:{port}",
                **({"PIAOJUE_MIGRATE": "false"} if release is None else {}),
                **environment,
            },
        )
        self.processes[f"{service}-{which}"] = process
        process.wait_for_http(f"http://127.0.0.1:{port}/{service}/health/ready", within=60)
        self._running[service][which] = port
        self._turns[service] = cycle(self._running[service].values())

    def end(self, service, which):
        """Takes a process out of the turns and stops it, as whoever upgrades does."""
        del self._running[service][which]
        self._turns[service] = cycle(self._running[service].values())
        assert self.processes[f"{service}-{which}"].terminate(within=40) == 0

    def upgrade(self):
        """The step of its own, with the command of this release."""
        environment = {**self._environment("ballots")}
        del environment["PIAOJUE_STORE_URL"]
        urls = {f"PIAOJUE_{name.upper()}_STORE_URL": url for name, url in self.databases.items()}
        done = subprocess.run(
            [PIAOJUE, "migrate", "--all"],
            env={**environment, **urls},
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def before(tmp_path_factory):
    """Where the release before is."""
    return unpacked(release_before(), tmp_path_factory.mktemp("before"))


@pytest.fixture
def region(before, rabbitmq, postgres, tmp_path):
    """Nothing of it runs yet."""
    rabbitmq.start()
    postgres.start()
    made = Upgraded(before, tmp_path / "region", rabbitmq, postgres)
    try:
        yield made
    finally:
        made.close()


def revision(region, service):
    with psycopg2.connect(region.databases[service]) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT version_num FROM alembic_version")
        return cursor.fetchone()[0]


def test_a_vote_goes_on_while_each_service_is_replaced_by_this_release(region):
    for name in SERVICES:
        region.add(name, region.before)
    before = revision(region, "ballots")
    year.publish_candidates(region)
    year.open_meeting(region, PAPERS)
    casting = Casting(region, year.open_poll(region, slips=PAPERS)).start()
    casting.wait_for(80)
    assert "ballots" in region.upgrade()
    assert revision(region, "ballots") > before
    casting.wait_for(160)
    region.add("ballots", None)
    casting.wait_for(320)
    region.end("ballots", "before")
    suggest(region, 10)
    for name in ("proposals", "ratings", "notifications"):
        region.add(name, None)
        suggest(region, 10)
        region.end(name, "before")
    casting.finish()
    assert len(casting.accepted) == PAPERS
    result = year.declare(region)
    assert result["returned"] == result["issued"] == PAPERS
    assert result["votes"] == casting.votes()
    region.settled()
    logs = check_logs(region)
    check_papers(region, "p1", PAPERS)
    check_notices(region, logs)
    check_inboxes_of_both(region, logs)
    assert which_ran(region) == {"before", "this"}


def check_inboxes_of_both(region, logs):
    """What both releases handle was handled exactly once; what only this one does, once at most, since the
    one before may have taken it without having anything to do with it."""
    before = json.loads(told_by(region.before, HANDLED_TYPES))
    for service, url in region.databases.items():
        types = handled_types(service)
        events = [event for log in logs.values() for event in log]
        wanted = {
            (each.producer, each.sequence) for each in events if each.type in {*before[service]} & types
        }
        allowed = {(each.producer, each.sequence) for each in events if each.type in types}
        with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT source, sequence, state FROM inbox")
            rows = cursor.fetchall()
        assert {state for _, _, state in rows} <= {"handled"}, service
        assert wanted <= {(source, sequence) for source, sequence, _ in rows} <= allowed, service


HANDLED_TYPES = """
import json
from importlib import import_module
from inspect import getmembers, isfunction

found = {}
for name in ("proposals", "ballots", "ratings", "notifications"):
    cls = getattr(import_module(f"{name}.service"), f"{name.capitalize()}Service")
    methods = [method for _, method in getmembers(cls, isfunction)]
    entrypoints = [each for method in methods for each in getattr(method, "nameko_entrypoints", ())]
    found[name] = [each.event_type.type for each in entrypoints if hasattr(each, "event_type")]
print(json.dumps(found))
"""


def told_by(release, program):
    """What a program prints, with the code of the release."""
    words, environment = command(release)
    done = subprocess.run(
        [words[0], "-W", "ignore", "-c", program],
        capture_output=True,
        text=True,
        timeout=60,
        env={**plain(), **environment},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def which_ran(region):
    """By the logs: both releases have answered papers."""
    logs = {which: (region.folder / f"ballots-{which}.log").read_text() for which in ("before", "this")}
    return {which for which, said in logs.items() if "answering" in said}


def test_the_code_of_the_release_before_is_what_ran(before):
    """Not this checkout's: a process of it knows neither the command nor the settings of this release."""
    words, environment = command(before)
    told = subprocess.run(
        [*words, "migrate", "--help"],
        capture_output=True,
        text=True,
        timeout=60,
        env={**plain(), **environment},
    )
    assert told.returncode == 2
    where = told_by(before, "import ballots, chassis, piaojue; print(ballots.__file__, chassis.__file__)")
    assert all(path.startswith(str(before)) for path in where.split())


def test_a_process_of_this_release_is_replaced_on_tables_of_the_next_one(region):
    """A start amid the next upgrade, when its tables are there: the release goes on, since it fits them."""
    region.add("proposals", region.before)
    region.upgrade()
    with psycopg2.connect(region.databases["proposals"]) as connection, connection.cursor() as cursor:
        cursor.execute("UPDATE schema_fit SET revision = '9999'")
        cursor.execute("UPDATE alembic_version SET version_num = '9999'")
    region.add("proposals", None)
    region.end("proposals", "before")
    suggest(region, 3)
    eventually(lambda: len(region.events("proposals")) >= 3, 20, "they are told")
    assert Path(region.folder / "proposals-this.log").read_text().count("tables_of_a_newer_release") == 1
