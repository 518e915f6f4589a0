"""A process of services ends when it is asked to, also when nothing else ever happens in it."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.waiting import eventually

WITHIN_SECONDS = 20
"""A hub that nothing wakes looks up once a minute by itself; a busy machine may need some seconds."""

PROGRAM = """
import eventlet
eventlet.monkey_patch()
from chassis.service import Running

if "listening" in {argv}:
    eventlet.spawn(eventlet.listen(("127.0.0.1", 0)).accept)
running = Running([])
running.start()
eventlet.spawn(print, "waiting", flush=True)
running.wait()
running.stop()
print("stopped", flush=True)
"""


@pytest.fixture(params=["idle", "listening"])
def process(request):
    """Waits to be told to stop, with a socket to look at or with nothing at all."""
    program = PROGRAM.format(argv=[request.param])
    command = [sys.executable, "-W", "ignore", "-c", program]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as started:
        try:
            assert started.stdout is not None
            assert started.stdout.readline() == "waiting\n"
            eventually(lambda: asleep(started.pid), what="it sleeps")
            yield started
        finally:
            started.kill()


def asleep(pid):
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "S"


@pytest.mark.parametrize(
    "signals",
    [[signal.SIGTERM], [signal.SIGINT], [signal.SIGINT, signal.SIGTERM]],
    ids=lambda signals: "-".join(each.name for each in signals),
)
def test_an_idle_process_stops_when_it_is_told_to(process, signals):
    for each in signals:
        process.send_signal(each)
    said, _ = process.communicate(timeout=WITHIN_SECONDS)
    assert said.splitlines()[-1] == "stopped"
    assert said.count("stopping") == 1
    # A further one may come when the interpreter, on its way out, handles signals no longer.
    assert process.returncode in (0, *(-each for each in signals[1:]))


def test_who_is_told_that_it_is_up_may_end_it_at_once():
    program = """
import eventlet
eventlet.monkey_patch()
import os, signal
from chassis.service import Running

running = Running([])
running.start()
running.wait(lambda: os.kill(os.getpid(), signal.SIGTERM))
print("stopped", flush=True)
"""
    command = [sys.executable, "-W", "ignore", "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, timeout=WITHIN_SECONDS)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "stopped")
