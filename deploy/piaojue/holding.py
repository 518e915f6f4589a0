"""A data folder belongs to one suite at a time; who has it, and where that answers, is written there."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final

LOCK_FILE: Final = "suite.lock"


class FolderTaken(Exception):
    """Another suite works in this folder; the text says which, as far as it is known."""


class Held:
    """A data folder that is ours until this process ends, however it ends."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file

    def tell(self, **what: object) -> None:
        """Writes down who has the folder, for those who ask :func:`holder`."""
        self._file.seek(0)
        self._file.truncate()
        json.dump({"pid": os.getpid(), **what}, self._file)
        self._file.flush()


@contextmanager
def held(folder: Path) -> Iterator[Held]:
    """Takes a folder, which is made when there is none. Raises FolderTaken, OSError."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with open(os.open(folder / LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o600), "r+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise FolderTaken(_by_whom(folder)) from None
        ours = Held(file)
        ours.tell()
        try:
            yield ours
        finally:
            file.seek(0)
            file.truncate()


def holder(folder: Path) -> dict[str, Any]:
    """What the suite in a folder has told of itself: ``pid``, and ``url`` once it answers; else nothing.

    After a crash it is what the last one told; whoever relies on it compares the pid.
    """
    try:
        told = json.loads((folder / LOCK_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return told if isinstance(told, dict) else {}


def unusable(error: OSError) -> str:
    """Why a folder cannot be used, in words."""
    return "it is no folder" if isinstance(error, FileExistsError) else error.strerror or str(error)


def _by_whom(folder: Path) -> str:
    told = holder(folder)
    details = ", ".join(
        [f"process {told['pid']}"] * ("pid" in told) + [f"at {told['url']}"] * ("url" in told)
    )
    return f"another suite works in the data folder {folder}" + (f" ({details})" if details else "")
