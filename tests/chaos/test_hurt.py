"""What hurts a service does hurt it: its clock is wrong, its handlers crash, and all is well afterwards."""

import json
import subprocess
import sys

import pytest

from tests.support.running import TOP

CLOCKS = """
import sys, time
from datetime import UTC, datetime
from pathlib import Path
from tests.chaos.hurt import Hurts, shift_clocks

shift_clocks(Hurts(Path(sys.argv[1])))
from chassis.clock import now
print(round((now() - datetime.now(UTC)).total_seconds()), round(time.time() - datetime.now(UTC).timestamp()))
"""

HANDLERS = """
import sys
from pathlib import Path
from types import SimpleNamespace
from chassis.events.inbox import Inbox
from tests.chaos.hurt import Hurts, crash_handlers

done = []
Inbox._call = lambda self, transaction, event: done.append(event.sequence)
crash_handlers(Hurts(Path(sys.argv[1])))
inbox = SimpleNamespace(_service="east")
for number in (1, 2, 3, 3, 3, 3, 4):
    try:
        Inbox._call(inbox, None, SimpleNamespace(sequence=number, id=f"event-{number}"))
        print(number, "handled", flush=True)
    except RuntimeError:
        print(number, "failed", flush=True)
print("done", done)
"""


def run(program, folder, **hurts):
    (folder / "hurts.json").write_text(json.dumps(hurts))
    command = [sys.executable, "-W", "ignore", "-c", program, folder / "hurts.json"]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=TOP, check=False)


@pytest.mark.parametrize("seconds", [0, 7200, -3600])
def test_clocks_are_wrong_by_so_much(tmp_path, seconds):
    assert run(CLOCKS, tmp_path, clock=seconds).stdout.split() == [str(seconds)] * 2


def test_the_handler_of_every_third_event_fails_at_its_first_tries_after_its_work(tmp_path):
    said = run(HANDLERS, tmp_path, crash="raise").stdout.splitlines()
    assert said == [
        *("1 handled", "2 handled", "3 failed", "3 failed", "3 failed", "3 handled", "4 handled"),
        "done [1, 2, 3, 3, 3, 3, 4]",
    ]


def test_the_handler_of_every_third_event_ends_its_process_once(tmp_path):
    first, second = (run(HANDLERS, tmp_path, crash="die") for _ in range(2))
    assert (first.returncode, first.stdout.splitlines()) == (1, ["1 handled", "2 handled"])
    assert (second.returncode, second.stdout.splitlines()[2:]) == (
        0,
        ["3 handled"] * 4 + ["4 handled", "done [1, 2, 3, 3, 3, 3, 4]"],
    )


def test_what_hurts_nobody_changes_nothing(tmp_path):
    assert "failed" not in run(HANDLERS, tmp_path).stdout
