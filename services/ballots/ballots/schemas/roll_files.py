"""Rolls in files: CSV in UTF-8 or GB18030, and Excel's XLSX. Here is only the form; rows are judged
elsewhere."""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO, StringIO
from itertools import islice
from typing import Any, Final
from zipfile import BadZipFile, ZipFile

from ballots.domain import Fault, RollRow, RollTable, RollUnreadable
from chassis.http import Content
from chassis.reading import shown

CSV: Final = "text/csv"
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ROLL_FILES: Final = (CSV, XLSX)
ROLL_FILE_LIMIT: Final = 2 * 1024 * 1024

_HEADERS: Final = {"编号": "id", "姓名": "name", "代表团": "delegation", "选区": "district"}
_ENCODINGS: Final = {
    **dict.fromkeys(("utf-8", "utf8"), "utf-8-sig"),
    **dict.fromkeys(("gb18030", "gbk", "gb2312"), "gb18030"),
}
_HEADER_WITHIN: Final = 10
_MOST_ROWS: Final = 10_000
_MOST_COLUMNS: Final = 50
_MOST_PARTS: Final = 500
_LARGEST_UNPACKED: Final = 8 * 1024 * 1024
_LARGEST_BESIDE_CELLS: Final = 512 * 1024
_BESIDE_CELLS: Final = re.compile(
    r"(?!xl/worksheets/[^/]*$|xl/sharedStrings\.xml$).*\.(xml|rels)", re.IGNORECASE
)

_Cells = Sequence[object]


@dataclass(frozen=True, slots=True)
class _Error:
    """What a formula of a spreadsheet gives where it fails, such as ``#REF!``."""

    code: str


def read_roll_file(content: Content) -> RollTable:
    """The rows of a file whose header, in one of its first ten rows, names 编号 (id) and 姓名 (name), and may
    name 代表团 (delegation) and 选区 (district).

    CSV is in the charset that its media type names; where it names none, UTF-8 if all of it is, with a byte
    order mark or without, and GB18030 if not. Of XLSX the first sheet is read. Rows without any of these
    columns filled are passed over. Raises RollUnreadable.
    """
    reading = _csv_rows if content.media_type == CSV else _xlsx_rows
    rows = list(islice(reading(content), _MOST_ROWS + 1))
    if len(rows) > _MOST_ROWS:
        raise RollUnreadable(f"the file has more than {_MOST_ROWS} rows")
    for place, cells in enumerate(rows[:_HEADER_WITHIN]):
        header = [_header(cell) for cell in cells]
        if {"id", "name"} <= set(header):
            return _table(header, enumerate(rows[place + 1 :], place + 2))
    raise RollUnreadable("none of the first rows is a header that names 编号 (id) and 姓名 (name)")


def _csv_rows(content: Content) -> Iterator[_Cells]:
    text = _decoded(content)
    if "\0" in text:
        raise RollUnreadable("the file is no text")
    reader = csv.reader(StringIO(text, newline=""), strict=True)
    try:
        yield from reader
    except csv.Error:
        raise RollUnreadable(f"line {reader.line_num} is no CSV: quotes or line ends are wrong") from None


def _decoded(content: Content) -> str:
    charset = content.charset
    if charset is not None and charset not in _ENCODINGS:
        raise RollUnreadable("the charset must be utf-8 or gb18030")
    for encoding in ("utf-8-sig", "gb18030") if charset is None else (_ENCODINGS[charset],):
        try:
            return content.octets.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise RollUnreadable(f"the file is not text in {charset or 'UTF-8 or GB18030'}")


def _xlsx_rows(content: Content) -> Iterator[_Cells]:
    """All that the file may claim of its size is bounded before and while it is read."""
    from openpyxl import load_workbook  # type: ignore[import-untyped]  # costs a start too much

    try:
        _check_unpacked(content.octets)
        workbook = load_workbook(BytesIO(content.octets), read_only=True, data_only=True, keep_links=False)
        sheet = workbook.worksheets[0]
        sheet.reset_dimensions()
        for row in sheet.iter_rows(max_col=_MOST_COLUMNS):
            yield [_Error(cell.value) if cell.data_type == "e" else cell.value for cell in row]
    except RollUnreadable:
        raise
    except Exception:  # whatever a file that is none makes the libraries stumble over
        raise RollUnreadable("the file cannot be read as XLSX") from None


def _check_unpacked(octets: bytes) -> None:
    """Refuses what would unpack to too much. No more of a part is read than it says here that it has.

    Cells are read as they come; of the rest of XML, such as styles, each element becomes an object or more.
    """
    try:
        with ZipFile(BytesIO(octets)) as archive:
            parts = archive.infolist()
    except BadZipFile:
        raise RollUnreadable("the file cannot be read as XLSX") from None
    if len(parts) > _MOST_PARTS or sum(part.file_size for part in parts) > _LARGEST_UNPACKED:
        raise RollUnreadable("the file unpacks to too much: save it as CSV")
    beside = sum(part.file_size for part in parts if _BESIDE_CELLS.fullmatch(part.filename))
    if beside > _LARGEST_BESIDE_CELLS:
        raise RollUnreadable("the file has too much beside its cells, such as styles: save it as CSV")


def _header(cell: object) -> str | None:
    """The column that a header names, or its own text."""
    text = "".join(cell.split()).lower() if isinstance(cell, str) else ""
    return _HEADERS.get(text, text) or None


def _table(header: Sequence[str | None], rows: Iterable[tuple[int, _Cells]]) -> RollTable:
    columns = {name: place for place, name in enumerate(header) if name in _HEADERS.values()}
    ignored = [name for name in header if name is not None and name not in columns]
    if len(columns) + len(ignored) < sum(name is not None for name in header):
        raise RollUnreadable("the header names a column of the roll twice")
    width = max(place for place, name in enumerate(header) if name) + 1
    read = (_row(number, cells, columns, width) for number, cells in rows)
    return RollTable(tuple(row for row in read if row), tuple(name[:40] for name in ignored[:_MOST_COLUMNS]))


def _row(number: int, cells: _Cells, columns: dict[Any, int], width: int) -> RollRow | None:
    values: dict[str, str | None] = {}
    faults: list[Fault] = []
    for column, place in columns.items():
        try:
            values[column] = _text(cells[place], column) if place < len(cells) else None
        except Fault as fault:
            faults.append(fault)
    if not faults and not any(values.values()):
        return None
    if any(_filled(cell) for cell in cells[width:]):
        faults.append(Fault("row", "has more cells than the header has"))
    return RollRow(number, values, tuple(faults))


def _text(cell: object, column: str) -> str | None:
    """Numbers as people see them: Excel keeps 7 as 7.0."""
    match cell:
        case None:
            return None
        case str():
            return cell.strip() or None
        case _Error():
            raise Fault(column, f"is an error of the spreadsheet, {shown(cell.code)}, instead of a text")
        case bool():
            pass
        case int():
            return str(cell)
        case float() if cell.is_integer():
            return str(int(cell))
    raise Fault(column, "must be a text or a whole number")


def _filled(cell: object) -> bool:
    return bool(cell.strip()) if isinstance(cell, str) else cell is not None
