"""Commands that cure more than one fault, each as it is to be typed; in brackets as it is for a region in
containers."""

import socket
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from piaojue.operating.places import Place
from piaojue.region.broker import DEFINITIONS_AT
from piaojue.region.database import FILES_AT

SECONDS: Final = 3.0
AMQP: Final = 5672
POSTGRESQL: Final = 5432
TRUST: Final = "make the server's certificate and the services' ca.pem fit each other: docs/deploying.md, TLS"


def started(place: Place) -> str:
    """Starts a service, or starts it anew: as deployed by systemd or compose; or the embedded suite."""
    if place.settings.broker_url.startswith("memory:"):
        return f"piaojue up --data-folder {place.settings.data_folder}"
    return f"systemctl restart piaojue@{place.service} (or: docker compose restart {place.service})"


def log(place: Place) -> str:
    """Shows what a service said at last."""
    if place.settings.broker_url.startswith("memory:"):
        return "see what piaojue up has said"
    return f"journalctl -u piaojue@{place.service} -n 50 (or: docker compose logs --tail 50 {place.service})"


def broker(place: Place, detail: str) -> str:
    """Of a broker that a service cannot use: somebody must start it, or it lacks what it should have."""
    url = place.settings.broker_url
    if "certificate" in detail:
        return TRUST
    if not _listens(url, AMQP):
        return f"systemctl start rabbitmq-server (or: docker compose start broker){_there(url)}"
    command, file = "rabbitmqctl import_definitions", f"{DEFINITIONS_AT}/definitions.json"
    here = _of_region(place, file)
    return f"{command} {here} (or: docker compose exec broker {command} {file}){_there(url)}"


def database(place: Place, detail: str) -> str:
    """Of a database that cannot be used: its server must be started, or it has not this database."""
    if (file := place.file) is not None:
        return f"see that {file} is there and is yours"
    url = place.settings.store_url
    if "certificate" in detail:
        return TRUST
    if not _listens(url, POSTGRESQL):
        return f"systemctl start postgresql (or: docker compose start database){_there(url)}"
    return f"{roles(place)}; if its data are lost, then piaojue restore FOLDER, before anything is started"


def roles(place: Place) -> str:
    """Gives a service's role what it should have."""
    command, script = "psql -f", f"{FILES_AT}/roles.sql"
    return (
        f"runuser -u postgres -- {command} {_of_region(place, script)} "
        f"(or: docker compose exec -u postgres database {command} {script}){_there(place.settings.store_url)}"
    )


def _of_region(place: Place, file: str) -> str:
    """A file that a server has from the region's folder: as it is in that folder, if it is at hand."""
    path = Path(file)
    here = place.folder and place.folder / path.parent.name / path.name
    return str(here) if here and here.is_file() else file


def fitting(mismatch: str) -> str:
    """Of a database that is not for this release, or not for this service."""
    if "has the log of" in mismatch:
        return (
            "set region and store_url as they were, before anything is started again: docs/configuration.md"
        )
    return "install the newer release on this machine"


def _there(url: str) -> str:
    host = _host(url)
    return "" if host in {"localhost", "127.0.0.1", "::1"} else f", on {host}"


def _host(url: str) -> str:
    return urlsplit(url).hostname or "localhost"


def _listens(url: str, port: int) -> bool:
    """Whether anybody answers there at all."""
    try:
        socket.create_connection((_host(url), urlsplit(url).port or port), SECONDS).close()
    except (OSError, ValueError):
        return False
    return True
