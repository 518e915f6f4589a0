"""``piaojue token``, and the key in the data folder that it makes and uses."""

import json
import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import jwt
import pytest
from typer.testing import CliRunner

from chassis.auth import Authenticator, FileKeys, jwks, load_key, new_key
from chassis.auth.refusals import TokenWrongAudience
from piaojue import own_key as own_key_module
from piaojue.command import app
from piaojue.own_key import JWKS_FILE, KEY_FILE, KeyUnusableError, own_key

PIAOJUE = Path(sys.executable).parent / "piaojue"
CLERK = ("--role", "clerk", "--body", "yongan")


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "deep" / "data"


@pytest.fixture(autouse=True)
def unconfigured(monkeypatch, tmp_path):
    for name in [name for name in os.environ if name.startswith("PIAOJUE_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "300")


def invoke(*arguments):
    return CliRunner().invoke(app, ["token", *map(str, arguments)])


def made(folder, *arguments):
    result = invoke(*arguments, "--data-folder", folder)
    assert result.exit_code == 0, result.stderr
    return result.stdout.removesuffix("\n")


def caller(folder, token, issuer="piaojue", audience="piaojue"):
    return Authenticator(issuer, audience, FileKeys(folder / JWKS_FILE)).caller(f"Bearer {token}")


def claims(token):
    return jwt.decode(token, options={"verify_signature": False})


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_token_is_good_for_a_service_that_reads_the_key_set(folder):
    token = made(folder, "--role", "clerk", "--role", "teller", "--body", "yongan", "--body", "daxi")
    found = caller(folder, token)
    assert (found.roles, found.bodies) == ({"clerk", "teller"}, {"yongan", "daxi"})
    assert found.subject == "clerk+teller"
    assert not found.may_act_for("elsewhere")


def test_token_for_every_body_and_a_subject(folder):
    found = caller(folder, made(folder, "--role", "operator", "--body", "*", "--subject", "monitoring"))
    assert (found.subject, found.may_act_for("anything")) == ("monitoring", True)


@pytest.mark.parametrize(
    ("given", "seconds"),
    [([], 43200), (["90s"], 90), (["30m"], 1800), (["2h"], 7200), (["7d"], 604800), (["366d"], 31622400)],
)
def test_lifetime_of_token(folder, given, seconds):
    token = made(folder, *CLERK, *(("--lifetime", *given) if given else ()))
    found = claims(token)
    assert found["exp"] - found["iat"] == seconds
    assert abs(found["iat"] - time.time()) < 60


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--role", "clrk", "--body", "a"], "Did you mean clerk? Roles: clerk, scrutineer,"),
        (["--role", "", "--body", "a"], "There is no role ''."),
        (["--role", "clerk", "--body", ""], "'*' is every body"),
        (["--role", "clerk", "--body", "a b"], "'*' is every body"),
        ([*CLERK, "--subject", " "], "Invalid value for '--subject'"),
        ([*CLERK, "--subject", "a\nb"], "Invalid value for '--subject'"),
        ([*CLERK, "--lifetime", "0s"], "such as 12h"),
        ([*CLERK, "--lifetime", "12"], "such as 12h"),
        ([*CLERK, "--lifetime", "-1h"], "such as 12h"),
        ([*CLERK, "--lifetime", "１h"], "such as 12h"),
        ([*CLERK, "--lifetime", "367d"], "366d at most"),
        ([*CLERK, "--lifetime", "999999999d"], "366d at most"),
    ],
)
def test_option_that_is_wrong_is_refused_and_makes_no_key(folder, arguments, told):
    result = invoke(*arguments, "--data-folder", folder)
    assert (result.exit_code, result.stdout) == (2, "")
    assert told in result.stderr
    assert not folder.exists()


def test_key_is_made_once_and_for_its_owner_alone(folder):
    first = invoke(*CLERK, "--data-folder", folder)
    key, keys = (folder / KEY_FILE).read_bytes(), (folder / JWKS_FILE).read_bytes()
    second = invoke(*CLERK, "--data-folder", folder)
    assert first.stderr == f"piaojue: made a new key, to be kept secret: {folder / KEY_FILE}\n"
    assert second.stderr == ""
    assert ((folder / KEY_FILE).read_bytes(), (folder / JWKS_FILE).read_bytes()) == (key, keys)
    assert (mode(folder / KEY_FILE), mode(folder)) == (0o600, 0o700)
    assert sorted(file.name for file in folder.iterdir()) == [JWKS_FILE, KEY_FILE]
    assert b"PRIVATE" not in keys
    assert '"d"' not in keys.decode()


def test_key_is_made_once_by_many_at_once(folder):
    commands = [
        subprocess.Popen(
            [PIAOJUE, "token", *CLERK, "--data-folder", folder],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(6)
    ]
    answers = [(*command.communicate(timeout=60), command.returncode) for command in commands]
    assert [code for _, _, code in answers] == [0] * 6
    assert all(caller(folder, token.strip()) for token, _, _ in answers)
    assert sum("made a new key" in told for _, told, _ in answers) == 1
    assert sorted(file.name for file in folder.iterdir()) == [JWKS_FILE, KEY_FILE]


def test_key_made_by_somebody_faster_is_used(folder, monkeypatch):
    """The other one comes between our look and our making."""
    others = []

    def slow_new_key():
        monkeypatch.setattr(own_key_module, "new_key", new_key)
        others.append(own_key(folder))
        return new_key()

    monkeypatch.setattr(own_key_module, "new_key", slow_new_key)
    ours = own_key(folder)
    assert (others[0].made, ours.made) == (True, False)
    assert jwks(ours.private) == jwks(others[0].private) == json.loads((folder / JWKS_FILE).read_bytes())


def test_key_set_that_is_missing_or_lacks_the_key_is_completed(folder):
    ours = own_key(folder).private
    other = jwks(new_key())["keys"][0]
    (folder / JWKS_FILE).unlink()
    own_key(folder)
    assert json.loads((folder / JWKS_FILE).read_bytes()) == jwks(ours)
    (folder / JWKS_FILE).write_text(json.dumps({"keys": [other]}))
    own_key(folder)
    assert json.loads((folder / JWKS_FILE).read_bytes())["keys"] == [other, *jwks(ours)["keys"]]


@pytest.mark.parametrize("broken", ["", "[]", "{}", '{"keys": 1}', '{"keys": [1]}', "[" * 100_000])
def test_key_set_that_is_broken_is_told_and_left_alone(folder, broken):
    own_key(folder)
    (folder / JWKS_FILE).write_text(broken)
    result = invoke(*CLERK, "--data-folder", folder)
    assert (result.exit_code, result.stdout) == (1, "")
    assert f"{folder / JWKS_FILE} is not a JSON Web Key Set. Move it away" in result.stderr
    assert (folder / JWKS_FILE).read_text() == broken


def test_key_that_others_can_read_is_refused_with_what_to_do(folder):
    own_key(folder)
    (folder / KEY_FILE).chmod(0o640)
    result = invoke(*CLERK, "--data-folder", folder)
    assert (result.exit_code, result.stdout) == (1, "")
    assert f"chmod 600 {folder / KEY_FILE}" in result.stderr


def test_key_that_is_none_is_refused_and_left_alone(folder):
    own_key(folder)
    (folder / KEY_FILE).write_text("not a key")
    with pytest.raises(KeyUnusableError, match=r"is not a signing key.*move it away"):
        own_key(folder)
    assert (folder / KEY_FILE).read_text() == "not a key"


def test_data_folder_that_is_a_file_is_told(tmp_path):
    (tmp_path / "file").touch()
    result = invoke(*CLERK, "--data-folder", tmp_path / "file")
    assert (result.exit_code, result.stdout) == (1, "")
    assert f"the data folder {tmp_path / 'file'} cannot be used" in result.stderr


def test_token_for_services_is_good_for_those_alone(folder):
    token = made(folder, *CLERK, "--service", "ballots", "--service", "ratings")
    assert claims(token)["aud"] == ["piaojue/ballots", "piaojue/ratings"]
    for service in ("ballots", "ratings"):
        assert caller(folder, token, audience=("piaojue", f"piaojue/{service}")).roles == {"clerk"}
    with pytest.raises(TokenWrongAudience):
        caller(folder, token, audience=("piaojue", "piaojue/proposals"))
    assert "There is no service" in invoke(*CLERK, "--service", "votes", "--data-folder", folder).stderr


def test_issuer_audience_and_folder_are_those_of_the_configuration(tmp_path, monkeypatch):
    (tmp_path / "settings.yaml").write_text("issuer: https://office.example\ndata_folder: here\n")
    monkeypatch.setenv("PIAOJUE_CONFIG", str(tmp_path / "settings.yaml"))
    monkeypatch.setenv("PIAOJUE_AUDIENCE", "votes")
    token = invoke(*CLERK).stdout.strip()
    assert load_key(tmp_path / "here" / KEY_FILE)
    assert caller(tmp_path / "here", token, "https://office.example", "votes").roles == {"clerk"}


def test_configuration_that_is_wrong_is_told(monkeypatch):
    monkeypatch.setenv("PIAOJUE_ISUER", "x")
    result = invoke(*CLERK)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "did you mean PIAOJUE_ISSUER?" in result.stderr


def test_key_set_of_somebody_else_is_warned_of(folder, monkeypatch):
    own_key(folder)
    monkeypatch.setenv("PIAOJUE_JWKS", "https://id.example/keys")
    result = invoke(*CLERK, "--data-folder", folder)
    assert result.exit_code == 0
    assert "check tokens with https://id.example/keys, not with" in result.stderr
