"""What no file of the project says: where packages are fetched from, and on whose machine it was written."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.support.generate import TOP

REGISTRY = re.compile(
    r"(?:pypi|npmjs|rubygems|crates|nuget)[.](?:org|com|io)|pythonhosted|packagist|index-url\s*=\s*\S*://",
    re.I,
)
HOME = re.compile(r"/(?:home|Users)/\w+|(?<![\w.])/roo[t]/|[A-Z]:\\Users\\")


def tracked() -> Iterator[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=TOP, capture_output=True, text=True, timeout=60)
    names = listed.stdout.split("\0") if listed.returncode == 0 else []
    for file in filter(Path.is_file, (TOP / name for name in names if name)):
        if file != Path(__file__):
            yield file


def lines_with(pattern: re.Pattern[str]) -> list[str]:
    found = []
    for file in tracked():
        try:
            lines = file.read_text(encoding="utf-8").splitlines()
        except UnicodeDecodeError:
            continue
        found += [f"{file.relative_to(TOP)}:{n}" for n, line in enumerate(lines, 1) if pattern.search(line)]
    return found


def test_no_file_names_a_package_registry():
    assert not lines_with(REGISTRY)


def test_no_file_names_a_home_folder():
    assert not lines_with(HOME)
