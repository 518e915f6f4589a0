"""``piaojue up``: the embedded suite, all services in one process."""

import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from piaojue.terminal import fail, say, warn
from piaojue.versions import SERVICES

if TYPE_CHECKING:
    from piaojue.holding import Held
    from piaojue.running import Chosen


def up(
    data_folder: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Where data and keys are kept; as configured if left out."),
    ] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="The port for HTTP; 0 is any free one.")
    ] = None,
    address: Annotated[
        str | None, typer.Option(metavar="HOST", help="The address to answer at; 127.0.0.1 is this machine.")
    ] = None,
    config: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Settings, in YAML; else what PIAOJUE_CONFIG names.")
    ] = None,
    attached: Annotated[bool, typer.Option(hidden=True, help="End when standard input does.")] = False,
) -> None:
    """Start the suite: all services in one process, at one port.

    Nothing else is needed, no broker and no database server. All data is
    in one folder; started again, the suite goes on where it was, after a
    crash too. Ctrl-C stops it.

    Examples:
      piaojue up
      piaojue up --data-folder /srv/piaojue --port 8080
      piaojue up --address 0.0.0.0 --config office.yaml

    Exit codes:
      0  stopped by Ctrl-C or another signal
      1  could not start, or a service died; standard error says why
      2  the configuration cannot be used, or the command was not understood
    """
    from piaojue.green import go_green

    go_green()
    chosen = _chosen(data_folder, port, address, config)
    _serve(chosen, chosen[0][1].data_folder.absolute(), attached)


def _chosen(data_folder: Path | None, port: int | None, address: str | None, config: Path | None) -> "Chosen":
    """Classes and settings; what the command was given goes before file and environment."""
    from chassis.config import ConfigurationFaults, Host, load_settings
    from piaojue.running import settings_of, unusable

    environ = {**os.environ}
    if data_folder is not None:
        environ["PIAOJUE_DATA_FOLDER"] = str(data_folder)
    if port is not None or address is not None:
        try:
            configured = load_settings("piaojue", file=config, environ=environ).http_address
        except ConfigurationFaults as faults:
            settings_of(SERVICES, environ, config)  # tells all of them, those of the services too
            unusable(str(faults))
        where = Host(address or configured.name, configured.port if port is None else port)
        environ["PIAOJUE_HTTP_ADDRESS"] = str(where)
    return settings_of(SERVICES, environ, config)


def _serve(chosen: "Chosen", folder: Path, attached: bool) -> None:
    from piaojue.holding import FolderTaken, held
    from piaojue.own_key import KEY_FILE, KeyUnusableError, own_key
    from piaojue.running import started, urls, wait

    try:
        with held(folder) as ours:
            if own_key(folder).made:
                warn(f"made a new key, to be kept secret: {folder / KEY_FILE}")
            with started(chosen) as running:
                if attached:
                    _end_with_standard_input()
                wait(running, lambda: _tell(ours, urls(running), folder))
    except FolderTaken as taken:
        fail(f"{taken}. End that one first, or name another folder with --data-folder.")
    except KeyUnusableError as error:
        fail(str(error))
    except OSError as error:
        _unusable(folder, error)


def _tell(ours: "Held", urls: dict[str, str], folder: Path) -> None:
    try:
        ours.tell(url=next(iter(urls.values())).rpartition("/")[0])
    except OSError as error:
        _unusable(folder, error)
    say(start_page(urls, folder))


def _unusable(folder: Path, error: OSError) -> NoReturn:
    from piaojue.holding import unusable

    fail(f"the data folder {folder} cannot be used: {unusable(error)}")


def start_page(urls: dict[str, str], folder: Path) -> str:
    """What is where, and what to do next."""
    from piaojue.own_key import KEY_FILE

    base = next(iter(urls.values())).rpartition("/")[0]
    lines = {
        **{name: f"{url}/docs" for name, url in urls.items()},
        "": "",
        "data": str(folder),
        "token": f"piaojue token --data-folder {folder} \\\n{'':19}--role clerk --body CODE",
        "rehearse": f"piaojue rehearse FILE.yaml --url {base} \\\n{'':19}--key {folder / KEY_FILE}",
        "stop": "Ctrl-C",
    }
    told = (f"  {name:15}{value}".rstrip() for name, value in lines.items())
    return "\n".join(["Piaojue (票决) is up.", "", *told])


def _end_with_standard_input() -> None:
    """As if asked by a signal; so a suite does not outlive who started it, whatever ends that."""
    import eventlet
    from eventlet.hubs import trampoline

    def watch() -> None:
        trampoline(sys.stdin, read=True)
        while os.read(sys.stdin.fileno(), 1024):
            trampoline(sys.stdin, read=True)
        os.kill(os.getpid(), signal.SIGTERM)

    eventlet.spawn(watch)
