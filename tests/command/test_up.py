"""``piaojue up``: the suite in one process, from its start to its end, whatever ends it."""

import os
import re
import signal
import socket
import stat
from pathlib import Path

import pytest
import requests

from piaojue.holding import FolderTaken, held, holder
from piaojue.rehearsal.client import SuiteRefused
from piaojue.versions import SERVICES
from tests.command.suites import PIAOJUE, ready, suite, up, url

STOP_SECONDS = 10


@pytest.fixture(autouse=True)
def unconfigured(monkeypatch, tmp_path):
    for name in [name for name in os.environ if name.startswith("PIAOJUE_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "data"


def ended(start_process, *arguments):
    """What a start that cannot succeed says, and its exit status."""
    process = start_process([PIAOJUE, "up", *arguments])
    process.wait_until(lambda: not process.running, 60, "it ends")
    return process.exit_status, process.said()


def test_start_page_says_where_everything_is(start_process, folder):
    process = up(start_process, folder)
    page = process.said()
    for service in SERVICES:
        documentation = re.search(rf"^  {service} +(http://127\.0\.0\.1:\d+/{service}/docs)$", page, re.M)
        assert requests.get(documentation[1], timeout=10).status_code == 200
    assert f"data           {folder}\n" in page
    assert re.search(rf"piaojue token --data-folder {folder} \\\n +--role clerk --body CODE\n", page)
    assert "Ctrl-C" in page
    assert "deprecated" not in page.lower()
    assert max(map(len, page.split("rehearse")[0].splitlines())) <= 200


def test_suite_is_ready_and_takes_its_own_key(start_process, folder):
    up(start_process, folder)
    assert ready(url(folder))
    assert suite(folder).get("/ballots/events", role="clerk")["events"] == []
    with pytest.raises(SuiteRefused, match="token-missing"):
        suite(folder).get("/ballots/events")


def test_data_folder_is_for_its_owner_alone(start_process, folder):
    up(start_process, folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {f"{service}.db" for service in SERVICES} <= {each.name for each in folder.iterdir()}


@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGINT])
def test_signal_ends_it_within_seconds_and_frees_folder_and_port(start_process, folder, by):
    process = up(start_process, folder)
    port = int(url(folder).rpartition(":")[2])
    assert process.terminate(STOP_SECONDS, by) == 0
    assert holder(folder) == {}
    again = up(start_process, folder, port=port)
    assert again.terminate(STOP_SECONDS) == 0


def test_second_start_in_a_folder_is_refused_and_the_first_goes_on(start_process, folder):
    first = up(start_process, folder)
    status, said = ended(start_process, "--data-folder", str(folder), "--port", "0")
    assert status == 1
    assert f"another suite works in the data folder {folder}" in said
    assert f"process {first.pid}, at {url(folder)}" in said
    assert "Traceback" not in said
    assert ready(url(folder))


def test_port_that_is_taken_is_told(start_process, folder):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        status, said = ended(start_process, "--data-folder", str(folder), "--port", str(port))
    assert status == 1
    assert f"127.0.0.1:{port} is taken" in said
    assert "Traceback" not in said


def test_address_that_is_not_of_this_machine_is_told(start_process, folder):
    status, said = ended(start_process, "--data-folder", str(folder), "--address", "192.0.2.1", "--port", "0")
    assert status == 1
    assert "cannot start at 192.0.2.1:0" in said
    assert "Traceback" not in said


def test_folder_that_cannot_be_made_is_told(start_process, tmp_path):
    (tmp_path / "file").touch()
    status, said = ended(start_process, "--data-folder", str(tmp_path / "file" / "data"), "--port", "0")
    assert status == 1
    assert "data cannot be used: Not a directory" in said
    assert "Traceback" not in said
    status, said = ended(start_process, "--data-folder", str(tmp_path / "file"), "--port", "0")
    assert (status, said) == (
        1,
        f"piaojue: the data folder {tmp_path / 'file'} cannot be used: it is no folder\n",
    )


def test_faults_of_the_configuration_are_listed_once_with_2(start_process, tmp_path):
    file = tmp_path / "office.yaml"
    file.write_text("workers: many\ncolour: red\nballots: {adoption_rules: 3, store_url: ftp://x}\n")
    status, said = ended(start_process, "--config", str(file))
    assert status == 2
    for key in ("workers", "colour", "store_url", "adoption_rules"):
        assert len(re.findall(rf"^  {key} ", said, re.M)) == 1
    assert not Path("piaojue-data").exists()
    assert ended(start_process, "--config", str(file), "--port", "0") == (2, said)


def test_what_the_command_says_goes_before_file_and_environment(start_process, folder, tmp_path, monkeypatch):
    file = tmp_path / "office.yaml"
    file.write_text("http_address: 127.0.0.1:1\nregion: liuyang\ndata_folder: elsewhere\n")
    monkeypatch.setenv("PIAOJUE_DATA_FOLDER", "somewhere")
    up(start_process, folder, "--config", str(file))
    assert ready(url(folder))
    assert not Path("elsewhere").exists()
    assert not Path("somewhere").exists()


def test_suite_goes_on_where_it_was_after_kill_9(start_process, folder):
    process = up(start_process, folder)
    before = suite(folder)
    before.put("/ballots/bodies/daxi", {"name": "大溪镇人民代表大会", "level": "township"}, role="clerk")
    token = before._token_for("clerk")
    process.kill()
    up(start_process, folder)
    after = suite(folder)
    assert after.get("/ballots/bodies/daxi", role="clerk")["name"] == "大溪镇人民代表大会"
    headers = {"Authorization": f"Bearer {token}"}
    assert requests.get(f"{after.url}/ballots/bodies/daxi", headers=headers, timeout=10).ok


def test_folder_is_held_by_one_at_a_time(tmp_path):
    with held(tmp_path) as ours:
        ours.tell(url="http://127.0.0.1:1")
        assert holder(tmp_path) == {"pid": os.getpid(), "url": "http://127.0.0.1:1"}
        with pytest.raises(FolderTaken, match=r"process \d+, at http://127.0.0.1:1"), held(tmp_path):
            pass
        assert holder(tmp_path)["url"] == "http://127.0.0.1:1"
    assert holder(tmp_path) == {}
    with held(tmp_path):
        assert holder(tmp_path) == {"pid": os.getpid()}
