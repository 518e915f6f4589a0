"""The acceptance cases of the count: each sheet of ``tests/cases/ballots.jsonl``."""

import json
from pathlib import Path

import pytest

from ballots.domain import count_sheet
from chassis.errors import Refused

CASES_FILE = Path(__file__).parents[1] / "cases" / "ballots.jsonl"
CASES = [json.loads(line) for line in CASES_FILE.read_text("utf-8").splitlines()]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_count_sheet_case(case):
    if "error" in case:
        with pytest.raises(Refused) as refusal:
            count_sheet(case["sheet"])
        assert refusal.value.slug == case["error"]
    else:
        result = count_sheet(case["sheet"])
        assert {name: result[name] for name in case["expect"]} == case["expect"]
        json.dumps(result)
