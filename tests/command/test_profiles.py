"""``piaojue profiles check``."""

from pathlib import Path

import yaml
from typer.testing import CliRunner

import ballots
from piaojue.command import app

BUILT_IN = sorted((Path(ballots.__file__).parent / "profiles").glob("*.yaml"))


def check(*files):
    return CliRunner().invoke(app, ["profiles", "check", *map(str, files)])


def test_profiles_that_can_be_used_are_listed():
    run = check(*BUILT_IN)
    assert run.exit_code == 0, run.stderr
    assert len(run.stdout.splitlines()) == len(BUILT_IN)
    assert "hengyang 1  衡阳市" in run.stdout


def test_every_fault_of_every_file_is_told_by_key(tmp_path):
    text = BUILT_IN[0].read_text("utf-8")
    (tmp_path / "one.yaml").write_text(text.replace("after_tie: runoff", "after_tie: lot"), encoding="utf-8")
    (tmp_path / "two.yaml").write_text(text.replace("quorum:", "quorun:"), encoding="utf-8")
    run = check(tmp_path / "one.yaml", tmp_path / "two.yaml", tmp_path / "three.yaml")
    assert (run.exit_code, run.stdout) == (2, "")
    said = [line.partition("/")[2].rpartition("/")[2] for line in run.stderr.splitlines()]
    assert [": ".join(line.split(": ")[:2]) for line in said] == [
        "one.yaml: after_tie",
        "two.yaml: quorun",
        "two.yaml: quorum",
        "three.yaml: cannot be read",
    ]


def test_a_file_of_many_faults_is_told_all_of_them_at_once(tmp_path):
    file = tmp_path / "bad.yaml"
    said = {
        **yaml.safe_load(BUILT_IN[0].read_text("utf-8")),
        "version": 0,
        "title": {"zh": "\u200b", "en": "County"},
        "marking": {"scheme": "nope"},
        "adoption": {"rule": "majority", "of": "nobody", "more_than": "3/2"},
        "seats": 0,
        "on_breach": {"quorum": "maybe", "x": "warn"},
    }
    file.write_text(yaml.safe_dump(said), encoding="utf-8")
    run = check(file)
    assert run.exit_code == 2
    assert {line.partition(f"{file}: ")[2].partition(": ")[0] for line in run.stderr.splitlines()} == {
        *("version", "title.zh", "marking.scheme", "adoption.of", "adoption.more_than"),
        *("seats", "on_breach.quorum", "on_breach.x"),
    }


def test_no_file_is_not_understood():
    assert check().exit_code == 2
