"""The house: every service has the same files, and every distribution declares what it imports."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from itertools import chain
from pathlib import Path

import pytest

from tests.support.generate import TOP

MEMBERS = [*sorted(file.parent for file in TOP.glob("*/*/pyproject.toml")), TOP / "deploy"]
SERVICES = [member for member in MEMBERS if member.parent.name == "services"]
PARTS = {"domain", "usecases", "store", "schemas", "plugins", "service"}
"""Each a module, or a package once it has grown too long to read."""
DRAWERS = {"util", "utils", "helper", "helpers", "misc"}
LONGEST_FILE = 400


def short(path: Path) -> str:
    return str(path.relative_to(TOP))


def project(member: Path) -> dict:
    return tomllib.loads((member / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def packages(member: Path) -> list[Path]:
    return [file.parent for file in member.glob("*/__init__.py")]


def sources(member: Path) -> Iterator[Path]:
    for package in packages(member):
        yield from sorted(package.rglob("*.py"))


def imported(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.split(".")[0]


def distributions_of_modules() -> dict[str, set[str]]:
    found = {name: set(map(normalised, dists)) for name, dists in packages_distributions().items()}
    for member in MEMBERS:
        for package in packages(member):
            found[package.name] = {normalised(project(member)["name"])}
    return found


@pytest.mark.parametrize("service", SERVICES, ids=short)
def test_a_service_has_the_files_of_every_service(service):
    package = service / service.name
    data = {"__pycache__", "templates", "profiles", "__init__.py"}
    present = {path.name for path in package.iterdir()} - data
    parts = [name.removesuffix(".py") for name in present]
    assert sorted(parts) == sorted(PARTS | {"migrations"})


@pytest.mark.parametrize("member", MEMBERS, ids=short)
def test_a_distribution_says_what_it_is(member):
    said = project(member)
    assert said["license"] == "Apache-2.0"
    assert said["requires-python"] == ">=3.11"
    assert said["version"]
    assert said["description"]


@pytest.mark.parametrize("member", MEMBERS, ids=short)
def test_a_distribution_declares_what_it_imports(member):
    own = {package.name for package in packages(member)}
    said = project(member)
    needed = [*said.get("dependencies", []), *chain(*said.get("optional-dependencies", {}).values())]
    declared = {normalised(re.split(r"[\s\[<>=!~;]", each)[0]) for each in needed}
    known = distributions_of_modules()
    undeclared = {
        f"{short(file)} imports {module}, which is of {' or '.join(known.get(module, {'nothing installed'}))}"
        for file in sources(member)
        for module in imported(file)
        if module not in own | sys.stdlib_module_names and not known.get(module, set()) & declared
    }
    assert not undeclared, "\n".join(sorted(undeclared))


@pytest.mark.parametrize("member", MEMBERS, ids=short)
def test_no_module_is_a_drawer_for_everything(member):
    names = {short(file) for file in sources(member) if file.stem in DRAWERS}
    assert not names


@pytest.mark.parametrize("member", MEMBERS, ids=short)
def test_no_file_is_too_long_to_read(member):
    lengths = {short(file): len(file.read_text(encoding="utf-8").splitlines()) for file in sources(member)}
    assert not {name: length for name, length in lengths.items() if length > LONGEST_FILE}
