"""The command's long-running processes, as tests start and stop them."""

import json
import sys
from pathlib import Path

import requests

from piaojue.own_key import KEY_FILE
from piaojue.rehearsal.client import Suite, tokens_of

PIAOJUE = Path(sys.executable).parent / "piaojue"
START_SECONDS = 60


def up(start_process, folder, *arguments, port=0):
    """``piaojue up`` in a folder; it is waited for until it answers."""
    process = start_process([PIAOJUE, "up", "--data-folder", folder, "--port", str(port), *arguments])
    process.wait_for_line("is up", START_SECONDS)
    return process


def suite(folder):
    """The suite that runs in a folder, to be asked."""
    return Suite(url(folder), tokens_of(folder / KEY_FILE))


def url(folder):
    return json.loads((folder / "suite.lock").read_text())["url"]


def ready(at):
    return requests.get(f"{at}/health/ready", timeout=10).status_code == 200
