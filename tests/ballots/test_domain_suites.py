"""The suites of ballots' hooks: the built-in plugins pass them, and each finds what is wrong with others."""

from dataclasses import replace

import pytest

from ballots.domain import (
    ChooseScheme,
    Decision,
    ForAgainstScheme,
    MajorityRule,
    Paper,
    PluralityRule,
    Standing,
    Tally,
    fill_seats,
)
from ballots.domain.suites import AdoptionRuleSuite, MarkingSchemeSuite


class TestMajority(AdoptionRuleSuite):
    def rule(self):
        return MajorityRule()

    def parameters(self):
        return [
            {"of": base, "more_than": share}
            for base in ("deputies", "present", "valid")
            for share in ("0/1", "1/3", "1/2", "2/3")
        ]

    def refused(self):
        return [{}, {"of": "all", "more_than": "1/2"}, {"of": "valid", "more_than": "1/1"}]


class TestPlurality(AdoptionRuleSuite):
    def rule(self):
        return PluralityRule()

    def parameters(self):
        return [{}]


class TestChoose(MarkingSchemeSuite):
    def scheme(self):
        return ChooseScheme()

    def parameters(self):
        return [{"at_most": 1}, {"at_most": 3}]

    def refused(self):
        return [{}, {"at_most": 0}, {"at_most": "3"}, {"at_most": True}]

    def marks(self, source, candidates, parameters):
        return source.sample(candidates, source.randint(0, len(candidates)))

    def with_one_more(self, marks, project, parameters):
        if project in marks or len(marks) >= parameters["at_most"]:
            return None
        return [*marks, project]


class TestForAgainst(MarkingSchemeSuite):
    def scheme(self):
        return ForAgainstScheme()

    def parameters(self):
        return [{}]

    def marks(self, source, candidates, parameters):
        marked = source.sample(candidates, source.randint(0, len(candidates)))
        return {each: source.choice(("for", "against", "abstain")) for each in marked}

    def with_one_more(self, marks, project, parameters):
        return None if marks.get(project) == "for" else marks | {project: "for"}


class FewestFirst(PluralityRule):
    def decide(self, figures, parameters):
        turned = {each: figures.valid * 3 + 1 - votes for each, votes in figures.votes.items()}
        voted = [each for each in figures.candidates if figures.votes[each]]
        voted.sort(key=turned.__getitem__, reverse=True)
        return Decision(tuple(voted[: figures.seats]), (), max(figures.seats - len(voted), 0), None)


class PaperOrder(PluralityRule):
    def decide(self, figures, parameters):
        """A tie goes to whoever is first on the paper."""
        decision = super().decide(figures, parameters)
        adopted = (*decision.adopted, *decision.tied[: decision.open_seats])
        return Decision(adopted, (), figures.seats - len(adopted), None)


class OddOnly(PluralityRule):
    def decide(self, figures, parameters):
        """A vote more makes an odd number even."""
        odd = {each: votes if votes % 2 else 0 for each, votes in figures.votes.items()}
        return fill_seats(replace(figures, votes=odd), least=1, mark=None)


class Forgetful(MajorityRule):
    def parameters(self, given):
        return {"of": "deputies", "more_than": "1/2"}


class Moody(PluralityRule):
    turns = 0

    def decide(self, figures, parameters):
        Moody.turns += 1
        return fill_seats(figures, least=1 + Moody.turns % 2, mark=None)


@pytest.mark.parametrize(
    ("suite", "plugin", "test"),
    [
        (TestPlurality, FewestFirst, "nobody_over_the_mark_is_passed_over_for_one_with_fewer_votes"),
        (TestPlurality, FewestFirst, "a_vote_more_never_harms_a_project"),
        (TestPlurality, OddOnly, "a_vote_more_never_harms_a_project"),
        (TestPlurality, PaperOrder, "the_order_on_the_paper_decides_nothing"),
        (TestPlurality, Moody, "the_same_figures_are_decided_in_the_same_way_and_left_alone"),
        (TestMajority, Forgetful, "parameters_that_it_does_not_know_are_refused_by_name"),
        (TestMajority, Forgetful, "parameters_that_are_wrong_are_refused_by_field"),
    ],
)
def test_suite_of_rules_finds_a_wrong_one(suite, plugin, test, monkeypatch):
    tested = suite()
    monkeypatch.setattr(tested, "rule", plugin)
    with pytest.raises(AssertionError):
        getattr(tested, f"test_{test}")()


class Telling(ChooseScheme):
    def read(self, marks, places, parameters):
        if isinstance(marks, list) and any(each not in places for each in marks if isinstance(each, str)):
            return Paper(Standing.MARKED, marks, dict.fromkeys(marks, 1))
        return super().read(marks, places, parameters)


class FirstOnly(ChooseScheme):
    """Counts what the deputy marked first."""

    def read(self, marks, places, parameters):
        paper = super().read(marks, places, parameters)
        return Paper(paper.standing, paper.marks, dict(list(paper.votes.items())[:1]))


class Generous(ChooseScheme):
    def tally(self, votes, against, valid, papers):
        return Tally(votes + 1)


class Unchecked(ForAgainstScheme):
    def check_tally(self, tally, valid, parameters):
        pass


@pytest.mark.parametrize(
    ("suite", "plugin", "test"),
    [
        (TestChoose, Telling, "a_project_that_is_not_on_the_paper_is_refused"),
        (TestChoose, FirstOnly, "a_vote_more_never_harms_a_project"),
        (TestChoose, Generous, "the_counts_balance"),
        (TestForAgainst, Unchecked, "a_hand_count_that_no_papers_can_give_is_refused"),
    ],
)
def test_suite_of_schemes_finds_a_wrong_one(suite, plugin, test, monkeypatch):
    tested = suite()
    monkeypatch.setattr(tested, "scheme", plugin)
    with pytest.raises(AssertionError):
        getattr(tested, f"test_{test}")()
