"""A region as ``piaojue region init`` makes it: with its own users and roles, and their rights alone."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from chassis.auth import load_key
from piaojue.own_key import KEY_FILE
from tests.support.postgresql import PrivatePostgres, environment
from tests.support.processes import Process
from tests.support.rabbitmq import PrivateRabbitMQ
from tests.support.region import QUICK, SERVICES, RealRegion
from tests.support.servers import free_ports

PIAOJUE = Path(sys.executable).parent / "piaojue"


def piaojue(*words: str | Path, env: Mapping[str, str] | None = None) -> str:
    """What the command prints. AssertionError: it failed, with what it said."""
    done = subprocess.run(
        [PIAOJUE, *words], capture_output=True, text=True, timeout=120, env={**plain(), **(env or {})}
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def plain() -> dict[str, str]:
    """This environment, without settings."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PIAOJUE_")}


class DeployedRegion(RealRegion):
    """``made``: a region's folder, for these servers. Broker and database get what is in it for them."""

    def __init__(
        self,
        made: Path,
        folder: Path,
        rabbitmq: PrivateRabbitMQ,
        postgres: PrivatePostgres,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self.made, self.folder = made, folder
        self.rabbitmq, self.postgres = rabbitmq, postgres
        folder.mkdir(parents=True, exist_ok=True)
        self.key = load_key(made / "operator" / KEY_FILE)
        self.databases = {name: (made / name / "store-url").read_text().strip() for name in SERVICES}
        self.broker_url = (made / "ballots/broker-url").read_text().strip()
        self._ports = dict(zip(SERVICES, free_ports(len(SERVICES)), strict=True))
        self._settings = {**QUICK, **(settings or {})}
        self._starts = 0
        self.processes: dict[str, Process] = {}

    @property
    def vhost(self) -> str:
        return self.broker_url.rpartition("/")[2]

    def prepare(self) -> None:
        """What an operator does with the folder before the first start."""
        self.rabbitmq.api(
            "POST", "definitions", json.loads((self.made / "broker/definitions.json").read_text())
        )
        psql(self.postgres, self.made / "database/roles.sql")
        self.migrate()

    def migrate(self) -> str:
        return piaojue("migrate", "--all", "--config", self.made / "piaojue.yaml")

    def _environment(self, name: str) -> dict[str, str]:
        return {
            **plain(),
            **self._settings,
            "PIAOJUE_CONFIG": str(self.made / name / "piaojue.yaml"),
            "PIAOJUE_HTTP_ADDRESS": f"127.0.0.1:{self._ports[name]}",
            f"PIAOJUE_{name.upper()}_HTTP_ADDRESS": f"127.0.0.1:{self._ports[name]}",
        }

    def close(self) -> None:
        super().close()
        if self.rabbitmq.running:
            self.rabbitmq.api("DELETE", f"vhosts/{self.vhost}")


def psql(postgres: PrivatePostgres, script: Path) -> str:
    """What a script of psql prints, run as the superuser."""
    done = subprocess.run(
        ["psql", "--no-psqlrc", "-q", "-f", script, postgres.url],
        capture_output=True,
        text=True,
        timeout=60,
        env=environment(),
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@contextmanager
def deployed(
    folder: Path,
    rabbitmq: PrivateRabbitMQ,
    postgres: PrivatePostgres,
    *words: str,
    kind: type[DeployedRegion] = DeployedRegion,
    **settings: str,
) -> Iterator[DeployedRegion]:
    """A region that was made and prepared, and has not been started. ``words`` are for ``region init``."""
    rabbitmq.start()
    postgres.start()
    made = folder / "region"
    servers = ["--broker", f"127.0.0.1:{rabbitmq.port}", "--database", f"127.0.0.1:{postgres.port}"]
    piaojue("region", "init", f"r{uuid4().hex[:8]}", "--folder", made, *servers, *words)
    region = kind(made, folder / "logs", rabbitmq, postgres, settings)
    try:
        region.prepare()
        yield region
    finally:
        region.close()
