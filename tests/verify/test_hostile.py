"""Whatever is given as a record, there is a report, and it says in words what is wrong."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from piaojue_contracts.envelope import canonical
from piaojue_verify import UnusableKey, verify, verify_bytes
from piaojue_verify.strict import DEPTH, LARGEST_FILE
from tests.verify.changes import at, places, put
from tests.verify.records import KEY, KID, OTHER_KID, SHEET, jwk, record_of, sealed

RECORD = record_of(SHEET)
FILE = canonical(RECORD)


def nested(depth):
    value = []
    for _ in range(depth):
        value = [value]
    return value


def endless():
    value = []
    value.append(value)
    return value


def wide():
    value = 1
    for _ in range(DEPTH - 2):
        value = [value] * 4
    return value


HOSTILE = {
    "huge": 10**400,
    "large": 2**53,
    "negative": -1,
    "fraction": 0.5,
    "whole fraction": 1.0,
    "not a number": float("nan"),
    "infinite": float("inf"),
    "half a character": "\ud800",
    "half a character as a name": {"\ud800": 1},
    "number as a name": {1: 1},
    "deep": nested(50),
    "very deep": nested(5000),
    "endless": endless(),
    "bytes": b"x",
    "set": {1},
    "object": object(),
    "tuple": (),
    "none": None,
    "true": True,
    "empty text": "",
    "empty object": {},
    "empty list": [],
    "long": "x" * 100_000,
    "control characters": "\x00\x1b[2J\u202e",
}


@pytest.mark.parametrize("value", HOSTILE.values(), ids=HOSTILE)
def test_hostile_value_anywhere_gives_a_report_that_fails(value):
    for path in places(RECORD):
        if at(RECORD, path) is value or at(RECORD, path) == value == []:
            continue
        report = verify(put(RECORD, path, value) if path else value, key=KID)
        assert not report.ok, path
        assert all(check.faults for check in report.failed)
        assert "\x1b" not in report.as_text()
        json.dumps(report.as_json())


def test_hostile_value_that_is_signed_is_still_refused_or_harmless():
    for path in places(RECORD):
        for value in (None, True, "", {}, [], -1, 2**53, [[["x"]]], {"x": {"y": 1}}, "\x00"):
            try:
                signed = sealed(put(RECORD, path, value) if path else value)
            except (KeyError, TypeError, ValueError, AttributeError):
                continue
            verify(signed, key=KID).as_text()


def test_list_that_shares_its_items_a_billion_times_is_refused_in_time():
    report = verify(RECORD | {"papers": wide()})
    assert report.check("form").faults == ("holds more values than any record",)


BROKEN = {
    "empty": b"",
    "zeros": bytes(100),
    "not UTF-8": b"\xff\xfe{}",
    "byte order mark": b"\xef\xbb\xbf" + FILE,
    "deep": b"[" * 100_000,
    "deep objects": b'{"a":' * 100_000,
    "digits": b"9" * 10_000,
    "digits in a record": FILE.replace(b'"due":79', b'"due":' + b"9" * 5000),
    "NaN": FILE.replace(b'"due":79', b'"due":NaN'),
    "infinite": FILE.replace(b'"due":79', b'"due":-Infinity'),
    "fraction": FILE.replace(b'"due":79', b'"due":79.0'),
    "exponent": FILE.replace(b'"due":79', b'"due":79e0'),
    "name twice": FILE.replace(b'"due":79', b'"due":79,"due":79'),
    "two records": FILE + FILE,
    "half a character": FILE.replace("永安镇".encode(), b"\\ud800"),
    "list": b"[]",
    "text": b'"piaojue-record"',
    "null": b"null",
    "another format": b'{"format":"piaojue-record","version":2}',
}


@pytest.mark.parametrize("data", BROKEN.values(), ids=BROKEN)
def test_file_that_is_broken_fails_by_its_form(data):
    report = verify_bytes(data, key=KID)
    (check,) = report.failed
    assert check.name == "form"
    assert all(fault and "\n" not in fault for fault in check.faults)
    assert {each.state for each in report.checks if each is not check} == {"not-checked"}


def test_version_that_is_not_known_is_told_alone():
    (fault,) = verify(RECORD | {"version": 2}).check("form").faults
    assert fault == "version: is 2; this program knows version 1 only"


def test_file_larger_than_any_record_is_refused_unread():
    (fault,) = verify_bytes(b" " * (LARGEST_FILE + 1)).check("form").faults
    assert "larger than 64 MiB" in fault


def test_file_that_is_written_otherwise_is_the_same_record():
    assert verify_bytes(FILE, key=KID).ok
    assert verify_bytes(json.dumps(RECORD, indent=2).encode(), key=KID).ok


def test_file_cut_off_anywhere_fails():
    for length in range(0, len(FILE), 97):
        assert not verify_bytes(FILE[:length], key=KID).ok


def test_file_with_a_bit_turned_anywhere_fails():
    for place in range(0, len(FILE), 3):
        turned = bytearray(FILE)
        turned[place] ^= 1 << place % 8
        assert not verify_bytes(bytes(turned), key=KID).ok, place


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inside: st.lists(inside, max_size=4) | st.dictionaries(st.text(), inside, max_size=4),
    max_leaves=12,
)


@settings(deadline=None, max_examples=300)
@given(st.sampled_from(list(places(RECORD))), json_values)
def test_any_value_anywhere_gives_a_report(path, value):
    changed = put(RECORD, path, value) if path else value
    assert verify(changed, key=KID).ok == (changed == RECORD and canonical(changed) == FILE)


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_give_a_report(data):
    assert not verify_bytes(data).ok


@pytest.mark.parametrize("field", ["signature", "signatures.0.signature", "key.x", "key.kid"])
def test_second_way_of_writing_the_same_bytes_is_refused(field):
    """The last letter of base64url has bits that say nothing."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    path = [int(each) if each.isdigit() else each for each in field.split(".")]
    text = RECORD
    for each in path:
        text = text[each]
    other = text[:-1] + letters[letters.index(text[-1]) ^ 1]
    for again in (other, text + "=", f" {text}", text + "\n"):
        report = verify(put(RECORD, path, again))
        assert report.check("form").faults == (
            f"{field}: must be {64 if 'sign' in field else 32} bytes in base64url",
        )


def test_more_faults_than_anybody_reads_are_cut_off():
    report = verify(put(RECORD, ("receipts",), ["x"] * 100_000))
    assert len(report.check("form").faults) <= 50
    assert "… and 40 more" in report.as_text()


@pytest.mark.parametrize("key", [KID, jwk(KEY), {name: jwk(KEY)[name] for name in ("kty", "crv", "x")}])
def test_key_is_given_by_its_id_or_as_a_jwk(key):
    assert verify(RECORD, key=key).check("trusted_key").state == "holds"


def test_key_that_is_another_is_told():
    report = verify(RECORD, key=OTHER_KID)
    assert report.check("trusted_key").faults == (f"key: {KID} signed the record, not {OTHER_KID}",)


@pytest.mark.parametrize(
    "key",
    [
        *("", "x", KID[:-1], f"{KID}=", 7, [], {}, b"x", {"kty": "RSA"}),
        jwk(KEY) | {"x": "short"},
        jwk(KEY) | {"x": None},
        jwk(KEY) | {"kid": OTHER_KID},
        jwk(KEY) | {"crv": "X25519"},
    ],
)
def test_key_that_is_none_is_refused_whatever_the_record(key):
    for check in (lambda: verify(RECORD, key=key), lambda: verify_bytes(b"", key=key)):
        with pytest.raises(UnusableKey):
            check()


def test_key_id_that_is_not_its_own_fails_though_it_is_signed():
    forged = sealed(RECORD)
    report = verify(forged | {"key": forged["key"] | {"kid": OTHER_KID}}, key=OTHER_KID)
    assert {"key", "trusted_key"} <= {check.name for check in report.failed}
