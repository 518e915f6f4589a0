"""The command line itself: help that teaches, mistakes that are told, a start that imports little."""

import json
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
from typer.testing import CliRunner

from piaojue import versions
from piaojue.command import app

PIAOJUE = Path(sys.executable).parent / "piaojue"
COMMANDS = [command.name for command in app.registered_commands]


def invoke(*arguments, **more):
    # The name is the one that the installed script has; wide, so that no message is broken into lines.
    return CliRunner().invoke(
        app, arguments, prog_name="piaojue", env={"COLUMNS": "300", "TERMINAL_WIDTH": "300"}, **more
    )


def run(*arguments, **more):
    return subprocess.run(arguments, capture_output=True, text=True, timeout=60, **more)


def test_command_alone_prints_the_help():
    alone, asked = invoke(), invoke("--help")
    assert (alone.exit_code, alone.stderr) == (0, "")
    assert alone.stdout == asked.stdout
    assert all(f" {name} " in alone.stdout for name in COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_help_has_an_example_and_the_exit_codes(name):
    result = invoke(name, "--help")
    assert result.exit_code == 0
    examples = result.stdout.partition("Examples:")[2]
    assert f"piaojue {name}" in examples
    assert "  0  " in result.stdout.partition("Exit codes:")[2]


def test_help_of_role_names_every_role():
    from chassis.auth import ROLES

    text = " ".join(invoke("token", "--help").stdout.split())
    assert all(role in text for role in ROLES)


def test_unknown_command_is_refused_with_the_one_that_was_meant():
    result = invoke("cuont", "sheet.json")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "Did you mean 'count'?" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["count"], "Missing argument"),
        (["count", "--fast", "-"], "No such option"),
        (["count", "-", "-"], "only once"),
        (["token", "--role", "clerk"], "Missing option '--body'"),
        (["version", "extra"], "unexpected extra argument"),
    ],
)
def test_usage_that_is_wrong_is_told_on_standard_error_with_2(arguments, told):
    result = invoke(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert told in result.stderr
    assert "--help" in result.stderr or "-h" in result.stderr


def test_version_names_the_command_and_its_services():
    result = invoke("version")
    assert (result.exit_code, result.stderr) == (0, "")
    lines = dict(line.split(maxsplit=1) for line in result.stdout.splitlines())
    assert lines["piaojue"] == version("piaojue")
    assert lines["ballots"] == version("piaojue-ballots")
    assert set(versions.SERVICES) < set(lines)
    assert invoke("--version").stdout == result.stdout


def test_version_as_json_has_the_same():
    found = json.loads(invoke("version", "--json").stdout)
    assert found["piaojue"] == version("piaojue")
    assert found["services"] == {name: version(f"piaojue-{name}") for name in versions.SERVICES}
    assert set(found["libraries"]) == set(versions.LIBRARIES)


def test_version_of_what_is_not_installed_is_told_as_such(monkeypatch):
    monkeypatch.setattr(versions, "SERVICES", ("lottery",))
    assert "lottery        not installed" in invoke("version").stdout
    assert json.loads(invoke("version", "--json").stdout)["services"] == {"lottery": None}


def test_module_run_by_python_is_the_same_command():
    installed, module = run(PIAOJUE, "version"), run(sys.executable, "-m", "piaojue", "version")
    assert (module.returncode, module.stdout) == (0, installed.stdout)
    assert "Usage: piaojue " in run(sys.executable, "-m", "piaojue", "nothing").stderr


@pytest.mark.parametrize(
    ("arguments", "unwanted"),
    [
        (["version"], {"eventlet", "nameko", "sqlalchemy", "structlog", "yaml", "rich", "chassis.auth"}),
        (["count", "-"], {"eventlet", "nameko", "kombu", "sqlalchemy", "structlog", "rich", "chassis.auth"}),
        (["rate", "-"], {"eventlet", "nameko", "kombu", "sqlalchemy", "structlog", "rich", "chassis.auth"}),
        (["token", "--role", "clerk", "--body", "yongan"], {"eventlet", "nameko", "sqlalchemy"}),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_start_imports_only_what_the_command_needs(arguments, unwanted, tmp_path):
    program = (
        "import atexit, sys\n"
        "atexit.register(lambda: print(*sys.modules, file=sys.stderr))\n"
        "from piaojue.command import main\n"
        "main()\n"
    )
    told = run(sys.executable, "-c", program, *arguments, input="", cwd=tmp_path).stderr.split()
    assert "piaojue.command" in told
    assert not unwanted & set(told)


@pytest.mark.parametrize("arguments", [["version"], ["count", "-"]], ids=lambda value: value[0])
def test_output_that_cannot_be_written_is_told_in_a_line(arguments):
    with open("/dev/full", "w") as full:
        result = subprocess.run(
            [PIAOJUE, *arguments], stdin=subprocess.DEVNULL, stdout=full, stderr=subprocess.PIPE, timeout=60
        )
    assert result.returncode == 1
    last = result.stderr.decode().splitlines()[-1]
    assert last == "piaojue: the output cannot be written: No space left on device"
    assert b"Traceback" not in result.stderr


def test_standard_output_that_is_closed_is_told_in_a_line():
    result = run("sh", "-c", f"exec '{PIAOJUE}' version >&-")
    assert (result.returncode, result.stderr) == (1, "piaojue: standard output is closed\n")


def test_output_of_an_encoding_without_chinese_is_still_written():
    result = run(PIAOJUE, "--help", env={"PYTHONIOENCODING": "ascii"})
    assert (result.returncode, result.stderr) == (0, "")
    assert "\\u7968\\u51b3" in result.stdout


def test_fault_of_ours_is_not_hidden():
    program = (
        "from piaojue import command, versions\n"
        "versions.versions = lambda: 1 / 0\n"
        "import sys; sys.argv = ['piaojue', 'version']\n"
        "command.main()\n"
    )
    result = run(sys.executable, "-c", program)
    assert result.returncode == 1
    assert "ZeroDivisionError" in result.stderr
