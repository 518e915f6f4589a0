"""The file of a rehearsal: every fault is told at once, each with its line."""

from pathlib import Path

import pytest

from piaojue.rehearsal import reading
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
    assert (len(plan.roll), len(plan.papers), plan.slips) == (79, 79, 79)
    assert (plan.rating["members"], len(plan.forms(plan.rating))) == (91, 91)


def test_demonstration_says_what_is_illustrative():
    plan = Plan.read(DEMO)
    assert "Illustrative, since it was not made public: the votes for each candidate" in " ".join(plan.notes)
    assert "illustrative" in plan.poll["note"]
    assert "91 forms" in plan.rating["note"]


def test_papers_and_forms_stand_for_as_many_as_they_say(tmp_path):
    plan = Plan.read(write(tmp_path))
    assert plan.papers == [["lamp"], ["lamp"], []]
    assert plan.forms(plan.rating) == [{"road": ["satisfied"]}]
    assert plan.present == ["1", "2", "3"]


def test_roll_by_names_is_numbered(tmp_path):
    plan = Plan.read(write(tmp_path, ("roll: 3", "roll: [甲, 乙, {id: c-3, name: 丙, delegation: 一}]")))
    assert [(each["id"], each["name"]) for each in plan.roll] == [("1", "甲"), ("2", "乙"), ("c-3", "丙")]


def test_present_by_ids_are_those(tmp_path):
    assert Plan.read(write(tmp_path, ("present: 3", "present: ['1', '3', '2']"))).present == ["1", "3", "2"]


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
        ("title: 会议", 'title: "会\\e[31m"', ":12: meeting.title: must be a text without broken"),
        ("title: 会议", 'title: "会\\n议"', ":12: meeting.title: must be in one line"),
        (
            "content: 装灯",
            'content: "装\\ud800灯"',
            ":10: candidates.0.content: must be a text without broken",
        ),
        ("roll: 3", 'roll: [甲, "乙\\0", 丙]', ":4: roll.1.name: must be a text without broken"),
        ("roll: 3", "roll: 0", ":4: roll: must be a number from 1 to 5000"),
        ("roll: 3", "roll: [甲, 乙, 3]", ":4: roll.2"),
        ("roll: 3", "roll: [{id: a, name: 甲}, {id: a, name: 乙}, 丙]", ":4: roll.1: a is there twice"),
        ("  year: 2021", "  year:", ":6: record.year: is empty"),
        ("id: well", "id: lamp", ":11: candidates.1: lamp is there twice"),
        ("finish_by: 2021-12-31", "finish_by: soon", ":8: record.projects.0.finish_by: must be a day"),
        ("present: 3", "present: 4", ":12: meeting.present: must be from 0 to 3"),
        ("present: 3", "present: ['1', '9']", ":12: meeting.present.1: is not on the roll"),
        ("present: 3", "present: 2", ":17: poll.papers: 3 slips for 2 deputies present"),
        ("seats: 1", "seats: 0", ":16: poll.rules: seats: must be at least 1"),
        (
            "rule: majority, of: deputies",
            "rule: majority, of: all",
            ":16: poll.rules: adoption.of: must be one",
        ),
        ("rule: majority, of", "rule: lottery, of", ":16: poll.rules: adoption.rule: must be one of"),
        ("marks: [lamp]", "marks: [lamb]", ":18: poll.papers.0: "),
        ("marks: [lamp]", "marks: [lamp, well]", ":18: poll.papers.0: has more marks than the rules allow"),
        ("times: 2, marks", "times: 0, marks", ":18: poll.papers.0.times: must be from 1 to 5000"),
        ("  title: 票决", "  title: 票决\n  issued: 2", ":18: poll.papers: are 3, and 2 slips are issued"),
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
    file = write(tmp_path, ("title: A small year", "title: A small year\nexpect: {rating: {lamp: {}}}"))
    assert faults(file) == [":2: expect.rating.lamp: is not rated"]


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
