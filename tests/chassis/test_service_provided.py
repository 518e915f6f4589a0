"""A key of one's own: made once, whoever comes first, and readable by its owner alone."""

import stat
import subprocess
import sys
from threading import Barrier, Thread

from chassis.service.provided import own_secret


def test_a_secret_is_made_once_and_stays(tmp_path):
    file = tmp_path / "new folder" / "north-key"
    made = own_secret(file)
    assert len(made) == 32
    assert own_secret(file) == made
    assert own_secret(file.with_name("south-key")) != made


def test_a_secret_is_readable_by_its_owner_alone(tmp_path):
    own_secret(tmp_path / "key")
    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600


def test_a_secret_that_is_there_is_not_replaced(tmp_path):
    (tmp_path / "key").write_bytes(b"given")
    assert own_secret(tmp_path / "key") == b"given"


def test_many_threads_that_make_it_at_once_get_the_same(tmp_path):
    for turn in range(20):
        found, ready = [], Barrier(4)

        def make(file=tmp_path / f"key-{turn}", found=found, ready=ready):
            ready.wait(20)
            found.append(own_secret(file))

        threads = [Thread(target=make) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        assert len(found) == 4
        assert len(set(found)) == 1
        assert len(found[0]) == 32
    assert len(list(tmp_path.iterdir())) == 20


def test_many_processes_that_make_it_at_once_get_the_same(tmp_path):
    program = (
        "import sys; from pathlib import Path; from chassis.service.provided import own_secret\n"
        "print('ready', flush=True); sys.stdin.readline(); print(own_secret(Path(sys.argv[1])).hex())"
    )
    command = [sys.executable, "-W", "ignore", "-c", program, str(tmp_path / "key")]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    processes = [subprocess.Popen(command, **pipes) for _ in range(3)]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    found = {process.communicate(timeout=60)[0].strip() for process in processes}
    assert found == {(tmp_path / "key").read_bytes().hex()}
