"""What the page on security says is shown by tests, is: every test that it names exists."""

import ast
import re
from functools import cache

import pytest

from tests.support.running import TOP

PAGE = (TOP / "docs" / "security.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`([\w/]+)::(test_\w+)`", PAGE)))
SECTIONS = PAGE.split("\n## ")


@cache
def defined_in(file):
    tree = ast.parse((TOP / "tests" / f"{file}.py").read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_every_threat_names_who_what_where_and_a_test():
    (threats,) = [each for each in SECTIONS if each.startswith("Threats")]
    rows = [line for line in threats.splitlines() if line.startswith("| ") and not line.startswith("| who |")]
    rows = [line for line in rows if not line.startswith("| ---")]
    assert len(rows) > 40
    for row in rows:
        who, what, where, shown_by = (cell.strip() for cell in row.strip("|").split(" | "))
        assert all((who, what, where)), row
        assert re.search(r"`[\w/]+::test_\w+`", shown_by), row


@pytest.mark.parametrize(("file", "test"), NAMED, ids="::".join)
def test_a_test_that_is_named_exists(file, test):
    assert test in defined_in(file)


def test_nothing_that_looks_like_a_test_is_named_otherwise():
    """So that none escapes the check above."""
    assert set(re.findall(r"\btest_\w+", PAGE)) == {
        *(test for _, test in NAMED),
        *(file.rpartition("/")[2] for file, _ in NAMED),
    } | {"test_secrecy"}


def test_links_of_the_page_lead_somewhere():
    for target in re.findall(r"\]\(([^)#]+)", PAGE):
        assert target.startswith("https://") or (TOP / "docs" / target).exists(), target
