"""What is not pinned by hash is found, without a network."""

import re

import pytest

from tests.support.pins import RELEASE, WHOLE, faults
from tests.support.running import TOP

HASH = "--hash=sha256:" + "a" * 64
GOOD = f"well==1.2.3 \\\n    {HASH} \\\n    --hash=sha256:{'b' * 64}\n"
PROJECT = '[project]\nname = "here"\ndependencies = ["Well>=1.2", "piaojue-chassis"]\n'


def checkout(folder, whole=GOOD, release=GOOD, project=PROJECT):
    (folder / "deploy").mkdir()
    (folder / WHOLE).write_text(whole)
    (folder / RELEASE).write_text(release)
    (folder / "pyproject.toml").write_text(project)
    return [*faults(folder)]


def test_this_checkout_has_all_that_it_needs_pinned():
    assert [*faults(TOP)] == []


def test_what_is_pinned_is_well(tmp_path):
    assert checkout(tmp_path) == []


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (f"road>=2 {HASH}", "road: not one release"),
        (f"road==2.* {HASH}", "road: not one release"),
        (f"road==2,<3 {HASH}", "road: not one release"),
        (f"road {HASH}", "road: not one release"),
        ("road==2", "road: not pinned by SHA-256"),
        ("road==2 --hash=md5:" + "a" * 32, "road: not pinned by SHA-256"),
        (f"road @ https://example.org/road.whl {HASH}", "road: not one release"),
        ("-e ./road", "-e: not a release, but an address or an option"),
        (
            "--extra-index-url https://example.org",
            "--extra-index-url: not a release, but an address or an option",
        ),
    ],
)
def test_what_could_be_another_thing_tomorrow_is_a_fault(tmp_path, entry, said):
    assert checkout(tmp_path, whole=f"{GOOD}{entry}\n") == [f"{WHOLE}: {said}"]


def test_a_marker_is_no_fault(tmp_path):
    marked = f"road==2 ; sys_platform == 'win32' \\\n    {HASH}\n"
    assert checkout(tmp_path, whole=GOOD + marked) == []


@pytest.mark.parametrize(
    "project",
    [
        PROJECT.replace("Well>=1.2", "road"),
        PROJECT.replace("Well>=1.2", "well>=2"),
        PROJECT + '[project.optional-dependencies]\nmore = ["road"]\n',
        PROJECT + '[dependency-groups]\ndev = ["road"]\n',
        PROJECT + '[build-system]\nrequires = ["road"]\n',
    ],
)
def test_what_is_declared_and_not_pinned_is_a_fault(tmp_path, project):
    (said,) = checkout(tmp_path, project=project)
    assert re.fullmatch(r"pyproject.toml: (road|well>=2) is not in requirements.lock: `make lock`", said)


@pytest.mark.parametrize("release", [GOOD.replace("1.2.3", "1.2.4"), GOOD.replace("b" * 64, "c" * 64)])
def test_a_release_with_what_was_not_tested_is_a_fault(tmp_path, release):
    (said,) = checkout(tmp_path, release=release)
    assert said.startswith(f"{RELEASE}: well is not as in {WHOLE}")
