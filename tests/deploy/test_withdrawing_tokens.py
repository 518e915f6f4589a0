"""Tokens are withdrawn by another key, with the commands of the page."""

import re
import subprocess
from pathlib import Path

import pytest

from chassis.auth import Authenticator, FileKeys, keys
from chassis.auth.refusals import TokenUnknownKey
from tests.support.deployed import PIAOJUE, piaojue, plain
from tests.support.region import SERVICES

PAGE = Path(__file__).parents[2] / "docs/deploying.md"
REMOVAL = "rm operator/jwks.json\n"


@pytest.fixture
def region(tmp_path, monkeypatch):
    """Its folder, and what each service that runs checks tokens with; all have taken the operator's."""
    monkeypatch.setattr(keys, "FILE_CHECKED_SECONDS", 0.0)
    folder = tmp_path / "region"
    piaojue("region", "init", "yongan", "--folder", folder)
    running = [
        Authenticator("piaojue", "piaojue", FileKeys(folder / each / "jwks.json")) for each in SERVICES
    ]
    token = bearer(folder)
    assert {each.caller(token).subject for each in running} == {"operator"}
    return folder, running, token


def bearer(folder):
    return f"Bearer {(folder / 'operator/token').read_text().strip()}"


def typed(folder, without=""):
    (commands,) = re.findall(r"(?ms)^### Withdrawing tokens$.*?^```\n(.*?)^```$", PAGE.read_text())
    assert without in commands
    lines = commands.replace("/etc/piaojue", str(folder)).replace(without, "")
    path = f"{PIAOJUE.parent}:/usr/bin:/bin"
    subprocess.run(["bash", "-euc", lines], env={**plain(), "PATH": path}, check=True, timeout=120)


def test_all_tokens_end_with_their_key_in_services_that_run_and_new_ones_are_good(region):
    folder, running, stolen = region
    typed(folder)
    for service in running:
        with pytest.raises(TokenUnknownKey):
            service.caller(stolen)
        assert service.caller(bearer(folder)).roles == {"operator"}
    for file in (*folder.glob("operator/*"), *folder.glob("*/jwks.json")):
        assert file.stat().st_mode & 0o077 == 0, file


def test_a_key_that_is_changed_without_haste_throws_nobody_out(region):
    folder, running, old = region
    typed(folder, without=REMOVAL)
    assert bearer(folder) != old
    for service in running:
        assert service.caller(old).subject == service.caller(bearer(folder)).subject == "operator"
