"""``python -m tests.chaos.hurt FILE run ballots``: the command piaojue, with a clock that can be wrong and
handlers that can crash.

What hurts is in the file, as JSON, and is looked at again and again: ``clock``, seconds that are added to the
time of day; ``crash``, how the handler of every third event ends the first time: ``raise``, an error at each
of its first three tries, or ``die``, the death of the process. Either comes after the handler's work.
"""

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

LOOK_SECONDS = 0.1
EVERY = 3
TRIES = 3
"""One batch tries a handler twice: together with others, and then by itself."""


class Hurts:
    """What is in the file, as of a moment ago."""

    def __init__(self, file: Path) -> None:
        self.folder = file.parent
        self._file = file
        self._look_at = 0.0
        self._found: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if time.monotonic() >= self._look_at:
            self._look_at = time.monotonic() + LOOK_SECONDS
            try:
                self._found = json.loads(self._file.read_text())
            except (OSError, ValueError):
                self._found = {}
        return self._found.get(name)


def shift_clocks(hurts: Hurts) -> None:
    """To be called before anything has taken hold of the time."""
    from datetime import timedelta

    import chassis.clock

    real, now = time.time, chassis.clock.now
    time.time = lambda: real() + (hurts["clock"] or 0)
    chassis.clock.now = lambda: now() + timedelta(seconds=hurts["clock"] or 0)


def crash_handlers(hurts: Hurts) -> None:
    from chassis.events.inbox import Inbox

    handle, tried = Inbox._call, dict[str, int]()

    def crashing(self: Inbox, transaction: Any, event: Any) -> None:
        handle(self, transaction, event)
        if not hurts["crash"] or event.sequence % EVERY:
            return
        mark = hurts.folder / f"{hurts['crash']}-{self._service}-{event.id}"
        if hurts["crash"] == "die" and not mark.exists():
            mark.touch()
            os._exit(1)
        if hurts["crash"] == "raise" and (before := tried.get(event.id, 0)) < TRIES:
            mark.touch()
            tried[event.id] = before + 1
            raise RuntimeError("every third event")

    Inbox._call = crashing


def main() -> None:
    from piaojue.green import go_green

    hurts = Hurts(Path(sys.argv.pop(1)))
    go_green()
    shift_clocks(hurts)
    crash_handlers(hurts)
    from piaojue.command import main as piaojue

    piaojue()


if __name__ == "__main__":
    main()
