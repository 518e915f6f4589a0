"""Environments that have only some distributions, to show what needs what."""

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

TOP = Path(__file__).parents[2]
UV = Path(sys.executable).parent / "uv"


def environment(folder: Path, *, members: Sequence[str] = (), others: Sequence[str] = ()) -> Path:
    """The Python of a new environment with these members of the workspace, as built, and these distributions.

    All in the locked versions.
    """
    python = folder / "bin" / "python"
    sources = [
        _copied(TOP / member, folder.with_name(f"{folder.name}-sources") / member) for member in members
    ]
    _uv("venv", "--quiet", "--python", sys.executable, str(folder))
    locked = folder / "locked.txt"
    lines = (TOP / "requirements.lock").read_text(encoding="utf-8").splitlines()
    pins = [
        line.partition(" ")[0].rstrip("\\").strip() for line in lines if "==" in line and line[:1].isalpha()
    ]
    locked.write_text("\n".join(pins) + "\n", encoding="utf-8")
    _uv(
        *("pip", "install", "--quiet", "--python", str(python), "--constraint", str(locked)),
        *map(str, sources),
        *others,
    )
    return python


def _copied(member: Path, copy: Path) -> Path:
    """Building writes into the sources, which are not to be touched."""
    shutil.copytree(member, copy, ignore=shutil.ignore_patterns("__pycache__", "build", "*.egg-info"))
    return copy


def _uv(*arguments: str) -> None:
    run = subprocess.run([UV, *arguments], capture_output=True, text=True, timeout=300, cwd=TOP)
    assert run.returncode == 0, run.stderr[-3000:]
