"""Files that nobody but their owner can read, there wholly or not at all."""

import os
from pathlib import Path
from typing import Final

_PIECE: Final = 1 << 20


def written(file: Path, content: bytes) -> Path:
    """FileExistsError rather than in place of another."""
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as new:
        new.write(content)
        new.flush()
        os.fsync(new.fileno())
    return file


def copied(source: Path, target: Path) -> Path:
    """As :func:`written`, of another file's content; it has its name only once it is on disk."""
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with source.open("rb") as old, os.fdopen(_new(draft), "wb") as new:
            while piece := old.read(_PIECE):
                new.write(piece)
            new.flush()
            os.fsync(new.fileno())
        os.link(draft, target)  # unlike a renaming, never in place of another
    finally:
        draft.unlink(missing_ok=True)
    on_disk(target.parent)
    return target


def _new(file: Path) -> int:
    return os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)


def on_disk(folder: Path) -> None:
    """Names in a folder survive a power cut."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
