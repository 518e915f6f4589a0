"""Names, titles, texts and numbers from outside."""

import pytest

from chassis.reading import (
    Fault,
    printable,
    printable_line,
    read_integer,
    read_paragraphs,
    read_text,
    shown,
)

HIDDEN = [
    *map(chr, range(0x202A, 0x202F)),
    *map(chr, range(0x2060, 0x206A)),
    *("\u200b", "\u200e", "\u200f", "\u061c", "\ufeff", "\u00ad", "\u3164", "\U000e0041"),
]
JOINERS = ["\u200c", "\u200d"]
OF_RARE_NAMES = [
    "阿依古丽·买买提",
    "ＡＢ公司",
    "𰻝面",
    "𪚥",
    "\U00031350",
    "葛\U000e0100",
    "辻\ufe00",
    "\ue863",
    "ᠮᠣᠩᠭᠣᠯ\u180eᠠ",
]


@pytest.mark.parametrize(
    "text", ["永安镇人民代表大会", "道路（二期）· No. 2", "𠮷野", "e\u0301", "أ", *OF_RARE_NAMES]
)
def test_text_of_any_language_is_read_as_it_is(text):
    assert read_text(text, "title") == read_paragraphs(text, "text", longest=200) == text
    assert shown(text) == printable(text) == printable_line(text) == text


@pytest.mark.parametrize(
    "character", [*map(chr, range(0x20)), *map(chr, range(0x7F, 0xA0)), "\u2028", "\u2029"]
)
def test_text_with_a_control_character_is_refused_without_repeating_it(character):
    for text in (f"永安{character}镇", f"永安{character}", f"{character}永安"):
        with pytest.raises(Fault) as fault:
            read_text(text, "title")
        assert fault.value.field == "title"
        assert fault.value.detail.isprintable()


@pytest.mark.parametrize("given", ["", " ", "\u3000", None, 7, ["永安"], "字" * 201, "\ud800"])
def test_text_empty_too_long_or_broken_is_refused(given):
    with pytest.raises(Fault):
        read_text(given, "title")


@pytest.mark.parametrize("character", HIDDEN)
def test_text_with_what_nobody_sees_is_refused_with_its_code_point(character):
    for text in (f"永安{character}镇", f"永安{character}", f"{character}永安"):
        for read in (read_text, read_paragraphs):
            with pytest.raises(Fault, match=f"direction-changing.*U.{ord(character):04X}") as fault:
                read(text, "title", longest=200)
            assert fault.value.detail.isprintable()
        assert shown(text) == printable(text) == printable_line(text) == text.replace(character, "�")


@pytest.mark.parametrize("joiner", JOINERS)
def test_joiner_is_refused_in_a_name_and_taken_in_paragraphs(joiner):
    text = f"家庭👩{joiner}👧"
    with pytest.raises(Fault, match="invisible"):
        read_text(text, "name")
    assert read_paragraphs(text, "text", longest=200) == printable(text) == text
    assert printable_line(text) == text.replace(joiner, "�")


@pytest.mark.parametrize("text", [*HIDDEN, *JOINERS, "\ufe0f", "\u2800", "\u180b", " \u3000\u200b\n"])
def test_text_of_nothing_that_can_be_seen_is_empty(text):
    for read in (read_text, read_paragraphs):
        with pytest.raises(Fault, match="not empty"):
            read(text, "title", longest=200)


def test_a_number_that_some_program_would_read_as_another_is_refused():
    """Seats of 2⁵³ + 1 would be told in events, and a follower in JavaScript take their hash for wrong."""
    assert read_integer(2**53 - 1, "seats") == 2**53 - 1
    for number in (2**53, 2**53 + 1, 10**99):
        with pytest.raises(Fault, match="seats: is too large"):
            read_integer(number, "seats")
