"""The contracts stand alone: who reads the events needs this package and marshmallow, and nothing of ours."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import marshmallow
import pytest

import piaojue_contracts

READS_EVERYTHING = """
import importlib, pkgutil, sys
sys.path.append(sys.argv[1])
import piaojue_contracts
for module in pkgutil.walk_packages(piaojue_contracts.__path__, "piaojue_contracts."):
    importlib.import_module(module.name)
for event_type, golden in piaojue_contracts.golden_messages():
    read = piaojue_contracts.Event.from_bytes(golden.as_bytes())
    assert read.computed_hash() == read.hash
    print(event_type.type, len(event_type.read(read.data)))
"""


def run(code: str, folder: Path) -> subprocess.CompletedProcess:
    """In an interpreter that has the standard library, and what the folder holds."""
    return subprocess.run(
        [sys.executable, "-I", "-S", "-c", code, str(folder)], capture_output=True, text=True, timeout=60
    )


@pytest.fixture
def plain(tmp_path):
    for package in (piaojue_contracts, marshmallow):
        (tmp_path / package.__name__).symlink_to(Path(package.__file__).parent)
    return tmp_path


def test_the_contracts_need_marshmallow_alone(plain):
    done = run(READS_EVERYTHING, plain)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == len(piaojue_contracts.all_event_types())


def test_the_plain_interpreter_has_nothing_of_ours(plain):
    assert find_spec("chassis")
    for module in ("chassis", "nameko", "apispec"):
        assert (
            "ModuleNotFoundError"
            in run(f"import sys; sys.path.append(sys.argv[1]); import {module}", plain).stderr
        )
