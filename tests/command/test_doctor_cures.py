"""What ``piaojue doctor`` says of a fault helps when it is typed as it stands, and is true."""

from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from itertools import chain, repeat
from threading import Thread
from types import SimpleNamespace

import pytest

from piaojue.operating import doctor
from piaojue.operating.checks import cures, management
from piaojue.operating.checks.finding import ERROR, OK, WARNING, Finding
from piaojue.operating.places import place_of
from tests.command.stores import as_json
from tests.support.servers import free_ports


@pytest.fixture
def region(tmp_path, monkeypatch):
    """Its folder, away from where it usually is; at the ports of its servers nobody listens."""
    broker, database = free_ports(2)
    (tmp_path / "piaojue.yaml").write_text(
        f"broker_url: amqp://someone:secret@127.0.0.1:{broker}/here\n"
        f"store_url: postgresql://someone:secret@127.0.0.1:{database}/ballots\n"
    )
    monkeypatch.setenv("PIAOJUE_CONFIG", str(tmp_path / "piaojue.yaml"))
    return tmp_path


def of_configuration(folder):
    told = as_json("doctor", "--only", "configuration", "--service", "ballots", folder=folder)["findings"]
    (finding,) = [each for each in told if each["level"] == ERROR]
    return finding


@pytest.mark.parametrize("content", [None, "short"])
def test_a_key_of_codes_that_is_lost_is_to_be_brought_back_and_not_made_anew(
    stores, tmp_path, monkeypatch, content
):
    file = tmp_path / "code-key"
    if content is not None:
        file.write_text(content)
    monkeypatch.setenv("PIAOJUE_BALLOTS_CODE_KEY_FILE", str(file))
    cure = of_configuration(stores.folder)["cure"]
    assert cure.startswith("bring it back")
    assert "never make a new one" in cure


def test_any_other_setting_is_to_be_corrected(stores, monkeypatch):
    monkeypatch.setenv("PIAOJUE_BALLOTS_WORKERS", "many")
    assert of_configuration(stores.folder)["cure"].startswith("correct it")


def test_files_of_a_region_are_named_where_they_are(region, monkeypatch):
    monkeypatch.setattr(cures, "_listens", lambda url, port: True)
    place = place_of("ballots", None, None)
    assert f"import_definitions {cures.DEFINITIONS_AT}/definitions.json (or" in cures.broker(place, "refused")
    for file in ("broker/definitions.json", "database/roles.sql"):
        (region / file).parent.mkdir()
        (region / file).touch()
    assert cures.broker(place, "refused").startswith(
        f"rabbitmqctl import_definitions {region}/broker/definitions.json (or: docker compose exec broker "
        f"rabbitmqctl import_definitions {cures.DEFINITIONS_AT}/definitions.json)"
    )
    assert f"psql -f {region}/database/roles.sql (or" in cures.database(place, "no such database")


def test_what_a_broker_that_is_away_does_not_tell_needs_the_broker_first():
    told = [
        Finding(ERROR, "broker", "ballots", "cannot be reached", "start the broker"),
        Finding(WARNING, "queues", "bindings", "cannot be asked", "switch it on"),
    ]
    assert [each.cure for each in doctor._causes_first(told)] == ["start the broker", "the broker first"]
    assert doctor._causes_first(told[1:]) == told[1:]


@contextmanager
def answering(date):
    """The URL of a management whose broker has this date."""

    class Empty(BaseHTTPRequestHandler):
        def date_time_string(self, timestamp=None):
            return format_datetime(date, usegmt=True)

        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"[]")

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Empty) as server:
        serving = Thread(target=server.handle_request, daemon=True)
        serving.start()
        yield f"http://127.0.0.1:{server.server_port}"
        serving.join(20)


@pytest.mark.parametrize(("behind", "level"), [(0.0, OK), (1.9, OK), (60.0, ERROR), (-60.0, ERROR)])
def test_a_brokers_clock_is_compared_with_the_moment_of_its_answer(region, monkeypatch, behind, level):
    """Whatever is asked of it afterwards may take long, and its own answer may."""
    asked_at = datetime(2022, 4, 16, tzinfo=UTC).timestamp()
    times = chain([asked_at, asked_at + 0.4], repeat(asked_at + 45))
    monkeypatch.setattr(management, "time", lambda: next(times))
    with answering(datetime.fromtimestamp(int(asked_at - behind), UTC)) as url:
        asked = management.Management(url, place_of("ballots", None, None), None)
        assert asked.here("queues") == []
    (finding,) = management._clock(asked)
    assert finding.level == level, finding


@pytest.mark.parametrize(
    ("overflow", "source", "level"),
    [
        ("reject-publish", "ballots.events", WARNING),
        ("reject-publish-dlx", "ballots.events", WARNING),
        ("drop-head", "ballots.events", OK),
        ("reject-publish", "theirs", OK),
    ],
)
def test_a_queue_of_others_that_refuses_events_is_told(overflow, source, level):
    queue = {"name": "budget.queue", "messages": 0, "arguments": {"x-overflow": overflow}}
    bound = {(source, "budget.queue", "#")}
    (told,) = management._others(SimpleNamespace(vhost="yongan"), None, [queue], bound)
    assert (told.level, told.about) == (level, "budget.queue")
    assert ("refuses" in told.what) == (level == WARNING)
