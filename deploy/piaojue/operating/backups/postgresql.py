"""pg_dump and pg_restore, of a version that fits the server; no password is on their command line."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Final

from sqlalchemy import inspect
from sqlalchemy.engine import make_url

from chassis.sensitive import masked
from chassis.store.engine import unavailable_when_lost
from piaojue.operating.backups.manifest import Unusable
from piaojue.operating.backups.private import written
from piaojue.operating.places import Place

INSTALLED: Final = Path("/usr/lib/postgresql")
"""Where Debian keeps the programs of each version."""


def program(name: str, server: int) -> Path:
    """Of the server's own version, or else the nearest later one. Raises Unusable, with what to install."""
    there = {
        int(path.parts[-3]): path for path in INSTALLED.glob(f"*/bin/{name}") if path.parts[-3].isdigit()
    }
    if (found := shutil.which(name)) is not None and (version := _version(Path(found))) is not None:
        there.setdefault(version, Path(found))
    fitting = [version for version in sorted(there) if version >= server]
    if not fitting:
        raise Unusable(
            f"{name} of version {server} or later is missing: apt-get install postgresql-client-{server}"
        )
    return there[fitting[0]]


def _version(program: Path) -> int | None:
    told = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=30, check=False)
    match = re.search(r"(\d+)(?:\.|\s|$)", told.stdout)
    return int(match[1]) if match else None


def pg_dump(place: Place, server: int, snapshot: str, file: Path) -> None:
    """Raises Unusable: it failed; the text is its own."""
    written(file, b"")  # its mode is ours, and pg_dump writes into it
    options = ["--format=custom", "--compress=6", f"--snapshot={snapshot}", f"--file={file}"]
    _run(place, program("pg_dump", server), ["--no-owner", "--no-privileges", *options])


def pg_restore(place: Place, file: Path) -> None:
    """All of it or nothing. Raises Unusable: it failed; the text is its own."""
    from piaojue.operating.backups.snapshot import server_major

    with unavailable_when_lost(), place.bare.engine.connect() as connection:
        server = server_major(connection)
    options = ["--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges"]
    _run(place, program("pg_restore", server), [*options, str(file)])


def tables_of(place: Place) -> list[str]:
    """Those that the database has; none: a backup may be restored into it."""
    with unavailable_when_lost(), place.bare.engine.connect() as connection:
        return sorted(inspect(connection).get_table_names())


def _run(place: Place, program: Path, options: list[str]) -> None:
    url = make_url(place.settings.store_url).set(drivername="postgresql")
    plain = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    environ = {**plain, "PGCONNECT_TIMEOUT": "10"}
    if url.password is not None:
        environ["PGPASSWORD"] = str(url.password)
    if place.settings.store_ca is not None:
        environ |= {"PGSSLMODE": "verify-full", "PGSSLROOTCERT": str(place.settings.store_ca)}
    without = url._replace(password=None).render_as_string()
    command = [str(program), "--no-password", f"--dbname={without}", *options]
    ended = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    if ended.returncode:
        said = masked(ended.stderr.strip()[-2000:])
        raise Unusable(f"{program.name} of {place.service} failed: {said or ended.returncode}")
