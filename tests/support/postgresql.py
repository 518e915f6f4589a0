"""A PostgreSQL of one's own: a cluster in a folder, on a free port of the loopback address."""

import os
import pwd
import secrets
import shutil
import signal
import subprocess
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from tempfile import gettempdir, mkdtemp

import psycopg2
from psycopg2.sql import SQL, Identifier, Literal

from tests.support.processes import Process, as_user
from tests.support.servers import DurableServer, ServerMissingError, free_ports

INSTALLED = Path("/usr/lib/postgresql")
OWNER = "postgres"
INITDB_OPTIONS = (
    f"--username={OWNER}",
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    "--no-locale",
    "--no-sync",
)
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "password_encryption": "scram-sha-256",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "max_wal_size": "512MB",
    # In the folder, and not among the shared memory of the machine, where a kill -9 would leave it.
    "dynamic_shared_memory_type": "mmap",
}


def programs() -> Path | None:
    """The folder of the newest server's programs."""
    found = [
        bin for bin in INSTALLED.glob("*/bin") if (bin / "initdb").exists() and (bin / "postgres").exists()
    ]
    return max(found, key=lambda bin: float(bin.parent.name), default=None)


def missing() -> list[str]:
    """The programs that are not there, in words."""
    absent = [] if programs() else ["the PostgreSQL server"]
    return absent if os.geteuid() or known(OWNER) else [*absent, f"the user {OWNER}"]


def known(user: str) -> bool:
    try:
        return bool(pwd.getpwnam(user))
    except KeyError:
        return False


class PrivatePostgres(DurableServer):
    """A cluster with a server.

    Root may not run PostgreSQL: its user does then. ``fsync=False`` makes it faster, and its data safe
    against its own death still, but not against the machine's. ``settings`` add to or change the usual ones.
    """

    def __init__(
        self,
        folder: Path,
        *,
        fsync: bool = True,
        settings: Mapping[str, str] | None = None,
        port: int | None = None,
    ) -> None:
        if absent := missing():
            raise ServerMissingError(
                f"{' and '.join(absent)} missing: run apt-get install postgresql as root"
            )
        self.folder = folder.resolve()
        self.port = port or free_ports(1)[0]
        self._user = None if os.geteuid() else OWNER
        self._programs = programs()
        self._settings = SETTINGS | {"port": str(self.port), "fsync": "on" if fsync else "off"}
        if not fsync:
            self._settings |= {"full_page_writes": "off"}
        self._settings |= settings or {}
        self._password = secrets.token_hex(16)
        self._home: Path | None = None

    @property
    def url(self) -> str:
        """Of the superuser."""
        return self._url(OWNER, self._password, "postgres")

    def start(self, within: float = 60.0) -> None:
        """Start it, after a kill recover it, and wait until it answers. Nothing happens if it runs."""
        if self.running:
            return
        if self._home is None:
            self._home = self._made_home()
            self._make_cluster(self._home)
        settings = [word for item in self._settings.items() for word in ("-c", "=".join(item))]
        self._server = Process(
            [self._programs / "postgres", "-D", self._home / "data", *settings],
            output=self.folder / "postgresql.log",
            env=environment(),
            cwd="/",
            user=self._user,
        )
        self._server.wait_until(self._answers, within, "PostgreSQL answers")

    def stop(self) -> None:
        """Stop it in an orderly way; clients are cut off."""
        if self._server:
            self._server.terminate(within=60, by=signal.SIGINT)

    def kill(self) -> None:
        """kill -9 of the postmaster and all its children, as if the power had failed for it alone."""
        memory = self._shared_memory() if self.running else None
        if self._server:
            self._server.kill()
        if memory:
            subprocess.run(["ipcrm", "-m", memory], capture_output=True, timeout=10, check=False)

    def reload(self) -> None:
        """SIGHUP: its files of settings and certificates are read again. RuntimeError: it does not run."""
        os.kill(self._running().pid, signal.SIGHUP)

    def close(self) -> None:
        """End it for good, without ceremony. Its log stays in the folder, its data do not."""
        self.kill()
        if self._home:
            shutil.rmtree(self._home)
            self._home = None

    def create_database(self, name: str) -> str:
        """Make an empty database with an owner of the same name that can reach no other; return its URL.

        psycopg2's DuplicateObject: there is one of this name.
        """
        password = secrets.token_hex(16)
        names = {"name": Identifier(name), "password": Literal(password)}
        self._run("CREATE ROLE {name} LOGIN PASSWORD {password}", names)
        self._run("CREATE DATABASE {name} OWNER {name}", names)
        self._run("REVOKE ALL ON DATABASE {name} FROM PUBLIC", names)
        return self._url(name, password, name)

    def drop_database(self, name: str) -> None:
        """Remove a database and its role; its clients are cut off. Nothing happens if there is none."""
        names = {"name": Identifier(name)}
        self._run("DROP DATABASE IF EXISTS {name} WITH (FORCE)", names)
        self._run("DROP ROLE IF EXISTS {name}", names)

    def _run(self, statement: str, names: Mapping[str, Identifier | Literal]) -> None:
        with closing(psycopg2.connect(self.url)) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(SQL(statement).format(**names))

    def _answers(self) -> bool:
        try:
            psycopg2.connect(self.url, connect_timeout=5).close()
        except psycopg2.OperationalError:
            return False
        return True

    def _url(self, role: str, password: str, database: str) -> str:
        return f"postgresql://{role}:{password}@127.0.0.1:{self.port}/{database}"

    def _made_home(self) -> Path:
        """A folder for the cluster that its user can reach, in the given one if that can be."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if self._user is None or reachable(self.folder):
            home = self.folder / "cluster"
            home.mkdir(mode=0o700)
        else:
            # Somebody's own temporary folder is closed to others, and opening it is not for a test to do.
            beside = next(path for path in (gettempdir(), "/tmp", "/var/tmp") if reachable(Path(path)))
            home = Path(mkdtemp(prefix="piaojue-postgresql-", dir=beside))
        if self._user:
            shutil.chown(home, self._user)
        return home

    def _make_cluster(self, home: Path) -> None:
        password = home / "password"
        password.write_text(self._password)
        if self._user:
            shutil.chown(password, self._user)
        subprocess.run(
            [self._programs / "initdb", "-D", home / "data", f"--pwfile={password}", *INITDB_OPTIONS],
            check=True,
            stdout=subprocess.DEVNULL,
            timeout=120,
            env=environment(),
            cwd="/",
            **as_user(self._user),
        )
        password.unlink()

    def _shared_memory(self) -> str | None:
        """The id of the piece of System V memory that a postmaster holds and, killed, would leave behind."""
        lines = (self._home / "data/postmaster.pid").read_text().splitlines()
        return lines[6].split()[1] if len(lines) > 6 and lines[6].split() else None


def environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")}


def reachable(folder: Path) -> bool:
    """Whether anybody can come to the folder: all above it and itself can be passed by others."""
    return all(path.stat().st_mode & 0o001 for path in (folder.resolve(), *folder.resolve().parents))
