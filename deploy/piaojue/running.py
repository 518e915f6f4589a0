"""Services of this process, from their settings to their end; and ``piaojue run``."""

import errno
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, NoReturn

import typer

from piaojue.terminal import MISUSED, fail
from piaojue.versions import SERVICES

if TYPE_CHECKING:
    from chassis.config import Settings
    from chassis.service import Running, Service

_CLASSES: Final = {name: f"{name.capitalize()}Service" for name in SERVICES}

_KEYS_NEEDED: Final = (
    "Name your identity provider's with the setting jwks; or make a key of your own: piaojue token makes it, "
    "with its key set, in the data folder."
)

Chosen = list[tuple[type["Service"], "Settings"]]


def a_service(name: str) -> str:
    """For ``parser=`` of a service's name."""
    from difflib import get_close_matches

    if name in SERVICES:
        return name
    near = get_close_matches(name, SERVICES, n=1)
    hint = f" Did you mean {near[0]}?" if near else ""
    raise typer.BadParameter(f"There is no service {name!r}.{hint} Services: {', '.join(SERVICES)}.")


def run(
    services: Annotated[
        list[str],
        typer.Argument(
            parser=a_service, metavar="SERVICE", help="proposals, ballots, ratings or notifications."
        ),
    ],
) -> None:
    """Run one or more services in this process, as a region does.

    Settings come from the file that PIAOJUE_CONFIG names, if any, and from
    variables PIAOJUE_…; all that is wrong with them is listed at once. The
    start does not wait for the broker: a service works without it, and
    catches up. SIGTERM lets work that has begun end, then stops.

    Examples:
      piaojue run ballots
      PIAOJUE_CONFIG=/etc/piaojue.yaml piaojue run proposals ratings

    Exit codes:
      0  stopped by a signal
      1  a service could not start, or died; the log says of what
      2  the configuration cannot be used, or the command was not understood
    """
    from piaojue.green import go_green

    go_green()
    with started(settings_of(list(dict.fromkeys(services)), os.environ)) as running:
        wait(running, lambda: _tell(running))


def _tell(running: "Running") -> None:
    from chassis.logging import get_logger

    for name, url in urls(running).items():
        get_logger("piaojue.run").info("answering", service=name, url=url)


def settings_of(services: Sequence[str], environ: Mapping[str, str], file: Path | None = None) -> Chosen:
    """The classes and settings of services. Ends the command with 2 and all faults of the configuration."""
    from chassis.config import ConfigurationFaults, load_settings

    chosen: Chosen = []
    faults: dict[str, None] = {}
    for name in services:
        own = import_module(f"{name}.plugins").SETTINGS
        try:
            settings = load_settings(name, own, file=file, environ=environ)
        except ConfigurationFaults as found:
            faults |= dict.fromkeys(map(str, found.faults))
        else:
            chosen.append((getattr(import_module(f"{name}.service"), _CLASSES[name]), settings))
    if faults:
        unusable("\n".join(["the configuration cannot be used:", *(f"  {fault}" for fault in faults)]))
    return chosen


def unusable(message: str) -> NoReturn:
    """Ends the command because of what it was told."""
    fail(message, MISUSED)


class started:  # noqa: N801  # reads as what it does
    """``with started(chosen) as running:`` — all of them answer within, and are stopped at its end."""

    def __init__(self, chosen: Chosen) -> None:
        from chassis.logging import configure_logging
        from chassis.service import Running

        for _, settings in chosen:
            configure_logging(settings.log_format, settings.log_level, settings.service)
        self._addresses = ", ".join(dict.fromkeys(str(settings.http_address) for _, settings in chosen))
        self._running = Running(chosen)

    def __enter__(self) -> "Running":
        from eventlet.debug import hub_exceptions
        from nameko.exceptions import ConfigurationError

        from chassis.auth import KeysUnavailable
        from chassis.errors import Refused

        hub_exceptions(False)  # else it prints, with its traceback, what is raised here anyway
        try:
            self._running.start()
        except ConfigurationError as error:
            unusable(f"the configuration cannot be used: {error}")
        except KeysUnavailable as refusal:
            fail(f"cannot start: {refusal.detail} {_KEYS_NEEDED}")
        except Refused as refusal:
            fail(f"cannot start: {refusal.detail}")
        except OSError as error:
            fail(self._reason(error))
        hub_exceptions(True)
        return self._running

    def _reason(self, error: OSError) -> str:
        if error.errno == errno.EADDRINUSE:
            return f"{self._addresses} is taken by another program, or by another start of this one. " + (
                "End that, or choose another port."
            )
        return f"cannot start at {self._addresses}: {error.strerror or error}"

    def __exit__(self, *_: object) -> None:
        for name in (signal.SIGTERM, signal.SIGINT):  # who asks twice does not want to wait
            signal.signal(name, signal.SIG_DFL)
        self._running.stop()


def urls(running: "Running") -> dict[str, str]:
    """Where each service answers, by name; seen from this machine."""
    seen = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}
    found = {name: address.rpartition(":") for name, address in running.addresses().items()}
    return {name: f"http://{seen.get(host, host)}:{port}/{name}" for name, (host, _, port) in found.items()}


def wait(running: "Running", heeding: Callable[[], None]) -> None:
    """Until a signal asks to stop; ``heeding`` tells that all is up. Ends the command with 1 when a service
    dies."""
    try:
        running.wait(heeding)
    except Exception as error:
        from chassis.logging import get_logger

        get_logger("piaojue.run").exception("service_died")
        fail(f"a service died of {type(error).__name__}; the log says where")
