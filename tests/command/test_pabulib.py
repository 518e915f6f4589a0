"""``piaojue count FILE.pb``: published elections, read or refused by line, counted as count sheets are."""

import io
import json
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from ballots.domain import PapersDoNotBalance, UnknownCandidate, count_sheet
from piaojue import elections, pabulib
from piaojue.command import app

PIAOJUE = Path(sys.executable).parent / "piaojue"

ELECTION = """\
META
key;value
description;"Budget of Yong'an; 2022"
country;China
num_projects;4
num_votes;6
budget;500000.0
vote_type;approval
rule;greedy
min_length;1
max_length;2
a_key_of_our_own;1;2;3
PROJECTS
project_id;cost;votes;name;selected
well;1000;3;A well;1
road;20000.5;3;"The road; its second half";0
lamp;300;1;\"""Lamp"" street\";0
park;4000;0;"A park
by the river";0
VOTES
voter_id;age;vote;sex
v1;34;well,road;F
v2;51;well;M
v3;;road,road,lamp;
v4;;;
v5;20;well,road,lamp;M
v6;70;well;F
"""


def read(text):
    return pabulib.read(io.BytesIO(text if isinstance(text, bytes) else text.encode()))


def counted(text, seats=2, adoption="plurality"):
    return count_sheet(elections.sheet(read(text), seats, adoption))


def changed(old, new):
    assert ELECTION.count(old) == 1, old
    return ELECTION.replace(old, new)


def invoke(*arguments):
    return CliRunner().invoke(app, ["count", *map(str, arguments)], env={"TERMINAL_WIDTH": "300"})


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "election.pb"
    path.write_text(ELECTION, "utf-8")
    return path


def test_election_has_its_projects_in_order_and_its_votes_as_papers():
    election = read(ELECTION)
    assert list(election.projects.items()) == [
        ("well", "A well"),
        ("road", "The road; its second half"),
        ("lamp", '"Lamp" street'),
        ("park", "A park\nby the river"),
    ]
    assert election.papers[2:4] == [("road", "lamp"), ()]
    assert (election.at_most, len(election.papers), election.notes) == (2, 6, [])


def test_count_takes_a_project_once_a_blank_vote_as_valid_and_too_many_marks_as_invalid():
    result = counted(ELECTION)
    assert result["votes"] == {"well": 3, "road": 2, "lamp": 1, "park": 0}
    assert [result[name] for name in ("deputies", "present", "issued", "returned")] == [6] * 4
    assert [result[name] for name in ("valid", "invalid", "blank")] == [5, 1, 1]
    assert (result["outcome"], result["adopted"]) == ("complete", ["well", "road"])


def test_majority_is_more_than_half_of_all_who_voted():
    result = counted(ELECTION, adoption="majority")
    assert (result["pass_mark"], result["adopted"], result["outcome"]) == (4, [], "shortfall")
    assert counted(changed("v4;;;", "v4;;well;"), adoption="majority")["adopted"] == ["well"]


@pytest.mark.parametrize(
    ("old", "new", "at_most"),
    [
        ("max_length;2\n", "", 4),
        ("max_length;2", "max_length;", 4),
        ("max_length;2", "max_length;2.0", 2),
        ("vote_type;approval", "vote_type; Approval", 2),
        ("vote_type;approval", "vote_type;choose-1", 2),
        ("vote_type;approval\nrule;greedy\nmin_length;1\nmax_length;2", "vote_type;choose-1", 1),
    ],
)
def test_limit_of_marks_is_max_length_or_what_the_vote_type_allows(old, new, at_most):
    assert read(changed(old, new)).at_most == at_most


@pytest.mark.parametrize(
    "text",
    [
        "\ufeff" + ELECTION,
        ELECTION.replace("\n", "\r\n"),
        ELECTION.replace("\n", "\n\n"),
        ELECTION.replace(";", "; "),
        ELECTION.removesuffix("\n"),
        ELECTION.replace("META", "Meta;;").replace("VOTES\n", "votes;;;\n"),
        ELECTION.replace("well,road;F", " well , road,;F"),
        ELECTION.replace("well,road;F", '"well,road";F'),
        ELECTION.replace("v1;34;well,road;F", "v1;34;well,road"),
        ELECTION.replace("v1;34;well,road;F", "v1;34;well,road;F;;"),
        ELECTION.replace("num_votes;6\n", "").replace("num_projects;4\n", ""),
        ELECTION.replace("rule;greedy", "rule: greedy"),
        ELECTION.replace("rule;greedy", "comment;1\ncomment;2"),
    ],
    ids=range(13),
)
def test_election_is_the_same_however_it_was_written(text):
    assert counted(text) == counted(ELECTION)


REFUSED = {
    "empty": ("", "META, line 1: the line META must begin"),
    "no sections": ("v1;1,2\n", "META, line 1: the line META must begin"),
    "no header of META": (changed("key;value\n", ""), "META, line 2: the header must be key;value"),
    "key twice": (changed("rule;greedy", "max_length;3"), "META, line 11: max_length is given a second"),
    "no vote type": (changed("vote_type;approval\n", ""), "META, line 12: vote_type is missing"),
    "limit of none": (changed("max_length;2", "max_length;0"), "META, line 11: max_length must be a whole"),
    "limit in words": (changed("max_length;2", "max_length;two"), "META, line 11: max_length must be"),
    "number too long": (changed("num_votes;6", f"num_votes;{'9' * 5000}"), "META, line 6: num_votes must"),
    "no projects": (ELECTION[: ELECTION.index("PROJECTS")], "PROJECTS, line 13: the line PROJECTS must"),
    "votes first": (changed("PROJECTS\n", "VOTES\n"), "PROJECTS, line 13: the line PROJECTS must"),
    "no column of ids": (changed("project_id;", "id;"), "PROJECTS, line 14: the header must have one column"),
    "project without id": (changed("lamp;300", " ;300"), "PROJECTS, line 17: project_id"),
    "project twice": (
        changed("lamp;300", "well;300"),
        "PROJECTS, line 17: project_id: is that of an earlier",
    ),
    "id too long": (changed("lamp;300", f"{'l' * 201};300"), "PROJECTS, line 17: project_id"),
    "id with control": (changed("lamp;300", "la\x1bmp;300"), "PROJECTS, line 17: project_id"),
    "no project": (
        "META\nkey;value\nvote_type;approval\nPROJECTS\nproject_id\nVOTES\n",
        "PROJECTS, line 6: ",
    ),
    "no votes": (ELECTION[: ELECTION.index("VOTES")], "VOTES, line 20: the line VOTES must begin"),
    "no vote": (ELECTION[: ELECTION.index("v1;")], "VOTES, line 22: must have at least one vote"),
    "no column of votes": (changed("age;vote", "age;choice"), "VOTES, line 21: the header must have one"),
    "two columns of votes": (changed("age;vote", "vote;vote"), "VOTES, line 21: the header must have one"),
    "short vote": (changed("v2;51;well;M", "v2;51"), "VOTES, line 23: has fewer fields"),
    "unquoted ;": (changed("well;M", "well;road;M"), "VOTES, line 23: has more fields"),
    "voter twice": (changed("v3;;", "v1;;"), "VOTES, line 24: voter_id: is that of an earlier line"),
    "section after": (ELECTION + "META\nkey;value\n", "VOTES, line 28: must be the last section, but META"),
    "quote never closed": (changed('the river"', "the river"), "VOTES, line 28: the line VOTES must begin"),
    "field too long": (changed("A well", "w" * 200_000), "PROJECTS, line 15: cannot be split into fields"),
    "lone carriage return": (changed("v2;51", "v2\r;51"), "VOTES, line 23: cannot be split into fields"),
    "line too long": (changed("A well", ";" * 2**20), "PROJECTS, line 15: has more than 1048576 bytes"),
    "not UTF-8": (changed("v3;;", "v\xfc;;").encode("latin-1"), "VOTES, line 24: must be UTF-8"),
    "UTF-16": (ELECTION.encode("utf-16"), "META, line 1: must be UTF-8"),
    "binary": (b"\x08\x96\x01\0\n\0;\xff", "META, line 1: must be UTF-8"),
}


@pytest.mark.parametrize(("text", "told"), REFUSED.values(), ids=REFUSED)
def test_file_that_is_malformed_is_refused_by_section_line_and_rule(text, told):
    with pytest.raises(pabulib.InvalidPabulib) as refusal:
        read(text)
    assert refusal.value.detail.startswith(told)
    assert refusal.value.field == told.split(",")[0]


@pytest.mark.parametrize("vote_type", ["ordinal", "cumulative", "scoring", "choose-2"])
def test_vote_type_that_cannot_be_counted_is_refused(vote_type):
    with pytest.raises(pabulib.UnsupportedVoteType) as refusal:
        read(changed("vote_type;approval", f"vote_type;{vote_type}"))
    assert refusal.value.detail == (
        f"META, line 8: vote_type is {vote_type!r}: only approval and choose-1 can be counted"
    )


def test_vote_type_of_control_characters_is_refused_without_them():
    with pytest.raises(pabulib.UnsupportedVoteType) as refusal:
        read(changed("vote_type;approval", "vote_type;\x1b[31m"))
    assert "\x1b" not in refusal.value.detail


def test_vote_for_an_unknown_project_is_refused_by_its_line_and_without_its_marks():
    with pytest.raises(UnknownCandidate) as refusal:
        read(changed("v2;51;well", "v2;51;well, school"))
    assert refusal.value.detail == "VOTES, line 23: vote: names a project that PROJECTS does not have"


def test_file_that_lacks_votes_does_not_balance():
    with pytest.raises(PapersDoNotBalance) as refusal:
        read(changed("v6;70;well;F\n", ""))
    assert refusal.value.detail == "META, line 6: num_votes is 6, but VOTES has 5"


def test_number_of_projects_that_does_not_match_is_only_told(file):
    file.write_text(changed("num_projects;4", "num_projects;5"), "utf-8")
    result = invoke(file, "--seats", 2, "--adoption", "plurality")
    assert (result.exit_code, json.loads(result.stdout)) == (0, counted(ELECTION))
    assert result.stderr == f"{file}: META, line 5: num_projects is 5, but PROJECTS has 4\n"


IDS = st.text(
    st.characters(exclude_categories=("C", "Z"), exclude_characters=",\ufeff"), min_size=1, max_size=6
)


@st.composite
def sheets(draw):
    candidates = draw(st.lists(IDS, min_size=1, max_size=6, unique=True))
    papers = draw(st.lists(st.lists(st.sampled_from(candidates), unique=True), min_size=1, max_size=12))
    return {
        "deputies": len(papers),
        "present": len(papers),
        "seats": draw(st.integers(1, 4)),
        "candidates": candidates,
        "marking": {"scheme": "choose", "at_most": draw(st.integers(1, 4))},
        "adoption": draw(st.sampled_from([*elections.ADOPTION.values()])),
        "papers": papers,
    }


def quoted(text):
    return '"' + text.replace('"', '""') + '"'


def as_pabulib(sheet, doubled):
    votes = [f"{number};{quoted(','.join(p * doubled))}" for number, p in enumerate(sheet["papers"])]
    return "\n".join(
        [
            *("META", "key;value", "vote_type;approval", f"max_length;{sheet['marking']['at_most']}"),
            *("PROJECTS", "project_id", *map(quoted, sheet["candidates"])),
            *("VOTES", "voter_id;vote", *votes),
        ]
    )


@given(sheets(), st.integers(1, 2))
def test_result_is_that_of_the_count_sheet_with_the_same_papers(sheet, doubled):
    text = as_pabulib(sheet, doubled)
    titles = {"META", "PROJECTS", "VOTES"}
    if titles & {candidate.upper() for candidate in sheet["candidates"]}:
        return
    adoption = sheet["adoption"]["rule"]
    assert counted(text, sheet["seats"], adoption) == count_sheet(sheet)


@given(st.binary(max_size=60), st.integers(0, len(ELECTION) - 1), st.integers(0, 40))
def test_file_that_was_damaged_is_read_or_refused(rubbish, place, lost):
    data = ELECTION.encode()
    try:
        election = read(data[:place] + rubbish + data[place + lost :])
    except (pabulib.InvalidPabulib, pabulib.UnsupportedVoteType, PapersDoNotBalance, UnknownCandidate):
        return
    assert count_sheet(elections.sheet(election, 1, "majority"))


def test_json_is_one_line_for_a_file_in_the_files_order(file, tmp_path):
    other = tmp_path / "OTHER.PB"
    other.write_text(changed("approval", "ordinal"), "utf-8")
    result = invoke(
        file, other, tmp_path / "missing.pb", file, "--seats", 2, "--adoption", "plurality", "--json"
    )
    answers = [json.loads(line) for line in result.stdout.splitlines()]
    assert [answer.get("error", {}).get("slug") for answer in answers] == [
        None,
        "unsupported-vote-type",
        None,
    ]
    assert answers[0] == answers[2] == counted(ELECTION)
    assert result.exit_code == 2
    assert result.stderr.splitlines() == [
        f"{tmp_path / 'missing.pb'}: cannot be read: No such file or directory",
        "1 of 4 refused: see the error in the result",
    ]


def test_adoption_is_by_majority_unless_said(file):
    assert json.loads(invoke(file, "--seats", 2).stdout) == counted(ELECTION, adoption="majority")


class Terminal(io.StringIO):
    def isatty(self):
        return True


def on_terminal(path, *, as_json=False, adoption="majority"):
    out, err = Terminal(), io.StringIO()
    code = elections.run([str(path)], 2, adoption, as_json=as_json, out=out, err=err)
    return code, out.getvalue(), err.getvalue()


def test_terminal_shows_a_table_with_what_was_adopted_first(file):
    code, out, err = on_terminal(file, adoption="plurality")
    rows = [line.split() for line in out.splitlines()]
    assert (code, err) == (0, "")
    assert ["well", "A", "well", "3", "adopted"] in rows
    assert rows.index(["well", "A", "well", "3", "adopted"]) < next(
        i for i, r in enumerate(rows) if "park" in r
    )
    assert "papers: 6; valid: 5, of them blank: 1; invalid: 1\n" in out


def test_terminal_shows_the_pass_mark_of_a_majority(file):
    assert "needed to pass: 4 votes" in on_terminal(file)[1]


def test_terminal_is_not_steered_by_a_name(file):
    file.write_text(changed("A well", '"\x1b]0;[red]w\x07"'), "utf-8")
    out = on_terminal(file)[1]
    assert "[red]w" in out
    assert "\x1b]0" not in out


def test_terminal_is_told_a_refusal_on_standard_error(file):
    file.write_text(changed("approval", "scoring"), "utf-8")
    code, out, err = on_terminal(file)
    assert (code, out) == (2, "")
    assert err.startswith(f"{file}: META, line 8: vote_type is 'scoring'")


def test_terminal_gets_json_when_asked(file):
    out = on_terminal(file, as_json=True)[1]
    assert out.startswith("{\n")
    assert json.loads(out) == counted(ELECTION, adoption="majority")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["e.pb"], "--seats: say how many"),
        (["e.pb", "--seats", "0"], "0 is not in the range"),
        (["e.pb", "--seats", "2", "--adoption", "borda"], "borda"),
        (["e.pb", "sheet.json", "--seats", "2"], "a command each"),
        (["sheet.json", "--seats", "2"], "is said by a count sheet itself"),
        (["sheet.json", "--adoption", "majority"], "is said by a count sheet itself"),
    ],
)
def test_use_that_is_not_understood_is_told(arguments, told):
    result = invoke(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert told in " ".join(result.stderr.split())


def test_sheet_is_counted_as_before_with_json(tmp_path):
    file = tmp_path / "sheet.json"
    file.write_text(json.dumps(elections.sheet(read(ELECTION), 2, "plurality")), "utf-8")
    assert json.loads(invoke(file, "--json").stdout) == counted(ELECTION)


def test_hundred_thousand_votes_take_less_than_two_seconds(tmp_path):
    projects = [str(1000 + 7 * place) for place in range(50)]
    marks = [",".join(projects[start::7][:10]) for start in range(40)]
    votes = (f"{voter};30;F;internet;{marks[voter % 40]}" for voter in range(100_000))
    head = ["META", "key;value", "num_votes;100000", "vote_type;approval", "PROJECTS", "project_id;cost;name"]
    names = (f'{project};100;"Project; {project}"' for project in projects)
    file = tmp_path / "city.pb"
    columns = "voter_id;age;sex;voting_method;vote"
    file.write_text("\n".join([*head, *names, "VOTES", columns, *votes]), "utf-8")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [PIAOJUE, "count", file, "--seats", "10", "--json"]
    answer = json.loads(subprocess.run(command, capture_output=True, timeout=60, check=True).stdout)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert (answer["returned"], answer["valid"]) == (100_000, 100_000)
    # Of a processor's time, which others who use the machine do not lengthen much.
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 2
