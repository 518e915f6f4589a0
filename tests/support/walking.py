"""A page's walk: the commands of a section in order, and what the page says that they print."""

import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

LEFT_OUT = "…"
"""On a page: whatever stands here, in a line; alone in a line, any lines."""
_DONE = "walked-7c1f"


@dataclass
class Step:
    """A command, as it is typed; the lines that the page shows under it."""

    command: str
    shown: list[str] = field(default_factory=list)

    @property
    def asks_for_status(self) -> bool:
        return self.command == "echo $?"


def steps(page: Path, section: str) -> list[Step]:
    """Of the blocks of a section that begin with ``$ ``; a line that ends with a backslash is continued."""
    text = page.read_text(encoding="utf-8")
    (body,) = re.findall(rf"(?ms)^## {re.escape(section)}$(.*?)(?=^## |\Z)", text)
    found: list[Step] = []
    for block in re.findall(r"(?ms)^```\n(.*?)^```$", body):
        assert block.startswith("$ "), f"what is to be typed? {block}"
        for line in block.splitlines():
            if line.startswith("$ "):
                found.append(Step(line[2:]))
            elif found[-1].command.endswith("\\"):
                found[-1].command = f"{found[-1].command[:-1]}{line.strip()}"
            else:
                found[-1].shown.append(line)
    return found


def differs(shown: list[str], said: str) -> str | None:
    """In what a page's lines are not those that were said, in words; blanks count as one."""
    lines = iter([squeezed(line) for line in said.splitlines() if line.strip()])
    skipping = False
    for wanted in map(squeezed, shown):
        if wanted == LEFT_OUT:
            skipping = True
        elif wanted and not _found(wanted, lines, skipping):
            return f"the page shows {wanted!r}, and this was said:\n{said}"
        else:
            skipping = skipping and not wanted
    rest = [] if skipping else [*lines]
    return f"the page does not show {rest}" if rest else None


def _found(wanted: str, lines: Iterator[str], skipping: bool) -> bool:
    pattern = ".*".join(map(re.escape, wanted.split(LEFT_OUT)))
    for line in lines:
        if re.fullmatch(pattern, line):
            return True
        if not skipping:
            return False
    return False


def squeezed(line: str) -> str:
    return " ".join(line.split())


def renamed(text: str, names: Mapping[str, str]) -> str:
    return re.sub("|".join(map(re.escape, names)), lambda match: names[match[0]], text)


class Shell:
    """One bash for all commands, as somebody has it who types them. ``names``: what the page calls otherwise
    than this machine does, such as folders and ports; in what is said they are the page's again."""

    def __init__(self, folder: Path, environment: Mapping[str, str], names: Mapping[str, str]) -> None:
        self._names, self._theirs = names, {ours: theirs for theirs, ours in names.items()}
        self._bash = subprocess.Popen(
            ["bash", "--norc", "--noprofile"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env=dict(environment),
            text=True,
        )

    def run(self, command: str) -> tuple[int, str]:
        """Its status and what it said, on either stream. AssertionError: the shell has ended."""
        assert self._bash.stdin is not None
        assert self._bash.stdout is not None
        typed = f"{{ {renamed(command, self._names)}\n}} < /dev/null"  # what is typed next is not its input
        ended = f'status=$?; echo; echo "{_DONE} $status"; (exit $status)'
        print(f"{typed}\n{ended}", file=self._bash.stdin, flush=True)
        said = []
        for line in self._bash.stdout:
            if line.startswith(_DONE):
                return int(line.split()[1]), renamed("".join(said), self._theirs)
            said.append(line)
        raise AssertionError(f"the shell ended amid {command}: {''.join(said)}")

    def close(self) -> None:
        self._bash.kill()
        self._bash.communicate()
