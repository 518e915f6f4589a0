"""The examples, as they are shown, each in an environment without anything of ours: on a real RabbitMQ with
TLS, with the account that ``piaojue region consumer`` makes and its rights alone."""

import json
import re
import shutil
import ssl
import subprocess
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from urllib.request import urlopen

import pytest
from kombu import Connection

from chassis.auth.keys import public_keys
from piaojue_contracts import golden_messages
from piaojue_contracts.ballots import RESULT_DECLARED_V1, TURNOUT_CHANGED_V1
from tests.notifications.receiving import LOOPBACK, SECRET, endpoints_file, entry
from tests.support.deployed import piaojue
from tests.support.environments import environment
from tests.support.generate import TOP
from tests.support.install import program
from tests.support.processes import Process
from tests.support.rabbitmq import PrivateRabbitMQ
from tests.support.running import running
from tests.support.servers import free_ports
from tests.support.waiting import eventually

pytestmark = [pytest.mark.slow, pytest.mark.real]

EXAMPLES = TOP / "docs/examples"
HOST = "127.0.0.1"
GOLDEN = {event.type.split(".")[2]: event for _, event in golden_messages()}
RESULT, TURNOUT = GOLDEN["result_declared"], GOLDEN["turnout_changed"]
QUEUES = {
    "nameko_service.py": "evt-ballots-#--budget.heard",
    "kombu_consumer.py": "budget.kombu",
    "consumer.js": "budget.node",
}
MINUTE = {
    "nameko_service.py": "interval=60",
    "kombu_consumer.py": "monotonic() + 60",
    "consumer.js": "60_000",
}
RUN = """
import eventlet; eventlet.monkey_patch()
import json
from nameko.runners import ServiceRunner
from snippet import Budget
runner = ServiceRunner(json.load(open("config.json")))
runner.add_service(Budget)
runner.start()
runner.wait()
"""
RESERVED = f"reserve funds for {' '.join(RESULT.data['adopted'])}"


@pytest.fixture(scope="module")
def region(tmp_path_factory):
    """A region's broker with its definitions and TLS, and ballots, played, with its own user there."""
    folder = tmp_path_factory.mktemp("consuming")
    made = folder / "region"
    (port,) = free_ports(1)
    piaojue("region", "init", "yongan", "--folder", made, "--tls", "--broker", f"{HOST}:{port}")
    piaojue("region", "consumer", "budget", "--of", "ballots", "--folder", made)
    told = (made / "broker/rabbitmq.conf").read_text()
    told = told.replace("/etc/piaojue", str(made)).replace("ssl.default = ", f"ssl.default = {HOST}:")
    settings = {
        "PIAOJUE_BROKER_URL": (made / "ballots/broker-url").read_text().strip(),
        "PIAOJUE_BROKER_CA": str(made / "ballots/ca.pem"),
        "PIAOJUE_RELAY_INTERVAL": "0.2",
    }
    with (
        PrivateRabbitMQ(folder / "rabbitmq", port=port, configuration=told) as rabbitmq,
        running(played=["ballots"], folder=folder / "data", settings=settings) as ballots,
    ):
        trust(folder / "data/jwks.json", made / "operator/jwks.json")
        feed = f"http://{HOST}:{ballots.port}/ballots/events"
        handed = made / "consumers/budget"
        yield SimpleNamespace(tell=ballots.tell, events=ballots.events, feed=feed, handed=handed, made=made)
        assert rabbitmq.running


def trust(own, regions):
    """The played service takes the region's tokens beside those of the tests."""
    keys = [key for file in (own, regions) for key in json.loads(file.read_text())["keys"]]
    own.write_text(json.dumps({"keys": keys}))
    assert len(public_keys(own.read_bytes())) == 2


@pytest.fixture(scope="module")
def python(tmp_path_factory):
    return environment(tmp_path_factory.mktemp("theirs") / "env", others=["nameko", "kombu"])


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    """A folder with the example for Node.js and its locked dependencies, as ``npm ci`` makes it."""
    folder = tmp_path_factory.mktemp("node") / "node"
    shutil.copytree(EXAMPLES / "node", folder, ignore=shutil.ignore_patterns("node_modules"))
    command = [program("npm"), "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
    return folder


def declare(region):
    """Tells a turnout and a result; the number of the result."""
    region.tell(TURNOUT_CHANGED_V1, TURNOUT.subject, TURNOUT.data)
    region.tell(RESULT_DECLARED_V1, RESULT.subject, RESULT.data)
    return region.events("ballots")[-1]["sequence"]


class Consumer:
    """An example at work, started and killed at will; what it has said of all its starts."""

    def __init__(self, command, folder, queue):
        self._command, self._folder, self._process = command, folder, None
        self.queue = queue
        self.output = folder / "said.log"

    def hurry(self):
        """A minute is a second from the next start on."""
        file = self._folder / self._command[1]
        minute, text = MINUTE[file.name], file.read_text()
        assert text.count(minute) == 1
        file.write_text(text.replace(minute, minute.replace("60", "1")))

    def start(self):
        self._process = Process(self._command, output=self.output, cwd=self._folder)

    def kill(self):
        if self._process:
            self._process.kill()

    def reserved(self):
        """The numbers of the results that it has reserved funds for, so far."""
        lines = self.output.read_text(errors="replace").splitlines()
        return [line.split()[0] for line in lines if line.endswith(RESERVED)]

    def wait_for(self, number):
        def there():
            assert self._process.running, self.output.read_text()[-3000:]
            return number in self.reserved()

        eventually(there, 60, f"{number} is reserved for; it says: {self.output.read_text()[-2000:]}")


@pytest.fixture(params=QUEUES)
def consumer(request, region, tmp_path):
    file = request.param
    if file.endswith(".js"):
        folder, interpreter = request.getfixturevalue("node"), program("node")
        shutil.copy(EXAMPLES / "node" / file, folder)
    else:
        folder, interpreter = tmp_path, request.getfixturevalue("python")
        for name in ("following.py", file):
            shutil.copy(EXAMPLES / name, folder)
    made = Consumer([str(interpreter), file, str(region.handed), region.feed], folder, QUEUES[file])
    yield made
    made.kill()


@contextmanager
def missing_some(region, queue):
    """What is told meanwhile does not come into the queue: the next event shows the gap."""
    url = (region.handed / "broker-url").read_text().strip()
    tls = {"cert_reqs": ssl.CERT_REQUIRED, "ca_certs": str(region.handed / "ca.pem")}
    with Connection(url, ssl=tls) as connection, connection.channel() as channel:
        channel.queue_unbind(queue, "ballots.events", "#")
        yield
        published(region)
        channel.queue_bind(queue, "ballots.events", "#")


def published(region):
    """Waits until the broker has all that was told."""
    last = int(region.events("ballots")[-1]["sequence"])
    metric = f'piaojue_outbox_published{{service="ballots"}} {last}.0'
    address = region.feed.replace("/events", "/metrics")
    eventually(lambda: metric in urlopen(address, timeout=10).read().decode(), 20, "all is published")


def test_consumer_misses_nothing_whether_it_is_away_or_the_broker_loses_some(region, consumer):
    told = [each["sequence"] for each in region.events("ballots", "result_declared")]
    told.append(declare(region))
    consumer.start()
    consumer.wait_for(told[-1])
    told.append(declare(region))
    consumer.wait_for(told[-1])
    consumer.kill()
    told += [declare(region), declare(region)]
    consumer.start()
    consumer.wait_for(told[-1])
    with missing_some(region, consumer.queue):
        told.append(declare(region))
    told.append(declare(region))
    consumer.wait_for(told[-1])
    reserved = consumer.reserved()
    assert list(dict.fromkeys(reserved)) == told
    assert len(reserved) <= len(told) + 1, "only what was under way at the kill may be printed again"


def test_consumer_finds_what_was_lost_also_when_nothing_comes_after_it(region, consumer):
    consumer.hurry()
    consumer.start()
    consumer.wait_for(declare(region))
    with missing_some(region, consumer.queue):
        lost = declare(region)
    consumer.wait_for(lost)


def test_log_that_ends_before_the_position_is_said_in_javascript_and_with_curl(region, node, tmp_path):
    shutil.copy(EXAMPLES / "follow.sh", tmp_path)
    (tmp_path / "after").write_text("001000000")
    (node / "node.json").write_text(json.dumps({"sequence": 1_000_000, "hash": "0" * 64}))
    for command, folder in (["sh", "follow.sh"], tmp_path), ([program("node"), "consumer.js"], node):
        command = [*map(str, command), str(region.handed), region.feed]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60)
        assert done.returncode == 1
        assert "ends" in done.stderr
    (node / "node.json").unlink()


def test_snippet_of_the_readme_hears_with_the_account(region, python, tmp_path):
    """As ``nameko run`` would run it; that needs a setuptools older than the newest."""
    (snippet,) = re.findall(r"```python\n(.*?)```", (TOP / "README.md").read_text(), re.DOTALL)
    (tmp_path / "snippet.py").write_text(snippet)
    configuration = {
        "AMQP_URI": (region.handed / "broker-url").read_text().strip(),
        "AMQP_SSL": {"cert_reqs": int(ssl.CERT_REQUIRED), "ca_certs": str(region.handed / "ca.pem")},
        "DECLARE_EVENT_EXCHANGES": False,
    }
    (tmp_path / "config.json").write_text(json.dumps(configuration))
    process = Process([python, "-u", "-c", RUN], output=tmp_path / "said.log", cwd=tmp_path)

    def heard():
        assert process.running, process.said()[-3000:]
        declare(region)
        return "reserve funds for" in process.said()

    eventually(heard, 60, "a result is heard", pause=1)
    process.kill()


def test_feed_is_followed_with_curl_from_any_number_on(region, tmp_path):
    shutil.copy(EXAMPLES / "follow.sh", tmp_path)
    last = declare(region)

    def followed():
        command = ["sh", "follow.sh", str(region.handed), region.feed]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    assert followed() == region.events("ballots")
    assert followed() == []
    declare(region)
    assert len(followed()) == 2
    (tmp_path / "after").write_text(str(int(last) - 1))
    assert next(each["sequence"] for each in followed()) == last


@pytest.fixture(params=["webhook_receiver.py", "webhook-receiver.js"])
def receiver(request, tmp_path):
    """An example that receives webhooks; the file of its secret is ``hook.secret`` in the test's folder."""
    file, (port,) = request.param, free_ports(1)
    if file.endswith(".js"):
        folder, interpreter = request.getfixturevalue("node"), program("node")
    else:
        folder, interpreter = EXAMPLES, request.getfixturevalue("python")
    command = [str(interpreter), file, str(port), str(tmp_path / "hook.secret")]
    (tmp_path / "hook.secret").write_text(f"{SECRET}\n")
    process = Process(command, output=tmp_path / "received.log", cwd=Path(folder))
    process.wait_for_port(port)
    yield SimpleNamespace(url=f"http://{HOST}:{port}/", process=process)
    process.kill()


def test_webhooks_are_verified_and_what_nobody_has_signed_is_refused(receiver, tmp_path):
    file = endpoints_file(tmp_path, entry(receiver.url, types=f"[{RESULT.type}]"))
    own = LOOPBACK | {"channels": "webhook", "webhooks": str(file)}
    settings = {f"PIAOJUE_NOTIFICATIONS_{key.upper()}": value for key, value in own.items()}
    played = ["proposals", "ballots", "ratings"]
    with running("notifications", played=played, folder=tmp_path / "data", settings=settings) as services:
        services.tell(TURNOUT_CHANGED_V1, TURNOUT.subject, TURNOUT.data)
        services.tell(RESULT_DECLARED_V1, RESULT.subject, RESULT.data)
        adopted = " ".join(RESULT.data["adopted"])
        receiver.process.wait_for_line(rf"^000000000000002 {RESULT.type} {adopted}$")
    assert "turnout_changed" not in receiver.process.said()
    forged = ["-H", "webhook-id: x", "-H", "webhook-timestamp: 1", "-H", "webhook-signature: v1,x"]
    for headers in ([], forged):
        command = ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "-d", "{}", *headers, receiver.url]
        assert subprocess.run(command, capture_output=True, text=True, timeout=30).stdout == "401"
