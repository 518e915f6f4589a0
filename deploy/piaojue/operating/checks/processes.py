"""Processes: each service answers, is ready, and is of the release that is installed here."""

from collections.abc import Iterator, Sequence
from typing import Any

from piaojue.operating.checks.cures import started
from piaojue.operating.checks.files import ending
from piaojue.operating.checks.finding import ERROR, OK, SKIPPED, WARNING, Finding
from piaojue.operating.gathering import answering
from piaojue.operating.places import Place
from piaojue.versions import versions


def process(place: Place) -> Iterator[Finding]:
    """It answers, and says that it lacks nothing."""
    name = place.service
    start = started(place)
    try:
        told = answering(place)
    except Exception as error:
        yield Finding(ERROR, "process", name, str(error) or type(error).__name__, start)
        return
    for what, why in told.missing.items():
        yield Finding(
            ERROR, "process", name, f"is not ready: {what}: {why}", f"piaojue doctor --service {name}"
        )
    for what, why in told.degraded.items():
        yield Finding(WARNING, "process", name, f"{what}: {why}", f"piaojue doctor --service {name}")
    if told.ready and not told.degraded:
        yield Finding(OK, "process", name, f"answers at {told.url} and is ready")
    yield from _version(name, told.version, start)


def _version(name: str, running: str | None, start: str) -> Iterator[Finding]:
    services: Any = versions()["services"]
    here = services[name]
    if running is not None and running != here:
        what = f"runs as {running}, and {here} is installed here"
        yield Finding(WARNING, "version", name, what, start)
    elif running is not None:
        yield Finding(OK, "version", name, running)


def time_is_kept() -> Iterator[Finding]:
    """This machine's clock is set by others."""
    import shutil
    import subprocess

    program = shutil.which("timedatectl")
    if program is None:
        return
    asked = subprocess.run(
        [program, "show", "--property=NTPSynchronized", "--value"],
        capture_output=True,
        text=True,
        timeout=5,
        check=False,
    )
    answer = asked.stdout.strip()
    if answer == "yes":
        yield Finding(OK, "clock", "this machine", "is synchronised")
    elif answer == "no":
        yield Finding(WARNING, "clock", "this machine", "is not synchronised", "timedatectl set-ntp true")


def peers(places: Sequence[Place]) -> Iterator[Finding]:
    """Certificates that broker and database show, where TLS is used."""
    from urllib.parse import urlsplit

    for url in sorted({place.settings.broker_url for place in places}):
        parts = urlsplit(url)
        if parts.scheme == "amqps":
            yield _shown(f"broker {parts.hostname}", parts.hostname or "localhost", parts.port or 5671, False)
    for place in places:
        parts = urlsplit(place.settings.store_url)
        if parts.scheme.startswith("postgresql") and place.settings.store_ca is not None:
            host = parts.hostname or "localhost"
            yield _shown(f"database of {place.service}", host, parts.port or 5432, True)


_POSTGRESQL_WANTS_TLS = bytes([0, 0, 0, 8, 4, 210, 22, 47])


def _shown(about: str, host: str, port: int, postgresql: bool) -> Finding:
    """What it shows is looked at for its end alone; whether it is trusted, connecting tells."""
    import socket
    import ssl

    from cryptography.x509 import load_der_x509_certificate

    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with socket.create_connection((host, port), timeout=5) as plain:
            if postgresql:
                plain.sendall(_POSTGRESQL_WANTS_TLS)
                if plain.recv(1) != b"S":
                    what = "does not speak TLS, and its setting asks for it"
                    return Finding(
                        ERROR, "certificates", about, what, "switch TLS on in postgresql.conf: ssl = on"
                    )
            with context.wrap_socket(plain, server_hostname=host) as wrapped:
                shown = wrapped.getpeercert(binary_form=True)
    except OSError as error:
        return Finding(SKIPPED, "certificates", about, f"was not shown: {type(error).__name__}")
    if not shown:
        return Finding(SKIPPED, "certificates", about, "was not shown")
    return ending(about, load_der_x509_certificate(shown))
