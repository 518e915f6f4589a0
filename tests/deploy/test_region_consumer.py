"""``piaojue region consumer``: what somebody else's service may do at the broker and over HTTP: read."""

import json
import shutil
import stat
import subprocess
from pathlib import Path
from urllib.parse import quote
from urllib.request import Request, urlopen

import pytest
from kombu import Connection

from tests.support.deployed import PIAOJUE, deployed, piaojue, plain
from tests.support.region import SERVICES
from tests.support.waiting import eventually

OTHERS = [service for service in SERVICES if service != "ballots"]


@pytest.fixture(scope="module")
def pristine(tmp_path_factory):
    """Made once, to be copied."""
    folder = tmp_path_factory.mktemp("pristine") / "region"
    piaojue("region", "init", "yongan", "--folder", folder, "--tls", "--broker", "mq.example")
    return folder


@pytest.fixture
def made(pristine, tmp_path):
    return Path(shutil.copytree(pristine, tmp_path / "region"))


def definitions(folder):
    return json.loads((folder / "broker/definitions.json").read_text())


def consumer(folder, *words):
    command = [PIAOJUE, "region", "consumer", *words, "--folder", folder]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, env=plain())


def test_account_is_added_and_handed_over_for_its_owner_alone(made):
    before = definitions(made)
    done = consumer(made, "budget", "--of", "ballots")
    assert done.returncode == 0, done.stderr
    assert f"rabbitmqctl import_definitions {made}/broker/definitions.json" in done.stdout
    after, handed = definitions(made), made / "consumers/budget"
    assert {path.name for path in handed.iterdir()} == {"broker-url", "token", "ca.pem"}
    for path in (handed, *handed.iterdir(), made / "broker/definitions.json"):
        assert not stat.S_IMODE(path.stat().st_mode) & (stat.S_IRWXG | stat.S_IRWXO), path
    url = (handed / "broker-url").read_text().strip()
    assert url.startswith("amqps://yongan-consumer-budget:")
    assert url.endswith("@mq.example:5671/yongan")
    assert url.split(":")[2].split("@")[0] not in (made / "broker/definitions.json").read_text()
    assert after["users"][:-1] == before["users"]
    assert after["users"][-1]["name"] == "yongan-consumer-budget"
    assert {key for key in after if after[key] != before.get(key)} == {"users", "permissions", "parameters"}


def test_account_that_is_withdrawn_leaves_nothing(made):
    before = definitions(made)
    for words in (["budget", "--of", "ballots"], ["archive", "--of", "ratings"], ["archive", "--withdraw"]):
        assert consumer(made, *words).returncode == 0
    done = consumer(made, "budget", "--withdraw")
    assert "rabbitmqctl delete_user yongan-consumer-budget" in done.stdout
    assert definitions(made) | {"parameters": []} == before | {"parameters": []}
    assert list((made / "consumers").iterdir()) == []


@pytest.mark.parametrize("words", [["budget", "--of", "ballots"], ["budget", "--withdraw"]])
def test_dry_run_changes_nothing_and_shows_no_secret(made, words):
    if "--withdraw" in words:
        consumer(made, "budget", "--of", "ballots")
    before = {path: path.read_bytes() for path in made.rglob("*") if path.is_file()}
    done = consumer(made, *words, "--dry-run")
    assert (done.returncode, "yongan-consumer-budget" in done.stdout) == (0, True)
    assert 'hash"' not in done.stdout
    assert {path: path.read_bytes() for path in made.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["budget"], 2, "give --of"),
        (["budget", "--of", "ballots", "--withdraw"], 2, "give --of"),
        (["budget", "--of", "votes"], 2, "There is no service"),
        *(
            (([name, "--of", "ballots"]), 2, "consumer's name")
            for name in ("ballots", "amq", "a--b", "A", "a.b")
        ),
        (["budget", "--withdraw"], 1, "there is no account"),
    ],
)
def test_what_cannot_be_done_is_said(made, words, code, said):
    done = consumer(made, *words)
    assert done.returncode == code
    assert said in " ".join(done.stderr.replace("│", " ").split())


def test_account_that_is_there_is_not_made_again(made):
    consumer(made, "budget", "--of", "ballots")
    before = definitions(made)
    done = consumer(made, "budget", "--of", "ratings")
    assert (done.returncode, "is there already" in done.stderr) == (1, True)
    assert definitions(made) == before


def test_folder_that_is_none_is_said(tmp_path):
    done = consumer(tmp_path, "budget", "--of", "ballots")
    assert (done.returncode, "cannot be used: No such file" in done.stderr) == (1, True)


@pytest.fixture(scope="module")
def region(rabbitmq, postgres, tmp_path_factory):
    with deployed(tmp_path_factory.mktemp("deployed"), rabbitmq, postgres) as made:
        piaojue("region", "consumer", "budget", "--of", "ballots", "--folder", made.made)
        made.rabbitmq.api("POST", "definitions", definitions(made.made))
        yield made


@pytest.fixture
def channel(region):
    url = (region.made / "consumers/budget/broker-url").read_text().strip()
    with Connection(url) as connection, connection.channel() as made:
        yield made


def refused(channel, deed):
    try:
        deed()
    except channel.connection.channel_errors as error:
        return error.reply_code == 403
    return False


@pytest.mark.slow
@pytest.mark.parametrize("queue", ["budget.events", "evt-ballots-#--budget.heard"])
def test_queue_of_its_own_gets_the_events_it_is_for_and_has_its_limits(region, channel, queue):
    channel.queue_declare(queue, durable=True, auto_delete=False)
    channel.queue_bind(queue, "ballots.events", "#")
    found = region.rabbitmq.api("GET", f"queues/{region.vhost}/{quote(queue, safe='')}")
    assert found["type"] == "quorum"
    (policy,) = region.rabbitmq.api("GET", f"operator-policies/{region.vhost}")
    assert policy["definition"] == {
        "expires": 14 * 86_400_000,
        "max-length": 100_000,
        "max-length-bytes": 500_000_000,
    }
    shorter = {key: policy[key] for key in ("pattern", "apply-to", "priority")} | {
        "definition": {"max-length": 3}
    }
    path = f"operator-policies/{region.vhost}/{policy['name']}"
    region.rabbitmq.api("PUT", path, shorter)
    with Connection(region.rabbitmq.url(region.vhost)) as other, other.channel() as publishing:
        publishing.confirm_select()
        for number in range(5):
            body = publishing.prepare_message(str(number).encode())
            publishing.basic_publish_confirm(body, exchange="ballots.events", routing_key="x.v1")
    seen = []

    def all_but_the_oldest():
        message = channel.basic_get(queue, no_ack=True)
        seen.extend([bytes(message.body).decode()] if message else [])
        return seen == ["2", "3", "4"]

    eventually(all_but_the_oldest, 20, "the oldest two were dropped")
    region.rabbitmq.api("PUT", path, shorter | {"definition": policy["definition"]})


@pytest.mark.slow
@pytest.mark.parametrize(
    "deed",
    [
        *(
            lambda c, s=s: c.queue_bind("budget.events", f"{s}.events", "#")
            for s in SERVICES
            if s != "ballots"
        ),
        lambda c: c.exchange_delete("ballots.events"),
        lambda c: c.exchange_declare("ballots.events", "topic", durable=True, auto_delete=False),
        lambda c: c.queue_declare("somebody"),
        lambda c: c.queue_declare("evt-ratings-#--budget.heard"),
        lambda c: c.queue_delete("notifications.inbox"),
        lambda c: c.queue_purge("notifications.inbox"),
        lambda c: c.basic_get("notifications.inbox"),
        lambda c: c.basic_get("ballots.pages"),
        *(
            lambda c, to=to: c.basic_publish_confirm(
                c.prepare_message(b"{}"), exchange=to, routing_key="result_declared.v1"
            )
            for to in ("ballots.events", "", "amq.topic", "ballots.pages.questions")
        ),
    ],
)
def test_nothing_else_is_allowed(channel, deed):
    channel.queue_declare("budget.events", durable=True, auto_delete=False)
    channel.confirm_select()
    assert refused(channel, lambda: deed(channel))


@pytest.mark.slow
def test_token_reads_the_log_of_its_service_and_changes_nothing(region):
    region.start("ballots", "ratings")
    token = (region.made / "consumers/budget/token").read_text().strip()

    def asked(method, path):
        url = f"http://127.0.0.1:{region.port_of(path.split('/')[1])}{path}"
        request = Request(url, method=method, headers={"Authorization": f"Bearer {token}"}, data=b"{}")
        try:
            return urlopen(request, timeout=30).status
        except OSError as error:
            return error.code

    assert asked("GET", "/ballots/events?after=0") == 200
    assert asked("GET", "/ballots/inbox") == 403
    assert asked("PUT", "/ballots/bodies/yongan") == 403
    assert asked("GET", "/ratings/events?after=0") == 401
