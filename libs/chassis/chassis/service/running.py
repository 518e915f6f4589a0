"""Services in a process: started together, stopped within a deadline."""

import gc
import signal
from collections.abc import Callable, Sequence
from typing import Any, Final

import eventlet
from eventlet.event import Event
from eventlet.green import socket
from nameko.constants import MAX_WORKERS_CONFIG_KEY, WEB_SERVER_CONFIG_KEY
from nameko.containers import ServiceContainer

from chassis import metrics
from chassis.auth import audience_of
from chassis.config import Host, Settings
from chassis.http import address_of
from chassis.logging import get_logger
from chassis.service.base import Service, release_of
from chassis.tracing import TRACER, Collecting, Tracer

SPARE_SECONDS: Final = 5.0
"""For all else that has to be done at the end."""

_STOPPING: Final = (signal.SIGTERM, signal.SIGINT)

_log = get_logger("chassis.running")


class Running:
    """Containers of several services, each with settings of its own. ``eventlet.monkey_patch`` comes
    first."""

    def __init__(self, services: Sequence[tuple[type[Service], Settings]]) -> None:
        self._collecting = Collecting()
        self._containers = [ServiceContainer(cls, _nameko_config(settings)) for cls, settings in services]
        self._ended = Event()
        self._longest = max([2 * settings.drain for _, settings in services], default=0) + SPARE_SECONDS
        """Requests may take ``drain``, and after them the events once more."""

    def start(self) -> None:
        """Returns when all answer. Whatever keeps one from starting is raised, and the others are stopped."""
        started = []
        try:
            for container in self._containers:
                container.config[TRACER] = self._tracer_of(container)
                started.append(container)
                container.start()
                metrics.build_observed(
                    service=container.service_name, version=release_of(container.service_name)
                )
        except BaseException:
            for container in started:
                container.kill()
            self._collecting.stop()
            raise

    def _tracer_of(self, container: ServiceContainer) -> Tracer | None:
        return self._collecting.tracer(container.config["settings"], release_of(container.service_name))

    def address(self) -> tuple[str, int]:
        """Host and real port of the first service."""
        return address_of(self._containers[0])

    def addresses(self) -> dict[str, str]:
        """``host:port`` of each service, by its name."""
        found = {each.service_name: address_of(each) for each in self._containers}
        return {name: str(Host(*address)) for name, address in found.items()}

    def wait(self, heeding: Callable[[], None] = lambda: None) -> None:
        """Returns when SIGTERM or SIGINT came. Raises what a container died of. In the main thread only.

        ``heeding`` is called once signals are heeded: who is told then that all is up may send one at once.
        """
        gc.freeze()  # what a service is made of stays: looking it through again would stop all for 60 ms
        # By a socket, for a handler alone would be called when the hub wakes, and an idle one sleeps on.
        theirs, ours = socket.socketpair()
        before = signal.set_wakeup_fd(ours.fileno(), warn_on_full_buffer=False)
        for number in _STOPPING:
            signal.signal(number, _leave_it_to_the_socket)
        for container in self._containers:
            eventlet.spawn(self._watch, container)
        hearing = eventlet.spawn(self._hear, theirs)
        try:
            heeding()
            self._ended.wait()
        finally:
            signal.set_wakeup_fd(before)
            hearing.kill()
            theirs.close()
            ours.close()

    def _watch(self, container: ServiceContainer) -> None:
        try:
            container.wait()
        except BaseException as error:
            if not self._ended.ready():
                self._ended.send_exception(error)

    def _hear(self, sent: Any) -> None:
        """Each byte is the number of a signal that this process handles, whichever it is."""
        while (number := sent.recv(1)[0]) not in _STOPPING:
            pass
        if not self._ended.ready():
            _log.info("stopping", signal=signal.Signals(number).name)
            self._ended.send(None)

    def stop(self) -> None:
        """Requests under way are answered, then what is committed is published, as far as there is time: all
        at once, since each may take the whole of it. What has not ended then is ended. Then what waits for a
        collector of traces is sent."""
        try:
            self._stop_containers()
        finally:
            self._collecting.stop()

    def _stop_containers(self) -> None:
        threads = [eventlet.spawn(container.stop) for container in self._containers]
        with eventlet.Timeout(self._longest, False):
            for thread in threads:
                thread.wait()
            return
        _log.error("stopped_unfinished", seconds=self._longest)
        for container in self._containers:
            container.kill()


def _leave_it_to_the_socket(_number: int, _frame: object) -> None:
    """Instead of what a signal does by itself; also when it comes once more, during the stop."""


def _nameko_config(settings: Settings) -> dict[str, Any]:
    return {
        "settings": settings,
        MAX_WORKERS_CONFIG_KEY: settings.workers,
        WEB_SERVER_CONFIG_KEY: str(settings.http_address),
        "ISSUER": settings.issuer,
        "AUDIENCE": (settings.audience, audience_of(settings.service, settings.audience)),
        "JWKS": settings.jwks,
        "HTTP_TIMEOUT_SECONDS": settings.http_timeout,
        "HTTP_DRAIN_SECONDS": settings.drain,
        "HTTP_BODY_LIMIT": settings.http_max_body,
        "HTTP_MAX_CONNECTIONS": settings.http_connections,
        "HTTP_SHARED": settings.http_shared,
    }
