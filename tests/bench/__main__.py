"""``python -m tests.bench``: measures, prints a table, writes a JSON file."""

import argparse
import os
import signal
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType

warnings.filterwarnings("ignore", message=r"\s*Eventlet is deprecated")

from rich.console import Console  # noqa: E402

from tests.bench.casts import casts  # noqa: E402
from tests.bench.declared import declared  # noqa: E402
from tests.bench.events import events  # noqa: E402
from tests.bench.footprint import memory_row, start_row  # noqa: E402
from tests.bench.long_log import long_log  # noqa: E402
from tests.bench.pair import pair  # noqa: E402
from tests.bench.past import MOST_PAST, past  # noqa: E402
from tests.bench.pile import pile  # noqa: E402
from tests.bench.report import Measured, Report  # noqa: E402
from tests.bench.soak import soak  # noqa: E402
from tests.bench.stage import TOP, Stage  # noqa: E402

Row = Callable[[Stage], Measured]
ROWS: Mapping[str, Row] = {
    **{"casts": casts, "pair": pair, "past": past, "declared": declared},
    **{"events": events, "log": long_log, "pile": pile},
    **{"memory": memory_row, "start": start_row, "soak": soak},
}
DEFAULT_FILE = TOP / ".bench" / "bench.json"
LONGEST_ROW_SECONDS = 1800
DEFAULT_MINUTES = 3.0


class RowTooLongError(Exception):
    """A row took so long that something must be wrong."""


def main(arguments: Sequence[str] | None = None, rows: Mapping[str, Row] = ROWS) -> int:
    """The exit status: 1 when a row has no figures, 130 when it was asked to end."""
    chosen = parser(rows).parse_args(arguments)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # as an operator starts them, once started before
    report = Report(quick=chosen.quick)
    try:
        with TemporaryDirectory(prefix="piaojue-bench-") as folder:
            os.chmod(folder, 0o755)  # PostgreSQL's own user comes through it when root runs this
            bounds = {"past": chosen.past, "minutes": chosen.minutes}
            stage = Stage(Path(folder), quick=chosen.quick, tell=tell, **bounds)
            measure({name: rows[name] for name in chosen.rows or rows}, stage, report, chosen.out)
    except KeyboardInterrupt:
        tell("ended before it was done")
        return 130
    report.show(Console())
    report.write(chosen.out)
    print(f"Also in {chosen.out}")
    return 1 if report.failed else 0


def measure(rows: Mapping[str, Row], stage: Stage, report: Report, out: Path) -> None:
    """Whatever keeps one row from its figures, the others get theirs; its logs are kept beside ``out``."""
    try:
        for name, row in rows.items():
            tell(f"{name} …")
            try:
                with bounded(LONGEST_ROW_SECONDS + (round(stage.minutes * 60) if row is soak else 0)):
                    report.rows[name] = row(stage)
            except Exception as error:
                report.failed[name] = f"{type(error).__name__}: {error}"
                logs = out.with_name(f"{out.stem}-{name}-logs")
                stage.keep_logs(logs)
                tell(f"{name} failed: {report.failed[name]}\nIts logs are in {logs}")
            finally:
                stage.clear()
    finally:
        stage.close()


@contextmanager
def bounded(seconds: int) -> Iterator[None]:
    """RowTooLongError, wherever the block is by then."""

    def too_long(_number: int, _frame: FrameType | None) -> None:
        raise RowTooLongError(f"it was not done after {seconds} seconds")

    before = signal.signal(signal.SIGALRM, too_long)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def parser(rows: Mapping[str, Row]) -> argparse.ArgumentParser:

    def known(name: str) -> str:
        if name not in rows:
            raise argparse.ArgumentTypeError(f"there is no row {name!r}; rows: {', '.join(rows)}")
        return name

    made = argparse.ArgumentParser(
        prog="python -m tests.bench",
        description="Measures Piaojue on this machine, with private servers, beside plain nameko.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="rows:\n"
        + "\n".join(f"  {name:8}{(row.__doc__ or '').strip()}" for name, row in rows.items()),
    )
    made.add_argument(
        "rows", nargs="*", metavar="ROW", type=known, help="which to measure; all when left out"
    )
    made.add_argument("--quick", action="store_true", help="a short form: does everything still run?")
    made.add_argument(
        "--past",
        type=int,
        default=MOST_PAST,
        metavar="PAPERS",
        help="of past polls in the row past, and events at most in the row log; the 10,000,000 that it is "
        "otherwise take 7 GB of the temporary folder, and 20",
    )
    made.add_argument(
        "--minutes",
        type=float,
        default=DEFAULT_MINUTES,
        metavar="MINUTES",
        help=f"of load in the row soak ({DEFAULT_MINUTES:g}); 60 tell whether memory stays flat",
    )
    made.add_argument("--out", type=Path, default=DEFAULT_FILE, help="the JSON file (.bench/bench.json)")
    return made


def tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
