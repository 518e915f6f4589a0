"""``following.py`` of the examples: what is missed is fetched, what comes twice is dropped."""

import importlib.util
import json
import re
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs, urlsplit

import pytest

from piaojue_contracts import Event, golden_messages
from tests.support.generate import TOP

TOKEN = "a-token"


@pytest.fixture(scope="module")
def following():
    spec = importlib.util.spec_from_file_location("following", TOP / "docs/examples/following.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def log():
    """1200 events of one log, chained: more than two pages."""
    (golden,) = [event for _, event in golden_messages() if ".turnout_changed." in event.type]
    events, hash = [], "0" * 64
    for number in range(1, 1201):
        changes = {"id": f"e-{number}", "sequence": number, "previous_hash": hash, "hash": ""}
        values = {name: getattr(golden, name) for name in Event.__slots__}
        events.append(Event(**values | changes).sealed())
        hash = events[-1].hash
    return [event.as_json() for event in events]


@pytest.fixture
def feed(log):
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            assert self.headers["Authorization"] == f"Bearer {TOKEN}"
            query = parse_qs(urlsplit(self.path).query)
            after, limit = int(query["after"][0]), int(query["limit"][0])
            server.asked.append(after)
            tip = server.log[-1]
            page = {
                "tip": {"sequence": int(tip["sequence"]), "hash": tip["hash"]},
                "events": server.log[after : after + limit],
            }
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(page).encode())

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads, server.asked, server.log = True, [], log
    thread = Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    server.url = f"http://127.0.0.1:{server.server_port}/ballots/events"
    yield server
    server.shutdown()
    server.server_close()
    thread.join(10)


@pytest.fixture
def started(following, feed, tmp_path):
    """``follower, handled``: a new one each time, on the same position."""
    (tmp_path / "token").write_text(f"{TOKEN}\n")

    def start(handle=None):
        handled = []
        handle = handle or (lambda event, db: handled.append(int(event["sequence"])))
        return following.Follower(tmp_path, feed.url, tmp_path / "position.db", handle), handled

    return start


def test_events_in_their_order_need_no_fetching(started, feed, log):
    follower, handled = started()
    for event in log[:5]:
        follower.take(event)
    assert (handled, feed.asked) == ([1, 2, 3, 4, 5], [])


def test_event_that_comes_again_is_dropped_also_by_the_next_start(started, log):
    follower, handled = started()
    for event in (log[0], log[0], log[1], log[0]):
        follower.take(event)
    assert handled == [1, 2]
    follower, handled = started()
    follower.take(log[1])
    follower.take(log[2])
    assert handled == [3]


def test_gap_is_healed_from_the_feed_before_the_event_that_shows_it(started, log):
    follower, handled = started()
    follower.take(log[0])
    follower.take(log[1199])
    assert handled == list(range(1, 1201))


def test_event_whose_handling_fails_is_handled_again_and_nothing_of_it_remains(started, log):
    def failing(event, db):
        db.execute("CREATE TABLE mine (n)")
        raise RuntimeError

    follower, _ = started(failing)
    with pytest.raises(RuntimeError):
        follower.take(log[0])
    assert not follower._db.execute("SELECT 1 FROM sqlite_master WHERE name = 'mine'").fetchall()
    follower, handled = started()
    follower.take(log[0])
    assert handled == [1]


@pytest.mark.parametrize("number", [0, 1, 700, 1200])
def test_replay_begins_after_any_number(started, number):
    follower, handled = started()
    follower.catch_up()
    handled.clear()
    follower.go_to(number)
    follower.catch_up()
    assert handled == list(range(number + 1, 1201))


def test_command_of_the_page_sets_the_position(started, feed, tmp_path):
    page = (TOP / "docs/consuming-events.md").read_text(encoding="utf-8")
    (program,) = re.findall(r"^python -c '(.*)' \\$", page, re.MULTILINE)
    started()
    subprocess.run(
        [sys.executable, "-c", program, str(tmp_path), feed.url, str(tmp_path / "position.db"), "1198"],
        cwd=TOP / "docs/examples",
        check=True,
        timeout=60,
    )
    follower, handled = started()
    follower.catch_up()
    assert handled == [1199, 1200]


@pytest.mark.parametrize("number", [-1, 1201, 10**9])
def test_number_that_the_log_does_not_have_is_said_and_changes_nothing(started, number):
    follower, handled = started()
    follower.go_to(1199)
    with pytest.raises(ValueError, match=f"the log has no event {number}"):
        follower.go_to(number)
    follower.catch_up()
    assert handled == [1200]


@pytest.mark.parametrize("back_to", [1, 900, 1199])
def test_log_that_was_put_back_is_noticed_before_it_has_grown_again(started, following, feed, log, back_to):
    """What it tells anew has numbers of events that were handled, and would be dropped as coming twice."""
    follower, handled = started()
    follower.go_to(1200)
    feed.log = log[:back_to]
    follower.take(log[back_to - 1])
    with pytest.raises(following.LogBroken, match=f"it ends at {back_to}, we are at 1200"):
        follower.catch_up()
    assert handled == []


def test_log_that_was_put_back_and_has_as_many_events_again_is_noticed(started, following, feed, log):
    follower, _ = started()
    follower.go_to(1200)
    feed.log = [*log[:-1], log[-1] | {"hash": "f" * 64}]
    with pytest.raises(following.LogBroken):
        follower.catch_up()


def test_token_that_was_replaced_is_used_at_once(started, feed, tmp_path):
    (tmp_path / "token").write_text("old")
    follower, handled = started()
    (tmp_path / "token").write_text(TOKEN)
    follower.go_to(1199)
    follower.catch_up()
    assert handled == [1200]


@pytest.mark.parametrize("own_ca", [True, False])
def test_broker_is_trusted_by_the_ca_that_was_handed_over_or_as_the_system_has_it(
    following, tmp_path, own_ca
):
    (tmp_path / "broker-url").write_text("amqps://budget:secret@mq.example:5671/yongan\n")
    if own_ca:
        (tmp_path / "ca.pem").touch()
    url, tls = following.broker(tmp_path)
    assert (url, tls["server_hostname"]) == ("amqps://budget:secret@mq.example:5671/yongan", "mq.example")
    assert tls["ca_certs"] == (str(tmp_path / "ca.pem") if own_ca else None)


def test_event_that_does_not_continue_the_log_is_not_handled(started, following, log):
    follower, handled = started()
    follower.take(log[0])
    with pytest.raises(following.LogBroken):
        follower.take(log[1] | {"previoushash": "f" * 64})
    assert handled == [1]
