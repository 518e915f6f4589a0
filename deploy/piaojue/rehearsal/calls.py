"""What is asked of ballots for one poll: in its course, and where something is tried that must be refused."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from secrets import token_hex, token_urlsafe
from typing import Any, Final

from piaojue.rehearsal.papers import Part, chief_of
from piaojue.rehearsal.year import Year

NONCE_BYTES: Final = 24


@dataclass
class Calls:
    """``codes``: of the slips that are handed out, shuffled; which paper has which is nobody's knowledge."""

    year: Year
    poll: Part
    codes: list[str] = field(default_factory=list)

    def path(self, *rest: object) -> str:
        return self.year.path("ballots", "polls", self.poll["id"], *rest)

    def prepare(self, given: Mapping[str, Any] | None = None) -> Any:
        """``given``: what differs from the poll."""
        poll, suite = self.poll, self.year.suite
        said: dict[str, Any] = {"poll": poll["id"], "title": poll["title"]}
        if poll["follows"] is not None:
            path = self.year.path("ballots", "polls", poll["follows"], "next-round")
            return suite.post(path, {**said, **(given or {})}, role="clerk")
        said |= {"meeting": self.year.plan.meeting["id"], "year": self.year.plan.year}
        said |= {key: poll[key] for key in ("profile", "rules", "candidates") if poll[key] is not None}
        return suite.post(self.year.path("ballots", "polls"), {**said, **(given or {})}, role="clerk")

    def appoint(self, officers: Mapping[str, Any]) -> Any:
        scrutineers = [{"id": each} for each in officers.get("scrutineers", ())]
        given = {**officers, "scrutineers": scrutineers}
        return self.year.suite.put(self.path("officers"), given, role="clerk")

    def open(self) -> Any:
        return self.year.suite.post(self.path("opening"), role="clerk")

    def issue(self, slips: int) -> Any:
        return self.year.suite.post(self.path("slips"), {"slips": slips}, role="clerk")

    def cast(self, marks: Any, code: str | None = None, nonce: str | None = None) -> Any:
        """With a code that is not spent where there still is one; the last of them is spent last."""
        given = {
            "code": code or self.codes[-1],
            "marks": marks,
            "nonce": nonce or token_urlsafe(NONCE_BYTES),
        }
        return self.year.suite.post(self.path("papers"), given)

    def close(self) -> Any:
        return self._watched(("closing",), None, None)

    def count(self) -> Any:
        return self._watched(("count",), None, None)

    def sign(self, person: str) -> Any:
        """As one who has looked at the count."""
        suite = self.year.suite
        seen = suite.get(self.path("count"), role="scrutineer", person=person)["count_hash"]
        return suite.post(self.path("signature"), {"count_hash": seen}, role="scrutineer", person=person)

    def open_channel(self, given: Mapping[str, Any]) -> Any:
        """``given``: the channel, as the file has it."""
        said: dict[str, Any] = {"channel": given["id"], "kind": given["kind"], "issued": given["issued"] or 0}
        said |= {} if given["replaces"] is None else {"replaces": given["replaces"]}
        return self.year.suite.post(self.path("channels"), said, role="clerk")

    def box(self, channel: str, returned: int, by: str | None = None) -> Any:
        return self._watched(("channels", channel, "box"), {"returned": returned}, by)

    def enter(self, channel: str, by: str, content: Any, batch: int = 1) -> Any:
        path, given = self.path("channels", channel, "entries"), {"batch": batch, "content": content}
        return self.year.suite.post(path, given, role="teller", person=by)

    def settle(self, channel: str, *, by: str | None = None, **found: Any) -> Any:
        """``found``: batch, place, and marks or absent."""
        return self._watched(("channels", channel, "settlements"), found, by)

    def strike(self, channel: str, reason: str, by: str | None = None) -> Any:
        return self._watched(("channels", channel, "strike"), {"reason": reason}, by)

    def _watched(self, rest: tuple[str, ...], given: Mapping[str, Any] | None, by: str | None) -> Any:
        """What a scrutineer does: the chief, unless another is named."""
        person = by or chief_of(self.poll)
        return self.year.suite.post(self.path(*rest), given, role="scrutineer", person=person)

    def object(self, by: str, text: str) -> Any:
        """A deputy's objection, filed by a token of their own."""
        given = {"objection": f"o-{token_hex(16)}", "text": text}
        return self.year.suite.post(self.path("objections"), given, role="deputy", person=by)

    def answer(self, number: int, outcome: str, answer: str) -> Any:
        path = self.path("objections", number, "answer")
        return self.year.suite.post(path, {"outcome": outcome, "answer": answer}, role="clerk")

    def declare(self) -> Any:
        return self.year.suite.post(self.path("declaration"), role="clerk")

    def next_round(self) -> Any:
        given = {"poll": f"{self.poll['id'][:58]}-next", "title": self.poll["title"]}
        return self.year.suite.post(self.path("next-round"), given, role="clerk")

    def show(self) -> Any:
        """As everybody may see it."""
        return self.year.suite.get(self.path())

    def attempt(self, incident: Part) -> Any:
        """A step out of its turn, or with something else than its poll has."""
        step, content = incident["tried"], incident["content"]
        match step:
            case "box" | "enter" | "settle" | "strike":
                return getattr(self, step)(incident["channel"], **content)
            case "object":
                return self.object(**content)
            case "prepare" | "appoint" | "issue" | "cast" | "sign":
                return getattr(self, step)(content)
            case "next-round":
                return self.next_round()
        return getattr(self, step)()
