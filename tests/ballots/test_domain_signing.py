"""Who signs a count, in which order, and what of it goes into the record."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ballots.domain import (
    ChiefSignsLast,
    CountHashDiffers,
    NotAppointed,
    Officer,
    Officers,
    RecordKeyChanged,
    SignaturesMissing,
    check_confirmed,
    check_signed,
    sign_count,
)
from ballots.service.record_key import Ed25519Key, own_key
from chassis.auth import new_key

NOW = datetime(2022, 4, 16, 3, tzinfo=UTC)
KEY = Ed25519Key(new_key())
COUNT, OTHER_COUNT = "0" * 64, "1" * 64
OFFICERS = Officers((Officer("s1", "甲"), Officer("s2", "乙", chief=True), Officer("s3", "丙")))


def signed_by(*people, now=NOW, count_hash=COUNT):
    signatures = []
    for person in people:
        signatures.append(sign_count(OFFICERS, signatures, person, count_hash, KEY, now))
    return signatures


def test_all_sign_and_the_chief_is_shown_last():
    signed = check_signed(OFFICERS, signed_by("s3", "s1", "s2"), COUNT, KEY)
    assert [each.person for each in signed] == ["s1", "s3", "s2"]
    assert [each.chief for each in signed] == [False, False, True]
    assert [each.name for each in signed] == ["甲", "丙", "乙"]


@pytest.mark.parametrize("before", [(), ("s1",), ("s3",)])
def test_a_chief_before_the_others_is_refused(before):
    with pytest.raises(ChiefSignsLast):
        sign_count(OFFICERS, signed_by(*before), "s2", COUNT, KEY, NOW)


def test_a_chief_alone_signs():
    alone = Officers((Officer("s2", "乙", chief=True),))
    assert check_signed(alone, [sign_count(alone, [], "s2", COUNT, KEY, NOW)], COUNT, KEY)


def test_nobody_else_signs():
    with pytest.raises(NotAppointed):
        sign_count(OFFICERS, [], "s4", COUNT, KEY, NOW)


def test_another_hash_is_not_this_count():
    check_confirmed(COUNT, COUNT)
    with pytest.raises(CountHashDiffers):
        check_confirmed(OTHER_COUNT, COUNT)


def test_a_missing_signature_is_refused_and_one_of_another_count_is_none():
    with pytest.raises(SignaturesMissing, match="1 of 3"):
        check_signed(OFFICERS, signed_by("s1", "s3"), COUNT, KEY)
    with pytest.raises(SignaturesMissing, match="3 of 3"):
        check_signed(OFFICERS, signed_by("s1", "s3", "s2", count_hash=OTHER_COUNT), COUNT, KEY)


def test_nobody_is_missing_where_nobody_was_appointed():
    assert check_signed(Officers(), [], COUNT, KEY) == ()


def test_a_signature_is_not_earlier_than_the_one_before():
    first = sign_count(OFFICERS, [], "s1", COUNT, KEY, NOW)
    second = sign_count(OFFICERS, [first], "s3", COUNT, KEY, NOW - timedelta(seconds=3))
    assert second.signed_at == first.signed_at


@pytest.mark.parametrize(
    "change",
    [
        {"name": "丁"},
        {"chief": True},
        {"person": "s3"},
        {"signed_at": NOW + timedelta(microseconds=1)},
    ],
)
def test_an_altered_signature_is_not_of_the_key(change):
    first = signed_by("s1")[0]
    assert KEY.has_signed(first.message(), first.signature)
    assert not KEY.has_signed(replace(first, **change).message(), first.signature)


def test_a_count_signed_with_another_key_is_not_declared():
    with pytest.raises(RecordKeyChanged):
        check_signed(OFFICERS, signed_by("s1", "s3", "s2"), COUNT, Ed25519Key(new_key()))


def test_what_is_no_signature_is_not_of_the_key():
    assert not KEY.has_signed(b"message", "nonsense")
    assert not KEY.has_signed(b"message", "")


def test_an_own_key_is_made_once_for_its_owner_alone(tmp_path):
    file = tmp_path / "folder" / "key.pem"
    made = Ed25519Key(own_key(file))
    assert file.stat().st_mode & 0o077 == 0
    assert Ed25519Key(own_key(file)).jwk == made.jwk
    assert [each.name for each in file.parent.iterdir()] == ["key.pem"]
    assert set(made.jwk) == {"kty", "crv", "x", "kid"}
