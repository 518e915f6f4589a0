"""The built-in kinds of channels hold to what every kind holds to; one that does not is found out."""

import pytest

from ballots.domain import HandPapers, HandTallies, KeypadImport
from ballots.domain.channel_suite import BallotChannelSuite


def chooses(ballot):
    return ballot.scheme.name == "choose"


class TestHandPapers(BallotChannelSuite):
    def channel(self):
        return HandPapers()

    def contents(self, ballot):
        if chooses(ballot):
            return [[], [["road", "water"], [], None, ["water", "road", "clinic"]]]
        return [[{"water": "for", "road": "against"}, {}, None]]


class TestHandTallies(BallotChannelSuite):
    def channel(self):
        return HandTallies()

    def contents(self, ballot):
        if chooses(ballot):
            return [{"valid": 3, "invalid": 1, "blank": 1, "tallies": {"water": 2, "road": 0, "clinic": 1}}]
        line = {"for": 1, "against": 1, "abstain": 1}
        return [{"valid": 3, "invalid": 0, "tallies": dict.fromkeys(ballot.candidates, line)}]


class TestKeypads(BallotChannelSuite):
    def channel(self):
        return KeypadImport()

    def contents(self, ballot):
        if chooses(ballot):
            return ["water,road,clinic\n1,,\n1,1,1\n,,\n", "\ufeffclinic,water,road\r\n1,,1\r\n"]
        return ["water,road,clinic\nfor,against,\n,,abstain\n"]


class Forgetful(HandPapers):
    """Passes over a paper that nobody could read."""

    def reading(self, settled, ballot):
        return super().reading([marks for marks in settled if marks is not None], ballot)


class Trusting(HandPapers):
    """Takes what it is given."""

    def read(self, content, ballot):
        return list(content) if isinstance(content, list) else [content]


@pytest.mark.parametrize(
    ("kind", "found_by"),
    [
        (Forgetful, "test_papers_are_counted_as_any_papers_are"),
        (Trusting, "test_what_is_malformed_is_refused_without_repeating_it"),
    ],
)
def test_a_kind_that_breaks_what_all_hold_to_is_found_out(kind, found_by):
    class Tried(TestHandPapers):
        def channel(self):
            return kind()

    with pytest.raises(AssertionError):
        getattr(Tried(), found_by)()
