"""``piaojue region init``."""

import re
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from piaojue.region.consumer import consumer
from piaojue.terminal import MISUSED, fail, say

if TYPE_CHECKING:
    from piaojue.region.certificates import Authority
    from piaojue.region.plan import Peer, Plan

_LONGEST_NAME: Final = 40
"""Names of roles have the service's after it, and PostgreSQL cuts names at 63 bytes."""
_LONGEST_HOST: Final = 253
_LABEL: Final = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_PORTS: Final = {"broker": 5672, "database": 5432}
_TLS_PORTS: Final = {"broker": 5671, "database": 5432}

app = typer.Typer(no_args_is_help=True, context_settings={"help_option_names": ["-h", "--help"]})


app.command("consumer")(consumer)


@app.callback()
def region() -> None:
    """A region: what its services, its broker and its database need to know of each other."""


def _name(code: str) -> str:
    if re.fullmatch(rf"[a-z0-9][a-z0-9-]{{0,{_LONGEST_NAME - 1}}}", code):
        return code
    raise typer.BadParameter(
        f"A region's code has lower case letters, digits and hyphens, {_LONGEST_NAME} at most."
    )


def _peer(text: str) -> "tuple[str, int | None]":
    match = re.fullmatch(r"(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9._-]+))(?::([0-9]{1,5}))?", text)
    if match is None or not 0 < int(match[3] or 1) <= 65535 or not (_is_ip(match[1]) or _is_host(match[2])):
        raise typer.BadParameter(f"{text!r} is no HOST:PORT; users and passwords are made here.")
    return match[1] or match[2], int(match[3]) if match[3] else None


def _is_ip(text: str | None) -> bool:
    try:
        return bool(ip_address(text or ""))
    except ValueError:
        return False


def _is_host(text: str | None) -> bool:
    """An address of IPv4, or a name by RFC 1123; with underlines, as containers have them. What is of digits
    and dots is an address."""
    labels = (text or "").split(".")
    named = len(text or "") <= _LONGEST_HOST and all(re.fullmatch(_LABEL, label) for label in labels)
    return _is_ip(text) or (named and not labels[-1].isdigit())


@app.command("init")
def init(
    name: Annotated[str, typer.Argument(parser=_name, metavar="NAME", help="The region's code, for good.")],
    folder: Annotated[Path, typer.Option("--folder", metavar="FOLDER", help="What is to be made.")],
    broker: Annotated[
        str, typer.Option("--broker", metavar="HOST[:PORT]", help="Where RabbitMQ will be.")
    ] = "127.0.0.1",
    database: Annotated[
        str, typer.Option("--database", metavar="HOST[:PORT]", help="Where PostgreSQL will be.")
    ] = "127.0.0.1",
    tls: Annotated[
        bool, typer.Option("--tls", help="TLS to both, with certificates that are made here.")
    ] = False,
    tls_ca: Annotated[
        Path | None,
        typer.Option("--tls-ca", metavar="FILE", help="TLS to both; a CA of yours has signed theirs."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be made, and make nothing.")
    ] = False,
) -> None:
    """Make a region's folder: settings, users, roles, keys and certificates.

    Nothing runs yet, and nothing is connected to. Passwords and keys are
    drawn here; broker and database get no more than hashes of them. Only
    the owner may read what is made. What is there already is never touched.

    Examples:
      piaojue region init yongan --folder /etc/piaojue
      piaojue region init yongan --folder region --broker broker \\
          --database database --tls
      piaojue region init yongan --folder region --dry-run

    Exit codes:
      0  the folder was made
      1  it could not be made, or is there already; standard error says why
      2  the command was not understood
    """
    from piaojue.region.files import FolderInUse, files_of, write

    plan, servers = _plan(name, broker, database, tls, tls_ca)
    files = files_of(plan, servers)
    if dry_run:
        say("\n".join(str(folder / path) for path in sorted(files)))
        return
    try:
        write(files, folder)
    except FolderInUse:
        fail(f"{folder} is there already, and stays as it is. Name another folder, or move that one away.")
    except OSError as error:
        fail(f"{folder} cannot be made: {error.strerror or error}")
    say(_next(name, folder))


def _plan(
    name: str, broker: str, database: str, tls: bool, tls_ca: Path | None
) -> "tuple[Plan, Authority | None]":
    from piaojue.region.certificates import Authority
    from piaojue.region.plan import Plan, sources_of_all

    if tls and tls_ca is not None:
        fail("--tls makes certificates, --tls-ca takes yours: give one of them", MISUSED)
    authority = Authority(f"piaojue region {name}") if tls else None
    ca = authority.certificate if authority else _read(tls_ca) if tls_ca else None
    ports = _PORTS if ca is None else _TLS_PORTS
    try:
        sources = sources_of_all()
    except ImportError as missing:
        fail(f"all four services must be installed where a region is made: {missing}")
    peers = {kind: _at(text, ports[kind]) for kind, text in (("broker", broker), ("database", database))}
    return Plan(name, peers["broker"], peers["database"], sources, ca), authority


def _at(text: str, port: int) -> "Peer":
    from piaojue.region.plan import Peer

    try:
        host, given = _peer(text)
    except typer.BadParameter as fault:
        fail(fault.message, MISUSED)
    return Peer(host, given or port)


def _read(file: Path) -> bytes:
    from cryptography.x509 import load_pem_x509_certificates

    try:
        content = file.read_bytes()
        load_pem_x509_certificates(content)
    except OSError as error:
        fail(f"{file} cannot be read: {error.strerror or error}", MISUSED)
    except ValueError:
        fail(f"{file} has no certificates in PEM", MISUSED)
    return content


def _next(name: str, folder: Path) -> str:
    return "\n".join(
        [
            f"The region {name} is in {folder}. Keep it secret, and keep a copy. Next:",
            "",
            f"  RabbitMQ     include {folder}/broker/rabbitmq.conf",
            f"  PostgreSQL   psql -f {folder}/database/roles.sql, as its superuser",
            f"  tables       PIAOJUE_CONFIG={folder}/piaojue.yaml piaojue migrate --all",
            f"  each service PIAOJUE_CONFIG={folder}/SERVICE/piaojue.yaml piaojue run SERVICE",
            f"  is all well? PIAOJUE_CONFIG={folder}/piaojue.yaml piaojue doctor",
            f"  tokens       PIAOJUE_CONFIG={folder}/piaojue.yaml piaojue token --role clerk --body CODE",
            f"  Prometheus   {folder}/monitoring/targets",
            "",
            "With systemd, containers or Kubernetes, these are steps of docs/deploying.md.",
        ]
    )
