"""``piaojue token``."""

import os
import re
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from piaojue.running import a_service
from piaojue.terminal import fail, say, warn

if TYPE_CHECKING:
    from chassis.config import Settings

LONGEST = timedelta(days=366)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def _role(name: str) -> str:
    from difflib import get_close_matches

    from chassis.auth import ROLES

    if name in ROLES:
        return name
    near = get_close_matches(name, ROLES, n=1)
    hint = f" Did you mean {near[0]}?" if near else ""
    raise typer.BadParameter(f"There is no role {name!r}.{hint} Roles: {', '.join(ROLES)}.")


def _body(code: str) -> str:
    if re.fullmatch(r"\S+", code):
        return code
    raise typer.BadParameter("A body is named by its code, without spaces; '*' is every body.")


def _subject(text: str) -> str:
    if text.strip() and text.isprintable():
        return text
    raise typer.BadParameter("A subject is a printable text, such as clerk-1.")


def _lifetime(text: str) -> timedelta:
    match = re.fullmatch(r"([1-9][0-9]{0,8})([smhd])", text, re.ASCII)
    if match is None:
        raise typer.BadParameter(f"{text!r} is no lifetime: write a number and s, m, h or d, such as 12h.")
    lifetime = timedelta(**{_UNITS[match[2]]: int(match[1])})
    if lifetime > LONGEST:
        raise typer.BadParameter(f"{text} is too long: {LONGEST.days}d at most, then make another token.")
    return lifetime


def token(
    roles: Annotated[
        list[str],
        typer.Option(
            "--role",
            parser=_role,
            metavar="ROLE",
            help="What the bearer is: clerk, scrutineer, teller, deputy, department, supervisor or operator. "
            "May be repeated.",
        ),
    ],
    bodies: Annotated[
        list[str],
        typer.Option(
            "--body",
            parser=_body,
            metavar="CODE",
            help="The body that the token is good for; '*', in quotes, for every body. May be repeated.",
        ),
    ],
    services: Annotated[
        list[str] | None,
        typer.Option(
            "--service",
            parser=a_service,
            metavar="SERVICE",
            help="The service that the token is good for; every one if left out. May be repeated.",
        ),
    ] = None,
    subject: Annotated[
        str | None,
        typer.Option(
            parser=_subject, metavar="TEXT", help="Whom the token stands for; the roles if left out."
        ),
    ] = None,
    lifetime: Annotated[
        timedelta,
        typer.Option(parser=_lifetime, metavar="TIME", help="How long it is good: 90s, 30m, 12h or 7d."),
    ] = "12h",  # type: ignore[assignment]  # parsed like what is given
    data_folder: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Where the suite keeps its data and its key; as configured if left out.",
        ),
    ] = None,
) -> None:
    """Make a token for calling the services.

    It is signed with the key in the data folder, or in a region with that in
    its folder, operator/. The first use makes a key, signing-key.pem, which
    only you can read, and jwks.json, with which the services check tokens.
    The token alone is printed. It cannot be withdrawn, so keep its lifetime
    short. Where an identity provider issues tokens, this command is not
    needed.

    Examples:
      piaojue token --role clerk --body yongan
      piaojue token --role operator --body '*' --subject monitoring --lifetime 30d
      piaojue token --role supervisor --body '*' --service ballots --lifetime 90d
      TOKEN=$(piaojue token --role clerk --body yongan --lifetime 30m)
      curl -H "Authorization: Bearer $TOKEN" http://127.0.0.1:8000/ballots/…

    Exit codes:
      0  the token was printed
      1  the key or the configuration cannot be used; standard error says why
      2  the command was not understood
    """
    from chassis.auth import audience_of, issue_token
    from piaojue.own_key import JWKS_FILE, KEY_FILE, KeyUnusableError, own_key

    settings = _settings(data_folder)
    folder = _folder(settings, data_folder)
    try:
        key, made = own_key(folder)
    except KeyUnusableError as error:
        fail(str(error))
    if made:
        warn(f"made a new key, to be kept secret: {folder / KEY_FILE}")
    if Path(settings.jwks).absolute() != folder / JWKS_FILE:
        warn(f"the services check tokens with {settings.jwks}, not with {folder / JWKS_FILE}")
    say(
        issue_token(
            key,
            issuer=settings.issuer,
            audience=[audience_of(each, settings.audience) for each in services or ()] or settings.audience,
            subject=subject or "+".join(sorted(set(roles))),
            roles=roles,
            bodies=bodies,
            lifetime=lifetime,
        )
    )


def _folder(settings: "Settings", named: Path | None) -> Path:
    """Where the key is: in a region beside the key set that its services check tokens with."""
    from piaojue.own_key import KEY_FILE

    beside = Path(settings.jwks).absolute().parent
    regions = named is None and (beside / KEY_FILE).is_file()
    return beside if regions else settings.data_folder.absolute()


def _settings(data_folder: Path | None) -> "Settings":
    """As the services read them, so that they take the token; a folder that is named goes before all."""
    from chassis.config import ConfigurationFaults, load_settings

    chosen = {"PIAOJUE_DATA_FOLDER": str(data_folder)} if data_folder else {}
    try:
        return load_settings("piaojue", environ={**os.environ, **chosen})
    except ConfigurationFaults as faults:
        fail(str(faults))
