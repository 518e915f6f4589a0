"""The same holds in a process like a service's, where eventlet has made green threads of all threads."""

import subprocess
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).parents[2]
SUITES = [
    f"tests/chassis/test_{name}.py"
    for name in ("bus", "events_log", "events_relay", "events_healing", "events_inbox_store", "store")
]


@pytest.mark.slow
@pytest.mark.real
def test_bus_store_and_events_work_with_green_threads():
    """With servers of its own, since a process that is patched cannot share this one's."""
    options = ["-q", "-p", "tests.support.green", "-p", "no:cacheprovider", "-m", "not slow", "--timeout=60"]
    ended = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "pytest", *options, *SUITES],
        cwd=TOP,
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert ended.returncode == 0, ended.stdout[-6000:]
    assert " passed" in ended.stdout
