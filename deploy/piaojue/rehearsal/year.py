"""A rehearsal under way: what it has at hand, and what it tells."""

from collections.abc import Iterator, Sequence
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
        """A part of the story is complete: ``poll``, ``notice``, ``rating``, ``logs``."""


@dataclass
class Year:
    """``story`` is what happened, as JSON; ``failures`` is what should have been otherwise."""

    plan: Plan
    suite: Suite
    watcher: Watcher
    story: dict[str, Any] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)

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

    def refused(self, path: str, body: Any, slug: str) -> str:
        """The slug with which a request is refused that must be; a failure if it is not."""
        try:
            self.suite.post(path, body)
        except SuiteRefused as refusal:
            self.expect(refusal.slug == slug, f"refused as {refusal.slug}, where {slug} was due")
            return refusal.slug
        self.failures.append(f"{path.rpartition('/')[2]}: a code was taken twice")
        return "accepted"

    def notice(self, kind: str) -> dict[str, Any]:
        """The public notice of this kind, by language, once it is published."""
        return {each: self._notice(kind, each) for each in LANGUAGES}

    def _notice(self, kind: str, language: str) -> dict[str, str]:
        return until(f"the notice of {kind} in {language}", lambda: self._found(kind, language))

    def _found(self, kind: str, language: str) -> dict[str, str] | None:
        page = self.suite.find(self.path("notifications", f"notices?language={language}"))
        for notice in page["notices"] if page else ():
            if notice["kind"] == kind:
                text = notice["texts"][0]
                return {"title": text["title"], "text": text["text"]}
        return None


def _same(found: Any, wanted: Any) -> bool:
    """Shares are texts such as ``"96.70"``; whoever expects 96.7 means the same."""
    if found == wanted:
        return True
    try:
        return isinstance(found, str) and isinstance(wanted, str) and Decimal(found) == Decimal(wanted)
    except InvalidOperation:
        return False


def hand_in(
    year: Year, step: Step, path: str, codes: Sequence[str], filled: Sequence[dict[str, Any]]
) -> None:
    """Each with a code of its own. RehearsalFailed: says which was refused, by its number."""
    for number, (code, each) in enumerate(zip(codes, filled, strict=False), 1):
        try:
            year.suite.post(path, {"code": code, **each})
        except SuiteRefused as refusal:
            raise RehearsalFailed(
                f"number {number} of {len(filled)} was not accepted: {refusal}"
            ) from refusal
        step.count(number, len(filled))
