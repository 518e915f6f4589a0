"""Receipts, and their root."""

import hashlib
import re

import pytest

from ballots.domain import NONCE, receipt_of, receipts_root
from ballots.domain.hashing import canonical, digest, merkle_root

CODE = "3333-3333-33333"
NONCE_GIVEN = "abcdefghijklmnop"

LEAVES = [
    bytes.fromhex(leaf)
    for leaf in (
        *("", "00", "10", "2021", "3031", "40414243", "5051525354555657"),
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [  # of the first 0, 1, 2, … leaves, as logs of certificates test theirs
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


@pytest.mark.parametrize("number", range(9))
def test_root_of_leaves_is_that_of_rfc_6962(number):
    assert merkle_root(LEAVES[:number]) == ROOTS[number]


def test_root_of_receipts_does_not_depend_on_their_order():
    receipts = [digest(number) for number in range(7)]
    assert receipts_root(receipts) == receipts_root(receipts[::-1])
    assert receipts_root(receipts) != receipts_root(receipts[:-1])


def test_receipt_is_the_hash_that_anybody_can_make():
    plain = f'["piaojue-receipt-1","yongan","p1","{CODE.replace("-", "")}","{NONCE_GIVEN}"]'
    assert receipt_of("yongan", "p1", CODE, NONCE_GIVEN) == hashlib.sha256(plain.encode()).hexdigest()


@pytest.mark.parametrize(
    "other",
    [
        ("fuxing", "p1", CODE, NONCE_GIVEN),
        ("yongan", "p2", CODE, NONCE_GIVEN),
        ("yongan", "p1", "4444-4444-44444", NONCE_GIVEN),
        ("yongan", "p1", CODE, NONCE_GIVEN + "q"),
    ],
)
def test_receipt_is_another_for_another_body_poll_code_or_nonce(other):
    assert receipt_of(*other) != receipt_of("yongan", "p1", CODE, NONCE_GIVEN)


@pytest.mark.parametrize("nonce", ["a" * 16, "a" * 64, "AZaz09_-AZaz09_-"])
def test_nonce_of_letters_digits_hyphens_and_underscores_is_one(nonce):
    assert re.match(NONCE, nonce)


@pytest.mark.parametrize("nonce", ["a" * 15, "a" * 65, "a" * 16 + "\n", "a" * 16 + " ", "数" * 16, ""])
def test_nonce_of_other_length_or_letters_is_none(nonce):
    assert not re.match(NONCE, nonce)


def test_canonical_json_refuses_what_is_no_number():
    with pytest.raises(ValueError, match="JSON"):
        canonical(float("nan"))
