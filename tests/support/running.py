"""Services as they run: one or more in one process of its own, over HTTP, with the embedded broker.

``with running("proposals", "ballots") as region:`` starts them on a free port; what runs is
``python -m tests.support.running``, a process apart because nameko's is monkey patched. A service that is
only needed for what it says can be played: ``played=("ballots",)`` makes one that tells what it is told to.
"""

import json
import os
import sys
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from http.client import HTTPConnection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from piaojue_contracts import EventType
from tests.support.http_server import Response
from tests.support.processes import Process
from tests.support.waiting import eventually

TOP = Path(__file__).parents[2]
READY_WITHIN_SECONDS = 60
EVERY_BODY = "*"


@dataclass
class Region:
    """The running services. Paths begin with a service's name."""

    process: Process
    port: int
    folder: Path
    key: Any

    def port_of(self, service: str) -> int:
        """Where a service answers."""
        return self.port

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        roles: Collection[str] = (),
        bodies: Collection[str] = (EVERY_BODY,),
        **headers: str,
    ) -> Response:
        """One request, with a token for these roles and bodies; without a token when there are no roles.

        ``body`` is sent as JSON unless it is bytes; ``headers`` come last, ``Content_Type`` for Content-Type.
        """
        fields = {"Authorization": self.token(*roles, bodies=bodies)} if roles else {}
        if body is not None:
            fields["Content-Type"] = "application/json"
            body = body if isinstance(body, bytes) else json.dumps(body).encode()
        fields |= {name.replace("_", "-"): value for name, value in headers.items()}
        connection = HTTPConnection("127.0.0.1", self.port_of(path.split("/")[1]), timeout=30)
        try:
            connection.request(method, path, body, fields)
            answer = connection.getresponse()
            named = {name.lower(): value for name, value in answer.getheaders()}
            return Response(answer.status, answer.reason, named, answer.read())
        finally:
            connection.close()

    def token(self, *roles: str, bodies: Collection[str] = (EVERY_BODY,), subject: str = "someone") -> str:
        """The value of an Authorization header, good for five minutes."""
        from chassis.auth import issue_token

        token = issue_token(
            self.key,
            issuer="piaojue",
            audience="piaojue",
            subject=subject,
            roles=list(roles),
            bodies=list(bodies),
            lifetime=timedelta(minutes=5),
        )
        return f"Bearer {token}"

    def events(self, service: str, name: str = "") -> list[dict[str, Any]]:
        """A service's log of events, whole messages, the first thousand; only those called ``name``, if
        given.

        An event is in it moments after its transaction: wait for it with :func:`tests.support.waiting`.
        """
        answer = self.call("GET", f"/{service}/events?limit=1000", roles=("operator",))
        assert answer.status == 200, answer.body
        return [each for each in answer.json["events"] if not name or f".{name}." in each["type"]]

    def event(self, service: str, name: str, within: float = 20) -> dict[str, Any]:
        """The last event of that name, waited for."""
        what = f"{service} tells {name}"
        return eventually(lambda: self.events(service, name)[-1:], within, what)[0]

    def tell(self, event_type: EventType, subject: str, data: Mapping[str, Any]) -> None:
        """Has the played producer of an event tell it. Returns when it is in the producer's log."""
        producer, before = event_type.producer, len(self.events(event_type.producer))
        body = {"type": event_type.type, "subject": subject, "data": data}
        answer = self.call("POST", f"/{producer}/tell", body)
        assert answer.status == 204, answer.body
        eventually(lambda: len(self.events(producer)) > before, 20, f"{producer} tells {event_type.name}")

    def heard_all(self, service: str, source: str, within: float = 20) -> None:
        """Waits until a service has taken all that a source has told so far, and nothing of it waits."""
        told = len(self.events(source))

        def taken() -> bool:
            inbox = self.call("GET", f"/{service}/inbox", roles=("operator",)).json
            at = {each["source"]: each["sequence"] for each in inbox["sources"]}
            return at.get(source, 0) >= told and inbox["waiting"] == 0

        eventually(taken, within, f"{service} has heard all of {source}")

    def log(self) -> str:
        """All that the process has logged."""
        return self.process.said()


@contextmanager
def running(
    *services: str,
    played: Collection[str] = (),
    folder: Path | None = None,
    settings: Mapping[str, str] | None = None,
) -> Iterator[Region]:
    """Starts the services and yields when all answer; stops them afterwards, as a process manager would.

    ``folder`` is for data that outlives this, so that services may be started on it again. ``settings``:
    environment variables, such as ``PIAOJUE_RETRY_PAUSES`` or ``PIAOJUE_BALLOTS_STORE_URL``.
    """
    from chassis.auth import jwks, new_key

    key = new_key()
    with TemporaryDirectory() as own:
        data = folder or Path(own)
        data.mkdir(parents=True, exist_ok=True)
        (data / "jwks.json").write_text(json.dumps(jwks(key)))
        told = {"services": services, "played": list(played), "folder": str(data), **(settings or {})}
        command = [sys.executable, "-W", "ignore", "-m", "tests.support.running", json.dumps(told)]
        process = Process(command, output=data / "services.log", cwd=TOP)
        try:
            found = process.wait_for_line(r"^answering on port (\d+)$", READY_WITHIN_SECONDS)
            yield Region(process, int(found[1]), data, key)
            status = process.terminate()
            assert status == 0, f"stopping ended with {status}: {process.said()[-2000:]}"
        finally:
            process.kill()


def main() -> None:
    import eventlet

    eventlet.monkey_patch()
    from chassis.config import load_settings
    from chassis.logging import configure_logging
    from chassis.service import Running

    told = json.loads(sys.argv[1])
    services, played, folder = told.pop("services"), told.pop("played"), told.pop("folder")
    environ = {"PIAOJUE_DATA_FOLDER": folder, "PIAOJUE_HTTP_ADDRESS": "127.0.0.1:0", **told}
    for name in (*services, *played):
        configure_logging("json", "INFO", name)
    eventlet.spawn(_end_with_parent, os.getppid())
    real = [(_service(name), _settings(name, environ)) for name in services]
    players = [(_player(name), load_settings(name, (), environ=environ)) for name in played]
    together = Running([*real, *players])
    together.start()
    print(f"answering on port {together.address()[1]}", flush=True)
    together.wait()
    together.stop()


def _service(name: str) -> Any:
    from importlib import import_module
    from inspect import getmembers, isclass

    from chassis.service import Service

    module = import_module(f"{name}.service")
    here = [
        member
        for _, member in getmembers(module, isclass)
        if issubclass(member, Service) and member.__module__ == module.__name__
    ]
    assert len(here) == 1, f"{module.__name__} has {len(here)} services"
    return here[0]


def _settings(name: str, environ: Mapping[str, str]) -> Any:
    from importlib import import_module

    from chassis.config import load_settings

    return load_settings(name, import_module(f"{name}.plugins").SETTINGS, environ=environ)


def _player(name: str) -> Any:
    """A service of that name that tells whatever it is told to; its database has only what that takes."""
    from marshmallow import Schema, fields

    from chassis.http import PUBLIC, Call, http
    from chassis.service import Service
    from chassis.store import Repository, Store, Stored
    from piaojue_contracts.events import event_type

    class TellSchema(Schema):
        type = fields.String(required=True)
        subject = fields.String(required=True)
        data = fields.Dict(required=True)

    class Outbox(Stored):
        def setup(self) -> None:
            self.store = Store.at(self.container.config["settings"].store_url, Repository)
            _make_backbone(self.store)

    class Player(Service):
        """Plays a service."""

        store = Outbox(Repository)

        @http("POST", "/tell", who=PUBLIC, body=TellSchema(), status=204)
        def tell(self, call: Call) -> None:
            """Publishes an event."""
            with self.store.transaction() as repository:
                kind = event_type(call.data["type"])
                repository.publish(kind, subject=call.data["subject"], data=call.data["data"])

    Player.name = name
    return Player


def _make_backbone(store: Any) -> None:
    """Idempotent."""
    from types import SimpleNamespace

    from sqlalchemy import inspect

    from chassis.store import create_backbone_v1

    with store.begin() as transaction:
        if not inspect(transaction.connection).has_table("outbox"):
            create_backbone_v1(SimpleNamespace(get_bind=lambda: transaction.connection))


def _end_with_parent(parent: int) -> None:
    """However the tests end, the process does not outlive them for long."""
    import eventlet

    while os.getppid() == parent:
        eventlet.sleep(1)
    os._exit(1)


if __name__ == "__main__":
    main()
