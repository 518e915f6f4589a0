"""Programs that tests start: their output in a file, their readiness waited for, none of them left behind."""

import atexit
import os
import pwd
import re
import signal
import subprocess
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from socket import create_connection
from typing import TypeVar
from urllib.error import HTTPError
from urllib.request import urlopen

from tests.support.waiting import eventually

T = TypeVar("T")

SHOWN_LINES = 20


class ProcessEndedError(RuntimeError):
    """A program ended while something was still expected of it; the text has its last lines."""


class Process:
    """A program, from its start until it is ended, by its own pid; it is out of the terminal's Ctrl-C.

    What it says goes to the end of the file ``output``; ``said()`` is what this start of it has said.
    ``user``: whom root wants it to run as. Whatever still runs when this interpreter ends is killed.
    """

    def __init__(
        self,
        command: Sequence[str | Path],
        *,
        output: Path,
        env: Mapping[str, str] | None = None,
        cwd: Path | str | None = None,
        user: str | None = None,
    ) -> None:
        self.name = Path(command[0]).name
        self.output = output
        output.parent.mkdir(parents=True, exist_ok=True)
        with output.open("ab") as file:
            self._said_before = file.tell()
            self._child = subprocess.Popen(
                [str(word) for word in command],
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                env=env,
                cwd=cwd,
                start_new_session=True,
                **as_user(user),
            )
        _started.append(self)

    @property
    def pid(self) -> int:
        return self._child.pid

    @property
    def running(self) -> bool:
        return self._child.poll() is None

    @property
    def exit_status(self) -> int | None:
        """As of subprocess: None while it runs, the negative number of the signal that ended it."""
        return self._child.poll()

    def said(self) -> str:
        with self.output.open("rb") as file:
            file.seek(self._said_before)
            return file.read().decode(errors="replace")

    def wait_for_line(self, pattern: str, within: float = 30.0) -> re.Match[str]:
        """Wait until the regular expression is found in what it says, and return the match."""
        return self.wait_until(
            lambda: re.search(pattern, self.said(), re.MULTILINE), within, f"{self.name} says {pattern}"
        )

    def wait_for_port(self, port: int, within: float = 30.0) -> None:
        """Wait until something listens on this port of the loopback address."""
        self.wait_until(lambda: listening(port), within, f"{self.name} listens on port {port}")

    def wait_for_http(self, url: str, within: float = 30.0, status: int = 200) -> None:
        """Wait until the URL answers with this status."""
        self.wait_until(lambda: http_status(url) == status, within, f"{self.name} answers {status} at {url}")

    def wait_until(self, condition: Callable[[], T], within: float, what: str) -> T:
        """As :func:`eventually`. ProcessEndedError: the program ended, so there is nothing to wait for."""

        def asked() -> T:
            ended = not self.running
            answer = condition()
            if ended and not answer:
                raise ProcessEndedError(f"waiting until {what}, but it ended: {self._end()}")
            return answer

        return eventually(asked, within, what)

    def terminate(self, within: float = 15.0, by: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to end, and return its exit status; what is left of it afterwards is killed."""
        tree = [self.pid, *descendants(self.pid)]
        if self.running:
            self._child.send_signal(by)
        try:
            eventually(lambda: not self.running, within, f"{self.name} ends")
        except AssertionError:
            self.kill()
        kill_all(tree[1:])
        self._forget()
        return self._child.wait()

    def kill(self) -> None:
        """kill -9 of it and all that it started, and wait until they are gone."""
        if self.running:
            kill_tree(self.pid)
        self._child.wait()
        self._forget()

    def pause(self) -> None:
        """SIGSTOP of it and all that it started: it is there, and does nothing."""
        stop_tree(self.pid)

    def resume(self) -> None:
        """It goes on, with all that it started."""
        send(signal.SIGCONT, [*descendants(self.pid), self.pid])

    def _forget(self) -> None:
        if self in _started:
            _started.remove(self)

    def _end(self) -> str:
        lines = self.said().splitlines()[-SHOWN_LINES:]
        return "\n  ".join([f"exit status {self.exit_status}; {self.output} ends with", *lines])


_started: list[Process] = []


@atexit.register
def kill_what_is_left() -> None:
    for process in [*_started]:
        process.kill()


def as_user(name: str | None) -> dict:
    """Arguments of subprocess for running as somebody; none for None."""
    if name is None:
        return {}
    group = pwd.getpwnam(name).pw_gid
    return {"user": name, "group": group, "extra_groups": os.getgrouplist(name, group)}


def listening(port: int) -> bool:
    try:
        create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def http_status(url: str) -> int | None:
    """None when nobody answers."""
    try:
        with urlopen(url, timeout=5) as answer:
            return answer.status
    except HTTPError as refused:
        refused.close()
        return refused.code
    except OSError:
        return None


def kill_tree(root: int) -> None:
    """kill -9 of a process and its descendants. All are stopped first, so that none can start another."""
    kill_all(stop_tree(root))


def stop_tree(root: int) -> list[int]:
    """SIGSTOP of a process and its descendants, and which they are."""
    stopped: list[int] = []
    while fresh := [pid for pid in (root, *descendants(root)) if pid not in stopped]:
        send(signal.SIGSTOP, fresh)
        stopped += fresh
    return stopped


def kill_all(pids: Iterable[int]) -> None:
    pids = [pid for pid in pids if state(pid)]
    send(signal.SIGKILL, pids)
    eventually(lambda: not any(map(state, pids)), 10, "what was killed is gone")


def send(number: signal.Signals, pids: Iterable[int]) -> None:
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue


def state(pid: int) -> str | None:
    """The letter of ps; None when it is gone. A dead process that nobody has asked after yet is gone, too."""
    found = _stat(pid)
    return found[0] if found and found[0] not in "ZX" else None


def descendants(root: int) -> list[int]:
    """All that the process started and that still run, also those who left its group or session."""
    parents = {}
    for name in os.listdir("/proc"):
        if name.isdigit() and (found := _stat(int(name))):
            parents[int(name)] = int(found[1])
    family = [root]
    for pid in family:
        family += [child for child, parent in parents.items() if parent == pid]
    return family[1:]


def _stat(pid: int) -> list[str] | None:
    """State, parent and so on of /proc: what follows the name, which may hold blanks and brackets."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return None
