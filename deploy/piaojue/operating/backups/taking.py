"""Taking a backup: all stores at one moment, into a folder that has its name only once it is whole."""

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

from chassis.clock import now, rfc3339
from piaojue.operating.backups import manifest
from piaojue.operating.backups.manifest import Unusable
from piaojue.operating.backups.private import copied, on_disk
from piaojue.operating.backups.snapshot import Snapshot, snapshot_of
from piaojue.operating.places import Place
from piaojue.own_key import JWKS_FILE, KEY_FILE
from piaojue.versions import versions

KEYS: Final = (KEY_FILE, JWKS_FILE, "*_key", "*_key.pem", "*-key.pem")
"""Own keys in the data folder. Without the codes' key, codes of open polls are good for nothing."""


def take(
    places: Sequence[Place], folder: Path, *, by: str, with_keys: bool, told: Callable[[str], None]
) -> str:
    """Makes the folder; the SHA-256 of its manifest. Raises Unusable, StoreUnavailable."""
    draft = folder.with_name(f".{folder.name}.{os.getpid()}")
    try:
        draft.mkdir(mode=0o700, parents=True)
        with looked_at(places) as snapshots:
            services = {name: _dumped(name, snapshot, draft, told) for name, snapshot in snapshots.items()}
        _check(services)
        content = {
            "region": places[0].settings.region,
            "made_at": rfc3339(now()),
            "by": by,
            "release": versions(),
            "services": services,
            "keys": _keys(places, draft) if with_keys else [],
        }
        digest = manifest.write(draft, content)
        on_disk(draft)
        if folder.exists():
            raise Unusable(f"{folder} exists: name a folder that does not")
        draft.rename(folder)
        on_disk(folder.absolute().parent)
    except OSError as error:
        raise Unusable(f"the backup cannot be written: {error.strerror or error}") from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return digest


@contextmanager
def looked_at(places: Sequence[Place]) -> Iterator[dict[str, Snapshot]]:
    """Snapshots of one moment, by service; see :mod:`piaojue.operating.backups.snapshot`."""
    with ExitStack() as stack:
        snapshots = {}
        for place in places:
            snapshots[place.service] = snapshot = snapshot_of(place)
            stack.callback(snapshot.close)
        for snapshot in snapshots.values():
            snapshot.hold()
        for snapshot in snapshots.values():
            snapshot.look()
        for snapshot in snapshots.values():
            snapshot.let_go()
        yield snapshots


def _dumped(name: str, snapshot: Snapshot, folder: Path, told: Callable[[str], None]) -> dict[str, Any]:
    file = folder / f"{name}{snapshot.suffix}"
    facts = snapshot.facts()
    snapshot.dump(file)
    entry = {**facts, **manifest.described(file)}
    told(f"{name}: {entry['bytes']:,} bytes, its log up to event {facts['log']['sequence']}")
    return entry


def _check(services: dict[str, dict[str, Any]]) -> None:
    """That no consumer is ahead of its source: held as they were, none can be."""
    for consumer, facts in services.items():
        for source, at in facts["positions"].items():
            if source in services and at["sequence"] > services[source]["log"]["sequence"]:
                raise Unusable(
                    f"{consumer} has taken of {source} what {source} has not: piaojue events verify"
                )


def _keys(places: Sequence[Place], folder: Path) -> list[dict[str, Any]]:
    found = {}
    for data_folder in {place.settings.data_folder for place in places}:
        for pattern in KEYS:
            for file in sorted(data_folder.glob(pattern)):
                found[file.name] = file
    return [manifest.described(copied(file, folder / name)) for name, file in sorted(found.items())]
