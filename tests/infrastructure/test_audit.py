"""Whether a dependency is vulnerable is told, and so is that nobody knows."""

import json
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from tests.support.audit import NONE, UNKNOWN, VULNERABLE, main
from tests.support.servers import free_ports

SHA256 = "a" * 64
FAULT = {
    "id": "PYSEC-2000-1",
    "aliases": ["CVE-2000-0001"],
    "summary": "It is bad.",
    "affected": [
        {
            "package": {"name": "well", "ecosystem": "PyPI"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.2.4"}]}],
        }
    ],
}


@pytest.fixture
def lock(tmp_path):
    file = tmp_path / "requirements.lock"
    file.write_text(f"road==2.0 \\\n    --hash=sha256:{SHA256}\nwell==1.2.3 \\\n    --hash=sha256:{SHA256}\n")
    return file


@contextmanager
def osv(answers):
    """The address of a service that knows these faults, by the name of the package."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            body = json.dumps(answers(asked["package"]["name"])).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1/query"
    finally:
        server.shutdown()
        server.server_close()


def audit(lock, url, capsys):
    status = main(["--lock", str(lock), "--osv-url", url])
    return status, capsys.readouterr()


def test_dependencies_that_nobody_knows_a_fault_of_pass(lock, capsys):
    with osv(lambda name: {}) as url:
        status, said = audit(lock, url, capsys)
    assert (status, said.out) == (NONE, "None of 2 dependencies is known to be vulnerable.\n")


def test_a_vulnerable_dependency_is_named_with_what_mends_it(lock, capsys):
    with osv(lambda name: {"vulns": [FAULT]} if name == "well" else {}) as url:
        status, said = audit(lock, url, capsys)
    assert status == VULNERABLE
    assert said.out == "well 1.2.3: PYSEC-2000-1 (CVE-2000-0001), fixed in 1.2.4\n"


def test_a_network_that_is_away_is_told_and_is_no_pass(lock, capsys):
    (port,) = free_ports(1)
    status, said = audit(lock, f"http://127.0.0.1:{port}/v1/query", capsys)
    assert (status, said.out) == (UNKNOWN, "")
    assert said.err.startswith("NOT AUDITED. Whether a dependency is vulnerable is unknown: ")


def test_what_is_not_pinned_by_hash_is_not_audited(tmp_path, capsys):
    loose = tmp_path / "loose.lock"
    loose.write_text("well>=1\n")
    with osv(lambda name: {}) as url:
        status, said = audit(loose, url, capsys)
    assert (status, said.out) == (UNKNOWN, "")
