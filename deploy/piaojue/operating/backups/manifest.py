"""What a backup says of itself, and whether it is what it was."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

FORMAT: Final = 1
FILE: Final = "manifest.json"
_PIECE: Final = 1 << 20


class Unusable(Exception):
    """A backup that cannot be used, or a place that cannot take it; the text says why, and what to do."""


def digest(file: Path) -> str:
    """SHA-256 of a file, however large."""
    found = hashlib.sha256()
    with file.open("rb") as opened:
        while piece := opened.read(_PIECE):
            found.update(piece)
    return found.hexdigest()


def described(file: Path) -> dict[str, Any]:
    """The entry of a file in the manifest."""
    return {"file": file.name, "bytes": file.stat().st_size, "sha256": digest(file)}


def write(folder: Path, told: dict[str, Any]) -> str:
    """Writes the manifest; its own SHA-256, to be kept elsewhere by who wants to be sure."""
    from piaojue.operating.backups.private import written

    content = json.dumps({"format": FORMAT, **told}, ensure_ascii=False, indent=2) + "\n"
    return digest(written(folder / FILE, content.encode()))


def read(folder: Path) -> dict[str, Any]:
    """Raises Unusable: there is none, it is of a later format, or not what :func:`write` writes."""
    try:
        told: dict[str, Any] = json.loads((folder / FILE).read_bytes())
        if (written := told["format"]) == FORMAT:
            _look_at(told)
    except (FileNotFoundError, NotADirectoryError):
        raise Unusable(f"{folder} is no backup: it has no {FILE}") from None
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise Unusable(f"{folder / FILE} cannot be read: {type(error).__name__}") from None
    if written != FORMAT:
        raise Unusable(f"{folder} is of format {written}: a newer release made it")
    return told


def _look_at(told: dict[str, Any]) -> None:
    """KeyError, TypeError, AttributeError: something is not there, or of another kind."""
    _need(told, "region", "made_at", "by", "services")
    for entry in told["services"].values():
        _need(entry, "kind", "revision", "published", "outbox", "log", "positions")
        for position in (entry["log"], *entry["positions"].values()):
            _need(position, "sequence", "hash")
        _need(entry.get("audit", {"number": 0, "hash": ""}), "number", "hash")  # older ones have none
    for entry in entries(told):
        _need(entry, "file", "bytes", "sha256")


def _need(entry: dict[str, Any], *keys: str) -> None:
    if absent := set(keys) - entry.keys():
        raise KeyError(*absent)


def entries(told: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Of every file that the backup has."""
    yield from told["services"].values()
    yield from told.get("keys", ())


def verify(folder: Path, told: dict[str, Any]) -> None:
    """Raises Unusable, with every file that is not what it was."""
    wrong = []
    for entry in entries(told):
        name = str(entry["file"])
        file = folder / name
        if Path(name).name != name:
            wrong.append(f"{name}: is not in the backup's folder")
        elif not file.is_file():
            wrong.append(f"{name}: is missing")
        elif (file.stat().st_size, digest(file)) != (entry["bytes"], entry["sha256"]):
            wrong.append(f"{name}: is not what was backed up")
    if wrong:
        raise Unusable("\n  ".join([f"{folder} cannot be restored:", *wrong]))
