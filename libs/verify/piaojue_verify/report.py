"""What verifying found, for people and for programs."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from textwrap import wrap
from typing import Literal

_WIDTH = 96
_MARKS = {"holds": "ok", "fails": "FAILS", "not-checked": "not checked"}
_MOST_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Check:
    """One check. ``what``: what holds if it holds; ``faults``: what does not fit, each naming its field.

    ``skipped``: why it could not be made, where it was not.
    """

    name: str
    what: str
    faults: tuple[str, ...] = ()
    skipped: str | None = None

    @property
    def state(self) -> Literal["holds", "fails", "not-checked"]:
        if self.faults:
            return "fails"
        return "holds" if self.skipped is None else "not-checked"


@dataclass(frozen=True, slots=True)
class Report:
    """``cannot``: what no program can find out from a record; ``about``: which record it is, as it says."""

    checks: tuple[Check, ...]
    cannot: tuple[str, ...] = ()
    about: Mapping[str, str] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Nothing that was checked fails."""
        return not self.failed

    @property
    def failed(self) -> tuple[Check, ...]:
        return tuple(check for check in self.checks if check.state == "fails")

    def check(self, name: str) -> Check:
        """The check of this name. Raises KeyError."""
        for check in self.checks:
            if check.name == name:
                return check
        raise KeyError(name)

    def as_json(self) -> dict[str, object]:
        return {
            "verified": self.ok,
            "about": dict(self.about),
            "checks": [
                {
                    "name": check.name,
                    "state": check.state,
                    "checked": check.what,
                    "faults": list(check.faults),
                    "skipped": check.skipped,
                }
                for check in self.checks
            ],
            "cannot_be_checked": list(self.cannot),
        }

    def as_text(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        yield from (f"{name:12} {value}" for name, value in self.about.items())
        if self.about:
            yield ""
        for check in self.checks:
            yield from _told(check)
        if self.cannot:
            yield from ("", "What no program can tell from a record:")
            for sentence in self.cannot:
                yield from wrap(sentence, _WIDTH, initial_indent="  - ", subsequent_indent="    ")
        yield ""
        if self.ok:
            yield "VERIFIED: everything that can be checked fits together."
        else:
            names = ", ".join(check.name for check in self.failed)
            yield f"NOT VERIFIED: what does not fit is told under {names}."


def _told(check: Check) -> Iterator[str]:
    indent = " " * 30
    lead = f"  {_MARKS[check.state]:11}  {check.name:14} "
    yield from wrap(check.what, _WIDTH, initial_indent=lead, subsequent_indent=indent)
    if check.skipped:
        yield from wrap(check.skipped, _WIDTH, initial_indent=indent, subsequent_indent=indent)
    for fault in check.faults[:_MOST_SHOWN]:
        yield from wrap(fault, _WIDTH, initial_indent=f"{indent}✗ ", subsequent_indent=f"{indent}  ")
    if len(check.faults) > _MOST_SHOWN:
        yield f"{indent}… and {len(check.faults) - _MOST_SHOWN} more"
