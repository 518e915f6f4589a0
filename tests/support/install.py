"""``python -m tests.support.install``: what `make test` and `make bench` do about programs that are not
installed.

As root on a Debian it installs them, without letting the machine start them: the tests start private ones.
Elsewhere it says what is missing and how to get it. Exit status 1: something is missing still.
"""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from ctypes.util import find_library
from pathlib import Path
from tempfile import TemporaryFile

from tests.support import postgresql, prometheus, rabbitmq
from tests.support.waiting import eventually

POLICY = Path("/usr/sbin/policy-rc.d")
"""What Debian's packages ask whether they may start their service."""

OURS = "# Only while the servers for the tests of Piaojue are being installed.\n"
DENY_ALL = f"#!/bin/sh\n{OURS}exit 101\n"
DENIED = 101

LIBRARIES = {
    "libpango-1.0-0": "pango-1.0",
    "libpangoft2-1.0-0": "pangoft2-1.0",
    "libharfbuzz-subset0": "harfbuzz-subset",
}
"""By Debian's package. Without the last one PDF is made, too, but each takes some seconds longer."""

DEPLOYING = {"nginx-light": "nginx", "systemd": "systemd-analyze"}
"""What the files under deploy/ are tried with: by Debian's package, its program."""

CONSUMING = {"curl": "curl", "jq": "jq", "nodejs": "node", "npm": "npm"}
"""What the examples under docs/examples need, in the same way."""

LOCKED = ("Could not get lock", "Unable to lock")
LONGEST_LOCK = 600.0
OPTIONS = ("-q", "-y", "--no-install-recommends", "-o", "Dpkg::Options::=--force-confold")


def missing() -> dict[str, list[str]]:
    """Debian's package, and what of it is not there."""
    found = {"rabbitmq-server": rabbitmq.missing(), "postgresql": postgresql.missing()}
    found["wrk"] = [] if shutil.which("wrk") else ["the load generator wrk"]
    found["gnuplot-nox"] = [] if shutil.which("gnuplot") else ["gnuplot"]
    found |= prometheus.missing()
    found |= {package: [] if program(name) else [name] for package, name in (DEPLOYING | CONSUMING).items()}
    return {package: absent for package, absent in found.items() if absent} | missing_for_pdf()


def program(name: str) -> str | None:
    """Where it is; Debian keeps some where only root looks for programs."""
    return shutil.which(name, path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin")


def missing_for_pdf() -> dict[str, list[str]]:
    """As :func:`missing`, of what makes PDF and what reads it."""
    absent = {
        package: [f"the library {library}"]
        for package, library in LIBRARIES.items()
        if find_library(library) is None
    }
    return absent if shutil.which("pdftotext") else absent | {"poppler-utils": ["pdftotext"]}


def obstacle() -> str | None:
    """Why this process cannot install packages."""
    if shutil.which("apt-get") is None:
        return "this is not a Debian, so they have to be installed by its own means"
    if os.geteuid():
        return "only root may install them"
    return None


@contextmanager
def services_kept_down() -> Iterator[None]:
    """Meanwhile the machine starts no service of a package; afterwards its policy is what it was."""
    kept = POLICY.with_name(f"{POLICY.name}.before-piaojue")
    left_behind = POLICY.exists() and OURS in POLICY.read_text(errors="replace")
    if POLICY.exists() and not left_behind:
        if denies(POLICY):
            yield
            return
        POLICY.replace(kept)
    POLICY.write_text(DENY_ALL)
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        POLICY.unlink(missing_ok=True)
        if kept.exists():
            kept.replace(POLICY)


def denies(policy: Path) -> bool:
    if not os.access(policy, os.X_OK):
        return False
    asked = [
        subprocess.run([policy, service, "start"], capture_output=True, timeout=60, check=False)
        for service in ("rabbitmq-server", "postgresql", "nginx")
    ]
    return all(answer.returncode == DENIED for answer in asked)


def apt_get(*words: str) -> tuple[int, str]:
    """Exit status and output. While another process installs packages it waits, for ten minutes at most."""
    command = ["apt-get", "-o", f"DPkg::Lock::Timeout={LONGEST_LOCK:.0f}", *words]

    def unlocked() -> tuple[int, str] | None:
        status, output = finished(command)
        return None if status and any(lock in output for lock in LOCKED) else (status, output)

    return eventually(unlocked, LONGEST_LOCK, "no other process installs packages", pause=1.0)


def finished(command: Sequence[str]) -> tuple[int, str]:
    """Run it to its end, even when this process is asked to end before: half a package helps nobody."""
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
    with TemporaryFile("w+", errors="replace") as output:
        with subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment,
            start_new_session=True,
        ) as child:
            status = child.wait()
        output.seek(0)
        return status, output.read()


def install(packages: Sequence[str]) -> None:
    tell(f"Installing {', '.join(packages)} from Debian …")
    with services_kept_down():
        apt_get("-q", "update")  # when it fails, the lists that are there may do
        status, output = apt_get("install", *OPTIONS, *packages)
    if status:
        tell(output)


def tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def report(absent: dict[str, list[str]], why: str) -> None:
    tell("What the tests, or the bench, need is missing here:")
    for package, parts in absent.items():
        tell(f"  {' and '.join(parts)} (Debian: {package})")
    tell(f"They were not installed: {why}.")
    tell(f"Run as root: apt-get update && apt-get install {' '.join(absent)}")
    tell("The quick tests, which need no server: make test-fast")


def main() -> int:
    absent = missing()
    if not absent:
        return 0
    if why := obstacle():
        report(absent, why)
        return 1
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        install(list(absent))
        why = "apt-get could not, see above"
    except AssertionError as waited_too_long:
        why = str(waited_too_long)
    if absent := missing():
        report(absent, why)
    return 1 if absent else 0


if __name__ == "__main__":
    sys.exit(main())
