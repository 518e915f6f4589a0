"""A Prometheus and an Alertmanager of one's own: on free ports of the loopback address, their data in a
folder."""

import json
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import yaml

from tests.support.processes import Process
from tests.support.servers import ServerMissingError, free_ports

PROGRAMS = {
    "prometheus": ("prometheus", "promtool"),
    "prometheus-alertmanager": ("prometheus-alertmanager", "amtool"),
}
"""By Debian's package."""


def missing() -> dict[str, list[str]]:
    """Debian's package, and which programs of it are not there."""
    return {
        package: [name for name in names if shutil.which(name) is None] for package, names in PROGRAMS.items()
    }


def check_there() -> None:
    """ServerMissingError: a program is not installed."""
    absent = [package for package, names in missing().items() if names]
    if absent:
        raise ServerMissingError(f"missing: run apt-get install {' '.join(absent)} as root")


def tool(*words: str | Path, given: str | None = None, cwd: Path | None = None) -> tuple[int, str]:
    """Exit status and output of promtool or amtool, with ``given`` to read."""
    check_there()
    run = subprocess.run(
        [str(word) for word in words],
        input=given,
        stdin=subprocess.DEVNULL if given is None else None,
        capture_output=True,
        text=True,
        timeout=120,
        cwd=cwd,
    )
    return run.returncode, run.stdout + run.stderr


class PrivateServer:
    """What the two have in common. Use it with ``with``, or ``close`` it."""

    program: str

    def __init__(self, folder: Path) -> None:
        check_there()
        self.folder = folder.resolve()
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.port,) = free_ports(1)
        self._process: Process | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def start_with(self, configuration: str, *options: str) -> None:
        """Start it, and wait until it is ready."""
        file = self.folder / f"{self.program}.yml"
        file.write_text(configuration, encoding="utf-8")
        command = [self.program, f"--config.file={file}", f"--web.listen-address={self.address}", *options]
        self._process = Process(command, output=self.folder / "output.log", cwd=self.folder)
        self._process.wait_for_http(f"http://{self.address}/-/ready")

    def ask(self, path: str, **query: str) -> Any:
        """The JSON that it answers; of a refusal, too."""
        url = f"http://{self.address}{path}" + (f"?{urlencode(query)}" if query else "")
        try:
            with urlopen(Request(url), timeout=30) as answer:
                return json.load(answer)
        except HTTPError as refused:
            with refused:
                return json.load(refused)

    def close(self) -> None:
        if self._process is not None:
            self._process.kill()
        shutil.rmtree(self.folder / "data", ignore_errors=True)


class PrivatePrometheus(PrivateServer):
    """Its configuration is given; with a scrape a second a test need not wait long."""

    program = "prometheus"

    def start(self, configuration: Mapping[str, Any]) -> None:
        text = yaml.safe_dump(dict(configuration), allow_unicode=True)
        self.start_with(text, f"--storage.tsdb.path={self.folder / 'data'}")

    def query(self, expression: str) -> list[dict[str, Any]]:
        """What an instant query finds. AssertionError: Prometheus refuses the expression."""
        answer = self.ask("/api/v1/query", query=expression)
        assert answer["status"] == "success", f"{answer.get('error')}: {expression}"
        found = answer["data"]["result"]
        return found if answer["data"]["resultType"] == "vector" else [found]

    def names(self) -> set[str]:
        """Of all metrics that it has seen."""
        return set(self.ask("/api/v1/label/__name__/values")["data"])

    def firing(self) -> set[tuple[str, str]]:
        """Alert and service of what fires; the service is empty where an alert has none."""
        alerts = self.ask("/api/v1/alerts")["data"]["alerts"]
        return {
            (each["labels"]["alertname"], each["labels"].get("service", ""))
            for each in alerts
            if each["state"] == "firing"
        }


class PrivateAlertmanager(PrivateServer):
    """Alone, not in a cluster."""

    program = "prometheus-alertmanager"

    def start(self, configuration: str) -> None:
        self.start_with(configuration, f"--storage.path={self.folder / 'data'}", "--cluster.listen-address=")

    def tell(self, alerts: Sequence[Mapping[str, Any]]) -> None:
        """As Prometheus tells it what fires."""
        url = f"http://{self.address}/api/v2/alerts"
        body = json.dumps(alerts).encode()
        urlopen(Request(url, body, {"Content-Type": "application/json"}), timeout=30).close()

    def alerts(self) -> Sequence[dict[str, Any]]:
        """Those that are active, with the receivers that they go to."""
        found: list[dict[str, Any]] = self.ask("/api/v2/alerts", active="true")
        return found
