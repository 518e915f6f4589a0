"""A rehearsal under way: what it has at hand, and what it tells."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from time import monotonic
from typing import Any, Protocol

from piaojue.rehearsal.client import RehearsalFailed, Suite, SuiteRefused, until
from piaojue.rehearsal.plan import Plan

LANGUAGES = ("zh-CN", "en")


class Step(Protocol):
    """A step while it is taken."""

    detail: str

    def count(self, done: int, total: int) -> None:
        """How far it has come."""

    def say(self, detail: str) -> None:
        """What it came to."""


class Watcher(Protocol):
    """Whoever looks on."""

    def step(self, chinese: str, english: str) -> AbstractContextManager[Step]:
        """A step begins; it has failed if an exception leaves it."""

    def show(self, part: str, story: dict[str, Any]) -> None:
        """A part of the story is complete: ``candidates``, ``heading``, ``poll``, ``notice``, ``decisions``,
        ``rating`` or ``logs``."""


@dataclass
class Year:
    """``story`` is what happened, as JSON; ``failures`` is what should have been otherwise."""

    plan: Plan
    suite: Suite
    watcher: Watcher
    story: dict[str, Any] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    _notices: Counter[str] = field(default_factory=Counter)

    @property
    def body(self) -> str:
        return str(self.plan.body["id"])

    @contextmanager
    def step(self, chinese: str, english: str) -> Iterator[Step]:
        """A step begins; what it came to is told, and is part of the story."""
        began = monotonic()
        with self.watcher.step(chinese, english) as step:
            yield step
        told = {"step": english, "detail": step.detail, "seconds": round(monotonic() - began, 3)}
        self.story.setdefault("steps", []).append(told)

    def path(self, service: str, *rest: object) -> str:
        """``/ballots/bodies/yongan/polls/p``."""
        return "/".join(["", service, "bodies", self.body, *map(str, rest)])

    def expect(self, holds: bool, otherwise: str) -> None:
        if not holds:
            self.failures.append(otherwise)

    def compare(self, what: str, found: Any, wanted: Any) -> None:
        """Whether all that is wanted is found; in objects, what is not wanted may be there too."""
        if isinstance(wanted, dict) and isinstance(found, dict):
            for key, each in wanted.items():
                self.compare(f"{what}.{key}", found.get(key), each)
        elif not _same(found, wanted):
            self.failures.append(f"{what}: expected {wanted}, and it is {found}")

    def refused(self, what: str, slug: str, request: Callable[[], Any]) -> str:
        """The slug with which a request is refused that must be. RehearsalFailed: it was accepted, and what
        follows would be of something else."""
        try:
            request()
        except SuiteRefused as refusal:
            self.expect(refusal.slug == slug, f"{what}: refused as {refusal.slug}, where {slug} was due")
            return refusal.slug
        raise RehearsalFailed(f"{what}: accepted, where it must be refused as {slug}")

    def notice(self, kind: str) -> dict[str, Any]:
        """The next public notice of this kind that was not asked for yet, by language, once it is
        published."""
        nth = self._notices[kind] = self._notices[kind] + 1
        return {each: self._notice(kind, each, nth) for each in LANGUAGES}

    def _notice(self, kind: str, language: str, nth: int) -> dict[str, str]:
        return until(f"the notice of {kind} in {language}", lambda: self._found(kind, language, nth))

    def _found(self, kind: str, language: str, nth: int) -> dict[str, str] | None:
        page = self.suite.find(self.path("notifications", f"notices?language={language}&limit=100"))
        found = [each for each in (page["notices"] if page else ()) if each["kind"] == kind]
        if len(found) < nth:
            return None
        text = found[0]["texts"][0]
        return {"title": text["title"], "text": text["text"]}


def _same(found: Any, wanted: Any) -> bool:
    """Shares are texts such as ``"96.70"``; whoever expects 96.7 means the same."""
    if found == wanted:
        return True
    try:
        return isinstance(found, str) and isinstance(wanted, str) and Decimal(found) == Decimal(wanted)
    except InvalidOperation:
        return False


def hand_in(step: Step, asked: Iterable[Callable[[], Any]], total: int) -> list[Any]:
    """The answers. RehearsalFailed: says which was refused, by its number."""
    answers = []
    for number, ask in enumerate(asked, 1):
        try:
            answers.append(ask())
        except SuiteRefused as refusal:
            raise RehearsalFailed(f"number {number} of {total} was not accepted: {refusal}") from refusal
        step.count(number, total)
    return answers


def number_of(number: int, one: str, many: str | None = None) -> str:
    """``2 seats``."""
    return f"{number} {one if number == 1 else many or f'{one}s'}"
