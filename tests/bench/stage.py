"""What the rows share: the servers, the folder, the ends of all that was started."""

import os
import shutil
import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from uuid import uuid4

from tests.support.postgresql import PrivatePostgres
from tests.support.processes import Process
from tests.support.rabbitmq import PrivateRabbitMQ
from tests.support.region import RealRegion

TOP = Path(__file__).parents[2]
DEFAULTS = {
    "PIAOJUE_COMPARE_INTERVAL": "15",
    "PIAOJUE_RELAY_INTERVAL": "1",
    "PIAOJUE_RPC_TIMEOUT": "10",
    "PIAOJUE_RETRY_PAUSES": "1,2,5,15,60",
}
"""Settings of an operator who set none: the regions of the tests are quicker to compare and to try again."""

POSTGRES = {"track_commit_timestamp": "on"}


class Stage:
    """For one run. Servers start when first asked for; what a row has started ends with :meth:`clear`."""

    def __init__(
        self, folder: Path, *, quick: bool, tell: Callable[[str], None], past: int = 0, minutes: float = 0
    ) -> None:
        self.folder = folder
        self.quick = quick
        self.past = past
        self.minutes = minutes
        self.tell = tell
        self._servers = ExitStack()
        self._row = ExitStack()
        self._postgres: PrivatePostgres | None = None
        self._rabbitmq: PrivateRabbitMQ | None = None

    @property
    def postgres(self) -> PrivatePostgres:
        """fsync is on; it notes when each transaction was committed."""
        if self._postgres is None:
            self._postgres = PrivatePostgres(self.folder / "postgresql", settings=POSTGRES)
            self._servers.callback(self._postgres.close)
        self._postgres.start()
        return self._postgres

    @property
    def rabbitmq(self) -> PrivateRabbitMQ:
        if self._rabbitmq is None:
            self._rabbitmq = PrivateRabbitMQ(self.folder / "rabbitmq")
            self._servers.callback(self._rabbitmq.close)
        self._rabbitmq.start()
        return self._rabbitmq

    def another_postgres(self) -> PrivatePostgres:
        """As ``postgres``, and gone with the row."""
        made = PrivatePostgres(self.new_folder("postgresql"), settings=POSTGRES)
        self._row.callback(made.close)
        made.start()
        return made

    def region(self, postgres: PrivatePostgres | None = None) -> RealRegion:
        """Services on the real servers, none of them started yet, with the settings that they have by
        default. A database server has room for one at a time."""
        folder = self.new_folder("region")
        region = RealRegion(folder, self.rabbitmq, postgres or self.postgres, DEFAULTS)
        self._row.callback(region.close)
        return region

    def start(self, module: str, role: str, settings: Mapping[str, str]) -> Process:
        """A service of the bench's own, in a process of its own. It need not answer yet."""
        plain = {name: value for name, value in os.environ.items() if not name.startswith("PIAOJUE_")}
        return self.start_program(
            [sys.executable, "-W", "ignore", "-m", f"tests.bench.{module}", role], role, {**plain, **settings}
        )

    def start_program(self, command: list[Any], name: str, env: Mapping[str, str] | None = None) -> Process:
        output = self.new_folder(name) / "output.log"
        process = Process(command, output=output, env=env, cwd=TOP)
        self._row.callback(process.kill)
        return process

    def new_folder(self, name: str) -> Path:
        folder = self.folder / f"{name}-{uuid4().hex[:8]}"
        folder.mkdir(parents=True)
        return folder

    def keep_logs(self, folder: Path) -> None:
        """For who wants to know why a row has failed."""
        for file in self.folder.rglob("*.log"):
            kept = folder / file.relative_to(self.folder)
            kept.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, kept)

    def clear(self) -> None:
        """Ends what the row has started, the servers not."""
        self._row.close()

    def close(self) -> None:
        """Ends everything."""
        try:
            self.clear()
        finally:
            self._servers.close()
