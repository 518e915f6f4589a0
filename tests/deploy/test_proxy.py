"""The proxy before services that only tell what came to them, but for ratings, which is down."""

import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from signal import SIGHUP
from ssl import SSLError
from threading import Thread

import pytest

from tests.support.front import certified, fronted
from tests.support.region import SERVICES
from tests.support.servers import free_ports
from tests.support.waiting import eventually

STRANGE = {
    "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    "tracestate": "somebody=1",
    "baggage": "seat=17",
    "Forwarded": "for=192.0.2.7",
    "X-Forwarded-For": "192.0.2.7",
    "X-Forwarded-Host": "elsewhere.example",
    "X-Forwarded-Port": "81",
    "X-Forwarded-Prefix": "/other",
    "X-Real-IP": "192.0.2.7",
}


class _Echo(BaseHTTPRequestHandler):
    def do_GET(self):
        told = json.dumps(dict(self.headers)).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(told)))
        self.end_headers()
        self.wfile.write(told)

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def proxy(tmp_path_factory):
    with ThreadingHTTPServer(("127.0.0.1", 0), _Echo) as echo:
        Thread(target=echo.serve_forever, daemon=True).start()
        address = f"127.0.0.1:{echo.server_port}"
        addresses = {**dict.fromkeys(SERVICES, address), "ratings": f"127.0.0.1:{free_ports(1)[0]}"}
        with fronted(tmp_path_factory.mktemp("proxy"), addresses) as proxy:
            yield proxy
        echo.shutdown()


def test_what_strangers_say_of_traces_and_of_who_forwards_goes_no_further(proxy):
    fields = {**STRANGE, "X-Forwarded-Proto": "http", "Authorization": "Bearer x", "X-Correlation-Id": "hall"}
    status, _, body = proxy.ask("GET", "/ballots/docs", **fields)
    came = {name.lower(): value for name, value in json.loads(body).items()}
    assert status == 200
    assert not {name.lower() for name in STRANGE} & came.keys()
    assert came["x-forwarded-proto"] == "https"
    assert (came["authorization"], came["x-correlation-id"]) == ("Bearer x", "hall")


def test_who_came_is_kept_nowhere_even_when_a_service_is_down(proxy):
    assert proxy.ask("GET", "/ballots/docs")[0] == 200
    assert proxy.ask("GET", "/ratings/docs")[0] == 502
    assert proxy.ask("GET", "/ratings/docs", **{"X-Large": "x" * 40_000})[0] == 400
    assert proxy.ask_plainly("GET", "/ratings/docs")[0] == 308
    kept = [path.read_text() for path in proxy.ca.parent.glob("*.log")]
    assert len(kept) == 3
    assert not [line for text in kept for line in text.splitlines() if "client: " in line or "GET " in line]


def test_a_renewed_certificate_is_taken_up_by_a_reload(proxy):
    """As the page says: systemctl reload nginx, or docker compose exec proxy nginx -s reload."""
    certified(proxy.ca.parent)
    with pytest.raises(SSLError):
        proxy.ask("GET", "/ballots/docs")
    os.kill(proxy.process.pid, SIGHUP)
    status, _, _ = eventually(lambda: proxy.ask("GET", "/ballots/docs"), 20, ignoring=(SSLError,))
    assert status == 200
