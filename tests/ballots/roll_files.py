"""Files that rolls are imported from, good ones and such as nobody should send."""

from collections.abc import Mapping, Sequence
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile

from openpyxl import Workbook

from ballots.schemas.roll_files import CSV, XLSX
from chassis.http import Content

HEADER = ("编号", "姓名", "代表团", "选区")


def csv(text: str, *, encoding: str = "utf-8", charset: str | None = None) -> Content:
    return Content(CSV, charset, text.encode(encoding))


def xlsx_octets(rows: Sequence[Sequence[object]]) -> bytes:
    workbook, octets = Workbook(), BytesIO()
    for row in rows:
        workbook.active.append(list(row))
    workbook.create_sheet("另一张").append(["编号", "姓名"])
    workbook.save(octets)
    return octets.getvalue()


def xlsx(rows: Sequence[Sequence[object]]) -> Content:
    return Content(XLSX, None, xlsx_octets(rows))


def with_parts(octets: bytes, parts: Mapping[str, bytes]) -> Content:
    """The same file with parts replaced or added."""
    changed = BytesIO()
    with ZipFile(BytesIO(octets)) as old, ZipFile(changed, "w", ZIP_DEFLATED) as new:
        for name in old.namelist():
            if name not in parts:
                new.writestr(name, old.read(name))
        for name, content in parts.items():
            new.writestr(name, content)
    return Content(XLSX, None, changed.getvalue())
