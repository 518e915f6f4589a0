"""Making PDF: a program of its own, bounded, one at a time; and what the PDF shows."""

import os
import subprocess
import sys
from ctypes.util import find_library
from io import BytesIO

import eventlet
import pytest

from ballots.service import pages
from ballots.service.typesetting import PdfBusy, PdfUnavailable, Typesetter

SLIPS = {
    "body_name": "永安镇人民代表大会",
    "title": "民生实事项目票决",
    "slips": [
        {"number": number, "code": code, "qr": f"piaojue:yongan/p1/{code}"}
        for number, code in enumerate(("9T6E-7PNP-WKC7X", "P3KM-V3YN-EDT7K", "H333-WR3K-XCM3H"), 1)
    ],
}


def program(text):
    """A typesetter with another program."""
    return Typesetter(5, (sys.executable, "-c", text))


def words(pdf):
    command = ["pdftotext", "-layout", "-", "-"]
    return subprocess.run(command, input=pdf, capture_output=True, timeout=60, check=True).stdout.decode()


def test_where_pdf_cannot_be_made_it_is_said_what_to_install():
    with pytest.raises(PdfUnavailable) as refused:
        program(f"raise SystemExit({pages.MISSING})").pdf("slips", SLIPS)
    assert "libpango-1.0-0" in refused.value.detail
    assert "piaojue-ballots[pdf]" in refused.value.detail


@pytest.mark.parametrize("absent", ["weasyprint", "segno", "pylopdf_fonts_zh_cn"])
def test_the_program_says_that_something_is_not_installed(absent):
    without = (
        f"import runpy, sys; sys.modules['{absent}'] = None; runpy.run_path(sys.argv[1], None, '__main__')"
    )
    command = [sys.executable, "-P", "-c", without, pages.__file__]
    assert subprocess.run(command, input=b"{}", capture_output=True, timeout=60).returncode == pages.MISSING


def test_a_program_that_takes_too_long_is_ended(tmp_path):
    note = tmp_path / "pid"
    text = f"import os, time; open({str(note)!r}, 'w').write(str(os.getpid())); time.sleep(60)"
    with pytest.raises(PdfBusy):
        Typesetter(1, (sys.executable, "-c", text)).pdf("slips", SLIPS)
    with pytest.raises(ProcessLookupError):
        os.kill(int(note.read_text()), 0)


def test_others_go_on_while_a_pdf_is_made():
    made = program("import time; time.sleep(1); print('%PDF-')")
    working = eventlet.spawn(made.pdf, "slips", SLIPS)
    turns = 0
    while not working.dead:
        eventlet.sleep(0.01)
        turns += 1
    assert working.wait().startswith(b"%PDF-")
    assert turns > 10


def test_one_pdf_is_made_at_a_time_and_who_waits_too_long_is_told():
    made = Typesetter(1, (sys.executable, "-c", "import time; time.sleep(60)"))
    both = [eventlet.spawn(made.pdf, "slips", SLIPS) for _ in range(2)]
    for working in both:
        with pytest.raises(PdfBusy):
            working.wait()


def test_a_program_that_fails_says_nothing_of_the_document():
    text = "import sys; sys.stderr.write(sys.stdin.read()); sys.exit(1)"
    with pytest.raises(RuntimeError) as failed:
        program(text).pdf("slips", SLIPS)
    assert "9T6E" not in str(failed.value)


def test_a_public_document_is_made_once_and_others_each_time():
    made = program("import os; print('%PDF-', os.getpid())")
    public = made.pdf("announcement", {"title": "a"}, keep=True)
    assert made.pdf("announcement", {"title": "a"}, keep=True) == public
    assert made.pdf("announcement", {"title": "b"}, keep=True) != public
    assert made.pdf("slips", SLIPS) != made.pdf("slips", SLIPS)


def test_the_program_is_not_told_the_services_settings(monkeypatch):
    monkeypatch.setenv("PIAOJUE_BALLOTS_CODE_KEY", "a key of more than sixteen")
    seen = program("import os; print('%PDF-', [name for name in os.environ if 'PIAOJUE' in name])")
    assert seen.pdf("slips", SLIPS).split() == [b"%PDF-", b"[]"]


def test_the_service_does_not_load_what_makes_pdf():
    text = "import sys, ballots.service; print({'weasyprint', 'segno', 'jinja2', 'PIL'} & set(sys.modules))"
    run = subprocess.run([sys.executable, "-W", "ignore", "-c", text], capture_output=True, timeout=60)
    assert run.stdout.decode().strip() == "set()"


@pytest.mark.slow
def test_slips_can_be_read_by_a_person_and_by_a_phone():
    import zxingcpp
    from PIL import Image

    pdf = Typesetter(60).pdf("slips", SLIPS | {"slips": SLIPS["slips"] * 3})
    text = words(pdf)
    for slip in SLIPS["slips"]:
        assert text.count(slip["code"]) == 3
        assert f"{slip['number']:04}" in text
    assert "沿点线将有字的一面向内对折" in text
    command = ["pdftoppm", "-r", "150", "-png", "-singlefile", "-"]
    picture = subprocess.run(command, input=pdf, capture_output=True, timeout=60, check=True).stdout
    found = [each.text for each in zxingcpp.read_barcodes(Image.open(BytesIO(picture)))]
    assert sorted(found) == sorted([slip["qr"] for slip in SLIPS["slips"]] * 2)


@pytest.mark.slow
def test_every_font_of_a_pdf_is_embedded_and_only_in_part(tmp_path):
    assert find_library("harfbuzz-subset"), "python -m tests.support.install brings it"
    pdf = Typesetter(60).pdf("slips", SLIPS)
    (tmp_path / "slips.pdf").write_bytes(pdf)
    command = ["pdffonts", str(tmp_path / "slips.pdf")]
    listed = subprocess.run(command, capture_output=True, timeout=60, check=True).stdout.decode()
    fonts = listed.splitlines()[2:]
    assert {font.split("+")[1].split()[0] for font in fonts} == {"Noto-Sans-SC", "Noto-Serif-SC"}
    assert all(font.split()[-5:-2] == ["yes", "yes", "yes"] for font in fonts)
    assert len(pdf) < 1_000_000


COUNTED = {"issued": 77, "returned": 76, "unreturned": 1, "valid": 74, "invalid": 2, "blank": 3}
CHANNELS = [
    {"name": name, "id": id, "replaces": replaces, "issued": 27, "struck": struck, "figures": figures}
    for name, id, replaces, struck, figures in (
        ("凭码电子投票", None, None, None, COUNTED),
        ("纸质票逐张录入", "hall-of-the-east-building", None, None, COUNTED),
        ("表决器", "keys", None, "表决器主机漏记三名代表的表决，现场核实后改为人工计票。", None),
        ("纸质票人工计票", "annex", "keys", None, COUNTED),
    )
]
PROJECT = {
    "title": "养老服务点建设与社区日间照料中心改造项目",
    "rank": None,
    "papers": None,
    "standing": "adopted",
}
REPORT = {
    "body_name": "永安镇人民代表大会",
    "meeting_title": "第一次会议",
    "title": "永安镇2022年民生实事项目票决",
    "round": 1,
    "seats": 3,
    "due": 75,
    "result": COUNTED | {"deputies": 79, "present": 77, "pass_mark": 40},
    "unit": "票",
    "reasons": ["全体代表79名，过半数为40票；得赞成票40票以上（含40票）的，方为通过。"] * 7,
    "projects": [PROJECT | {"votes": 60, "against": 12, "abstain": 2}] * 6,
    "held_on": "2022年4月16日",
    "closed_at": "2022年4月16日10时32分",
    "declared_on": "2022年4月16日",
    "channels": CHANNELS,
    "slips": {"spoiled": 2},
    "hashes": {"rules": "a" * 64, "count": "b" * 64},
    "people": [{"role": "监票人", "name": "代表8", "signed_at": None}] * 4,
}


def pages_of(facts):
    return words(Typesetter(60).pdf("count-report", facts)).rstrip("\f\n").split("\f")


@pytest.mark.slow
def test_heads_and_names_of_a_count_report_stay_in_one_line():
    long = [PROJECT | {"title": PROJECT["title"] * 6, "votes": 60, "against": 12, "abstain": 2}]
    made = pages_of(REPORT | {"projects": long})
    lines = ["".join(line.split()) for page in made for line in page.splitlines()]
    for whole in (
        "赞成反对弃权结果",
        "渠道发出票收回票未收回有效票废票其中弃权",
        "hall-of-the-east-building",
    ):
        assert any(whole in line for line in lines), whole
    for name in ("凭码电子投票", "纸质票逐张录入", "表决器", "纸质票人工计票", "hall-of-the-east-building"):
        assert any(line.startswith(name) for line in lines), name


@pytest.mark.slow
def test_a_count_report_is_never_signed_on_a_page_without_its_reasons():
    for number in (6, 9, 12, 15):
        *_, last = pages_of(REPORT | {"projects": REPORT["projects"][:1] * number, "channels": []})
        assert ("计算依据" in last, last.count("得赞成票"), "签字" in last) == (True, 7, True)
    first, last = pages_of(REPORT)
    assert "计算依据" not in first
    assert last.count("得赞成票") == 7
    assert len(pages_of(REPORT | {"channels": []})) == 1


@pytest.mark.slow
def test_a_count_report_of_the_greatest_length_loses_nothing():
    many = {
        "people": REPORT["people"][:1] * 120,
        "channels": [CHANNELS[2] | {"id": "k" * 63, "struck": "因" * 1000}],
    }
    said = "".join("".join(pages_of(REPORT | many)).split())
    assert (said.count("代表8"), said.count("因"), said.count("k")) == (120, 1000, 63)
    assert "校验值为SHA-256" in said
