"""Part of ``make lint``: every dependency is pinned, by hash, in what ``make setup`` and a release install.

It needs no network, so that a commit is judged alike everywhere and always. What has become known of a
release since it was pinned is for ``make audit`` to tell.
"""

import re
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.support.running import TOP

WHOLE = "requirements.lock"
RELEASE = "deploy/requirements.lock"
_HASH = re.compile(r"\s--hash=(\S+)")
_SHA256 = re.compile(r"sha256:[0-9a-f]{64}")
OURS = "piaojue-"


@dataclass(frozen=True)
class Pin:
    """One release of a dependency, and the hashes of its files."""

    name: str
    version: Version
    hashes: frozenset[str]


def main() -> int:
    """The exit status."""
    found = [*faults(TOP)]
    for fault in found:
        print(fault, file=sys.stderr)
    return 1 if found else 0


def faults(top: Path) -> Iterator[str]:
    """All that is wrong with the pins of a checkout."""
    locks: dict[str, dict[str, Pin]] = {}
    for lock in (WHOLE, RELEASE):
        locks[lock] = {}
        for entry in _entries((top / lock).read_text(encoding="utf-8")):
            pin = _pin(entry)
            if isinstance(pin, Pin):
                locks[lock][pin.name] = pin
            else:
                yield f"{lock}: {pin}"
    yield from _missing(top, locks[WHOLE])
    for name, pin in locks[RELEASE].items():
        if pin != locks[WHOLE].get(name):
            yield f"{RELEASE}: {name} is not as in {WHOLE}, which tests and audits are of"


def _entries(text: str) -> list[str]:
    lines = re.sub(r"\\\n", " ", text).splitlines()
    return [line for line in lines if line.strip() and not line.startswith("#")]


def _pin(entry: str) -> Pin | str:
    """What is pinned; or why it is not."""
    hashes = _HASH.findall(entry)
    try:
        requirement = Requirement(_HASH.sub("", entry).strip())
    except InvalidRequirement:
        return f"{entry.split()[0]}: not a release, but an address or an option"
    exact = re.fullmatch(r"==([^*,]+)", str(requirement.specifier))
    if requirement.url or not exact:
        return f"{requirement.name}: not one release"
    if not hashes or not all(map(_SHA256.fullmatch, hashes)):
        return f"{requirement.name}: not pinned by SHA-256"
    return Pin(canonicalize_name(requirement.name), Version(exact[1]), frozenset(hashes))


def _missing(top: Path, pins: dict[str, Pin]) -> Iterator[str]:
    files = [top / "pyproject.toml", *sorted(top.glob("deploy/pyproject.toml"))]
    files += sorted(
        file for part in ("libs", "services", "plugins") for file in top.glob(f"{part}/*/pyproject.toml")
    )
    for file in files:
        for text in _declared(tomllib.loads(file.read_text(encoding="utf-8"))):
            requirement = Requirement(text)
            name = canonicalize_name(requirement.name)
            if name.startswith(OURS):
                continue
            pin = pins.get(name)
            if pin is None or not requirement.specifier.contains(pin.version, prereleases=True):
                yield f"{file.relative_to(top)}: {text} is not in {WHOLE}: `make lock`"


def _declared(project: dict[str, Any]) -> list[str]:
    of_project = project.get("project", {})
    extras = of_project.get("optional-dependencies", {})
    lists = [
        of_project.get("dependencies", []),
        project.get("build-system", {}).get("requires", []),
        *extras.values(),
        *project.get("dependency-groups", {}).values(),
    ]
    return [text for each in lists for text in each]


if __name__ == "__main__":
    sys.exit(main())
