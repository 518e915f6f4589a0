"""What must not be seen: one list of words and one way to mask, for settings, log lines and metric labels.

This is the last line of defence. The first is that nobody hands such a value to a log line or a label at all.
"""

import re
from functools import lru_cache
from typing import Final

MASK: Final = "***"

SENSITIVE_WORDS: Final = frozenset(
    {
        *("authorization", "bearer", "cookie", "credential", "credentials", "jwt", "passwd", "password"),
        *("private", "pwd", "secret", "secrets", "token", "tokens"),
        *("choice", "choices", "code", "codes", "mark", "marks", "nonce", "nonces", "receipt", "receipts"),
        *("deputy", "deputies", "person", "persons"),
    }
)
"""A key with one of these as a word (``reset_password``, ``accessToken``) has a value to be masked."""

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_URL_USERINFO = re.compile(r"(?P<before>\b[a-zA-Z][a-zA-Z0-9+.-]*://[^\s/@:?#]*:)\S*(?=@)")
_DATABASE = re.compile(r"(?P<before>\[parameters: |Key \([^)\n]*\)=\(|Failing row contains \()[^\n]*")
_BEARER = re.compile(r"(?i)\b(?P<before>bearer\s+)[\w.~+/=-]+")


@lru_cache(maxsize=4096)
def is_sensitive(key: str) -> bool:
    """Whether a key, in snake_case, kebab-case or camelCase, names something that must not be seen."""
    return any(word.lower() in SENSITIVE_WORDS for word in _WORD.findall(key))


def masked(text: str) -> str:
    """The text with the passwords of its URLs, its bearer tokens and a database's quotes of rows masked.

    Masks rather too much than too little: all before the last ``@``, as passwords do hold a ``/``.
    """
    if "://" in text:
        text = _URL_USERINFO.sub(rf"\g<before>{MASK}", text)
    if "[parameters: " in text or "Key (" in text or "Failing row" in text:
        text = _DATABASE.sub(rf"\g<before>{MASK}", text)
    if "earer" in text or "EARER" in text:
        text = _BEARER.sub(rf"\g<before>{MASK}", text)
    return text
