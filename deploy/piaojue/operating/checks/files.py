"""Files: secrets that others can read, keys that are no keys, certificates that end."""

import os
import stat
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from piaojue.operating.checks.finding import ERROR, OK, WARNING, Finding
from piaojue.operating.places import Place
from piaojue.own_key import KEY_FILE

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

SOON: Final = timedelta(days=30)
VERY_SOON: Final = timedelta(days=3)
OPERATORS: Final = tuple(Path("operator", name) for name in (KEY_FILE, "token", "broker-url"))
"""What a region's folder has for the operator alone."""
_LARGEST: Final = 1 << 20


def secrets(places: Sequence[Place], folder: Path | None = None) -> Iterator[Finding]:
    """Nobody but their owner can read or change files with secrets; a group may read them. ``folder`` is the
    region's."""
    files = sorted(secret_files(places, folder))
    bad = 0
    for file in files:
        for finding in _mode(file):
            bad += 1
            yield finding
    if not bad:
        yield Finding(OK, "secrets", "files", f"{len(files)} file(s) with secrets, closed to others")


def secret_files(places: Sequence[Place], folder: Path | None) -> set[Path]:
    """Those that exist: files that settings were read from, own keys, stores, private keys."""
    found = {folder / name for name in OPERATORS} if folder else set()
    for place in places:
        settings = place.settings
        found |= {file for source in settings.secret_sources() for file in _file_of(source)}
        folder = settings.data_folder
        found |= {folder / KEY_FILE, *folder.glob("*_key"), *folder.glob(f"{place.service}-*.pem")}
        if place.file is not None:
            found |= {Path(f"{place.file}{suffix}") for suffix in ("", "-wal", "-shm")}
        found |= {file for file in _named_files(place) if b"PRIVATE KEY" in _content(file)}
    return {file for file in found if file.is_file()}


def _file_of(source: str) -> Iterator[Path]:
    """The last one that a source names: ``environment PIAOJUE_X_FILE: file /run/x``, ``file /etc/x.yaml``."""
    _, named, file = source.rpartition("file ")
    if named:
        yield Path(file)


def _named_files(place: Place) -> Iterator[Path]:
    for value in vars(place.settings).values():
        if isinstance(value, Path) and value.is_file():
            yield value


def _content(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            return opened.read(_LARGEST)
    except OSError:
        return b""


def _mode(file: Path) -> Iterator[Finding]:
    try:
        status = file.stat()
    except OSError:
        return
    mode = stat.S_IMODE(status.st_mode)
    if mode & 0o007:
        yield Finding(ERROR, "secrets", str(file), f"others may use it: {mode:04o}", f"chmod o= {file}")
    elif mode & 0o020:
        yield Finding(
            WARNING, "secrets", str(file), f"its group may change it: {mode:04o}", f"chmod g-w {file}"
        )
    elif status.st_uid not in {0, os.geteuid()} and os.geteuid() != 0:
        yield Finding(WARNING, "secrets", str(file), "it is somebody else's", f"chown $USER {file}")


def keys(place: Place) -> Iterator[Finding]:
    """The key set with which tokens are checked can be read, and the suite's own key is in it."""
    from chassis.auth import KeysUnavailable
    from chassis.auth.keys import public_keys
    from piaojue.operating.gathering import fetched

    source = place.settings.jwks
    try:
        remote = "://" in source
        known = public_keys(fetched(source) if remote else Path(source).read_bytes())
    except (OSError, ValueError, KeysUnavailable) as error:
        cure = "piaojue token --role operator --body '*' (makes a key and its key set), or set jwks"
        yield Finding(ERROR, "keys", source, f"cannot be read: {type(error).__name__}", cure)
        return
    level = OK if known else ERROR
    yield Finding(level, "keys", source, f"{len(known)} key(s)", None if known else "publish a key in it")
    yield from _private(place, set(known))


def _private(place: Place, known: set[str]) -> Iterator[Finding]:
    from chassis.auth import jwks, load_key

    own = place.settings.data_folder / KEY_FILE
    named = [own] if own.is_file() else []
    record = getattr(place.settings, "record_key", None)
    for file in [*named, *([record] if record is not None else [])]:
        try:
            key = load_key(file)
        except (OSError, ValueError, TypeError):
            yield Finding(
                ERROR, "keys", str(file), "it is no signing key", f"restore {file} from where keys are kept"
            )
            continue
        ours = jwks(key)["keys"][0]["kid"]
        local = Path(place.settings.jwks).parent == place.settings.data_folder
        if file == own and local and ours not in known:
            cure = f"piaojue token --role operator --body '*' --data-folder {own.parent} (publishes it again)"
            yield Finding(ERROR, "keys", str(file), f"{place.settings.jwks} does not have it", cure)
        else:
            yield Finding(OK, "keys", str(file), "is a signing key")


def certificates(places: Sequence[Place]) -> Iterator[Finding]:
    """Certificates in files that settings name have not ended, and do not end soon."""
    from cryptography.x509 import load_pem_x509_certificates

    files = {file for place in places for file in _named_files(place)}
    for file in sorted(files):
        if b"BEGIN CERTIFICATE" not in (content := _content(file)):
            continue
        try:
            loaded = load_pem_x509_certificates(content)
        except ValueError:
            yield Finding(
                ERROR, "certificates", str(file), "cannot be read", f"openssl x509 -in {file} -noout"
            )
            continue
        yield ending(str(file), min(loaded, key=lambda each: each.not_valid_after_utc))


def ending(about: str, certificate: "Certificate") -> Finding:
    """When a certificate ends, and what to do about it."""
    end = certificate.not_valid_after_utc
    left = end - datetime.now(UTC)
    level = ERROR if left < VERY_SOON else WARNING if left < SOON else OK
    what = f"{'ended' if left < timedelta() else 'ends'} on {end:%Y-%m-%d %H:%M} UTC"
    cure = None if level == OK else f"renew it, put it in place, and start anew what uses it: {about}"
    return Finding(level, "certificates", about, what, cure)
