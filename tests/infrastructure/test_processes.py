"""Programs started by tests: waited for, ended, and their children with them."""

import signal
import sys

import pytest

from tests.support.processes import ProcessEndedError, descendants, listening, state
from tests.support.servers import free_ports
from tests.support.waiting import eventually

SLEEPER = "import time; print('asleep', flush=True); time.sleep(60)"
DEAF = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {SLEEPER}"
PARENT = f"""\
import subprocess, sys, time
for _ in range(2):
    subprocess.Popen([sys.executable, "-c", {SLEEPER!r}], start_new_session=True)
time.sleep(60)
"""


def python(text):
    return [sys.executable, "-c", text]


def test_a_line_is_waited_for(start_process):
    process = start_process(python("print('ready on port 80', flush=True); input()"))
    assert process.wait_for_line(r"ready on port (\d+)")[1] == "80"


def test_a_program_that_ended_shows_its_last_lines(start_process):
    process = start_process(python("print('no such setting'); raise SystemExit(3)"))
    with pytest.raises(ProcessEndedError, match=r"ready.*exit status 3(.|\n)*no such setting"):
        process.wait_for_line("ready")


def test_each_start_says_only_its_own(start_process, tmp_path):
    output = tmp_path / "both.log"
    start_process(python("print('first')"), output=output).wait_for_line("first")
    second = start_process(python("print('second')"), output=output)
    second.wait_for_line("second")
    assert "first" not in second.said()
    assert "first" in output.read_text()


def test_an_http_server_is_waited_for_and_terminated(start_process):
    port = free_ports(1)[0]
    server = start_process([sys.executable, "-m", "http.server", "--bind", "127.0.0.1", str(port)])
    server.wait_for_port(port)
    server.wait_for_http(f"http://127.0.0.1:{port}/")
    server.wait_for_http(f"http://127.0.0.1:{port}/nothing", status=404)
    assert server.terminate() == -signal.SIGTERM
    assert not listening(port)


def test_a_program_that_does_not_end_is_killed(start_process):
    process = start_process(python(DEAF))
    process.wait_for_line("asleep")
    assert process.terminate(within=0.2) == -signal.SIGKILL


@pytest.mark.parametrize("end", ["kill", "terminate"])
def test_children_in_sessions_of_their_own_end_with_it(start_process, end):
    process = start_process(python(PARENT))
    process.wait_until(lambda: process.said().count("asleep") == 2, 30, "both children run")
    family = descendants(process.pid)
    assert len(family) == 2
    getattr(process, end)()
    assert not any(map(state, [process.pid, *family]))


def test_free_ports_are_free_and_different():
    ports = free_ports(20)
    assert len(set(ports)) == 20
    assert not any(map(listening, ports))


def test_a_paused_program_and_its_children_do_nothing_until_they_are_resumed(start_process):
    process = start_process(python(PARENT))
    eventually(lambda: len(descendants(process.pid)) == 2, what="it has its children")
    family = [process.pid, *descendants(process.pid)]
    process.pause()
    eventually(lambda: [state(pid) for pid in family] == ["T"] * 3, what="all are stopped")
    process.resume()
    eventually(lambda: "T" not in map(state, family), what="all go on")
    process.pause()
    process.kill()
    assert not any(map(state, family))
