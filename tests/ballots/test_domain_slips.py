"""Slip codes."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ballots.domain import ALPHABET, CodeUnknown, code_hash, new_code, normalise_code

codes = st.integers(0, 2**64).map(lambda seed: new_code(random.Random(seed)))


@settings(deadline=None)
@given(codes)
def test_code_is_read_however_it_is_typed(code):
    full_width = "".join(chr(ord(letter) + 0xFEE0) for letter in code)
    for typed in (code, code.lower(), code.replace("-", ""), f" {code.replace('-', ' ')}\n", full_width):
        assert normalise_code(typed) == code


@settings(deadline=None)
@given(codes, st.integers(0, 12), st.sampled_from(ALPHABET))
def test_code_with_one_wrong_character_is_unknown(code, place, wrong):
    plain = code.replace("-", "")
    if plain[place] == wrong:
        return
    with pytest.raises(CodeUnknown):
        normalise_code(plain[:place] + wrong + plain[place + 1 :])


@settings(deadline=None)
@given(codes, st.integers(0, 11))
def test_code_with_two_swapped_characters_is_unknown(code, place):
    plain = list(code.replace("-", ""))
    if plain[place] == plain[place + 1]:
        return
    plain[place], plain[place + 1] = plain[place + 1], plain[place]
    with pytest.raises(CodeUnknown):
        normalise_code("".join(plain))


@pytest.mark.parametrize(
    "text", ["", "-", "A" * 10_000, "3333-3333-3333", "٣" * 13, "0OIL-1Z2S-5B8UG", "ﷺ" * 60]
)
def test_code_that_no_slip_has_is_unknown_and_not_repeated(text):
    with pytest.raises(CodeUnknown) as refusal:
        normalise_code(text)
    assert not text.strip("-") or text not in refusal.value.detail


def test_code_has_more_than_fifty_bits():
    assert len(set(ALPHABET)) ** 12 > 2**50


def test_code_hash_depends_on_the_key():
    code = new_code(random.Random(1))
    assert code_hash(code, b"one") != code_hash(code, b"other")
    assert code not in code_hash(code, b"one")
