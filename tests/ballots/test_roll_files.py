"""What is read of a roll in a file, whatever the file, and what of it is refused."""

from datetime import date

import pytest

from ballots.domain import Deputy, RollHasFaults, RollUnreadable, read_roll_table
from ballots.schemas import read_roll_file
from ballots.schemas.roll_files import XLSX
from chassis.http import Content
from tests.ballots.roll_files import HEADER, csv, with_parts, xlsx, xlsx_octets

ROWS = [("001", "王小明", "第一代表团", "城关"), ("a-2", "李娜", None, None)]
DEPUTIES = (Deputy("001", "王小明", "第一代表团", "城关"), Deputy("a-2", "李娜"))
TEXT = "编号,姓名,代表团,选区\n001,王小明,第一代表团,城关\na-2,李娜,,\n"
SHEET = "xl/worksheets/sheet1.xml"


def deputies_of(content):
    return read_roll_table(read_roll_file(content))


def faults_of(content):
    with pytest.raises(RollHasFaults) as refused:
        deputies_of(content)
    return [(each["field"], each["detail"]) for each in refused.value.errors]


@pytest.mark.parametrize(
    "content",
    [
        csv(TEXT),
        csv("\ufeff" + TEXT),
        csv(TEXT.replace("\n", "\r\n"), encoding="gb18030"),
        csv(TEXT, encoding="gbk", charset="gb2312"),
        csv("\ufeff" + TEXT, charset="utf-8"),
        csv('ID,Name,Delegation,DISTRICT\n001," 王小明 ",第一代表团,城关\n\n,,,\na-2,李娜\n'),
        csv("姓名,选区,编号,代表团\n王小明,城关,001,第一代表团\n李娜,,a-2,\n"),
        xlsx([HEADER, *ROWS]),
        xlsx(
            [("永安镇人大代表名册",), (), ("编号", "姓 名", "代表团", "选区"), *ROWS, (None, None, None, "")]
        ),
    ],
)
def test_a_roll_is_the_same_from_every_file(content):
    assert deputies_of(content) == DEPUTIES


def test_columns_that_a_roll_does_not_have_are_passed_over_and_told():
    table = read_roll_file(csv("编号,姓名,性别,电话\n1,王,男,123\n"))
    assert (table.ignored, read_roll_table(table)) == (("性别", "电话"), (Deputy("1", "王"),))


def test_numbers_of_a_sheet_are_read_as_people_see_them():
    assert deputies_of(xlsx([HEADER, (7.0, "王", 3, None)])) == (Deputy("7", "王", "3"),)


def test_every_fault_of_every_row_is_told_with_its_row_and_field():
    text = "编号,姓名,代表团\n1,王,一团\n,李,\nA3,,\n1,赵,一团,多了\n\n5,钱," + "团" * 201 + "\n"
    assert [field for field, _ in faults_of(csv(text))] == [
        "rows.3.id",
        "rows.4.id",
        "rows.4.name",
        "rows.5.row",
        "rows.5.id",
        "rows.7.delegation",
    ]
    assert ("rows.5.id", "is there twice: it is in row 2 too") in faults_of(csv(text))


def test_faults_do_not_say_whom_they_are_about():
    told = str(faults_of(csv("编号,姓名\nX,王小明\n2,王\t小明\n")))
    assert "王" not in told
    assert "X" not in told


@pytest.mark.parametrize("error", ["#N/A", "#REF!", "#NAME?", "#VALUE!"])
def test_an_error_of_the_spreadsheet_is_a_fault_of_its_row(error):
    cells = (f'<c r="{{}}" t="e"><v>{error}</v></c>', '<c r="{}" t="inlineStr"><is><t>{}</t></is></c>')
    header = "".join(cells[1].format(f"{column}1", text) for column, text in zip("ABC", HEADER, strict=False))
    row = cells[1].format("A2", "1") + cells[1].format("B2", "王") + cells[0].format("C2")
    told = faults_of(sheet_of(f"<row r='1'>{header}</row><row r='2'>{row}</row>"))
    assert told == [("rows.2.delegation", f"is an error of the spreadsheet, {error}, instead of a text")]


def test_a_name_that_nobody_can_read_as_it_is_written_is_a_fault_of_its_row():
    text = "编号,姓名\n1,王\u202e明\n2,\u200b\n3,李\u200d明\n4,𰻝·\U00031350\n"
    for content in (csv(text), xlsx([line.split(",") for line in text.split()])):
        assert [field for field, _ in faults_of(content)] == [f"rows.{row}.name" for row in (2, 3, 4)]


@pytest.mark.parametrize("cell", [1.5, True, date(2022, 4, 16), float("inf")])
def test_a_cell_that_is_no_text_is_a_fault(cell):
    ((field, _),) = faults_of(xlsx([HEADER, (cell, "王")]))
    assert field == "rows.2.id"


@pytest.mark.parametrize(
    "content",
    [
        csv("001,王\n"),
        csv("编号,代表团\n1,一团\n"),
        csv("编号,姓名,姓名\n1,王,王\n"),
        csv("编号,id,姓名\n1,1,王\n"),
        csv("编号,姓名\n"),
        csv("编号,姓名\n1,王\0\n"),
        csv('编号,姓名\n1,"王"x\n'),
        csv('编号,姓名\n1,"王\n'),
        csv(TEXT, encoding="utf-16"),
        csv(TEXT, encoding="gb18030", charset="utf-8"),
        csv(TEXT, charset="latin-1"),
        csv("编号,姓名\n" + "".join(f"{n},王\n" for n in range(5001))),
        csv("\n" * 10 + TEXT),
        csv(TEXT + "\n" * 10_000),
        Content(XLSX, None, TEXT.encode()),
        Content(XLSX, None, xlsx_octets([HEADER, *ROWS])[:-200]),
        with_parts(xlsx_octets([HEADER, *ROWS]), {"xl/workbook.xml": b"<workbook/>"}),
        with_parts(xlsx_octets([HEADER, *ROWS]), {SHEET: b"<worksheet>"}),
    ],
)
def test_a_file_that_is_no_roll_is_refused_whole(content):
    with pytest.raises(RollUnreadable):
        deputies_of(content)


def sheet_of(rows: str, *, before: str = "") -> Content:
    """A file whose sheet is these rows, and says that it is one cell."""
    namespace = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    within = f'<dimension ref="A1:A1"/><sheetData>{rows}</sheetData>'
    text = f'{before}<worksheet xmlns="{namespace}">{within}</worksheet>'
    return with_parts(xlsx_octets([HEADER, *ROWS]), {SHEET: text.encode()})


def test_a_file_that_unpacks_to_too_much_is_refused_unread():
    bomb = with_parts(xlsx_octets([HEADER, *ROWS]), {"xl/media/x.bin": bytes(9 * 1024 * 1024)})
    assert len(bomb.octets) < 100_000
    with pytest.raises(RollUnreadable, match="unpacks"):
        read_roll_file(bomb)
    crowded = with_parts(xlsx_octets([HEADER]), {f"xl/{n}": b"" for n in range(500)})
    with pytest.raises(RollUnreadable, match="unpacks"):
        read_roll_file(crowded)


@pytest.mark.parametrize("part", ["xl/styles.xml", "xl/elsewhere/styles.XML", "xl/worksheets/_rels/x.rels"])
def test_a_file_with_more_beside_its_cells_than_cells_is_refused_unread(part):
    with pytest.raises(RollUnreadable, match="beside its cells"):
        read_roll_file(with_parts(xlsx_octets([HEADER, *ROWS]), {part: b"<a/>" * 140_000}))


def test_a_sheet_that_claims_rows_without_end_is_refused_soon():
    with pytest.raises(RollUnreadable, match="rows"):
        read_roll_file(sheet_of('<row r="2000000000"><c r="A2000000000"><v>1</v></c></row>'))


def test_a_sheet_that_claims_to_be_smaller_is_read_whole():
    rows = [("编号", "姓名"), ("1", "王")]
    content = sheet_of(
        "".join(
            f'<row r="{row}"><c r="A{row}" t="inlineStr"><is><t>{id}</t></is></c>'
            f'<c r="B{row}" t="inlineStr"><is><t>{name}</t></is></c></row>'
            for row, (id, name) in enumerate(rows, 1)
        )
    )
    assert deputies_of(content) == (Deputy("1", "王"),)


def test_a_sheet_with_entities_is_refused():
    levels = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
    bomb = f'<!DOCTYPE worksheet [<!ENTITY e0 "ha">{levels}]>'
    with pytest.raises(RollUnreadable, match="cannot be read"):
        read_roll_file(sheet_of('<row r="1"><c r="A1"><v>&e11;</v></c></row>', before=bomb))
