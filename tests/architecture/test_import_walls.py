"""The walls between packages hold, and each of them breaks when it is violated.

The violations are tried on a skeleton of the tree, with the very contracts of pyproject.toml.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.generate import TOP

SERVICES = ("proposals", "ballots", "ratings", "notifications")
MODULES = ("domain", "plugins", "schemas", "service", "store", "usecases")
LINT_IMPORTS = Path(sys.executable).parent / "lint-imports"

INDEPENDENT = "Services do not know each other"
LAYERS = "Inside a service: service, then schemas and use cases, then store and plugins, then the domain"
PURE = "The domain is pure"
STANDING = "The command stands on services, services on the chassis, the chassis on the contracts"
VERIFIER = "The verifier knows nothing of ours, so that it does not err with it"
VERIFIED = "Of ours, the command alone uses the verifier"


def lint(folder: Path, *path: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, path)), "COLUMNS": "200"}
    return subprocess.run(
        [LINT_IMPORTS, "--no-cache", "--no-logo"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.fixture
def skeleton(tmp_path):
    configuration = (TOP / "pyproject.toml").read_text(encoding="utf-8")
    (tmp_path / "pyproject.toml").write_text(configuration[configuration.index("[tool.importlinter]") :])
    for package in ("piaojue_contracts", "piaojue_verify", "chassis", "piaojue", *SERVICES):
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").touch()
    for service in SERVICES:
        for module in MODULES:
            (tmp_path / service / f"{module}.py").touch()
    return tmp_path


def test_the_walls_hold():
    run = lint(TOP)
    assert run.returncode == 0, run.stdout + run.stderr


def test_the_walls_hold_in_a_tree_that_respects_them(skeleton):
    (skeleton / "ballots/service.py").write_text("import ballots.usecases\nimport chassis\n")
    (skeleton / "ballots/usecases.py").write_text("import ballots.store\nimport ballots.domain\n")
    (skeleton / "chassis/__init__.py").write_text("import nameko\nimport piaojue_contracts\n")
    run = lint(skeleton, skeleton)
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize(
    ("wall", "module", "imported"),
    [
        (INDEPENDENT, "ballots/usecases.py", "ratings.domain"),
        (INDEPENDENT, "notifications/store.py", "ballots.store"),
        (LAYERS, "ballots/domain.py", "ballots.store"),
        (LAYERS, "ballots/store.py", "ballots.usecases"),
        (LAYERS, "ballots/schemas.py", "ballots.usecases"),
        (LAYERS, "ballots/plugins.py", "ballots.store"),
        (PURE, "ballots/domain.py", "sqlalchemy"),
        (PURE, "ratings/domain.py", "piaojue_contracts"),
        (STANDING, "chassis/__init__.py", "ballots"),
        (STANDING, "piaojue_contracts/__init__.py", "chassis"),
        (STANDING, "proposals/service.py", "piaojue"),
        (VERIFIER, "piaojue_verify/__init__.py", "ballots.domain"),
        (VERIFIER, "piaojue_verify/__init__.py", "piaojue_contracts"),
        (VERIFIED, "ballots/domain.py", "piaojue_verify"),
    ],
)
def test_a_wall_breaks_when_it_is_violated(skeleton, wall, module, imported):
    (skeleton / module).write_text(f"import {imported}\n")
    run = lint(skeleton, skeleton)
    assert run.returncode == 1, run.stdout + run.stderr
    assert f"{wall} BROKEN" in " ".join(run.stdout.split())


def test_a_stray_module_in_a_service_breaks_a_wall(skeleton):
    (skeleton / "ballots/tools.py").touch()
    run = lint(skeleton, skeleton)
    assert run.returncode == 1
    assert f"{LAYERS} BROKEN" in " ".join(run.stdout.split())
