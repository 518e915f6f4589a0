"""The file of a rehearsal: every fault is told at once, each with its line."""

import json
from pathlib import Path

import pytest

from piaojue.rehearsal import reading
from piaojue.rehearsal.papers import issued_of, papers_of
from piaojue.rehearsal.plan import Plan
from piaojue.rehearsal.reading import FileFaulty
from piaojue.rehearsing import DEMO

SMALL = (Path(__file__).parent / "small-year.yaml").read_text(encoding="utf-8")


def write(folder, *changes, text=SMALL):
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    file = folder / "year.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def faults(file):
    with pytest.raises(FileFaulty) as raised:
        Plan.read(file)
    return [line.removeprefix(str(file)) for line in raised.value.lines]


def test_file_of_the_demonstration_is_without_fault():
    plan = Plan.read(DEMO)
    assert (len(plan.roll), len(papers_of(plan.polls[0])), issued_of(plan.polls[0])) == (79, 79, 79)
    assert (plan.rating["members"], len(plan.forms(plan.rating))) == (91, 91)


def test_demonstration_says_what_is_illustrative():
    plan = Plan.read(DEMO)
    assert "Illustrative, since it was not made public: the votes for each candidate" in " ".join(plan.notes)
    assert "illustrative" in plan.polls[0]["note"]
    assert "91 forms" in plan.rating["note"]


def test_papers_and_forms_stand_for_as_many_as_they_say(tmp_path):
    plan = Plan.read(write(tmp_path))
    assert papers_of(plan.polls[0]) == [["lamp"], ["lamp"], []]
    assert plan.forms(plan.rating) == [{"road": ["satisfied"]}]
    assert plan.attendance.called == ["1", "2", "3"]


def polls(text, *more):
    """SMALL with these lines in its poll, or with more polls."""
    return ("      - []\n", "      - []\n" + "".join(f"    {line}\n" for line in text) + "".join(more))


RUNOFF = "  - {id: q, title: 再次, follows: p, papers: [%s]}\n"


def test_round_is_forecast_from_the_one_before(tmp_path):
    tied = ("      - {times: 2, marks: [lamp]}\n      - []\n", "      - [lamp]\n      - [well]\n")
    text = SMALL.replace(*tied).replace("rule: majority, of: deputies, more_than: 1/2", "rule: plurality")
    plan = Plan.read(write(tmp_path, ("rating:\n", f"{RUNOFF % '[well], [well]'}rating:\n"), text=text))
    assert plan.forecasts["p"].result["tied"] == ["lamp", "well"]
    assert plan.forecasts["q"].poll.candidates == ("lamp", "well")
    assert plan.forecasts["q"].result["adopted"] == ["well"]
    assert [plan.round_of(poll) for poll in plan.polls] == [1, 2]


def test_paper_of_a_round_names_what_that_round_is_about(tmp_path):
    text = SMALL.replace("seats: 1", "seats: 2").replace("at_most: 1", "at_most: 2")
    file = write(tmp_path, polls([], RUNOFF % "[lamp]"), text=text)
    assert faults(file) == [":20: polls.1.papers.0: a mark is for a project that is not on the paper"]


def test_round_that_cannot_follow_is_told(tmp_path):
    assert faults(write(tmp_path, polls([], RUNOFF % "[well]"))) == [
        ":20: polls.1.follows: all seats are filled: nothing is left to decide"
    ]
    assert faults(write(tmp_path, polls([], RUNOFF.replace("follows: p", "follows: o") % "[well]"))) == [
        ":20: polls.1.follows: is no poll before this one"
    ]


def test_profile_says_the_rules_and_what_papers_may_say(tmp_path):
    start, end = SMALL.index("    rules: "), SMALL.index("    papers:")
    by_profile = SMALL[:start] + "    profile: township\n    rules: {seats: 1}\n" + SMALL[end:]
    plan = Plan.read(write(tmp_path, text=by_profile))
    assert plan.forecasts["p"].result["pass_mark"] == 2
    assert faults(write(tmp_path, ("marks: [lamp]", "marks: [lamp, well]"), text=by_profile)) == [
        ":19: polls.0.papers.0: has more marks than the rules allow: it is refused at the casting"
    ]
    outside = write(tmp_path, ("profile: township", "profile: county"), text=by_profile)
    assert faults(outside)[0].startswith(":17: polls.0.rules: outside the profile county: it is for county")
    unknown = write(tmp_path, ("profile: township", "profile: village"), text=by_profile)
    assert faults(unknown)[0].startswith(":16: polls.0.profile: is no profile that is loaded, which are: ")


def test_profiles_are_asked_for_only_where_one_is_named(tmp_path):
    def profiles():
        raise AssertionError("nobody names a profile")

    assert Plan.read(write(tmp_path), profiles).forecasts["p"].result["adopted"] == ["lamp"]


def test_further_round_has_the_officers_of_the_one_before_unless_it_has_its_own(tmp_path):
    text = SMALL.replace("seats: 1", "seats: 2").replace("at_most: 1", "at_most: 2")
    officers = ["officers: {scrutineers: ['1', '2'], chief: '2'}"]
    own = (RUNOFF % "[well]").replace("}\n", ", officers: {scrutineers: ['3'], chief: '3'}}\n")
    plan = Plan.read(write(tmp_path, polls(officers, RUNOFF % "[well]"), text=text))
    assert plan.polls[1]["officers"]["chief"] == "2"
    plan = Plan.read(write(tmp_path, polls(officers, own), text=text))
    assert plan.polls[1]["officers"]["scrutineers"] == ["3"]


@pytest.mark.parametrize("where", ["file", "csv"])
def test_roll_is_imported_from_a_file_beside_or_from_rows(tmp_path, where):
    rows = "编号,姓名,代表团\n7,甲,一团\n8,乙,\n9,丙,二团\n"
    (tmp_path / "roll.csv").write_text(rows, encoding="utf-8")
    given = "{file: roll.csv}" if where == "file" else json.dumps({"csv": rows}, ensure_ascii=False)
    plan = Plan.read(write(tmp_path, ("roll: 3", f"roll: {given}")))
    assert [(each["id"], each["delegation"]) for each in plan.roll] == [
        ("7", "一团"),
        ("8", None),
        ("9", "二团"),
    ]
    assert plan.roll_file.octets == rows.encode()


def test_roll_in_a_workbook_is_read(tmp_path):
    from openpyxl import Workbook

    book = Workbook()
    for row in (["编号", "姓名"], [1, "甲"], [2, "乙"], [3, "丙"]):
        book.active.append(row)
    book.save(tmp_path / "roll.xlsx")
    assert len(Plan.read(write(tmp_path, ("roll: 3", "roll: {file: roll.xlsx}"))).roll) == 3


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("{file: none.csv}", "none.csv: cannot be read: No such file"),
        ("{file: roll.txt}", "roll.file: must be a file that ends with .csv or .xlsx"),
        ("{file: faulty.csv}", "roll.file: faulty.csv: rows.3.name: is missing"),
        ("{file: faulty.xlsx}", "roll.file: faulty.xlsx: the file cannot be read as XLSX"),
        ("{csv: 'a,b'}", "roll.csv: rows in this file: none of the first rows is a header"),
        ("{file: roll.csv, csv: x}", "roll: must have one of file and csv"),
        ("{rows: 3}", "roll.rows: is not a field here"),
    ],
)
def test_roll_that_cannot_be_imported_is_told(tmp_path, given, told):
    (tmp_path / "faulty.csv").write_text("id,name\n1,甲\n2,\n", encoding="utf-8")
    (tmp_path / "faulty.xlsx").write_text("no workbook")
    found = faults(write(tmp_path, ("roll: 3", f"roll: {given}")))
    assert len(found) == 1
    assert found[0].startswith(":4: ")
    assert told in found[0]


INCIDENTS = "incidents: [%s]"


def test_deputies_come_and_go_before_the_steps_that_are_named(tmp_path):
    incidents = "{before: close, left: ['3']}, {left: 1}, {before: prepare, arrived: ['3']}, {arrived: 1}"
    refused = "rules: {}, incidents: [{try: open, refused: quorum-not-met}]"
    more = RUNOFF.replace("follows: p, papers: [%s]", refused)
    text = SMALL.replace("present: 3", "present: 2")
    attendance = Plan.of(
        reading.read(write(tmp_path, polls([INCIDENTS % incidents], more), text=text))
    ).attendance
    assert attendance.faults == []
    assert attendance.called == ["1", "2"]
    assert attendance.moves == {
        ("polls", 0, "incidents", 2): ["3"],
        ("polls", 0, "incidents", 1): ["3"],
        ("polls", 0, "incidents", 3): ["3"],
        ("polls", 0, "incidents", 0): ["3"],
    }
    assert attendance.at_opening == [{"1", "2", "3"}, {"1", "2"}]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (INCIDENTS % "{arrived: ['1']}", ".incidents.0.arrived.0: is there, or not on the roll"),
        (INCIDENTS % "{left: ['9']}", ".incidents.0.left.0: is not there"),
        (INCIDENTS % "{before: close, left: 4}", ".incidents.0.left: must be from 0 to 3"),
        (INCIDENTS % "{left: ['1'], arrived: ['1']}", ".incidents.0: must have one of arrived, left and try"),
        (INCIDENTS % "{before: lunch, left: 1}", ".incidents.0.before: must be one of prepare, appoint"),
        (INCIDENTS % "{try: eat, refused: x}", ".incidents.0.try: must be one of prepare, appoint, open"),
        (INCIDENTS % "{try: open}", ".incidents.0: what is tried must be refused: say as what"),
        (INCIDENTS % "{try: open, with: 3, refused: x}", ".incidents.0.with: must not be there: nothing"),
        (INCIDENTS % "{left: 1, with: 3}", ".incidents.0.with: is for what is tried"),
        (INCIDENTS % "{try: cast, refused: x}", ".incidents.0.with: must be the marks of a paper"),
        (INCIDENTS % "{try: sign, with: 3, refused: x}", ".incidents.0.with: must be the id of who signs"),
        (INCIDENTS % "{try: issue, with: a, refused: x}", ".incidents.0.with: must be a number of slips"),
        (INCIDENTS % "{try: appoint, refused: x}", ".incidents.0.with: must have officers"),
        (INCIDENTS % "{try: prepare, with: 3, refused: x}", ".incidents.0.with: must have what differs"),
        (INCIDENTS % "{before: open, try: cast, with: [], refused: x}", ".incidents.0.before: is too early"),
        ("officers: {scrutineers: ['1', '9'], chief: '1'}", ".officers.scrutineers.1: is not a deputy"),
        ("officers: {scrutineers: ['1'], chief: '2'}", ".officers.chief: is not among the scrutineers"),
        ("officers: {scrutineers: [], chief: '2'}", ".officers.scrutineers: must have 1 to 200 entries"),
        ("slips: {spoiled: 1}", ".slips.spoiled: are exchanged by number: say how many are printed"),
        ("slips: {printed: 3, spoiled: 1}", ".slips.printed: are fewer than those issued and those spoiled"),
        ("slips: 3", ".slips: must have fields"),
        ("candidates: [lamp, moon]", ".candidates.1: is not on the candidate list"),
        ("expect: {result: complete}", ".expect.result: is not known here, but these are: round, seats"),
        ("issued: 3", ".issued: is not a field here"),
    ],
)
def test_fault_in_a_poll_is_told_at_its_place(tmp_path, line, told):
    found = faults(write(tmp_path, polls([line])))
    assert len(found) == 1, found
    assert found[0].startswith(f":20: polls.0{told}")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("    papers:\n", "    paper:\n", ":17: polls.0.paper: is not a field here"),
        ("  - id: p\n", "  - id: p\n    follows: p\n", ":17: polls.0.rules: comes from the poll that"),
        ("present: 3}", "present: 3, expect: {here: 3}}", ":12: meeting.expect.here: is not known here"),
        (
            "present: 3}",
            "present: 3, incidents: [{try: cast, refused: x}]}",
            ":12: meeting.incidents.0.try: must be one of open",
        ),
        ("level: township}", "level: township, deputies_total: 2}", ":3: body.deputies_total: is less than"),
    ],
)
def test_fault_around_polls_is_told_at_its_line(tmp_path, old, new, told):
    assert any(each.startswith(told) for each in faults(write(tmp_path, (old, new))))


def test_poll_without_rules_or_papers_is_told(tmp_path):
    start, end = SMALL.index("    rules: "), SMALL.index("rating:")
    assert faults(write(tmp_path, (SMALL[start:end], ""))) == [
        ":14: polls.0.rules: is missing, and no profile is named"
    ]
    start = SMALL.index("    papers:")
    assert faults(write(tmp_path, (SMALL[start:end], ""))) == [
        ":14: polls.0.papers: is missing; without papers the opening must be tried and refused"
    ]


def test_majority_is_of_all_deputies_where_seats_are_vacant(tmp_path):
    file = write(tmp_path, ("level: township}", "level: township, deputies_total: 4}"))
    assert Plan.read(file).forecasts["p"].result["pass_mark"] == 3


def test_roll_by_names_is_numbered(tmp_path):
    plan = Plan.read(write(tmp_path, ("roll: 3", "roll: [甲, 乙, {id: c-3, name: 丙, delegation: 一}]")))
    assert [(each["id"], each["name"]) for each in plan.roll] == [("1", "甲"), ("2", "乙"), ("c-3", "丙")]


def test_present_by_ids_are_those(tmp_path):
    plan = Plan.read(write(tmp_path, ("present: 3", "present: ['1', '3', '2']")))
    assert plan.attendance.called == ["1", "3", "2"]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("year: 2022\n", "", ":1: year: is missing"),
        ("year: 2022\n", "year: '2022'\n", ":2: year: must be a whole number"),
        ("year: 2022\n", "year: 22\n", ":2: year: must be from 1949 to 9999"),
        ("year: 2022\n", "year: 2022\nyaer: 2022\n", ":3: yaer: is not a field here"),
        ("level: township", "level: village", ":3: body.level: must be one of township, county"),
        ("id: daxi", "id: 大溪", ":3: body.id: must be at most 63 small letters"),
        ("name: 大溪镇人民代表大会", "name: ' '", ":3: body.name: must be a text that is not empty"),
        ("title: 会议", 'title: "会\\e[31m"', ":12: meeting.title: must be in one line, without broken"),
        ("title: 会议", 'title: "会\\n议"', ":12: meeting.title: must be in one line"),
        (
            "content: 装灯",
            'content: "装\\ud800灯"',
            ":10: candidates.0.content: must be a text without broken",
        ),
        ("roll: 3", 'roll: [甲, "乙\\0", 丙]', ":4: roll.1.name: must be in one line, without broken"),
        ("roll: 3", "roll: 0", ":4: roll: must be a number from 1 to 5000"),
        ("roll: 3", "roll: [甲, 乙, 3]", ":4: roll.2"),
        ("roll: 3", "roll: [{id: a, name: 甲}, {id: a, name: 乙}, 丙]", ":4: roll.1: a is there twice"),
        ("  year: 2021", "  year:", ":6: record.year: is empty"),
        ("id: well", "id: lamp", ":11: candidates.1: lamp is there twice"),
        ("finish_by: 2021-12-31", "finish_by: soon", ":8: record.projects.0.finish_by: must be a day"),
        ("present: 3", "present: 4", ":12: meeting.present: must be from 0 to 3"),
        ("present: 3", "present: ['1', '9']", ":12: meeting.present.1: is not on the roll"),
        ("present: 3", "present: 2", ":17: polls.0.papers: 3 slips for 2 deputies present"),
        ("seats: 1", "seats: 0", ":16: polls.0.rules: seats: must be at least 1"),
        (
            "rule: majority, of: deputies",
            "rule: majority, of: all",
            ":16: polls.0.rules: adoption.of: must be one",
        ),
        ("rule: majority, of", "rule: lottery, of", ":16: polls.0.rules: adoption.rule: must be one of"),
        ("marks: [lamp]", "marks: [lamb]", ":18: polls.0.papers.0: "),
        (
            "marks: [lamp]",
            "marks: [lamp, well]",
            ":18: polls.0.papers.0: has more marks than the rules allow",
        ),
        ("times: 2, marks", "times: 0, marks", ":18: polls.0.papers.0.times: must be from 1 to 5000"),
        (
            "    title: 票决",
            "    title: 票决\n    slips: {issued: 2}",
            ":18: polls.0.papers: are 3, and 2 slips are issued",
        ),
        ("scale: [satisfied, basically, d", "scale: [d", ":24: rating.scale: must have 3 to 20 entries"),
        ("exactly_half: passes", "exactly_half: maybe", ":20: rating: verdict.exactly_half"),
        ("members: 2", "members: 0", ":23: rating.members: must be from 1"),
        ("{road: satisfied}", "{road: good}", ":27: rating.forms.0.grades.road: good is not a grade"),
        ("{road: satisfied}", "{lamp: satisfied}", ":27: rating.forms.0.grades.lamp: is not on record"),
        (
            "{road: satisfied}",
            "{road: [satisfied, basically]}",
            ":27: rating.forms.0.grades.road: has several",
        ),
        ("- {grades", "- {times: 3, grades", ":26: rating.forms: are 3: not more than issued"),
    ],
)
def test_fault_is_told_at_its_line(tmp_path, old, new, told):
    found = faults(write(tmp_path, (old, new)))
    assert len(found) == 1
    assert found[0].startswith(told)


def test_all_faults_are_told_at_once_in_the_order_of_the_lines(tmp_path):
    file = write(tmp_path, ("roll: 3", "roll: none"), ("year: 2022\n", ""), ("  id: r\n", "  id: R\n"))
    assert [line.split(": ")[1] for line in faults(file)] == ["year", "roll", "rating.id"]


def test_rating_without_projects_on_record_is_told(tmp_path):
    start, end = SMALL.index("record:"), SMALL.index("candidates:")
    found = faults(write(tmp_path, (SMALL[start:end], "")))
    assert found == [":16: rating: rates the projects on record: give them under record"]


def test_expectation_of_an_unrated_project_is_told(tmp_path):
    file = write(tmp_path, ("  members: 2", "  members: 2\n  expect: {lamp: {}}"))
    assert faults(file) == [":24: rating.expect.lamp: is not known here, but these are: road"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b"a: 1\na: 2\n", "f:2: a: is there twice"),
        (b"a: &x [1]\nb: *x\n", "f:2: b: is an alias"),
        (b"a: &x [*x]\n", "f:1: a.0: is an alias"),
        (b"a: !!python/object:os.system {}\nb: !mine 3\n", "f:2: b: has a tag that is not taken here"),
        (b"a: 1\nb: [\n", "f:3: is not YAML"),
        (b"a: 1\nb: \xff\n", "f:2: is not text in UTF-8"),
        (b"a: \x07\n", "f: is not YAML"),
        (b"[" * 5000, "f: is nested too deeply"),
    ],
)
def test_text_that_is_not_plain_yaml_is_refused(text, told):
    with pytest.raises(FileFaulty) as raised:
        reading.parse(text, "f")
    assert str(raised.value).startswith(told)


@pytest.mark.parametrize("text", [b"", b"- a\n", b"year\n"])
def test_document_without_fields_is_refused(tmp_path, text):
    file = tmp_path / "year.yaml"
    file.write_bytes(text)
    assert faults(file) == [": must have fields: title, year, body, roll and so on"]


def test_file_that_cannot_be_read_is_told(tmp_path):
    assert faults(tmp_path / "none.yaml") == [": cannot be read: No such file or directory"]
    assert faults(Path(tmp_path)) == [": cannot be read: Is a directory"]


def test_values_are_texts_unless_they_are_plainly_something_else():
    given = b"[2022-12-31, 96.70, 2/3, no, 012, 12, true, null, '3', 1e3]"
    assert reading.parse(given, "f").content == [
        *("2022-12-31", "96.70", "2/3", "no", "012", 12, True, None, "3", "1e3"),
    ]
