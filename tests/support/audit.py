"""``make audit``: is any pinned dependency known to be vulnerable?

Ends with 0 when none is, 1 when one is, and 2 when nobody knows, since the data could not be had. That it is
no part of ``make lint`` is told in ``docs/security.md``.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.support.running import TOP

LOCK = TOP / "requirements.lock"
"""What the deployed releases have is in it, too: ``tests.support.pins`` sees to that."""
LONGEST_SECONDS = 900
NONE, VULNERABLE, UNKNOWN = 0, 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status."""
    parser = argparse.ArgumentParser(prog="make audit", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--lock", type=Path, default=LOCK, help="what is pinned")
    parser.add_argument("--osv-url", help="another place for the data of OSV, such as a mirror of one's own")
    chosen = parser.parse_args(arguments)
    found = audited(chosen.lock, chosen.osv_url)
    if isinstance(found, str):
        print(f"NOT AUDITED. Whether a dependency is vulnerable is unknown: {found}", file=sys.stderr)
        return UNKNOWN
    lines = [line for dependency in found for line in _lines(dependency)]
    print("\n".join(lines) or f"None of {len(found)} dependencies is known to be vulnerable.")
    return VULNERABLE if lines else NONE


def audited(lock: Path, osv_url: str | None) -> list[dict[str, Any]] | str:
    """Each dependency with its ``vulns``, as pip-audit tells them; or why there is no telling."""
    command = [
        *(sys.executable, "-m", "pip_audit", "--requirement", str(lock), "--disable-pip", "--require-hashes"),
        *("--vulnerability-service", "osv", "--format", "json", "--desc", "off", "--timeout", "10"),
        *("--progress-spinner", "off", *(("--osv-url", osv_url) if osv_url else ())),
    ]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=LONGEST_SECONDS)
        dependencies: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    except subprocess.TimeoutExpired:
        return f"it took longer than {LONGEST_SECONDS} seconds"
    except (ValueError, KeyError):
        said = done.stderr.strip().splitlines() or ["pip-audit said nothing"]
        return said[-1]
    skipped = [each["name"] for each in dependencies if "skip_reason" in each]
    return f"{', '.join(skipped)} could not be looked up" if skipped else dependencies


def _lines(dependency: dict[str, Any]) -> list[str]:
    return [
        f"{dependency['name']} {dependency['version']}: {each['id']}"
        f" ({', '.join(each['aliases']) or 'no other name'}),"
        f" fixed in {', '.join(each['fix_versions']) or 'no release yet'}"
        for each in dependency["vulns"]
    ]


if __name__ == "__main__":
    sys.exit(main())
