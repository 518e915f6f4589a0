"""``piaojue backup`` and ``piaojue restore``."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from piaojue.operating import showing
from piaojue.operating.changing import Change, os_user, printable
from piaojue.operating.options import (
    EVERY_SERVICE,
    By,
    Config,
    DataFolder,
    DryRun,
    Reason,
    Services,
    Yes,
)
from piaojue.terminal import MISUSED, fail, say, warn

if TYPE_CHECKING:
    from piaojue.operating.places import Place


def backup(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="A folder that does not exist yet; it is made.")
    ],
    with_keys: Annotated[
        bool,
        typer.Option(
            "--with-keys", help="Own keys in the data folder, too. Whoever has both can check codes."
        ),
    ] = False,
    while_open: Annotated[
        bool, typer.Option("--while-open", help="Although a poll or a rating is open; see above.")
    ] = False,
    by: By = None,
    reason: Reason = None,
    config: Config = None,
    data_folder: DataFolder = None,
) -> None:
    """Back up all stores of the region as they are at one moment.

    The services go on meanwhile; all that they take of each other is held
    for some milliseconds, so that no consumer is ahead of its source. The
    folder, which only you can read, has a dump of each store and
    manifest.json: the last event of each log with its hash, how far each
    consumer has taken the others, the SHA-256 of each file.

    Two backups around a single cast would tell which code cast which
    paper. So while a poll or a rating is open a backup is refused, unless
    --while-open says that it must be.

    Without --with-keys, keep the keys in the data folder elsewhere: what
    was restored without them cannot check tokens or codes.

    Examples:
      piaojue backup /srv/backups/2022-04-16
      piaojue backup /srv/backups/yongan --data-folder /srv/piaojue --with-keys

    Exit codes:
      0  the backup is whole
      1  there is none; standard error says why
      2  the command or the configuration was not understood
    """
    from piaojue.operating.places import places

    named = printable(by, "--by")
    region = places(config, data_folder)
    with _told():
        if folder.exists():
            fail(f"{folder} exists: name a folder that does not", MISUSED)
        _refuse_open(region, while_open)
        change = Change("backup", [], False, True, named, printable(reason, "--reason"))
        _note(change, region, str(folder.absolute()), with_keys=with_keys, while_open=while_open)
        _take(region, folder, f"{os_user()}{f', {named}' if named else ''}", with_keys)


def _take(region: Sequence["Place"], folder: Path, by: str, with_keys: bool) -> None:
    from piaojue.operating.backups.taking import take

    digest = take(region, folder, by=by, with_keys=with_keys, told=say)
    say(f"{folder} is whole. SHA-256 of its manifest: {digest}")
    if not with_keys:
        warn("keys are not in it: keep those of the data folder elsewhere")


def _refuse_open(region: Sequence["Place"], while_open: bool) -> None:
    from piaojue.operating.gathering import turnouts

    found = [each for place in region for each in turnouts(place)]
    if found and not while_open:
        names = ", ".join(f"{each['kind']} {each['body']}/{each['id']}" for each in found)
        fail(f"open: {names}. Wait for the close, or add --while-open; piaojue backup --help says why.")


def restore(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="What piaojue backup made.")],
    services: Services = EVERY_SERVICE,
    broker_wiped: Annotated[
        bool, typer.Option("--broker-wiped", help="The broker has lost all it had, or has a new data folder.")
    ] = False,
    dry_run: DryRun = False,
    yes: Yes = False,
    by: By = None,
    reason: Reason = None,
    config: Config = None,
    data_folder: DataFolder = None,
) -> None:
    """Restore a backup into empty stores, and verify it.

    Stop all services first. Every file's SHA-256 is verified before
    anything is written; a store that has anything is refused: move it away,
    or make an empty database. Keys that are in the backup are put into the
    data folder. What waits in the services' queues at the broker is thrown
    away, since it may be from after the backup. Then each log is verified
    from its first event, and what each consumer has taken of it. Once the
    services are started, they ask each other for what they lack.

    What was told after the backup is lost here, and not to those who have
    heard it: tell whoever consumes the events.

    A store is restored wholly or not at all. If it is broken off, the same
    command goes on with what is left.

    Examples:
      piaojue restore /srv/backups/2022-04-16 --dry-run
      piaojue restore /srv/backups/2022-04-16 --by "Li Na" --reason "disk lost"

    Exit codes:
      0  it was restored, and all of it was verified
      1  it could not be restored, or what was restored does not fit
      2  the command or the configuration was not understood, or nobody could
         be asked
    """
    from piaojue.operating.backups import restoring
    from piaojue.operating.places import places

    region = places(config, data_folder, services)
    with _told():
        told, left = restoring.checked(folder, region)
        summary = [
            f"The backup of {told['region']}, made at {told['made_at']} by {told['by']}, will be restored:",
            *(_summary(told, place, left) for place in region),
        ]
        change = Change("restore", summary, dry_run, yes, by, reason).confirmed()
        with _ours_alone(region):
            told, left = restoring.checked(folder, region)  # once more, now that nobody else starts here
            if not broker_wiped:
                restoring.empty_queues(region, say)
            restoring.restore(folder, told, left, say)
            _note(change, region, str(folder.absolute()), made_at=told["made_at"], backup_by=told["by"])
            wrong = restoring.differences(told, region)
    for each in wrong:
        warn(each)
    _verify(region, wrong)


def _summary(told: dict[str, Any], place: "Place", left: Sequence["Place"]) -> str:
    last = told["services"][place.service]["log"]["sequence"]
    return f"  {place.service}: up to event {last}{'' if place in left else ', is there already'}"


def _verify(region: Sequence["Place"], wrong: Sequence[str]) -> None:
    from piaojue.operating.verifying import HEADS, verified

    found = verified(region)
    showing.table(HEADS, [each.row() for each in found])
    if wrong or any(each.fault or each.missing for each in found):
        fail("what was restored does not fit: start nothing, and see docs/operating.md")
    say("All of it was restored and verified. Start the services; piaojue doctor says how they are.")


@contextmanager
def _told() -> Iterator[None]:
    """What cannot be done is told, with 1."""
    from chassis.errors import Unavailable
    from piaojue.operating.backups.manifest import Unusable

    try:
        yield
    except Unusable as error:
        fail(str(error))
    except Unavailable as away:
        fail(f"{away.detail} piaojue doctor says more.")


@contextmanager
def _ours_alone(region: Sequence["Place"]) -> Iterator[None]:
    """No suite starts in a data folder whose files are being restored."""
    from piaojue.holding import FolderTaken, held, unusable

    if all(place.file is None for place in region):
        yield
        return
    folder = region[0].settings.data_folder
    try:
        with held(folder):
            yield
    except FolderTaken as taken:
        fail(f"{taken}. End it first.")
    except OSError as error:
        fail(f"the data folder {folder} cannot be used: {unusable(error)}")


def _note(change: Change, region: Sequence["Place"], target: str, **details: Any) -> None:
    """In each store that it concerns."""
    for place in region:
        with place.store.begin() as transaction:
            change.note(transaction, target, **details)
