"""Codes to be used once, as they are printed on slips of paper and typed from them.

Twelve random characters (54 bits) and a check character, of an alphabet in which nothing looks like something
else: without 0 O, 1 I L, 2 Z, 5 S, 8 B, G, U. Pure, so that a ``domain.py`` may build on it.
"""

import hmac
import math
import random
import unicodedata

from chassis.errors import NotFound, TooMany

ALPHABET = "34679ACDEFHJKMNPQRTVWXY"
_RANDOM_CHARACTERS = 12
_GROUPS = (4, 4, 5)
_LONGEST_INPUT = 64
_IGNORED = frozenset(" -‐‑‒–—―−_\u3000\t\r\n")


class CodeUnknown(NotFound):
    """No slip that was handed out here has this code."""

    slug = "code-unknown"


class TooManyGuesses(TooMany):
    """Too many unknown codes were sent here: more are told to wait. A right code is not."""

    slug = "too-many-guesses"

    def __init__(self, seconds: float) -> None:
        self.retry_after = math.ceil(seconds)
        super().__init__(
            "Too many unknown codes were sent here: wait, and compare the code with the slip.", field="code"
        )


def new_code(random_source: random.Random) -> str:
    """A code as it is printed. ``random_source``: ``secrets.SystemRandom()``; a seeded one in tests only."""
    drawn = "".join(random_source.choice(ALPHABET) for _ in range(_RANDOM_CHARACTERS))
    return format_code(drawn + _check_character(drawn))


def normalise_code(text: str) -> str | None:
    """The code as printed, from however it was typed: small or full-width letters, with or without hyphens.

    None for what no slip can say, so that a slip of the finger needs no look into the store.
    """
    if len(text) > _LONGEST_INPUT:
        return None
    plain = "".join(
        character for character in unicodedata.normalize("NFKC", text).upper() if character not in _IGNORED
    )
    if len(plain) != _RANDOM_CHARACTERS + 1 or any(character not in ALPHABET for character in plain):
        return None
    if _check_character(plain[:-1]) != plain[-1]:
        return None
    return format_code(plain)


def format_code(plain: str) -> str:
    """Groups of four, four and five, joined by hyphens."""
    groups, start = [], 0
    for length in _GROUPS:
        groups.append(plain[start : start + length])
        start += length
    return "-".join(groups)


def code_hash(code: str, key: bytes) -> str:
    """What a store may keep of a normalised code: without the key, its 54 bits could be tried out."""
    return hmac.digest(key, code.encode(), "sha256").hex()


def _check_character(drawn: str) -> str:
    """Weights 1, 2, 3, … modulo the alphabet's prime size: any wrong or any two swapped characters show."""
    total = sum(weight * ALPHABET.index(character) for weight, character in enumerate(drawn, start=1))
    # The check character has the weight -1 (mod 23), which no random character has.
    return ALPHABET[total % len(ALPHABET)]
