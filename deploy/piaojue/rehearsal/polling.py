"""A poll from its preparation to the last paper."""

from random import SystemRandom
from secrets import token_urlsafe
from typing import Any

from piaojue.rehearsal.calls import NONCE_BYTES, Calls
from piaojue.rehearsal.incidents import happen
from piaojue.rehearsal.papers import Part, papers_of, slips_of
from piaojue.rehearsal.printed import codes_of
from piaojue.rehearsal.year import Step, Year, hand_in, number_of

_SHOWN = ("poll", "title", "round", "rules", "rules_hash", "profile", "warnings", "candidates")


class Polling:
    """One poll of the plan under way. ``story``: what came of it; ``receipts``: those that were given."""

    def __init__(self, year: Year, place: int) -> None:
        self.year = year
        self.poll: Part = year.plan.polls[place]
        self.story: dict[str, Any] = {"note": self.poll["note"]}
        self.receipts: list[str] = []
        self.calls = Calls(year, self.poll)
        self._where = ("polls", place, "incidents")
        year.story.setdefault("polls", []).append(self.story)

    def before(self, step: str, channel: str | None = None) -> None:
        """What happens before this step; ``channel``: whose it is."""
        incidents = self.poll["incidents"]
        happen(self.year, incidents, self._where, step, self.calls.attempt, self.story, channel)

    def prepare(self) -> None:
        if len(self.year.plan.polls) > 1:
            number = self.year.plan.round_of(self.poll)
            self.year.watcher.show("heading", {"title": self.poll["title"], "round": number})
        self.before("prepare")
        with self.year.step("提出票决", "Poll prepared") as step:
            prepared = self.calls.prepare()
            self._keep(prepared)
            candidates = number_of(len(prepared["candidates"]), "candidate")
            step.say(f"{candidates} for {number_of(prepared['rules']['seats'], 'seat')}")

    def appoint(self) -> None:
        self.before("appoint")
        if (officers := self.poll["officers"]) is None:
            return
        with self.year.step("监票计票", "Officers appointed") as step:
            appointed = self.calls.appoint(officers)
            scrutineers, tellers = (len(appointed[each]) for each in ("scrutineers", "tellers"))
            step.say(f"{number_of(scrutineers, 'scrutineer')}, {number_of(tellers, 'teller')}")

    def open(self) -> None:
        self.before("open")
        with self.year.step("票决办法", "Poll opened, rules fixed") as step:
            opened = self.calls.open()
            self._keep(opened)
            seats = number_of(opened["rules"]["seats"], "seat")
            by = f", {opened['profile']['name']}" if opened["profile"] else ""
            step.say(f"{seats}{by}, hash {opened['rules_hash'][:8]}…")

    def _keep(self, shown: Any) -> None:
        self.story |= {key: shown[key] for key in _SHOWN}

    def issue(self) -> None:
        """At random against the roll, so which deputy has which slip is nobody's knowledge."""
        self.before("issue")
        printed, slips = self.poll["slips"]["printed"], slips_of(self.poll)
        if not slips:
            return
        if printed is None:
            self.calls.codes = self.calls.issue(slips)["codes"]
        else:
            with self.year.step("票码", "Slips printed and issued") as step:
                self._issue_by_number(printed, step)
        SystemRandom().shuffle(self.calls.codes)

    def _issue_by_number(self, printed: int, step: Step) -> None:
        suite, path, spoiled = self.year.suite, self.calls.path, self.poll["slips"]["spoiled"]
        pdf = suite.fetch("POST", path("slips", "print"), {"slips": printed}, role="clerk")
        codes = codes_of(pdf, printed)
        issued = slips_of(self.poll)
        self.calls.codes = [codes[printed]]
        suite.post(path("slips", "issue"), {"from": 1, "to": issued}, role="clerk")
        if printed > issued + spoiled:
            self._refused("cast with a spare slip", codes[printed])
        for number in range(1, spoiled + 1):
            suite.post(path("slips", number, "spoil"), {"code": codes[number]}, role="clerk")
        if spoiled:
            suite.post(path("slips", "issue"), {"from": issued + 1, "to": issued + spoiled}, role="clerk")
            self._refused("cast with a spoiled slip", codes[1])
        self.calls.codes = [codes[number] for number in range(spoiled + 1, issued + spoiled + 1)]
        shown = suite.get(path("slips"), role="clerk")
        self.story["slips"] = shown
        step.say("{printed} printed, {issued} issued, {spoiled} spoiled".format(**shown))

    def _refused(self, what: str, code: str) -> None:
        blank: Any = self.poll["papers"][0]["marks"]
        found = self.year.refused(what, "code-unknown", lambda: self.calls.cast(blank, code))
        self.story.setdefault("refused", []).append({"tried": what, "refused": found})

    def cast(self) -> None:
        self.before("cast")
        if self.poll["papers"] is None:
            return
        year, story, codes, papers = self.year, self.story, self.calls.codes, papers_of(self.poll)
        nonces = [token_urlsafe(NONCE_BYTES) for _ in papers]
        casts = list(zip(papers, codes, nonces, strict=False))
        with year.step("投票", "Papers cast by code") as step:
            asked = (lambda cast=each: self.calls.cast(*cast) for each in casts)
            self.receipts = [each["receipt"] for each in hand_in(step, asked, len(casts))]
            seen = self.calls.show()
            story["turnout"] = {key: seen[key] for key in ("present", "issued", "returned")}
            year.expect(seen["result"] is None, "a result was shown while the poll was open")
            step.say(f"{seen['returned']} of {slips_of(self.poll)}; no running total shown")
        with year.step("一码一票", "A code cast twice") as step:
            again = self.calls.cast(*casts[0])
            year.expect(again["receipt"] == self.receipts[0], "a paper sent again got another receipt")
            story["cast_twice"] = year.refused(
                "a code cast twice", "code-spent", lambda: self.calls.cast(papers[0], codes[0])
            )
            step.say(f"the same receipt; else {story['cast_twice']}")
