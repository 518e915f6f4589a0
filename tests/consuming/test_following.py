"""``following.py`` of the examples: what is missed is fetched, what comes twice is dropped."""

import importlib.util
import json
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
            page = {"events": log[after : after + limit]}
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(page).encode())

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads, server.asked = True, []
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
    (tmp_path / "token").write_text(TOKEN)

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


def test_event_that_does_not_continue_the_log_is_not_handled(started, following, log):
    follower, handled = started()
    follower.take(log[0])
    with pytest.raises(following.LogBroken):
        follower.take(log[1] | {"previoushash": "f" * 64})
    assert handled == [1]
