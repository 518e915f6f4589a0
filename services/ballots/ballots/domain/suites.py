"""What every adoption rule and every marking scheme holds to, as tests to inherit.

Needs nothing but the standard library: what is tried is drawn from a seeded source, so that a failure comes
again. Inherit, name the class ``Test…``, and say what is tested::

    class TestLot(AdoptionRuleSuite):
        def rule(self): return LotRule()
        def parameters(self): return [{}, {"of": 3}]
"""

import copy
import json
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ballots.domain.adoption import AdoptionRule, Decision, Figures
from ballots.domain.counting import Reading, read_papers
from ballots.domain.errors import Fault, TallyExceedsValid, UnknownCandidate
from ballots.domain.marking import UNITS, MarkingScheme, Paper, Standing, Tally, Unit
from chassis.errors import Invalid

TRIES = 300
_CANDIDATES = ("water", "road", "clinic", "school", "bridge", "park")
_STRANGE = "坏-project-no-paper-has"
_MALFORMED: tuple[Any, ...] = (
    *(None, True, 7, 1.5, "water", {"water": None}, {"water": [1]}, {"water": 1.5}, {"water": -1}),
    *([None], [["water"]], ["water", "water"], [{"water": 1}], {"water": {"road": 1}}, {7: "for"}),
    *([_STRANGE], {_STRANGE: 1}, {_STRANGE: "for"}, {"water": _STRANGE}, [1, 2], {"water": True}),
)

Parameters = Mapping[str, Any]


def _source() -> random.Random:
    return random.Random("the papers of no real poll")


class _ParametersSuite:
    """What both hooks ask of parameters."""

    def parameters(self) -> Sequence[Parameters]:
        """Some that are good, as a poll's rules would say them, beside the name."""
        raise NotImplementedError

    def refused(self) -> Sequence[Parameters]:
        """Some that are not."""
        return ()

    def _plugin(self) -> Any:
        raise NotImplementedError

    def _read(self) -> Iterator[dict[str, object]]:
        for given in self.parameters():
            yield self._plugin().parameters(copy.deepcopy(dict(given)))

    def test_it_has_a_name_and_a_version(self) -> None:
        plugin = self._plugin()
        for label in (plugin.name, plugin.version):
            assert isinstance(label, str)
            assert label

    def test_parameters_are_ready_for_json_and_are_read_again_as_they_are(self) -> None:
        for read in self._read():
            assert json.loads(json.dumps(read, allow_nan=False)) == read
            assert self._plugin().parameters(dict(read)) == read

    def test_parameters_that_it_does_not_know_are_refused_by_name(self) -> None:
        for given in self.parameters():
            refusal = _refusal(self._plugin(), {**given, "no-such-parameter": 1})
            assert refusal is not None, "a slip of the pen in the rules would go unseen"
            assert "no-such-parameter" in (refusal.field or "")

    def test_parameters_that_are_wrong_are_refused_by_field(self) -> None:
        for given in self.refused():
            refusal = _refusal(self._plugin(), given)
            assert refusal is not None, f"{dict(given)} was taken"
            assert refusal.field


def _refusal(plugin: Any, given: Parameters) -> Invalid | None:
    try:
        plugin.parameters(dict(given))
    except Invalid as refusal:
        return refusal
    return None


class AdoptionRuleSuite(_ParametersSuite):
    """For adoption rules."""

    def rule(self) -> AdoptionRule:
        """The rule."""
        raise NotImplementedError

    def _plugin(self) -> AdoptionRule:
        return self.rule()

    def test_it_says_what_it_decides_on(self) -> None:
        takes = list(self.rule().takes)
        assert takes
        assert set(takes) <= set(UNITS)

    def test_the_same_figures_are_decided_in_the_same_way_and_left_alone(self) -> None:
        for figures, parameters in self._tried():
            before = copy.deepcopy((figures, parameters))
            decision = self._decide(figures, parameters)
            assert (figures, parameters) == before
            assert self._decide(*before) == decision

    def test_a_decision_fits_its_figures(self) -> None:
        for figures, parameters in self._tried():
            decision = self._decide(figures, parameters)
            decision.check_against(figures)
            assert all(figures.votes[each] for each in (*decision.adopted, *decision.tied))
            assert len({figures.votes[each] for each in decision.tied}) <= 1

    def test_the_order_on_the_paper_decides_nothing(self) -> None:
        source = _source()
        for figures, parameters in self._tried():
            order = tuple(source.sample(figures.candidates, len(figures.candidates)))
            one, other = (
                self._decide(each, parameters) for each in (figures, replace(figures, candidates=order))
            )
            assert (set(one.adopted), set(one.tied)) == (set(other.adopted), set(other.tied))
            assert (one.open_seats, one.pass_mark) == (other.open_seats, other.pass_mark)

    def test_nobody_over_the_mark_is_passed_over_for_one_with_fewer_votes(self) -> None:
        for figures, parameters in self._tried():
            passing = self._passing(figures, parameters)
            decision, votes = self._decide(figures, parameters), figures.votes
            assert passing >= {*decision.adopted, *decision.tied}
            left = passing - {*decision.adopted, *decision.tied}
            assert not left or decision.tied or not decision.open_seats
            assert not any(votes[over] >= votes[tied] for over in left for tied in decision.tied)
            behind = left | set(decision.tied)
            assert not any(votes[over] >= votes[adopted] for over in behind for adopted in decision.adopted)
            in_order = [votes[each] for each in decision.adopted]
            assert in_order == sorted(in_order, reverse=True)

    def test_a_pass_mark_is_where_passing_begins(self) -> None:
        for figures, parameters in self._tried():
            decision = self._decide(figures, parameters)
            if decision.pass_mark is not None:
                over = {each for each in figures.candidates if figures.votes[each] >= decision.pass_mark}
                assert self._passing(figures, parameters) == over

    def test_a_vote_more_never_harms_a_project(self) -> None:
        source = _source()
        for figures, parameters in self._tried():
            project = source.choice(figures.candidates)
            before = _standing(project, self._decide(figures, parameters))
            for better in _with_a_vote_more(figures, project, source):
                assert _standing(project, self._decide(better, parameters)) >= before

    def _passing(self, figures: Figures, parameters: Parameters) -> set[str]:
        """Those over the mark: who would be adopted if there were seats for all."""
        enough = replace(figures, seats=len(figures.candidates))
        return set(self._decide(enough, parameters).adopted)

    def _decide(self, figures: Figures, parameters: Parameters) -> Decision:
        return self.rule().decide(figures, parameters)

    def _tried(self) -> Iterator[tuple[Figures, dict[str, object]]]:
        source, read = _source(), list(self._read())
        units = sorted(self.rule().takes)
        for number in range(TRIES):
            yield _figures(source, units[number % len(units)]), copy.deepcopy(read[number % len(read)])


def _figures(source: random.Random, unit: Unit) -> Figures:
    deputies = source.randint(1, 40)
    present = source.randint(0, deputies)
    valid = source.randint(0, present)
    candidates = _CANDIDATES[: source.randint(1, len(_CANDIDATES))]
    papers = {each: source.randint(0, valid) for each in candidates}
    votes = papers if unit == "votes" else {each: papers[each] * source.randint(1, 3) for each in candidates}
    seats = source.randint(1, len(candidates) + 1)
    return Figures(deputies, present, valid, seats, candidates, dict(votes), dict(papers))


def _with_a_vote_more(figures: Figures, project: str, source: random.Random) -> Iterator[Figures]:
    """On a paper that was for others alone; on a paper more; and, of points, on a paper that was for it."""
    papers = {**figures.papers, project: figures.papers[project] + 1}
    points = 1 if figures.votes == figures.papers else source.randint(1, 3)
    votes = {**figures.votes, project: figures.votes[project] + points}
    if figures.papers[project] < figures.valid:
        yield replace(figures, votes=votes, papers=papers)
    if figures.valid < figures.present:
        yield replace(figures, votes=votes, papers=papers, valid=figures.valid + 1)
    if figures.votes != figures.papers and figures.papers[project]:
        yield replace(figures, votes=votes)


def _standing(project: str, decision: Decision) -> int:
    if project in decision.adopted:
        return 2
    return 1 if project in decision.tied else 0


@dataclass(frozen=True, slots=True)
class _Box:
    """Papers as they come, and what reads them."""

    candidates: tuple[str, ...]
    parameters: dict[str, object]
    papers: list[Any]

    @property
    def places(self) -> dict[str, int]:
        return {candidate: place for place, candidate in enumerate(self.candidates)}


class MarkingSchemeSuite(_ParametersSuite):
    """For marking schemes."""

    def scheme(self) -> MarkingScheme:
        """The scheme."""
        raise NotImplementedError

    def marks(self, source: random.Random, candidates: Sequence[str], parameters: Parameters) -> Any:
        """A paper that a deputy may hand in: now a blank one, now a marked one, now an invalid one."""
        raise NotImplementedError

    def with_one_more(self, marks: Any, project: str, parameters: Parameters) -> Any:
        """The same valid paper, marked more in favour of this project; None where it can be no more."""
        raise NotImplementedError

    def _plugin(self) -> MarkingScheme:
        return self.scheme()

    def test_it_says_what_it_gives(self) -> None:
        assert self.scheme().gives in UNITS

    def test_papers_of_every_standing_are_tried(self) -> None:
        found = {self._paper(box, marks).standing for box in self._tried() for marks in box.papers}
        assert found >= {Standing.BLANK, Standing.MARKED}, "marks() has to hand in both"

    def test_a_paper_gives_to_what_it_marks_and_an_invalid_or_blank_one_gives_nothing(self) -> None:
        most = 1 if self.scheme().gives == "votes" else 10**6
        for box in self._tried():
            for paper in (self._paper(box, marks) for marks in box.papers):
                assert {*paper.votes, *paper.against} <= set(box.candidates)
                assert not set(paper.votes) & set(paper.against)
                assert all(type(given) is int and 1 <= given <= most for given in paper.votes.values())
                if paper.standing is not Standing.MARKED:
                    assert not paper.votes
                    assert not paper.against

    def test_marks_are_kept_ready_for_json_and_are_read_again_as_they_are(self) -> None:
        for box in self._tried():
            for paper in (self._paper(box, marks) for marks in box.papers):
                assert json.loads(json.dumps(paper.marks)) == paper.marks
                assert self._paper(box, json.loads(json.dumps(paper.marks))) == paper

    def test_marks_are_kept_in_the_order_of_the_paper(self) -> None:
        for box in self._tried():
            for paper in (self._paper(box, marks) for marks in box.papers):
                if isinstance(paper.marks, dict):
                    assert list(paper.marks) == sorted(paper.marks, key=box.places.__getitem__)

    def test_what_is_malformed_is_refused_without_repeating_it(self) -> None:
        for box in self._tried(1):
            for marks in _MALFORMED:
                refusal = self._refusal_of(box, marks)
                if refusal is not None:
                    assert refusal.field, marks
                    assert _STRANGE not in f"{refusal.detail}{refusal.field}", "it would stand in a log"

    def test_a_project_that_is_not_on_the_paper_is_refused(self) -> None:
        source = _source()
        for read in self._read():
            for _ in range(TRIES):
                marks = self.marks(source, (_STRANGE,), read)
                try:
                    paper = self.scheme().read(marks, {"water": 0}, read)
                except (Fault, UnknownCandidate):
                    continue
                assert not paper.marks, "a mark for no candidate was taken"

    def test_the_order_of_papers_does_not_matter(self) -> None:
        source = _source()
        for box in self._tried():
            shuffled = replace(box, papers=source.sample(box.papers, len(box.papers)))
            assert self._counted(shuffled) == self._counted(box) == self._counted(copy.deepcopy(box))

    def test_equal_papers_may_be_read_once(self) -> None:
        for box in self._tried():
            assert self._counted(box, times=3) == self._counted(replace(box, papers=box.papers * 3))

    def test_the_counts_balance(self) -> None:
        for box in self._tried():
            reading = self._counted(box)
            assert reading.valid + reading.invalid == len(box.papers)
            assert 0 <= (reading.blank or 0) <= reading.valid
            assert tuple(reading.tallies) == box.candidates
            for candidate, tally in reading.tallies.items():
                papers = [self._paper(box, marks) for marks in box.papers]
                assert tally.votes == sum(paper.votes.get(candidate, 0) for paper in papers)
                if tally.against is not None and tally.abstain is not None:
                    assert tally.votes + tally.against + tally.abstain == reading.valid
                for_it = sum(candidate in paper.votes for paper in papers)
                assert (tally.votes if tally.papers is None else tally.papers) == for_it

    def test_a_hand_count_says_the_same(self) -> None:
        for box in self._tried():
            reading = self._counted(box)
            for tally in reading.tallies.values():
                self.scheme().check_tally(tally, reading.valid, box.parameters)
                assert self.scheme().read_tally(_line(tally)) == tally

    def test_a_hand_count_that_no_papers_can_give_is_refused(self) -> None:
        for box in self._tried():
            reading = self._counted(box)
            for tally in reading.tallies.values():
                papers = None if tally.papers is None else reading.valid + 1
                more = replace(tally, votes=(reading.valid + 1) * 10**6 if papers else reading.valid + 1)
                _assert_exceeds(self.scheme(), replace(more, papers=papers), reading.valid, box.parameters)

    def test_a_vote_more_never_harms_a_project(self) -> None:
        source = _source()
        for box in self._tried():
            project = source.choice(box.candidates)
            for marks in box.papers:
                before = self._paper(box, marks)
                if before.standing is Standing.OVERVOTED:
                    continue
                better = self.with_one_more(copy.deepcopy(marks), project, box.parameters)
                if better is None:
                    continue
                after = self._paper(box, better)
                assert after.votes.get(project, 0) > before.votes.get(project, 0)
                others = (each for each in box.candidates if each != project)
                assert all(after.votes.get(each, 0) <= before.votes.get(each, 0) for each in others)

    def _refusal_of(self, box: _Box, marks: Any) -> Invalid | None:
        try:
            self._paper(box, marks)
        except (Fault, UnknownCandidate) as refusal:
            return refusal
        return None

    def _paper(self, box: _Box, marks: Any) -> Paper:
        return self.scheme().read(marks, box.places, box.parameters)

    def _counted(self, box: _Box, times: int = 1) -> Reading:
        papers: Iterable[tuple[int, object]] = ((times, marks) for marks in box.papers)
        return read_papers(papers, self.scheme(), box.candidates, box.parameters)

    def _tried(self, most: int = TRIES // 10) -> Iterator[_Box]:
        source, read = _source(), list(self._read())
        for number in range(max(most, len(read))):
            parameters = copy.deepcopy(read[number % len(read)])
            candidates = _CANDIDATES[: source.randint(1, len(_CANDIDATES))]
            papers = [self.marks(source, candidates, parameters) for _ in range(source.randint(0, 30))]
            yield _Box(candidates, parameters, papers)


def _line(tally: Tally) -> object:
    """As the line of a hand count says it, and a result too."""
    plain = tally.against is None and tally.papers is None
    return tally.votes if plain else tally.as_json()


def _assert_exceeds(scheme: MarkingScheme, tally: Tally, valid: int, parameters: Parameters) -> None:
    try:
        scheme.check_tally(tally, valid, parameters)
    except TallyExceedsValid:
        return
    raise AssertionError(f"{tally} was taken from {valid} valid papers")
