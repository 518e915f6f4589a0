"""An earlier release, taken from the history of this checkout, to be run beside the present one."""

import io
import subprocess
import sys
import tarfile
from pathlib import Path

TOP = Path(__file__).parents[2]
MEMBERS = ("libs", "services", "deploy")

FIRST = "e157b0f3836caa76ec49bf50cbfba1e0e96ecefb"
"""Stands for the release before as long as there is no tag: what there was before there were upgrades."""


def release_before() -> str:
    """The latest tag before this commit, or :data:`FIRST`."""
    here = _git("rev-parse", "HEAD").strip()
    for tag in _git("tag", "--sort=-creatordate", "--merged", "HEAD").split():
        if _git("rev-list", "-n", "1", tag).strip() != here:
            return tag
    return FIRST


def unpacked(release: str, folder: Path) -> Path:
    """The release's code in the folder. AssertionError: this checkout has not the whole history."""
    archive = subprocess.run(
        ["git", "archive", release, *MEMBERS], cwd=TOP, capture_output=True, timeout=60, check=False
    )
    assert archive.returncode == 0, (
        f"{release} is not in this checkout: fetch the whole history ({archive.stderr.decode()})"
    )
    with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as files:
        files.extractall(folder, filter="data")
    return folder


def command(release: Path | None) -> tuple[list[str | Path], dict[str, str]]:
    """How to call the ``piaojue`` of an unpacked release, or of this checkout, and the environment for that.

    What they need of others is that of this environment.
    """
    if release is None:
        return [Path(sys.executable).parent / "piaojue"], {}
    members = [path.parent for path in sorted(release.glob("*/pyproject.toml"))]
    members += [path.parent for path in sorted(release.glob("*/*/pyproject.toml"))]
    path = ":".join(map(str, members))
    return [sys.executable, "-W", "ignore", "-m", "piaojue"], {"PYTHONPATH": path}


def _git(*words: str) -> str:
    done = subprocess.run(["git", *words], cwd=TOP, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout
