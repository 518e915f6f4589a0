"""A suite of a rehearsal's own, in a process of its own."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from piaojue.holding import holder, unusable
from piaojue.rehearsal.client import RehearsalFailed, until

START_SECONDS: Final = 60.0
STOP_SECONDS: Final = 20.0
SHOWN_LINES: Final = 10
LOG_FILE: Final = "suite.log"


@contextmanager
def own_suite(folder: Path, meanwhile: Callable[[], None]) -> Iterator[str]:
    """Starts the embedded suite in a folder at a free port; yields its URL once it answers; stops it.

    ``meanwhile`` is what to do while it starts. It ends with this process, whatever ends that. Raises
    RehearsalFailed.
    """
    child = _begun(folder)
    try:
        meanwhile()
        yield until("the suite answers", lambda: _url(folder, child), START_SECONDS)
    finally:
        _stop(child)


def _begun(folder: Path) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "piaojue", "up", "--port", "0", "--attached", f"--data-folder={folder}"]
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        log = (folder / LOG_FILE).open("ab")
    except OSError as error:
        reason = unusable(error)
        raise RehearsalFailed(f"the data folder {folder} cannot be used: {reason}") from error
    with log:
        return subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=log,
            env=_unconfigured(),
            start_new_session=True,  # Ctrl-C is for us: we stop it
        )


def _unconfigured() -> dict[str, str]:
    """A rehearsal is not to touch the database or the broker that this shell is configured for."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PIAOJUE_")}


def _url(folder: Path, child: "subprocess.Popen[bytes]") -> str | None:
    if child.poll() is not None:
        lines = (folder / LOG_FILE).read_text(encoding="utf-8", errors="replace").splitlines()
        raise RehearsalFailed("\n  ".join(["the suite has ended:", *lines[-SHOWN_LINES:]]))
    told = holder(folder)
    return str(told["url"]) if told.get("pid") == child.pid and "url" in told else None


def _stop(child: "subprocess.Popen[bytes]") -> None:
    assert child.stdin is not None
    child.stdin.close()
    try:
        child.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
