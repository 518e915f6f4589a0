"""A machine on which a region runs as ``docs/deploying.md`` says for bare ones, with two differences: all is
in a folder, and servers are those of the tests.

What systemd would run is read from the units. ``chown`` and ``runuser`` change nothing: a user that no unit
or server has is refused.
"""

import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from tests.support.deployed import plain
from tests.support.manifests import AT, SYSTEMD, by_systemd, unit
from tests.support.postgresql import PrivatePostgres
from tests.support.processes import Process
from tests.support.rabbitmq import CONTROL, PrivateRabbitMQ
from tests.support.servers import free_ports
from tests.support.waiting import eventually
from tests.support.walking import Shell

SERVICES = ("proposals", "ballots", "ratings", "notifications")
PORTS = dict(zip(SERVICES, range(8001, 8005), strict=True))
"""Where services answer unless a region is configured otherwise."""
BIN = Path(sys.executable).parent
_USERS = {"rabbitmq", "postgres", *(f"piaojue-{name}" for name in SERVICES)}
_CHOWN = """\
[ "$1" = -R ] && shift
case " {users} " in *" ${{1%:}} "*) ;; *) echo "chown: invalid user: '$1'" >&2; exit 1;; esac
shift && ls -d "$@" > /dev/null
"""
_RUNUSER = '[ "$1 $2 $3" = "-u postgres --" ] || exit 1; shift 3; exec "$@"\n'
_YES = "echo yes\n"
"""timedatectl's answer: whose clock the tests run by is not what they are about."""


class Machine:
    """Use it with ``with``. ``shell`` is root's."""

    def __init__(self, folder: Path, rabbitmq: PrivateRabbitMQ, postgres: PrivatePostgres) -> None:
        self.folder, self.rabbitmq, self.postgres = folder, rabbitmq, postgres
        self._ports = dict(zip(SERVICES, free_ports(len(SERVICES)), strict=True))
        self._units: dict[str, Process] = {}
        self._starts = 0
        for name in ("srv", "etc", "bin", "var/lib"):
            (folder / name).mkdir(parents=True)
        self._put_programs()
        self._addresses = {
            f"PIAOJUE_{name.upper()}_HTTP_ADDRESS": f"127.0.0.1:{port}" for name, port in self._ports.items()
        }
        self.shell = Shell(folder, self._environment(), self._names())

    def _names(self) -> dict[str, str]:
        broker, database = self.rabbitmq.port, self.postgres.port
        return {
            AT: str(self.folder / "etc/piaojue"),
            "/srv": str(self.folder / "srv"),
            "/var/lib/rabbitmq": str(self.rabbitmq.folder),
            "127.0.0.1:5672": f"127.0.0.1:{broker}",
            "127.0.0.1:5432": f"127.0.0.1:{database}",
            **{f"127.0.0.1:{PORTS[name]}": f"127.0.0.1:{port}" for name, port in self._ports.items()},
        }

    def _environment(self) -> dict[str, str]:
        kept = {**plain(), **_superuser(self.postgres), **self._addresses}
        management = f"http://127.0.0.1:{self.rabbitmq.management_port}"
        return kept | {
            "PATH": f"{self.folder / 'bin'}:{BIN}:{kept['PATH']}",
            "RABBITMQ_MANAGEMENT_URL": management,
            "USER": "root",
        }

    def _put_programs(self) -> None:
        node = " ".join(shlex.quote(f"{key}={value}") for key, value in self.rabbitmq.tools().items())
        programs = {
            "chown": _CHOWN.format(users=" ".join(sorted(_USERS))),
            "runuser": _RUNUSER,
            "timedatectl": _YES,
            "rabbitmqctl": f'exec env {node} {CONTROL} "$@"\n',
        }
        for name, script in programs.items():
            file = self.folder / "bin" / name
            file.write_text(f"#!/bin/sh\n{script}")
            file.chmod(0o755)

    def run(self, command: str) -> tuple[int, str]:
        """Status and output of a line that root types."""
        words = command.split()
        return self._systemctl(*words[1:]) if words[0] == "systemctl" else self.shell.run(command)

    def _systemctl(self, verb: str, *words: str) -> tuple[int, str]:
        does: dict[str, Callable[[str], None]] = {
            "start": self._start,
            "stop": self._stop,
            "restart": self._restart,
            "kill": self._kill,
        }
        names = [word for word in words if not word.startswith("-")]
        for name in names:
            does[verb](name)
        return 0, ""

    def _start(self, name: str) -> None:
        if name == "rabbitmq-server":
            self.rabbitmq.start()
        elif name == "postgresql":
            self.postgres.start()
        elif name.endswith(".target"):
            for each in _wanted(name):
                self._start(each.removesuffix(".service"))
        elif name not in self._units or not self._units[name].running:
            self._begin(name)

    def _begin(self, name: str) -> None:
        template, at, instance = name.partition("@")
        file = f"{template}{at}.service"
        told = by_systemd(file, instance)
        data = self.folder / "var/lib/piaojue" / instance
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        env = {**plain(), **told.here(self.folder / "etc/piaojue"), **self._addresses}
        self._starts += 1
        process = Process(
            [BIN / "piaojue", *told.words],
            output=self.folder / f"{name}-{self._starts}.log",
            env=env | ({"PIAOJUE_DATA_FOLDER": str(data)} if instance else {}),
            cwd="/",
        )
        self._units[name] = process
        if unit(file)["Type"] == ["oneshot"]:
            eventually(lambda: not process.running, 60, f"{name} ends")
            assert process.exit_status == 0, process.said()

    def _stop(self, name: str) -> None:
        if name == "rabbitmq-server":
            self.rabbitmq.stop()
        elif name == "postgresql":
            self.postgres.stop()
        else:
            stopped = _wanted(name) if name.endswith(".target") else [name]
            for each in stopped:
                if (process := self._units.pop(each.removesuffix(".service"), None)) is not None:
                    assert process.terminate(within=40) == 0, process.said()

    def _restart(self, name: str) -> None:
        self._stop(name)
        self._start(name)

    def _kill(self, name: str) -> None:
        """As ``systemctl kill --signal=KILL``; what is always to run is started again."""
        self._units.pop(name).kill()
        if unit(f"{name.partition('@')[0]}@.service")["Restart"] == ["always"]:
            self._start(name)

    def close(self) -> None:
        for process in self._units.values():
            process.kill()
        self.shell.close()

    def __enter__(self) -> "Machine":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _superuser(postgres: PrivatePostgres) -> dict[str, str]:
    """The environment in which PostgreSQL's own commands are its superuser's."""
    url = urlsplit(postgres.url)
    return {
        **{"PGHOST": str(url.hostname), "PGPORT": str(url.port), "PGDATABASE": "postgres"},
        **{"PGUSER": str(url.username), "PGPASSWORD": str(url.password)},
    }


def _wanted(target: str) -> list[str]:
    """Units that start and stop with a target."""
    found = []
    for line in (SYSTEMD / target).read_text(encoding="utf-8").splitlines():
        key, _, value = line.partition("=")
        found += value.split() if key in ("Requires", "Wants") else []
    return found
