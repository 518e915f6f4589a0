"""Tables of the operator's commands on terminals of any width."""

import re

import pytest
from rich.console import Console

from piaojue.operating import showing

ID = "48efe473-3e93-422e-bfec-e972b8e9d236"
HEADS = ("service", "id", "type", "#tries", "why")
ROWS = [
    ["notifications", ID, "piaojue.ballots.poll_opened.v1", 6, "模板有错"],
    ["ballots", "bytes-1", "", None, "no event"],
]


@pytest.fixture
def shown(monkeypatch, capsys):
    def show(width, heads, rows):
        console = Console(width=width, force_terminal=True, no_color=True, markup=False, highlight=False)
        monkeypatch.setattr(showing, "console_for_output", lambda: console)
        showing.table(heads, rows)
        return capsys.readouterr().out

    return show


def test_where_there_is_room_each_row_is_a_line(shown):
    (line,) = [line for line in shown(120, HEADS, ROWS).splitlines() if ID in line]
    assert "notifications" in line
    assert "模板有错" in line


def test_where_there_is_little_room_an_id_can_still_be_copied(shown):
    lines = shown(60, HEADS, ROWS).splitlines()
    assert lines[:6] == [
        "service        notifications",
        f"id             {ID}",
        "type           piaojue.ballots.poll_opened.v1",
        "tries          6",
        "why            模板有错",
        "",
    ]
    assert "id             bytes-1" in lines


def test_a_table_without_ids_stays_one_and_numbers_and_names_of_services_are_whole(shown):
    heads = ("consumer", "takes from", "#taken", "#of", "what does not fit")
    told = shown(60, heads, [["notifications", "ballots", 1_000_000, 1_000_001, "it has stopped following"]])
    lines = re.sub(r"\x1b\[\d*m", "", told).splitlines()
    assert max(map(len, lines)) <= 60
    assert any({"notifications", "1000000", "1000001"} <= set(line.split()) for line in lines), lines
