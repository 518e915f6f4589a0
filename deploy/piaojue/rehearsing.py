"""``piaojue rehearse`` and ``piaojue demo``."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from typing import TYPE_CHECKING, Annotated, Any, Final, NoReturn

import typer

from piaojue.terminal import MISUSED, fail, say, warn

if TYPE_CHECKING:
    from piaojue.rehearsal.client import Suite, TokenFor
    from piaojue.rehearsal.plan import Plan

REHEARSALS: Final = Path(__file__).parent / "rehearsals"
DEMO: Final = REHEARSALS / "yongan-2022.yaml"

AsJson = Annotated[bool, typer.Option("--json", help="One JSON document of what happened, for machines.")]
Folder = Annotated[
    Path | None,
    typer.Option(
        metavar="FOLDER", help="Keep the data of the suite that is started here; else it is deleted."
    ),
]


def rehearse(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The year to rehearse, in YAML.")],
    url: Annotated[
        str | None,
        typer.Option(metavar="URL", help="A suite that runs already; else one is started for this."),
    ] = None,
    token: Annotated[
        str | None,
        typer.Option(
            metavar="TOKEN",
            envvar="PIAOJUE_TOKEN",
            help="With --url: a token with the roles clerk and scrutineer, good for every body. Where "
            "scrutineers sign, each needs a token of their own, so give --key.",
        ),
    ] = None,
    key: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="With --url: the suite's signing-key.pem, instead of a token."),
    ] = None,
    region: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="A region that runs already, by the folder of piaojue region init: its services where they "
            "are configured, its operator's key. It keeps what is rehearsed.",
        ),
    ] = None,
    data_folder: Folder = None,
    body: Annotated[
        str | None,
        typer.Option("--as", metavar="ID", help="Rehearse under another id of the body than the file's."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Rehearse a body's year: from the candidates to the notice of the result.

    The file has the body, its roll, the candidate projects, the meeting, its
    polls with their rules, officers and papers, and a rating of earlier
    projects: runoffs and further rounds, deputies who come late, slips that
    are spoiled, and what must be refused. All is done through the HTTP
    interfaces of a suite, as on the day; each result is compared with a count
    of the file itself, and with what the file expects; each record is
    verified offline. All that is wrong with the file is told by line.

    The format is described in docs/rehearsing.md; deploy/rehearsals has
    examples, of which one is printed by: piaojue demo --file

    Examples:
      piaojue rehearse our-meeting.yaml
      piaojue rehearse our-meeting.yaml --json | jq '.polls[].result'
      piaojue rehearse our-meeting.yaml --url http://127.0.0.1:8000 \\
        --key piaojue-data/signing-key.pem --as rehearsal-2
      piaojue rehearse our-meeting.yaml --region /etc/piaojue

    Exit codes:
      0  all as expected
      1  something failed, or came out otherwise than expected
      2  the file is faulty, or the command was not understood
    """
    _refuse(url, token, key, region, data_folder)
    began = monotonic()
    with _told():
        suite = _running(url, token, key, region)
        plan = _plan(file, suite)
        plan = plan if body is None else plan.as_body(_id(body))
        if suite is not None:
            raise typer.Exit(_rehearsed(plan, suite, as_json, began))
        with _started(data_folder) as (own, _):
            raise typer.Exit(_rehearsed(plan, own, as_json, began))


def _refuse(
    url: str | None, token: str | None, key: Path | None, region: Path | None, data_folder: Path | None
) -> None:
    """Options that do not fit each other."""
    if url is not None and region is not None:
        raise typer.BadParameter("--url and --region each name what runs: give one of them.")
    if url is None and (token or key):
        raise typer.BadParameter("--token and --key are for a suite that runs: name it with --url.")
    if (url or region) is not None and data_folder is not None:
        raise typer.BadParameter("--data-folder is for a suite that is started, and not for one that runs.")
    if url is not None and (token is None) == (key is None):
        raise typer.BadParameter("--url needs --token or --key, one of the two.")


def _running(url: str | None, token: str | None, key: Path | None, region: Path | None) -> "Suite | None":
    """The suite that was named; None where one is to be started."""
    from piaojue.rehearsal.client import Suite
    from piaojue.rehearsal.servers import region_of

    if region is not None:
        return region_of(region)
    return None if url is None else Suite(url, _tokens(token, key))


def demo(
    stay: Annotated[
        bool | None,
        typer.Option(
            "--stay/--no-stay", help="Leave the suite up at the end, until Ctrl-C; as it is in a terminal."
        ),
    ] = None,
    data_folder: Folder = None,
    as_json: AsJson = False,
    print_file: Annotated[bool, typer.Option("--file", help="Print the file that is rehearsed.")] = False,
) -> None:
    """See a town through its year: Yong'an, April 2022.

    79 deputies vote on 3 candidate projects for 2 seats; then the projects of
    the year before are rated. Nothing is needed and nothing is left behind:
    the suite has a folder of its own, which is deleted at the end.

    Examples:
      piaojue demo
      piaojue demo --no-stay --json
      piaojue demo --file > our-meeting.yaml

    Exit codes:
      0  all as expected
      1  something failed, or came out otherwise than expected
      2  the command was not understood
    """
    if print_file:
        say(DEMO.read_text(encoding="utf-8").rstrip("\n"))
        return
    began = monotonic()
    if stay is None:
        stay = sys.stdin.isatty() and sys.stdout.isatty() and not as_json
    with _told(), _started(data_folder) as (suite, folder):
        code = _rehearsed(_plan(DEMO), suite, as_json, began)
        if stay:
            _stay(suite.url, folder, kept=data_folder is not None)
        raise typer.Exit(code)


def _plan(file: Path, suite: "Suite | None" = None) -> "Plan":
    """The rule profiles that hold are those of the suite; else those of a suite of our own."""
    from piaojue.rehearsal.client import profiles_of
    from piaojue.rehearsal.plan import Plan
    from piaojue.rehearsal.reading import FileFaulty

    try:
        return Plan.read(file, None if suite is None else lambda: profiles_of(suite))
    except FileFaulty as faulty:
        for line in faulty.lines:
            warn(line)
        raise typer.Exit(MISUSED) from None


def _id(body: str) -> str:
    import re

    if re.fullmatch(r"[a-z0-9][a-z0-9-]{0,62}", body):
        return body
    raise typer.BadParameter("--as takes at most 63 small letters, digits and hyphens.")


@contextmanager
def _told() -> Iterator[None]:
    """What cannot go on is told; SIGTERM ends all as Ctrl-C does."""
    from piaojue.rehearsal.client import RehearsalFailed

    signal.signal(signal.SIGTERM, _interrupt)
    try:
        yield
    except RehearsalFailed as failed:
        fail(str(failed))


def _interrupt(*_: object) -> NoReturn:
    raise KeyboardInterrupt


@contextmanager
def _started(data_folder: Path | None) -> Iterator[tuple["Suite", Path]]:
    """A suite of our own, and its folder."""
    from piaojue.own_key import KEY_FILE
    from piaojue.rehearsal.client import Suite, tokens_of
    from piaojue.rehearsal.own_suite import own_suite

    with TemporaryDirectory(prefix="piaojue-", ignore_cleanup_errors=True) as made:
        folder = (data_folder or Path(made)).absolute()
        with own_suite(folder, meanwhile=_get_ready) as url:
            yield Suite(url, tokens_of(folder / KEY_FILE)), folder


def _get_ready() -> None:
    """Imports what the rehearsal needs."""
    from chassis.auth import issue_token  # noqa: F401
    from piaojue.rehearsal import checking, forecast, plan, showing, steps  # noqa: F401


def _tokens(token: str | None, key: Path | None) -> "TokenFor":
    from chassis.config import ConfigurationFaults, load_settings
    from piaojue.rehearsal.client import one_token, tokens_of

    if key is None:
        return one_token(token or "")
    try:
        settings = load_settings("piaojue", environ=os.environ, ignored=["PIAOJUE_TOKEN"])
    except ConfigurationFaults as faults:
        fail(str(faults), MISUSED)
    return tokens_of(key, settings.issuer, settings.audience)


def _rehearsed(plan: "Plan", suite: "Suite", as_json: bool, began: float) -> int:
    """The exit code."""
    from piaojue.rehearsal import showing, steps
    from piaojue.rehearsal.year import Year

    shown = None if as_json else showing.Shown()
    year = Year(plan, suite, shown or showing.Silent())
    if shown:
        shown.begin(plan.title, plan.notes)
    steps.take(year)
    year.suite.close()
    story: dict[str, Any] = {**year.story, "seconds": round(monotonic() - began, 2)}
    if shown:
        shown.end(story, story["seconds"])
    else:
        say(showing.as_json(story))
    for failure in year.failures:
        warn(failure)
    return 0 if story["as_expected"] else 1


def _stay(url: str, folder: Path, *, kept: bool) -> None:
    from piaojue.up import start_page
    from piaojue.versions import SERVICES

    urls = {name: f"{url}/{name}" for name in SERVICES}
    fate = "Its data stay in that folder." if kept else "Its data are deleted then."
    say(f"\n{start_page(urls, folder)}\n\nThe suite is the demonstration's and ends with it. {fate}")
    try:
        while True:
            signal.pause()
    except KeyboardInterrupt:
        say("")
