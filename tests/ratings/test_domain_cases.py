"""The acceptance cases of the rating: each sheet of ``tests/cases/ratings.jsonl``."""

import json
from pathlib import Path

import pytest

from chassis.errors import Refused
from ratings.domain import rate_sheet

CASES_FILE = Path(__file__).parents[1] / "cases" / "ratings.jsonl"
CASES = [json.loads(line) for line in CASES_FILE.read_text("utf-8").splitlines()]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_rate_sheet_case(case):
    if "error" in case:
        with pytest.raises(Refused) as refusal:
            rate_sheet(case["sheet"])
        assert refusal.value.slug == case["error"]
    else:
        result = rate_sheet(case["sheet"])
        assert {name: result[name] for name in case["expect"]} == case["expect"]
        json.dumps(result)
