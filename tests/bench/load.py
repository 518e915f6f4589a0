"""The load: many connections that are kept, each of which asks again as soon as it was answered, by wrk."""

import json
import shutil
import signal
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests.support.processes import Process

CONNECTIONS = 200
THREADS = 2
LONGEST_SECONDS = 120
SCRIPT = Path(__file__).with_name("load.lua")


class LoadFailedError(RuntimeError):
    """Not every request was answered as it should be."""


@dataclass(frozen=True)
class Load:
    """What came of it. Times to an answer in milliseconds, as wrk corrects them for those that it could not
    ask meanwhile."""

    requests: int
    seconds: float
    p50: float
    p99: float
    most: float

    @property
    def rate(self) -> float:
        return self.requests / self.seconds

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "rate": round(self.rate, 1)}


def send(port: int, requests: Sequence[str], folder: Path, *, status: int) -> Load:
    """Send each request once, ``METHOD PATH BODY``. LoadFailedError: not all were answered with
    ``status``."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "requests"
    file.write_text("\n".join(requests) + "\n", encoding="utf-8")
    process = Process(command(port, file), output=folder / "wrk.log")
    try:
        process.wait_until(
            lambda: process.said().count("is done") == THREADS or not process.running,
            LONGEST_SECONDS,
            "all requests are answered",
        )
    finally:
        ended = process.terminate(by=signal.SIGINT)  # with it wrk says what it has measured
    said = process.said()
    if ended or "JSON " not in said:
        raise LoadFailedError(f"wrk ended with {ended}: {said[-1000:]}")
    found = json.loads(said.partition("JSON ")[2])
    statuses, errors = found.pop("statuses"), found.pop("errors")
    if errors or statuses != {str(status): len(requests)}:
        raise LoadFailedError(f"of {len(requests)} requests, by status: {statuses}; {errors} errors")
    return Load(len(requests), **found)


def command(port: int, file: Path) -> list[str | Path]:
    wrk = shutil.which("wrk")
    if wrk is None:
        raise LoadFailedError("wrk is missing: run python -m tests.support.install")
    sizes = [f"-t{THREADS}", f"-c{CONNECTIONS}", f"-d{LONGEST_SECONDS}", "--timeout", "30"]
    return [wrk, *sizes, "-s", SCRIPT, f"http://127.0.0.1:{port}", "--", file, str(THREADS)]
