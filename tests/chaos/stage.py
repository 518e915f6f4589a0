"""Where it happens: a region whose ways can be cut, whose disks can be full, whose clocks can be wrong; and
whoever starts again what has ended."""

import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Event, RLock, Thread
from time import monotonic
from typing import Any, Self

from tests.chaos.asking import pause
from tests.support.postgresql import PrivatePostgres
from tests.support.rabbitmq import PrivateRabbitMQ
from tests.support.region import SERVICES, RealRegion
from tests.support.small_disk import NoDiskError, SmallDisk
from tests.support.tcp_proxy import TcpProxy

RESTART_SECONDS = 2.0
"""After this time a service that has ended is started again: as in deploy/systemd."""
LOOK_SECONDS = 0.1
DATABASE_MEGABYTES = 384
BROKER_MEGABYTES = 256
BROKER_LEAVES = 24 << 20
"""Less than the 50 MB below which RabbitMQ takes no more messages; it still can write what it has."""
SMALL = {"max_wal_size": "64MB", "min_wal_size": "32MB"}


class ChaosRegion(RealRegion):
    """Every service reaches the broker and its database through ways of its own, and can be hurt."""

    def __init__(self, folder: Path, rabbitmq: PrivateRabbitMQ, postgres: PrivatePostgres) -> None:
        self.ways = {
            (name, place): TcpProxy(port)
            for name in SERVICES
            for place, port in (("broker", rabbitmq.port), ("database", postgres.port))
        }
        super().__init__(folder, rabbitmq, postgres)

    def hurt(self, name: str, **what: Any) -> None:
        """As :mod:`tests.chaos.hurt`, from the next moment on; nothing hurts that is not named."""
        file = self._hurts(name)
        file.with_suffix(".new").write_text(json.dumps(what))
        file.with_suffix(".new").replace(file)

    def close(self) -> None:
        super().close()
        for way in self.ways.values():
            way.close()

    def _hurts(self, name: str) -> Path:
        return self.folder / f"{name}-hurts.json"

    def _command(self, name: str) -> list[str]:
        hurt = ["-W", "ignore", "-m", "tests.chaos.hurt", str(self._hurts(name))]
        return [sys.executable, *hurt, "run", name]

    def _environment(self, name: str) -> dict[str, str]:
        broker, database = (self.ways[name, place].port for place in ("broker", "database"))
        direct = super()._environment(name)
        return direct | {
            "PIAOJUE_BROKER_URL": direct["PIAOJUE_BROKER_URL"].replace(
                f":{self.rabbitmq.port}/", f":{broker}/"
            ),
            "PIAOJUE_STORE_URL": direct["PIAOJUE_STORE_URL"].replace(
                f":{self.postgres.port}/", f":{database}/"
            ),
        }


class Stage:
    """The region and its servers. ``disks`` is empty where none can be mounted, and ``no_disks`` says why."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.disks: dict[str, SmallDisk] = {}
        self.no_disks: str | None = None
        self._everything = ExitStack()
        self._down: set[str] = set()
        self._turn = RLock()
        self._over = Event()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self._mount(stack)
            self.rabbitmq = stack.enter_context(PrivateRabbitMQ(self._place("broker")))
            self.postgres = stack.enter_context(PrivatePostgres(self._place("database"), settings=SMALL))
            self.region = ChaosRegion(self.folder / "region", self.rabbitmq, self.postgres)
            stack.callback(self.region.close)
            self.region.start()
            self.rabbitmq.settle()
            manager = Thread(target=self._start_again, daemon=True)
            manager.start()
            stack.callback(manager.join, 60)
            stack.callback(self._over.set)
            self._everything = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._everything.close()

    @contextmanager
    def down(self, *names: str) -> Iterator[None]:
        """Meanwhile nobody starts these again."""
        with self._turn:
            self._down.update(names)
        try:
            yield
        finally:
            with self._turn:
                self._down.difference_update(names)

    def _mount(self, stack: ExitStack) -> None:
        for name, disk in {
            "database": SmallDisk(self.folder / "database-disk", DATABASE_MEGABYTES),
            "broker": SmallDisk(self.folder / "broker-disk", BROKER_MEGABYTES, leaving=BROKER_LEAVES),
        }.items():
            try:
                self.disks[name] = stack.enter_context(disk)
            except NoDiskError as why:
                self.no_disks = str(why)

    def _place(self, name: str) -> Path:
        return (self.disks[name].folder if name in self.disks else self.folder) / f"{name}-data"

    def _start_again(self) -> None:
        """As a process manager does: what has ended by itself is started again, after a while."""
        ended: dict[str, float] = {}
        while not self._over.is_set():
            pause(LOOK_SECONDS, self._over)
            for name in SERVICES:
                with self._turn:
                    if name in self._down or self.region.processes[name].running:
                        ended.pop(name, None)
                    elif monotonic() - ended.setdefault(name, monotonic()) >= RESTART_SECONDS:
                        self.region.begin(name)
            self._start_servers_again()

    def _start_servers_again(self) -> None:
        for name, server in (("rabbitmq", self.rabbitmq), ("postgres", self.postgres)):
            with self._turn:
                wanted = name not in self._down and not server.running and not self._over.is_set()
                if wanted:
                    try:
                        server.start(within=30)
                    except Exception as error:  # it will be tried again, and is seen by what does not recover
                        print(f"{name} did not start: {type(error).__name__}", file=sys.stderr, flush=True)
