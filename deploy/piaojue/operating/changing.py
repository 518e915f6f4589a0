"""Before something is changed: it is said what, it is asked, and it will be noted who did it."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import typer

from piaojue.terminal import MISUSED, fail, say, warn

if TYPE_CHECKING:
    from chassis.store import Transaction

LONGEST = 500


@dataclass(frozen=True)
class Change:
    """What a command is about to do. ``action`` is the command's name; ``summary`` says in words what will be
    changed, each a line."""

    action: str
    summary: Sequence[str]
    dry_run: bool
    yes: bool
    by: str | None = None
    reason: str | None = None
    details: dict[str, Any] = field(default_factory=dict)

    def confirmed(self) -> "Change":
        """Returns when it is to be done. Ends the command with 0 for a dry run or after a no, with 2 where
        nobody can be asked."""
        by, reason = printable(self.by, "--by"), printable(self.reason, "--reason")
        for line in self.summary:
            print(line, file=sys.stdout if self.dry_run else sys.stderr)
        if self.dry_run:
            say("Nothing was changed: --dry-run.")
            raise typer.Exit
        if not self.yes:
            _ask()
        return Change(self.action, self.summary, False, True, by, reason, self.details)

    def note(self, transaction: "Transaction", target: str, **details: Any) -> int:
        """Adds the entry of the audit, in the transaction that makes the change."""
        from chassis.clock import now
        from chassis.store.audit import Action, note

        told = {**self.details, **details}
        return note(transaction, Action(now(), os_user(), self.by, self.action, target, self.reason, told))


def printable(text: str | None, option: str) -> str | None:
    """A text for the audit, on one line. Ends the command with 2 when it is none."""
    if text is None:
        return None
    text = text.strip()
    if not text or not text.isprintable() or len(text) > LONGEST:
        fail(f"{option} is a text on one line, of {LONGEST} characters at most", MISUSED)
    return text


def os_user() -> str:
    """Whose process this is; who became root by sudo is named with it."""
    import os
    import pwd

    try:
        name = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        name = str(os.getuid())
    before = os.environ.get("SUDO_USER")
    return f"{name} (sudo by {before[:64]})" if before and before.isprintable() else name


def _ask() -> None:
    if sys.stdin is None or not sys.stdin.isatty():
        fail("there is nobody to ask: add --yes to do it, or --dry-run to see what would be done", MISUSED)
    print("Do it? [y/N] ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
        warn("nothing was changed")
        raise typer.Exit
