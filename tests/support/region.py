"""A region as operators run it: a process for each service, on a real broker and a real database server."""

import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from chassis.auth import jwks, new_key
from tests.support.postgresql import PrivatePostgres
from tests.support.processes import Process
from tests.support.rabbitmq import PrivateRabbitMQ
from tests.support.running import TOP, Region
from tests.support.servers import free_ports
from tests.support.waiting import eventually

SERVICES = ("proposals", "ballots", "ratings", "notifications")
QUICK = {
    "PIAOJUE_COMPARE_INTERVAL": "1",
    "PIAOJUE_RELAY_INTERVAL": "0.2",
    "PIAOJUE_RPC_TIMEOUT": "2",
    "PIAOJUE_RETRY_PAUSES": "0.1,0.2,0.5",
    "PIAOJUE_LOG_FORMAT": "json",
}
"""Settings that let a test see within seconds what an operator would see within a minute."""


class RealRegion(Region):
    """Four services, each with its own process, port, database and role; one virtual host."""

    def __init__(
        self,
        folder: Path,
        rabbitmq: PrivateRabbitMQ,
        postgres: PrivatePostgres,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self.rabbitmq = rabbitmq
        self.postgres = postgres
        self.folder = folder
        self.key = new_key()
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "jwks.json").write_text(json.dumps(jwks(self.key)))
        self.broker_url = rabbitmq.add_vhost(f"region-{uuid4().hex[:8]}")
        self.databases = {name: postgres.create_database(name) for name in SERVICES}
        self._ports = dict(zip(SERVICES, free_ports(len(SERVICES)), strict=True))
        self._settings = {**QUICK, **(settings or {})}
        self._starts = 0
        self.processes: dict[str, Process] = {}

    def port_of(self, service: str) -> int:
        return self._ports[service]

    def start(self, *services: str) -> None:
        """Starts services, all of them unless some are named, and waits until they are ready."""
        for name in services or SERVICES:
            self.begin(name)
        for name in services or SERVICES:
            self.wait_until_ready(name)

    def begin(self, name: str) -> None:
        """Starts a service, and does not wait for it."""
        self._starts += 1
        self.processes[name] = Process(
            self._command(name),
            output=self.folder / f"{name}-{self._starts}.log",
            env=self._environment(name),
            cwd=TOP,
        )

    def _command(self, name: str) -> list[str]:
        return [str(Path(sys.executable).parent / "piaojue"), "run", name]

    def start_more(self, name: str, count: int, port: int, **settings: str) -> list[Process]:
        """More processes of a service beside the one that ``start`` has started, all at one address."""
        env = self._environment(name) | settings
        env |= {"PIAOJUE_HTTP_ADDRESS": f"127.0.0.1:{port}", "PIAOJUE_HTTP_SHARED": "true"}
        program = str(Path(sys.executable).parent / "piaojue")
        for number in range(1, count + 1):
            output = self.folder / f"{name}-{port}-{number}.log"
            self.processes[f"{name}-{number}"] = Process([program, "run", name], output=output, env=env)
        more = [self.processes[f"{name}-{number}"] for number in range(1, count + 1)]
        for process in more:
            process.wait_for_line("answering", 60)
        return more

    def wait_until_ready(self, name: str, within: float = 60) -> None:
        def ready() -> bool:
            assert self.processes[name].running, self.processes[name].said()[-3000:]
            return self.call("GET", f"/{name}/health/ready").status == 200

        eventually(ready, within, f"{name} is ready", ignoring=(OSError,))

    def _environment(self, name: str) -> dict[str, str]:
        plain = {key: value for key, value in os.environ.items() if not key.startswith("PIAOJUE_")}
        return {
            **plain,
            **self._settings,
            "PIAOJUE_REGION": "430181",
            "PIAOJUE_DATA_FOLDER": str(self.folder),
            "PIAOJUE_BROKER_URL": self.broker_url,
            "PIAOJUE_STORE_URL": self.databases[name],
            "PIAOJUE_HTTP_ADDRESS": f"127.0.0.1:{self._ports[name]}",
        }

    def kill(self, name: str) -> None:
        """kill -9."""
        self.processes[name].kill()

    def restart(self, name: str) -> None:
        """Starts a service that was killed."""
        self.start(name)

    def settled(self, within: float = 60) -> None:
        """Waits until every service has taken all that those it follows have told, and nothing waits."""
        eventually(self._is_settled, within, "all events are taken by all", ignoring=(OSError,))

    def _is_settled(self) -> bool:
        tips = {}
        for name in SERVICES:
            answer = self.call("GET", f"/{name}/events?limit=1", roles=["operator"])
            if answer.status != 200:
                return False
            tips[name] = answer.json["tip"]["sequence"]
        for name in SERVICES:
            inbox = self.call("GET", f"/{name}/inbox", roles=["operator"]).json
            behind = [at for at in inbox["sources"] if at["sequence"] < tips[at["source"]]]
            if behind or inbox["waiting"]:
                return False
        return True

    def log(self) -> str:
        return "".join(file.read_text(errors="replace") for file in sorted(self.folder.glob("*.log")))

    def close(self) -> None:
        for process in self.processes.values():
            process.kill()
        for url in self.databases.values():
            self.postgres.drop_database(url.rpartition("/")[2])


@contextmanager
def real_region(
    folder: Path, rabbitmq: PrivateRabbitMQ, postgres: PrivatePostgres, **settings: str
) -> Iterator[RealRegion]:
    """A region that has started, gone afterwards with all that it had."""
    rabbitmq.start()
    postgres.start()
    region = RealRegion(folder, rabbitmq, postgres, settings)
    try:
        region.start()
        yield region
    finally:
        region.close()
