"""Installing the servers, with an apt-get that only notes what it is asked and whether services may start."""

import os

import pytest

from tests.support import install

APT_GET = """\
#!/bin/sh
echo "$*" >> "{log}"
if [ -e "{locked}" ]; then rm "{locked}"; echo "E: Could not get lock /var/lib/dpkg/lock"; exit 100; fi
case "$*" in
*update*) exit 0 ;;
*) "{policy}" postgresql start; echo "policy says $?" >> "{log}"; {outcome} ;;
esac
"""


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A machine without servers; its apt-get notes in ``log`` and gives what ``installs`` says."""
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    monkeypatch.setattr(install, "POLICY", tmp_path / "policy-rc.d")
    monkeypatch.setattr(install, "missing", lambda: missing_in(tmp_path))
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(install.signal, "signal", lambda *_: None)
    apt_get(tmp_path, f"touch {tmp_path / 'installed'}")
    return tmp_path


def apt_get(machine, outcome):
    program = machine / "bin/apt-get"
    paths = {name: machine / name for name in ("log", "locked")}
    program.write_text(APT_GET.format(**paths, policy=machine / "policy-rc.d", outcome=outcome))
    program.chmod(0o755)


def missing_in(machine):
    return {} if (machine / "installed").exists() else {"postgresql": ["the PostgreSQL server"]}


def policy(machine, text):
    (machine / "policy-rc.d").write_text(text)
    (machine / "policy-rc.d").chmod(0o755)


def test_nothing_is_done_when_nothing_is_missing(machine):
    (machine / "installed").touch()
    assert install.main() == 0
    assert not (machine / "log").exists()


def test_missing_servers_are_installed_and_not_started(machine):
    assert install.main() == 0
    log = (machine / "log").read_text().splitlines()
    assert log[0].endswith("update")
    assert log[1].endswith("postgresql")
    assert log[2] == "policy says 101"
    assert not (machine / "policy-rc.d").exists()


@pytest.mark.parametrize("status", ["0", "101"])
def test_the_policy_of_the_machine_is_what_it_was(machine, status):
    policy(machine, f"#!/bin/sh\nexit {status}\n")
    assert install.main() == 0
    assert "policy says 101" in (machine / "log").read_text()
    assert (machine / "policy-rc.d").read_text() == f"#!/bin/sh\nexit {status}\n"
    assert sorted(path.name for path in machine.iterdir()) == ["bin", "installed", "log", "policy-rc.d"]


def test_a_policy_left_behind_by_a_killed_run_is_removed(machine):
    policy(machine, install.DENY_ALL)
    assert install.main() == 0
    assert not (machine / "policy-rc.d").exists()


def test_another_process_that_installs_is_waited_for(machine):
    (machine / "locked").touch()
    assert install.main() == 0
    assert (machine / "log").read_text().count("update") == 2


def test_a_failed_install_says_what_is_missing(machine, capsys):
    apt_get(machine, "echo 'E: no space left'; exit 100")
    assert install.main() == 1
    said = capsys.readouterr().err
    assert "E: no space left" in said
    assert "the PostgreSQL server (Debian: postgresql)" in said
    assert not (machine / "policy-rc.d").exists()


def test_somebody_who_is_not_root_is_told_what_to_do(machine, capsys, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert install.main() == 1
    said = capsys.readouterr().err
    assert "only root may install them" in said
    assert "apt-get install postgresql" in said
    assert not (machine / "log").exists()


def test_a_system_without_apt_is_told_what_is_missing(machine, capsys, monkeypatch):
    monkeypatch.setenv("PATH", str(machine))
    assert install.main() == 1
    assert "not a Debian" in capsys.readouterr().err
