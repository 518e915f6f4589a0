"""``piaojue count`` and ``piaojue rate`` as an office uses them: the acceptance cases through the command."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from piaojue.command import app

PIAOJUE = Path(sys.executable).parent / "piaojue"
CASES_FOLDER = Path(__file__).parents[1] / "cases"
CASES = {
    command: [json.loads(line) for line in (CASES_FOLDER / f"{name}.jsonl").read_text("utf-8").splitlines()]
    for command, name in (("count", "ballots"), ("rate", "ratings"))
}


def lines(cases):
    return "".join(json.dumps(case["sheet"], ensure_ascii=False) + "\n" for case in cases)


def accepted(command):
    return [case for case in CASES[command] if "error" not in case]


def results(text):
    return [json.loads(line) for line in text.splitlines()]


def run(*arguments, given="", **more):
    return subprocess.run(
        [PIAOJUE, *arguments], input=given, capture_output=True, encoding="utf-8", timeout=60, **more
    )


def assert_as_expected(case, result):
    if "error" in case:
        assert result["error"]["slug"] == case["error"]
        assert result["error"]["detail"]
    else:
        assert {name: result[name] for name in case["expect"]} == case["expect"], case["id"]


@pytest.mark.parametrize("command", CASES)
@pytest.mark.parametrize("named", ["-", "sheets.jsonl", "sheets.txt"])
def test_acceptance_cases_are_each_answered_on_their_line(command, named, tmp_path):
    given = lines(CASES[command])
    (tmp_path / "sheets.jsonl").write_text(given, "utf-8")
    (tmp_path / "sheets.txt").write_text(given, "utf-8")
    result = run(command, named, given=given, cwd=tmp_path)
    answers = results(result.stdout)
    assert len(answers) == len(CASES[command])
    for case, answer in zip(CASES[command], answers, strict=True):
        assert_as_expected(case, answer)
    assert result.returncode == 2


@pytest.mark.parametrize(
    ("command", "case"),
    [(command, case) for command, cases in CASES.items() for case in cases],
    ids=lambda value: value["id"] if isinstance(value, dict) else value,
)
def test_acceptance_case_as_a_document_of_its_own(command, case, tmp_path):
    file = tmp_path / "sheet.json"
    file.write_text(json.dumps(case["sheet"], indent=2), "utf-8")
    result = CliRunner().invoke(app, [command, str(file)])
    [answer] = results(result.stdout)
    assert_as_expected(case, answer)
    assert result.exit_code == (2 if "error" in case else 0)


@pytest.mark.parametrize("command", CASES)
def test_sheets_that_are_all_counted_give_0_and_nothing_on_standard_error(command):
    result = run(command, "-", given=lines(accepted(command)))
    assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.parametrize("command", CASES)
def test_files_are_answered_in_their_order(command, tmp_path):
    cases = accepted(command)[:3]
    files = [tmp_path / f"{place}.json" for place in range(3)]
    for file, case in zip(files, cases, strict=True):
        file.write_text(json.dumps(case["sheet"]), "utf-8")
    forwards, backwards = (results(run(command, *order).stdout) for order in (files, files[::-1]))
    assert forwards == backwards[::-1]
    for case, answer in zip(cases, forwards, strict=True):
        assert_as_expected(case, answer)


def test_file_that_is_missing_does_not_keep_the_others_from_being_counted(tmp_path):
    file = tmp_path / "sheet.json"
    file.write_text(lines(accepted("count")[:1]), "utf-8")
    result = run("count", tmp_path / "missing.json", tmp_path, file)
    assert (result.returncode, len(results(result.stdout))) == (2, 1)
    assert "missing.json: cannot be read: No such file or directory" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("command", CASES)
@pytest.mark.parametrize(
    "broken",
    [
        *(b"", b"\0", b"\xff\xfe", b"{", b"[[[[", b'"', b"nul", b"{}", b"[]", b"NaN", b"-", b'{"a":1,"a":2}'),
        b"[" * 100_000,
        b"9" * 10_000,
        b'{"\\ud800":"\\udfff"}',
        b"{}\n\xc3\n{}",
        b"PK\3\4" + bytes(range(256)),
    ],
    ids=lambda data: repr(data[:12]),
)
def test_input_that_is_broken_is_refused_and_never_a_traceback(command, broken):
    result = CliRunner().invoke(app, [command, "-"], input=broken)
    assert result.exit_code == 2
    assert {answer["error"]["slug"] for answer in results(result.stdout)} == {"invalid-sheet"}
    assert result.stderr.endswith("refused: see the error in the result\n")


def test_file_name_that_is_not_text_is_told():
    result = subprocess.run([PIAOJUE, "count", b"/nowhere/\xff"], capture_output=True, timeout=60)
    assert (result.returncode, result.stdout) == (2, b"")
    assert result.stderr == b"/nowhere/\\udcff: cannot be read: No such file or directory\n"


def test_standard_input_that_is_closed_is_told():
    result = subprocess.run(
        ["sh", "-c", f"exec '{PIAOJUE}' count - <&-"], capture_output=True, text=True, timeout=60
    )
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == "piaojue: standard input is closed; name a file instead of -\n"


@pytest.mark.parametrize("number", [1, 3000], ids=["all in the buffer", "more than a pipe holds"])
def test_reader_that_leaves_early_ends_the_count_quietly(number, tmp_path):
    file = tmp_path / "sheets.jsonl"
    file.write_text(lines(accepted("count")[:1]) * number, "utf-8")
    process = subprocess.Popen([PIAOJUE, "count", file], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.close()
    told = process.stderr.read()
    process.stderr.close()
    assert (process.wait(timeout=60), told) == (1, b"")
