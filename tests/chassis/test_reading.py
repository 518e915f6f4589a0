"""Names and titles from outside."""

import pytest

from chassis.reading import Fault, read_text


@pytest.mark.parametrize("text", ["永安镇人民代表大会", "道路（二期）· No. 2", "𠮷野", "e\u0301", "أ"])
def test_text_of_any_language_is_read_as_it_is(text):
    assert read_text(text, "title") == text


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
