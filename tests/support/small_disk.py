"""A disk of a few megabytes, in memory, that can be filled: root alone may mount one."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

import pytest

MEGABYTE = 1 << 20


class NoDiskError(RuntimeError):
    """A file system cannot be mounted here; the text says why."""


class SmallDisk:
    """Mounted at ``folder`` from ``with`` to its end; what is in it is gone then. ``leaving``: bytes that
    ``fill`` leaves free."""

    def __init__(self, folder: Path, megabytes: int, *, leaving: int = 0) -> None:
        self.folder = folder
        self._options = f"size={megabytes}m,mode=755"
        self._leaving = leaving
        self._ballast = folder / "ballast"

    def __enter__(self) -> Self:
        """NoDiskError."""
        self.folder.mkdir(parents=True, exist_ok=True)
        _run("mount", "-t", "tmpfs", "-o", self._options, "piaojue-test", str(self.folder))
        return self

    def __exit__(self, *_: object) -> None:
        """Whoever still has a file open in it keeps it until then, out of everybody's sight."""
        _run("umount", "--lazy", str(self.folder))

    def fill(self) -> None:
        """Nothing more can be written, or next to nothing, until ``free``. What frees room meanwhile can be
        written to again; to fill once more takes that, too."""
        with suppress(OSError), self._ballast.open("ab", buffering=0) as file:
            while (room := self._room() - self._leaving) > 0:
                file.write(bytes(min(room, MEGABYTE)))

    def free(self) -> None:
        """Idempotent."""
        self._ballast.unlink(missing_ok=True)

    def _room(self) -> int:
        found = os.statvfs(self.folder)
        return found.f_bavail * found.f_frsize


@contextmanager
def disk_or_skip(folder: Path, megabytes: int) -> Iterator[SmallDisk]:
    """For a test, which is skipped where no disk can be had."""
    disk = SmallDisk(folder, megabytes)
    try:
        disk.__enter__()
    except NoDiskError as why:
        pytest.skip(f"no file system can be mounted here: {why}")
    try:
        yield disk
    finally:
        disk.__exit__()


def _run(*command: str) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    except OSError as error:
        raise NoDiskError(f"{command[0]}: {error.strerror}") from None
    if done.returncode:
        raise NoDiskError(done.stderr.strip() or f"{command[0]} ended with {done.returncode}")
