"""``piaojue region consumer``: an account for somebody else's service, which reads events, nothing else."""

import json
import os
import re
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from piaojue.running import a_service
from piaojue.terminal import MISUSED, fail, say
from piaojue.versions import SERVICES

if TYPE_CHECKING:
    from piaojue.region.files import Files

DEFINITIONS: Final = Path("broker/definitions.json")
LONGEST_QUEUE: Final = 100_000
LARGEST_QUEUE: Final = 500_000_000
"""Bytes: of large events, and of a stream, which knows no other limit."""
UNUSED_DAYS: Final = 14
CONNECTIONS: Final = 20
TOKEN_ROLE: Final = "supervisor"
"""Of all roles that which may change nothing; it reads the logs of events."""
_TAKEN: Final = {*SERVICES, "operator", "amq"}


def _name(text: str) -> str:
    if re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", text) and len(text) <= 40 and text not in _TAKEN:
        return text
    raise typer.BadParameter(
        "A consumer's name has lower case letters, digits and single hyphens, 40 at most; no service's."
    )


def consumer(
    name: Annotated[str, typer.Argument(parser=_name, metavar="NAME", help="What the consumer is called.")],
    folder: Annotated[
        Path, typer.Option("--folder", metavar="FOLDER", help="The region's, of piaojue region init.")
    ],
    of: Annotated[
        list[str] | None,
        typer.Option("--of", parser=a_service, metavar="SERVICE", help="Whose events. May be repeated."),
    ] = None,
    days: Annotated[int, typer.Option("--days", min=1, max=366, help="How long its token is good for.")] = 90,
    withdraw: Annotated[
        bool, typer.Option("--withdraw", help="Take the account out of the region's folder again.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be added, and add nothing.")
    ] = False,
) -> None:
    """Make an account that reads events, for a service of somebody else.

    At the broker it may bind queues of its own, called NAME.… or as nameko
    calls them, to the exchanges of these services, and read from them;
    nothing else. A queue of its own is cut at 100000 messages, or 500 MB, and
    goes when it was unused for 14 days. The token reads the same events over HTTP.

    FOLDER/consumers/NAME has what to hand over; the account is added to
    FOLDER/broker/definitions.json. Nothing is connected to: what is left to
    do is said.

    Examples:
      piaojue region consumer budget --of ballots --folder /etc/piaojue
      piaojue region consumer archive --of ballots --of ratings --folder region
      piaojue region consumer budget --withdraw --folder region

    Exit codes:
      0  the account was made, or withdrawn
      1  it could not be, or is there already; standard error says why
      2  the command was not understood
    """
    if bool(of) == withdraw:
        fail("give --of SERVICE for an account, or --withdraw to take it back", MISUSED)
    try:
        definitions = json.loads((folder / DEFINITIONS).read_text(encoding="utf-8"))
        if withdraw:
            _withdraw(name, folder, definitions, dry_run)
        else:
            _add(name, folder, definitions, list(dict.fromkeys(of or ())), days, dry_run)
    except (OSError, ValueError) as error:
        fail(f"{folder} cannot be used: {getattr(error, 'strerror', None) or type(error).__name__}")


def _add(
    name: str, folder: Path, definitions: dict[str, Any], sources: list[str], days: int, dry_run: bool
) -> None:
    region = definitions["vhosts"][0]["name"]
    user, password = f"{region}-consumer-{name}", secrets.token_urlsafe(32)
    handed = folder / "consumers" / name
    if handed.exists() or any(each["name"] == user for each in definitions["users"]):
        fail(f"the account {name} is there already; --withdraw takes it back")
    added = account(name, user, region, sources, password)
    if dry_run:
        say(json.dumps(_without_secrets(added), indent=2))
        return
    from piaojue.region.files import write

    for kind, entries in added.items():
        definitions.setdefault(kind, []).extend(entries)
    write(_handed(folder, user, sources, password, days), handed)
    _replace(folder / DEFINITIONS, definitions)
    say(_next(name, folder))


def account(name: str, user: str, region: str, sources: list[str], password: str) -> dict[str, list[Any]]:
    """What RabbitMQ's definitions have of it."""
    from piaojue.region.broker import password_hash

    own = rf"{re.escape(name)}\..+|evt-({'|'.join(sources)})-[^-]+--{re.escape(name)}\.[^.]+"
    exchanges = "|".join(rf"{source}\.events" for source in sources)
    limits = {
        "max-length": LONGEST_QUEUE,
        "max-length-bytes": LARGEST_QUEUE,
        "expires": UNUSED_DAYS * 86_400_000,
    }
    return {
        "users": [
            {
                "name": user,
                "password_hash": password_hash(password),
                "hashing_algorithm": "rabbit_password_hashing_sha256",
                "tags": [],
                "limits": {"max-connections": CONNECTIONS, "max-channels": 10 * CONNECTIONS},
            }
        ],
        "permissions": [
            {
                **{"user": user, "vhost": region},
                # A queue is bound by who may write to it and read from the exchange.
                **{"configure": f"^({own})$", "write": f"^({own})$", "read": f"^({exchanges}|{own})$"},
            }
        ],
        "parameters": [
            {
                **{"component": "operator_policy", "vhost": region, "name": user},
                "value": {"pattern": f"^({own})$", "definition": limits, "priority": 0, "apply-to": "queues"},
            }
        ],
    }


def _without_secrets(added: dict[str, list[Any]]) -> dict[str, list[Any]]:
    users = [{key: each[key] for key in each if key != "password_hash"} for each in added["users"]]
    return added | {"users": users}


def _handed(folder: Path, user: str, sources: list[str], password: str, days: int) -> "Files":
    """What its owner is given."""
    from datetime import timedelta
    from urllib.parse import quote

    from chassis.auth import audience_of, issue_token, load_key
    from piaojue.own_key import KEY_FILE

    operators = (folder / "operator/broker-url").read_text(encoding="utf-8").strip()
    scheme, place = operators.split("://")[0], operators.rpartition("@")[2]
    token = issue_token(
        load_key(folder / "operator" / KEY_FILE),
        issuer="piaojue",
        audience=[audience_of(source, "piaojue") for source in sources],
        subject=user,
        roles=[TOKEN_ROLE],
        bodies=["*"],
        lifetime=timedelta(days=days),
    )
    files = {
        "broker-url": f"{scheme}://{quote(user, safe='')}:{quote(password, safe='')}@{place}\n".encode(),
        "token": f"{token}\n".encode(),
    }
    ca = folder / "broker/ca.pem"
    return files | ({"ca.pem": ca.read_bytes()} if ca.exists() else {})


def _withdraw(name: str, folder: Path, definitions: dict[str, Any], dry_run: bool) -> None:
    region = definitions["vhosts"][0]["name"]
    user = f"{region}-consumer-{name}"
    keys = {"users": "name", "permissions": "user", "parameters": "name"}
    kept = {
        kind: [each for each in definitions.get(kind, []) if each.get(key) != user]
        for kind, key in keys.items()
    }
    if kept["users"] == definitions["users"]:
        fail(f"there is no account {name} in {folder}")
    done = [
        f"rabbitmqctl delete_user {user}",
        f"rabbitmqctl clear_operator_policy -p {region} {user}",
    ]
    if not dry_run:
        import shutil

        _replace(folder / DEFINITIONS, definitions | kept)
        shutil.rmtree(folder / "consumers" / name, ignore_errors=True)
    say(
        "\n".join(
            [
                f"The account {name} {'would be' if dry_run else 'is'} taken out of {folder}. At the broker:",
                "",
                *(f"  {line}" for line in done),
                "",
                f"Its queues go when unused for {UNUSED_DAYS} days. Its token stays good to its end.",
            ]
        )
    )


def _replace(file: Path, definitions: dict[str, Any]) -> None:
    """Whole or not at all, for those who could read it before and nobody else."""
    before = file.stat()
    draft = file.with_name(f".{file.name}.{secrets.token_hex(8)}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as opened:
            opened.write(json.dumps(definitions, indent=2) + "\n")
            opened.flush()
            os.fsync(opened.fileno())
        if os.geteuid() == 0:
            os.chown(draft, before.st_uid, before.st_gid)
        draft.chmod(before.st_mode & 0o777)
        draft.replace(file)
    finally:
        draft.unlink(missing_ok=True)


def _next(name: str, folder: Path) -> str:
    return "\n".join(
        [
            f"The account {name} is in {folder}. Next:",
            "",
            f"  RabbitMQ   rabbitmqctl import_definitions {folder}/{DEFINITIONS}",
            f"  hand over  {folder}/consumers/{name}, on a way that nobody else can read",
        ]
    )
