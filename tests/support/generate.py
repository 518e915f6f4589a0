"""``make docs``: writes the pages that are made from the code. ``--check`` writes nothing and says what
differs.

Run as a process of its own, since the pages show whatever was declared by the modules imported so far.
"""

import importlib
import pkgutil
import sys
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path

import chassis
from chassis.config import configuration_page
from chassis.metrics import metrics_page
from deploy.monitoring import dashboards
from tests.bench import publish as performance

TOP = Path(__file__).parents[2]
GENERATED_FOLDERS = ("docs/events", dashboards.FOLDER)
"""Folders of which every file is generated, so that one left behind is a difference too."""


def import_declarations() -> None:
    """Import all that declares settings and metrics: the chassis, and every service of the workspace."""
    for module in pkgutil.walk_packages(chassis.__path__, "chassis."):
        importlib.import_module(module.name)
    for folder in sorted(TOP.glob("services/*/*/__init__.py")):
        name = f"{folder.parent.name}.service"
        if find_spec(name):
            importlib.import_module(name)


def pages() -> Mapping[Path, str]:
    """Every generated page, by its path from the top of the checkout."""
    import_declarations()
    found = {
        Path("docs/configuration.md"): configuration_page(),
        Path("docs/metrics.md"): metrics_page(),
        Path("docs/performance.md"): performance.page(),
        **{Path(path): text for path, text in dashboards.files().items()},
    }
    if find_spec("tests.support.generate_events"):
        events = importlib.import_module("tests.support.generate_events").pages()
        found |= {Path(path): text for path, text in events.items()}
    return found


def differences(wanted: Mapping[Path, str]) -> Iterator[str]:
    for path, text in sorted(wanted.items()):
        file = TOP / path
        if not file.is_file():
            yield f"{path} is missing"
        elif file.read_text(encoding="utf-8") != text:
            yield f"{path} differs from what the code says"
    for path in left_behind(wanted):
        yield f"{path} is no longer generated"


def left_behind(wanted: Mapping[Path, str]) -> Iterator[Path]:
    for folder in GENERATED_FOLDERS:
        for file in sorted((TOP / folder).rglob("*")):
            if file.is_file() and file.relative_to(TOP) not in wanted:
                yield file.relative_to(TOP)


def write(wanted: Mapping[Path, str]) -> None:
    for path in left_behind(wanted):
        (TOP / path).unlink()
    for path, text in wanted.items():
        (TOP / path).parent.mkdir(parents=True, exist_ok=True)
        (TOP / path).write_text(text, encoding="utf-8")


def main(arguments: list[str]) -> int:
    wanted = pages()
    if arguments != ["--check"]:
        write(wanted)
        return 0
    found = list(differences(wanted))
    print(*found, sep="\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
