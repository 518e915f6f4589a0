"""The fields of settings: each parses what a file or a variable holds, and says its rule in a few words."""

import math
import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeVar
from urllib.parse import urlsplit

from marshmallow import ValidationError, fields

T = TypeVar("T")


class Rule(fields.Field[T]):
    """A field whose every refusal is its ``rule``: "must be …". A value never appears in a refusal."""

    rule: str

    def parse(self, value: object) -> T:
        """The value meant by YAML's value or a variable's text. ValueError, TypeError: it breaks the rule."""
        raise NotImplementedError

    def within(self, value: T, folder: Path) -> T:
        """A value from a file in this folder: what is a relative path is relative to that."""
        return value

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> T:
        try:
            return self.parse(value)
        except (ValueError, TypeError):
            raise ValidationError(f"must be {self.rule}") from None


class Text(Rule[str]):
    """Text that is not empty, of the pattern when one is given; ``rule`` then says the pattern in words."""

    def __init__(self, pattern: str = r".+", rule: str = "text (numbers in quotes)") -> None:
        super().__init__()
        self.rule = rule
        self._pattern = re.compile(pattern)

    def parse(self, value: object) -> str:
        if not isinstance(value, str) or not self._pattern.fullmatch(value.strip()):
            raise ValueError
        return value.strip()


class Choice(Rule[str]):
    """One of a few words, in any case of letters; the value is spelt as here."""

    def __init__(self, *words: str) -> None:
        super().__init__()
        self.rule = "one of " + ", ".join(words)
        self._words = {word.lower(): word for word in words}

    def parse(self, value: object) -> str:
        if not isinstance(value, str) or value.strip().lower() not in self._words:
            raise ValueError
        return self._words[value.strip().lower()]


class Whole(Rule[int]):
    """A whole number, both ends included."""

    def __init__(self, minimum: int, maximum: int) -> None:
        super().__init__()
        self.rule = f"a whole number from {minimum} to {maximum}"
        self._minimum, self._maximum = minimum, maximum

    def parse(self, value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int | str):
            raise ValueError
        number = int(value)
        if not self._minimum <= number <= self._maximum:
            raise ValueError
        return number


class Amount(Rule[float]):
    """A number, both ends included, such as a duration."""

    def __init__(self, minimum: float, maximum: float) -> None:
        super().__init__()
        self.rule = f"a number from {minimum:g} to {maximum:g}"
        self._minimum, self._maximum = minimum, maximum

    def parse(self, value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            raise ValueError
        number = float(value)
        if not math.isfinite(number) or not self._minimum <= number <= self._maximum:
            raise ValueError
        return number


class Switch(Rule[bool]):
    """True or false."""

    rule = "true or false"
    _words: Mapping[object, bool] = {"true": True, "false": False}

    def parse(self, value: object) -> bool:
        if isinstance(value, bool):
            return value
        if not isinstance(value, str) or value.strip().lower() not in self._words:
            raise ValueError
        return self._words[value.strip().lower()]


class Location(Rule[Path]):
    """A path of the file system; ``~`` is the home of its user."""

    rule = "a path"

    def parse(self, value: object) -> Path:
        if not isinstance(value, str | Path) or not str(value).strip() or "\0" in str(value):
            raise ValueError
        try:
            return Path(value).expanduser()
        except RuntimeError:  # no home is known
            raise ValueError from None

    def within(self, value: Path, folder: Path) -> Path:
        return folder / value


class Url(Rule[str]):
    """A URL of one of the schemes, or, where a ``path`` may stand instead, a path."""

    def __init__(self, schemes: Collection[str], *, path: bool = False) -> None:
        super().__init__()
        shown = " or ".join(f"{scheme}://…" for scheme in schemes)
        self.rule = f"{'a path or ' if path else ''}{shown} (a password percent-encoded)"
        if not {"amqp", "postgresql"} & set(schemes):
            self.rule = self.rule.removesuffix(" (a password percent-encoded)")
        self._schemes, self._path = frozenset(schemes), path

    def parse(self, value: object) -> str:
        if not isinstance(value, str) or not value.strip().isprintable() or not value.strip():
            raise ValueError
        url = value.strip()
        if self._path and "://" not in url:
            return url
        parts = urlsplit(url)
        _ = parts.port  # ValueError where a stray "/" or ":" of a password was taken for a port
        if "://" not in url or parts.scheme not in self._schemes:
            raise ValueError
        if parts.netloc and ("@" in parts.path or " " in url):
            raise ValueError
        if parts.scheme == "sqlite" and parts.path.strip("/") in {"", ":memory:"}:  # it would be forgotten
            raise ValueError
        return url

    def within(self, value: str, folder: Path) -> str:
        return str(folder / value) if self._path and "://" not in value else value


class Host(NamedTuple):
    """Where to listen. Port 0 asks the system for a free one."""

    name: str
    port: int

    def __str__(self) -> str:
        return f"[{self.name}]:{self.port}" if ":" in self.name else f"{self.name}:{self.port}"


class Address(Rule[Host]):
    """``host:port``; an IPv6 host in brackets."""

    rule = "host:port, an IPv6 host in brackets"
    _shape = re.compile(r"(?:\[(?P<v6>[0-9a-fA-F:.]+)\]|(?P<name>[A-Za-z0-9._-]+)):(?P<port>[0-9]{1,5})")

    def parse(self, value: object) -> Host:
        match = self._shape.fullmatch(value.strip()) if isinstance(value, str) else None
        if match is None or int(match["port"]) > 65535:
            raise ValueError
        return Host(match["v6"] or match["name"], int(match["port"]))


class Listed(Rule[tuple[Any, ...]]):
    """Several values: a YAML list, or in a variable separated by commas."""

    def __init__(self, each: Rule[Any], *, empty: bool = False) -> None:
        super().__init__()
        self.rule = f"a list (in a variable: separated by commas) of which each is {each.rule}"
        self._each, self._empty = each, empty

    def parse(self, value: object) -> tuple[Any, ...]:
        if isinstance(value, str):
            value = [part.strip() for part in value.split(",")] if value.strip() else []
        if not isinstance(value, list | tuple) or not (value or self._empty):
            raise ValueError
        return tuple(self._each.parse(item) for item in value)
