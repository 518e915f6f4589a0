"""``piaojue count`` and ``piaojue rate``: files in, results out."""

import io
import json
import time
from pathlib import Path

import pytest

from ballots.domain import count_sheet
from piaojue import sheets
from ratings.domain import rate_sheet

CASES = Path(__file__).parents[1] / "cases"
SHEET = json.loads((CASES / "ballots.jsonl").read_text("utf-8").splitlines()[1])["sheet"]
LINE = json.dumps(SHEET).encode()
PRETTY = json.dumps(SHEET, indent=2).encode()


class Terminal(io.StringIO):
    def isatty(self):
        return True


def run(*inputs, function=count_sheet, out=None):
    """``inputs``: bytes for stdin (at most one), or paths."""
    paths = ["-" if isinstance(one, bytes) else str(one) for one in inputs]
    stdin = next((one for one in inputs if isinstance(one, bytes)), b"")
    out, err = out or io.StringIO(), io.StringIO()
    code = sheets.run(paths, function, stdin=io.BytesIO(stdin), out=out, err=err)
    return code, out.getvalue(), err.getvalue()


def results(text):
    return [json.loads(line) for line in text.splitlines()]


def slugs(text):
    return [result.get("error", {}).get("slug") for result in results(text)]


@pytest.mark.parametrize(("name", "function"), [("ballots", count_sheet), ("ratings", rate_sheet)])
def test_all_cases_as_json_lines_give_a_result_a_line_in_order(name, function):
    cases = [json.loads(line) for line in (CASES / f"{name}.jsonl").read_text("utf-8").splitlines()]
    lines = "".join(json.dumps(case["sheet"]) + "\n" for case in cases).encode()
    code, out, err = run(lines, function=function)
    assert slugs(out) == [case.get("error") for case in cases]
    assert code == 2
    refused = sum("error" in case for case in cases)
    assert err.startswith(f"{refused} of {len(cases)} refused")


@pytest.mark.parametrize("document", [LINE, PRETTY, b"\xef\xbb\xbf" + PRETTY, LINE.replace(b" ", b"\r\n")])
def test_document_of_one_or_many_lines_gives_one_result(document):
    code, out, err = run(document)
    assert (code, err, len(out.splitlines())) == (0, "", 1)
    assert json.loads(out)["adopted"] == ["a", "b"]


def test_document_on_a_terminal_is_written_to_be_read():
    assert run(PRETTY, out=Terminal())[1].startswith('{\n  "outcome"')
    assert len(run(LINE + b"\n" + LINE, out=Terminal())[1].splitlines()) == 2


@pytest.mark.parametrize(
    "faulty",
    [
        b"not json",
        b'{"deputies": 79,',
        b'{"deputies": NaN}',
        b'{"deputies": 1, "deputies": 2}',
        b'{"deputies": ' + b"9" * 5000 + b"}",
        b'{"candidates": ["\xff"]}',
        b"[" * 100_000,
        b'{"papers": ' + b"[" * 50_000 + b"]" * 50_000 + b"}",
        b"[]",
        b"null",
        b"1e999",
    ],
    ids=lambda data: data[:30].decode("ascii", "replace"),
)
@pytest.mark.parametrize("before", [b"", LINE + b"\n"], ids=["first", "second"])
def test_line_that_is_no_sheet_is_refused_and_the_others_are_counted(before, faulty):
    code, out, _ = run(before + faulty + b"\n" + LINE + b"\n")
    assert code == 2
    assert slugs(out) == [None] * bool(before) + ["invalid-sheet", None]


@pytest.mark.parametrize(
    "data", [b"", b" \n\n", b"\xef\xbb\xbf", PRETTY[:-1], PRETTY[:-1] + b",}", b"\xff\xfe{\0"]
)
def test_document_that_is_no_sheet_is_refused_once(data):
    code, out, _ = run(data)
    assert (code, slugs(out)) == (2, ["invalid-sheet"])


def test_blank_lines_are_no_sheets():
    assert slugs(run(b"\n" + LINE + b"\n\n \r\n" + LINE)[1]) == [None, None]


def test_file_named_as_json_lines_is_read_so(tmp_path):
    path = tmp_path / "sheets.jsonl"
    path.write_bytes(b'{"a":\n{"b":\n')
    assert slugs(run(path)[1]) == ["invalid-sheet"] * 2
    path.write_bytes(b"")
    assert slugs(run(path)[1]) == ["invalid-sheet"]


def test_file_that_cannot_be_read_is_told_and_the_others_are_counted(tmp_path):
    code, out, err = run(tmp_path / "missing.json", tmp_path, LINE)
    assert (code, slugs(out)) == (2, [None])
    assert "missing.json: cannot be read: No such file or directory" in err
    assert "Is a directory" in err


def test_names_are_written_as_they_are_where_the_output_can(tmp_path):
    renamed = LINE.replace(b'"a"', '"饮水"'.encode())
    assert "饮水" in run(renamed)[1]
    latin = io.TextIOWrapper(io.BytesIO(), encoding="latin-1")
    sheets.run(["-"], count_sheet, stdin=io.BytesIO(renamed), out=latin, err=io.StringIO())
    latin.seek(0)
    assert json.loads(latin.read())["adopted"][0] == "饮水"


def test_field_with_broken_characters_is_refused_in_whole_ones():
    code, out, _ = run(b'{"\\ud800": 1}')
    assert (code, slugs(out)) == (2, ["invalid-sheet"])
    out.encode()


def test_json_lines_are_counted_as_they_come():
    written_before_the_end = []
    out = io.StringIO()

    def lines():
        yield LINE + b"\n"
        yield LINE + b"\n"
        yield LINE + b"\n"
        written_before_the_end.append(len(out.getvalue().splitlines()))

    sheets.run(["-"], count_sheet, stdin=lines(), out=out, err=io.StringIO())
    assert written_before_the_end == [3]


def test_thousands_of_sheets_take_seconds():
    began = time.monotonic()
    code, out, _ = run((LINE + b"\n") * 5000)
    assert (code, len(out.splitlines())) == (0, 5000)
    assert time.monotonic() - began < 10
