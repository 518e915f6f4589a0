"""The generated pages say what the code says."""

import subprocess
import sys

from tests.support.generate import TOP


def test_generated_pages_do_not_drift():
    run = subprocess.run(
        [sys.executable, "-m", "tests.support.generate", "--check"],
        cwd=TOP,
        capture_output=True,
        text=True,
        timeout=120,
    )
    said = run.stdout + run.stderr[-2000:]
    assert run.returncode == 0, f"run `make docs` and commit what it writes:\n{said}"
