"""A RabbitMQ of one's own: a node in a folder, on free ports of the loopback address."""

import json
import os
import secrets
import shutil
from base64 import b64encode
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import Request, urlopen

from tests.support.processes import Process
from tests.support.servers import DurableServer, ServerMissingError, free_ports
from tests.support.waiting import eventually

SERVER = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
"""The program itself: the one in /usr/sbin changes user and takes Debian's folders."""
CONTROL = SERVER.with_name("rabbitmqctl")

USER = "piaojue"
NODE = "piaojue@localhost"
SETTLED = "settled"
ALL = {"configure": ".*", "write": ".*", "read": ".*"}

OWN = """\
listeners.tcp.default = 127.0.0.1:{port}
load_definitions = {definitions}
"""
CONFIGURATION = """\
management.tcp.ip = 127.0.0.1
management.tcp.port = {management_port}
management_agent.disable_metrics_collector = true
log.console = false
log.file.level = info
vm_memory_high_watermark.absolute = 512MB
disk_free_limit.absolute = 50MB
raft.wal_max_size_bytes = 33554432
"""


def missing() -> list[str]:
    """The programs that are not there, in words."""
    programs = {
        "the RabbitMQ server": SERVER.exists(),
        "Erlang": shutil.which("erl") and shutil.which("epmd"),
    }
    return [name for name, there in programs.items() if not there]


class PrivateRabbitMQ(DurableServer):
    """A node and its port mapper.

    A virtual host that was added is there again after each start, as an operator's definitions would have
    it, even after ``wipe``; its exchanges, queues and messages are whatever the node has kept.

    ``configuration``: lines that say where clients are listened to, at ``port``, and which definitions there
    are; its virtual hosts and users are then those.
    """

    def __init__(
        self,
        folder: Path,
        *,
        schedulers: int = 2,
        configuration: str | None = None,
        port: int | None = None,
    ) -> None:
        if absent := missing():
            raise ServerMissingError(
                f"{' and '.join(absent)} missing: run apt-get install rabbitmq-server as root"
            )
        self.folder = folder.resolve()
        self.port, self.management_port, self._distribution_port, self._mapper_port = free_ports(4)
        self.port = port or self.port
        self._configuration = configuration or OWN
        self._schedulers = schedulers
        self._password = secrets.token_hex(16)
        self._vhosts: list[str] = []
        self._mapper: Process | None = None

    def start(self, within: float = 90.0) -> None:
        """Start it and wait until clients are welcome: about five seconds. Nothing happens if it runs."""
        if self.running:
            return
        self._end_mapper()
        self._write_files()
        self._mapper = Process(
            ["epmd", "-port", str(self._mapper_port), "-address", "127.0.0.1"],
            output=self.folder / "epmd.log",
            env=self._environment(),
        )
        self._mapper.wait_for_port(self._mapper_port)
        self._server = Process([SERVER], output=self.folder / "output.log", env=self._environment())
        self._server.wait_for_port(self.port, within)

    def stop(self) -> None:
        """Stop it in an orderly way: about six seconds, since the management plugin takes five to end."""
        if self._server:
            self._server.terminate(within=60)
        self._end_mapper()

    def kill(self) -> None:
        """kill -9 of the node and all that it started. See ``settle`` for what it may then have lost."""
        if self._server:
            self._server.kill()
        self._end_mapper()

    def settle(self, within: float = 30.0) -> None:
        """Wait until all that was declared so far is on disk: two seconds or three.

        RabbitMQ says yes to a declaration before it has written it. Killed in between, it comes back without
        the queue, or with a quorum queue that never finds a leader. What it confirms of messages is safe.
        """
        if SETTLED not in self._vhosts:
            self.add_vhost(SETTLED)
        marker = f"marker-{secrets.token_hex(8)}"
        path = f"queues/{SETTLED}/{marker}"
        self.api("PUT", path, {"durable": True, "arguments": {"x-queue-type": "quorum"}})
        eventually(lambda: self._written(marker), within, "RabbitMQ has written what was declared")
        self.api("DELETE", path)

    def _written(self, queue: str) -> bool:
        """Whether both its database and its directory of quorum queues have the name on disk."""
        data = self.folder / "mnesia" / NODE
        found = {
            path.name for path in (*data.glob("*.*"), *data.glob("quorum/*/names.dets")) if holds(path, queue)
        }
        return "names.dets" in found and len(found) > 1

    def wipe(self) -> None:
        """Delete its data directory, as if the disk had been lost. RuntimeError: it runs."""
        if self.running:
            raise RuntimeError("the data of a running RabbitMQ cannot be wiped: stop or kill it first")
        shutil.rmtree(self.folder / "mnesia")

    def close(self) -> None:
        """End it for good, without ceremony. Its logs stay in the folder, its data do not."""
        self.kill()
        shutil.rmtree(self.folder / "mnesia", ignore_errors=True)

    def url(self, vhost: str) -> str:
        return f"amqp://{USER}:{self._password}@127.0.0.1:{self.port}/{quote(vhost, safe='')}"

    def add_vhost(self, name: str) -> str:
        """Add an empty virtual host, now or at the next start, and return its URL."""
        self._vhosts.append(name)
        if self.running:
            self.api("PUT", f"vhosts/{quote(name, safe='')}", {})
            self.api("PUT", f"permissions/{quote(name, safe='')}/{USER}", ALL)
        return self.url(name)

    def remove_vhost(self, name: str) -> None:
        """Remove a virtual host and cut its clients off. A node that is down is only not told of it again."""
        self._vhosts.remove(name)
        if self.running:
            self.api("DELETE", f"vhosts/{quote(name, safe='')}")

    def welcomes(self) -> bool:
        """Whether it takes messages: neither its disk nor its memory is nearly full."""
        try:
            return bool(self.api("GET", "health/checks/alarms")["status"] == "ok")
        except HTTPError:
            return False

    def api(self, method: str, path: str, body: object = None) -> Any:
        """Ask the management plugin, such as ``GET queues/<vhost>/<queue>``; the answer's JSON, or None.

        Names in the path are quoted. Messages are counted only with
        ``?disable_stats=true&enable_queue_totals=true``. urllib's HTTPError: it refused.
        """
        request = Request(
            f"http://127.0.0.1:{self.management_port}/api/{path}",
            data=None if body is None else json.dumps(body).encode(),
            method=method,
            headers={
                "Content-Type": "application/json",
                "Authorization": f"Basic {b64encode(f'{USER}:{self._password}'.encode()).decode()}",
            },
        )
        with urlopen(request, timeout=30) as answer:
            content = answer.read()
        return json.loads(content) if content else None

    def tools(self) -> dict[str, str]:
        """The environment in which RabbitMQ's own commands find this node."""
        return self._environment()

    def _end_mapper(self) -> None:
        if self._mapper:
            self._mapper.kill()
            self._mapper = None

    def _write_files(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        definitions = self.folder / "definitions.json"
        definitions.write_text(json.dumps(self._definitions()), encoding="utf-8")
        (self.folder / "enabled_plugins").write_text("[rabbitmq_management].")
        (self.folder / "rabbitmq.conf").write_text(
            CONFIGURATION.format(management_port=self.management_port)
            + self._configuration.format(port=self.port, definitions=definitions),
            encoding="utf-8",
        )

    def _definitions(self) -> dict[str, list]:
        return {
            "users": [{"name": USER, "password": self._password, "tags": "administrator"}],
            "vhosts": [{"name": name} for name in self._vhosts],
            "permissions": [{"user": USER, "vhost": name, **ALL} for name in self._vhosts],
        }

    def _environment(self) -> dict[str, str]:
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("RABBITMQ_", "ERL_"))
        }
        return kept | {
            "HOME": str(self.folder),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_EPMD_PORT": str(self._mapper_port),
            "RABBITMQ_NODENAME": NODE,
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(self._distribution_port),
            "RABBITMQ_MNESIA_BASE": str(self.folder / "mnesia"),
            "RABBITMQ_LOG_BASE": str(self.folder / "log"),
            "RABBITMQ_CONFIG_FILE": str(self.folder / "rabbitmq"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.folder / "enabled_plugins"),
            "RABBITMQ_PID_FILE": str(self.folder / "pid"),
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": f"+S {self._schedulers}:{self._schedulers} +SDio 4 +A 4",
            # The script then becomes the node, instead of keeping a shell above it: one process to end.
            "RUNNING_UNDER_SYSTEMD": "true",
        }


def holds(file: Path, text: str) -> bool:
    try:
        return text.encode() in file.read_bytes()
    except OSError:
        return False  # renamed or deleted meanwhile, or a folder
