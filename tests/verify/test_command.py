"""The command, in both its forms: the package's own and ``piaojue verify``."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from piaojue_contracts.envelope import canonical
from tests.support.environments import environment
from tests.verify.records import KEY, KID, OTHER_KID, SHEET, jwk, receipts, record_of, sealed

COMMANDS = {
    "module": [sys.executable, "-m", "piaojue_verify"],
    "piaojue": [str(Path(sys.executable).parent / "piaojue"), "verify"],
}
RECORD = record_of(SHEET)
RECEIPT = RECORD["receipts"][2]


@pytest.fixture(params=COMMANDS)
def command(request):
    return COMMANDS[request.param]


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "record.json"
    path.write_bytes(canonical(RECORD))
    return path


def run(command, *arguments, given=b"", **more):
    done = subprocess.run(
        [*command, *map(str, arguments)], input=given, capture_output=True, timeout=60, **more
    )
    done.stdout, done.stderr = done.stdout.decode(), done.stderr.decode()
    assert "Traceback" not in done.stderr
    return done


def test_record_that_verifies_gives_0_and_says_what_was_checked_and_what_cannot_be(command, file):
    done = run(command, file, "--key", KID)
    assert (done.returncode, done.stderr) == (0, "")
    assert "FAILS" not in done.stdout
    assert "not checked" not in done.stdout
    for said in ("永安镇人民代表大会", "VERIFIED", "Who held which slip", "counted again", KID):
        assert said in done.stdout


def test_record_that_was_changed_gives_1_and_names_what_does_not_fit(command, tmp_path):
    changed = json.loads(canonical(RECORD))
    changed["papers"][0]["marks"] = ["clinic"]
    (tmp_path / "changed.json").write_bytes(canonical(changed))
    done = run(command, tmp_path / "changed.json", "--key", KID)
    assert done.returncode == 1
    for said in ("NOT VERIFIED", "result.votes.road", "count_hash: ", "record_hash: "):
        assert said in done.stdout


def test_key_of_somebody_else_gives_1(command, file):
    done = run(command, file, "--key", OTHER_KID)
    assert (done.returncode, f"not {OTHER_KID}" in " ".join(done.stdout.split())) == (1, True)


def test_record_without_a_key_says_that_anybody_could_have_made_it(command, file):
    done = run(command, file)
    assert done.returncode == 0
    assert "not checked" in done.stdout
    assert "anybody could have made" in " ".join(done.stdout.split())


def test_key_is_read_from_a_file_with_its_jwk(command, file, tmp_path):
    (tmp_path / "key.json").write_text(json.dumps(jwk(KEY)))
    assert run(command, file, "--key", tmp_path / "key.json").returncode == 0


def test_report_as_json(command):
    done = run(command, "-", "--json", "--key", KID, given=canonical(RECORD))
    report = json.loads(done.stdout)
    assert (done.returncode, report["verified"], report["about"]["signed by"]) == (0, True, KID)
    assert {check["state"] for check in report["checks"]} == {"holds"}
    assert all(check["checked"] for check in report["checks"])
    assert report["cannot_be_checked"]


def test_receipt_says_that_the_paper_is_in_the_count_and_nothing_of_what_is_on_it(command, file):
    plain = run(command, file).stdout
    with_receipt = [run(command, file, "--receipt", each) for each in (RECEIPT, RECORD["receipts"][0])]
    assert [done.returncode for done in with_receipt] == [0, 0]
    assert with_receipt[0].stdout == with_receipt[1].stdout
    added = [line for line in with_receipt[0].stdout.splitlines() if line not in plain.splitlines()]
    assert added[0].split()[:2] == ["ok", "receipt"]
    assert "its paper is in the count" in " ".join(" ".join(added).split())
    assert RECEIPT not in with_receipt[0].stdout
    assert "clinic" not in "".join(added)


def test_receipt_as_it_was_typed_is_found(command, file):
    assert run(command, file, "--receipt", f" {RECEIPT.upper()} ").returncode == 0


@pytest.mark.parametrize("receipt", [receipts(9)[-1].replace("a", "b"), RECEIPT[:-1], "", "㊙", "0" * 65])
def test_receipt_that_is_not_there_gives_1_and_is_not_repeated(command, file, receipt):
    done = run(command, file, "--receipt", receipt, "--json")
    failed = [check["name"] for check in json.loads(done.stdout)["checks"] if check["state"] == "fails"]
    assert (done.returncode, failed) == (1, ["receipt"])
    assert not receipt or receipt not in done.stdout


def test_rules_of_a_plugin_need_a_word(command, tmp_path):
    record = sealed(RECORD | {"rules": RECORD["rules"] | {"adoption": {"rule": "points"}}})
    (tmp_path / "record.json").write_bytes(canonical(record))
    assert run(command, tmp_path / "record.json").returncode == 1
    waived = run(command, tmp_path / "record.json", "--without-recount")
    assert waived.returncode == 0
    assert "cannot be counted again here" in " ".join(waived.stdout.split())


@pytest.mark.parametrize(
    "arguments",
    [
        ["missing.json"],
        ["."],
        ["nul\N{REPLACEMENT CHARACTER}.json"],
        ["record.json", "--key", "nothing"],
        ["record.json", "--key", "record.json"],
        ["record.json", "--key", "."],
        ["record.json", "--fast"],
        [],
    ],
)
def test_what_cannot_be_used_gives_2(command, arguments, file):
    done = run(command, *arguments, cwd=file.parent)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr


def test_file_that_is_no_record_gives_1(command):
    done = run(command, "-", given=b"[" * 100_000)
    assert (done.returncode, done.stderr) == (1, "")
    assert "the file is nested too deeply" in done.stdout


def test_output_without_chinese_is_still_written(command, file):
    done = run(command, file, env={"PYTHONIOENCODING": "ascii"})
    assert (done.returncode, done.stderr) == (0, "")
    assert "\\u6c38" in done.stdout


def test_output_that_cannot_be_written_is_no_verdict(command, file):
    with open("/dev/full", "w") as full:
        done = subprocess.run([*command, file], stdout=full, stderr=subprocess.PIPE, timeout=60)
    assert done.returncode == 1
    assert b"cannot be written: No space left on device" in done.stderr
    assert b"Traceback" not in done.stderr


def test_standard_input_that_is_closed_is_told(command):
    line = " ".join(f"'{word}'" for word in command)
    done = subprocess.run(["sh", "-c", f"exec {line} - <&-"], capture_output=True, text=True, timeout=60)
    assert done.returncode in (1, 2)
    assert done.stderr.endswith("standard input is closed; name a file instead of -\n")


@pytest.mark.slow
def test_package_works_where_nothing_else_of_ours_is_installed(tmp_path, file):
    python = environment(tmp_path / "alone", members=["libs/verify"])
    for missing in ("chassis", "piaojue_contracts", "ballots", "piaojue", "nameko", "marshmallow"):
        assert subprocess.run([python, "-c", f"import {missing}"], capture_output=True, timeout=60).returncode
    done = run([python, "-m", "piaojue_verify"], file, "--key", KID, "--receipt", RECEIPT)
    assert (done.returncode, done.stderr) == (0, "")
    file.write_bytes(canonical(RECORD).replace(b'"year":2022', b'"year":2023'))
    assert run([python, "-m", "piaojue_verify"], file).returncode == 1
