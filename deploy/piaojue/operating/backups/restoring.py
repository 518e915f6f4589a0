"""Restoring a backup: into places that have nothing yet, after every hash was verified."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from sqlalchemy.exc import DBAPIError

from chassis.bus import BusUnavailable, KombuBus
from chassis.errors import Unavailable
from chassis.sensitive import masked
from chassis.store.migrating import knows
from piaojue.following import followed
from piaojue.operating.backups import manifest
from piaojue.operating.backups.manifest import Unusable
from piaojue.operating.backups.postgresql import pg_restore, tables_of
from piaojue.operating.backups.private import copied
from piaojue.operating.backups.snapshot import snapshot_of
from piaojue.operating.checks.broker import inbox_of
from piaojue.operating.places import NoStore, Place

_GO_ON: Final = "Once that is mended, the same command goes on with what is left. Start nothing before."
_KINDS = {True: "sqlite", False: "postgresql"}


def checked(folder: Path, places: Sequence[Place]) -> tuple[dict[str, Any], list[Place]]:
    """The manifest of a backup that fits these places, and which of them are empty. The others are as this
    backup has them: a restore that was broken off has left them so. Raises Unusable, with all that does not
    fit; StoreUnavailable. Nothing is changed."""
    told = manifest.read(folder)
    manifest.verify(folder, told)
    if told["region"] != (here := places[0].settings.region):
        raise Unusable(f"the backup is of the region {told['region']}, this is {here}: nothing was restored")
    wrong, left = [], []
    for place in places:
        entry = told["services"].get(place.service)
        if entry is None:
            wrong.append(f"{place.service}: the backup does not have it")
        elif entry["kind"] != _KINDS[place.file is not None]:
            wrong.append(f"{place.service}: the backup is of {entry['kind']}, and its store is not")
        elif not knows(place.service, revision := entry["revision"]):
            wrong.append(
                f"{place.service}: the backup is of revision {revision}, which this release does not know: "
                "restore it with the one that made it"
            )
        elif (there := _in_the_way(place)) is None:
            left.append(place)
        elif not _restored_already(place, entry):
            wrong.append(f"{place.service}: {there}")
    wrong += _keys_in_the_way(told, folder, places)
    if wrong:
        raise Unusable("\n  ".join(["nothing was restored:", *wrong]))
    if not left:
        raise Unusable("all of it is there already, as in the backup: nothing was restored")
    return told, left


_FACTS: Final = ("revision", "log", "published", "outbox", "positions")


def _restored_already(place: Place, entry: dict[str, Any]) -> bool:
    """A store is restored wholly or not at all; one that has gone on since is another than the backup's."""
    looked = snapshot_of(place)
    try:
        looked.look()
        facts = looked.facts()
    except (Unavailable, DBAPIError):  # the latter: it is no database
        return False
    finally:
        looked.close()
    return all(facts[key] == entry[key] for key in _FACTS)


def _in_the_way(place: Place) -> str | None:
    if (file := place.file) is not None:
        there = [each for each in (file, Path(f"{file}-wal")) if each.exists()]
        return f"{there[0]} exists: move it away first" if there else None
    tables = tables_of(place)
    if not tables:
        return None
    return f"its database has {len(tables)} tables: a backup is restored into an empty one"


def _keys_in_the_way(told: dict[str, Any], folder: Path, places: Sequence[Place]) -> list[str]:
    there = [(entry, places[0].settings.data_folder / entry["file"]) for entry in told.get("keys", ())]
    return [
        f"{file} is another one than the backup's: move it away first"
        for entry, file in there
        if file.exists() and manifest.digest(file) != entry["sha256"]
    ]


def empty_queues(places: Sequence[Place], say: Callable[[str], None]) -> None:
    """Throws away what the broker still has for them.

    It may be events that came after the backup. They would continue what was restored, and be taken, while
    their source tells others under the same numbers. What is thrown away rightly is asked for again.
    Raises Unusable: the broker is away, or a service still takes from it.
    """
    for place in places:
        settings, queue = place.settings, inbox_of(place.service)
        if settings.broker_url.startswith("memory:") or not followed(place.service):
            continue
        bus = KombuBus(settings.broker_url, ca=settings.broker_ca)
        try:
            if bus.look(queue, []).queue.consumers:
                raise Unusable(f"{place.service} still runs: stop all services first. Nothing was restored.")
            if messages := bus.empty(queue):
                say(f"{messages} message(s) in {queue} were thrown away")
        except BusUnavailable as away:
            raise Unusable(
                f"{queue} cannot be emptied of what came later: {away.detail} Start the broker, or "
                "add --broker-wiped if it has lost all that it had. Nothing was restored."
            ) from away


def restore(folder: Path, told: dict[str, Any], places: Sequence[Place], say: Callable[[str], None]) -> None:
    """The places that :func:`checked` has found empty. Raises Unusable: which ones were restored is told
    before, and a further call goes on with the others."""
    try:
        for entry in told.get("keys", ()):
            target = places[0].settings.data_folder / entry["file"]
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not target.exists():
                copied(folder / entry["file"], target)
                say(f"{target} was restored")
        for place in places:
            _restore_one(place, folder / told["services"][place.service]["file"])
            say(f"{place.service} was restored")
    except (OSError, NoStore, Unusable) as error:
        reason = masked(str(getattr(error, "strerror", None) or error))
        raise Unusable(f"the restore was broken off: {reason}\n  {_GO_ON}") from error


def _restore_one(place: Place, dump: Path) -> None:
    if (file := place.file) is not None:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        copied(dump, file)
    else:
        pg_restore(place, dump)


def differences(told: dict[str, Any], places: Sequence[Place]) -> list[str]:
    """In what the restored logs differ from the manifest: in nothing, if all is well."""
    wrong = []
    for place in places:
        tip, wanted = place.log.tip(), told["services"][place.service]["log"]
        if (tip.sequence, tip.hash) != (wanted["sequence"], wanted["hash"]):
            wrong.append(
                f"{place.service}: its log ends with {tip.sequence}, the backup's with {wanted['sequence']}"
            )
    return wrong
