"""The proxy in front of a region: nginx by its template, filled in as its image does."""

import re
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPSConnection
from pathlib import Path
from signal import SIGQUIT

from piaojue.region.certificates import Authority
from tests.support.install import program
from tests.support.manifests import DEPLOY, composed
from tests.support.processes import Process
from tests.support.servers import ServerMissingError, free_ports

Answer = tuple[int, dict[str, str], bytes]
"""Status, header fields, body."""


@dataclass(frozen=True)
class Proxy:
    """Where it answers: HTTP, and HTTPS with a certificate by ``ca``."""

    http: int
    https: int
    ca: Path
    process: Process

    def ask(self, method: str, path: str, body: bytes | None = None, **fields: str) -> Answer:
        context = ssl.create_default_context(cafile=self.ca)
        connection = HTTPSConnection("localhost", self.https, timeout=20, context=context)
        return answered(connection, method, path, body, fields)

    def ask_plainly(self, method: str, path: str) -> Answer:
        return answered(HTTPConnection("127.0.0.1", self.http, timeout=20), method, path, None, {})


def answered(
    connection: HTTPConnection, method: str, path: str, body: bytes | None, fields: Mapping[str, str]
) -> Answer:
    try:
        connection.request(method, path, body, dict(fields))
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()
    finally:
        connection.close()


def certified(folder: Path) -> None:
    """A new CA and a certificate by it for localhost, in place of those that are there."""
    authority = Authority("people's")
    signed = authority.sign("localhost")
    (folder / "ca.pem").write_bytes(authority.certificate)
    (folder / "fullchain.pem").write_bytes(signed.certificate)
    (folder / "privkey.pem").write_bytes(signed.key)


@contextmanager
def fronted(folder: Path, addresses: Mapping[str, str]) -> Iterator[Proxy]:
    """``addresses``: where each service answers, by name."""
    nginx = program("nginx")
    if nginx is None:
        raise ServerMissingError("nginx missing: run apt-get install nginx-light as root")
    http, https = free_ports(2)
    certified(folder)
    here = {
        "HTTP_LISTEN": f"127.0.0.1:{http}",
        "HTTPS_LISTEN": f"127.0.0.1:{https}",
        "RESOLVER": "127.0.0.1",
        "CERTIFICATES": str(folder),
        **{name.upper(): address for name, address in addresses.items()},
    }
    assert set(here) == set(composed()["services"]["proxy"]["environment"])
    template = (DEPLOY / "proxy/piaojue.conf.template").read_text()
    (folder / "piaojue.conf").write_text(re.sub(r"\$\{(\w+)\}", lambda match: here[match[1]], template))
    (folder / "nginx.conf").write_text(
        f"daemon off; pid {folder}/pid; error_log stderr; events {{}}\n"
        f"http {{ client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxied; "
        f"fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s; "
        # As Debian's and the image's own files have it.
        f"access_log {folder}/access.log; error_log {folder}/error.log info; "
        f"include {folder}/piaojue.conf; }}\n"
    )
    process = Process([nginx, "-p", folder, "-c", folder / "nginx.conf"], output=folder / "nginx.log")
    try:
        process.wait_for_port(https)
        yield Proxy(http, https, folder / "ca.pem", process)
        assert process.terminate(by=SIGQUIT) == 0
    finally:
        process.kill()
