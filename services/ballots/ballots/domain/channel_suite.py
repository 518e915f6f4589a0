"""What every kind of channel holds to, as tests to inherit. Needs nothing but the standard library.

Inherit, name the class ``Test…``, and say what is tested::

    class TestFax(BallotChannelSuite):
        def channel(self): return Fax()
        def contents(self, ballot): return ["water,road,clinic\n1,,\n"]
"""

import json
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from ballots.domain.channel_errors import InvalidEntry
from ballots.domain.channel_kinds import Ballot, BallotChannel
from ballots.domain.channels import ABSENT, Channel
from ballots.domain.counting import check_hand_count, read_papers
from ballots.domain.errors import Fault
from ballots.domain.marking import ChooseScheme, ForAgainstScheme

BALLOTS = (
    Ballot(ChooseScheme(), {"at_most": 2}, ("water", "road", "clinic")),
    Ballot(ForAgainstScheme(), {}, ("water", "road", "clinic")),
)
_STRANGE = "坏-project-no-paper-has"
_MALFORMED: tuple[Any, ...] = (
    *(None, True, 7, 1.5, {"valid": -1}, [_STRANGE], [[_STRANGE]], [{_STRANGE: "for"}]),
    *([["water", "water"]], [7], f"{_STRANGE}\n1\n", "water,road,clinic\n1\n"),
)


def _refusal(kind: type[Exception], act: Callable[[], object]) -> str | None:
    try:
        act()
    except kind as refusal:
        return str(refusal)
    return None


class BallotChannelSuite:
    """Inherit this."""

    def channel(self) -> BallotChannel:
        """The kind of channel that is tested."""
        raise NotImplementedError

    def contents(self, ballot: Ballot) -> Sequence[object]:
        """Entries that are good for a ballot, one with papers at least; none where it cannot read that."""
        raise NotImplementedError

    def test_it_has_a_name_and_a_version_and_is_entered_by_somebody(self) -> None:
        channel = self.channel()
        for label in (channel.name, channel.version):
            assert isinstance(label, str)
            assert label
        assert channel.entries_needed >= 1
        assert isinstance(channel.of_papers, bool)

    def test_it_reads_some_ballot(self) -> None:
        assert any(read for _, _, read in self._tried())

    def test_an_entry_is_ready_for_json_and_is_read_in_the_same_way_again(self) -> None:
        for ballot, content, read in self._tried():
            assert json.loads(json.dumps(read)) == read
            assert self.channel().read(content, ballot) == read
            assert ABSENT not in read

    def test_what_was_read_can_be_settled_as_it_is(self) -> None:
        for ballot, _, read in self._tried():
            for place, value in enumerate(read):
                assert self.channel().check_settled(value, place, ballot) == value

    def test_rejects_are_places_of_the_entry(self) -> None:
        for ballot, _, read in self._tried():
            assert set(self.channel().rejects(read, ballot)) <= set(range(len(read)))

    def test_what_it_gives_is_possible_and_has_every_project(self) -> None:
        for ballot, _, read in self._tried():
            reading = self.channel().reading(read, ballot)
            assert tuple(reading.tallies) == ballot.candidates
            assert min(reading.valid, reading.invalid) >= 0
            assert reading.blank is None or 0 <= reading.blank <= reading.valid
            check_hand_count(reading, ballot.scheme, ballot.parameters)

    def test_papers_are_counted_as_any_papers_are(self) -> None:
        if not self.channel().of_papers:
            return
        for ballot, _, read in self._tried():
            reading = self.channel().reading(read, ballot)
            readable = [(1, marks) for marks in read if marks is not None]
            expected = read_papers(readable, ballot.scheme, ballot.candidates, ballot.parameters)
            assert (reading.valid, reading.tallies) == (expected.valid, expected.tallies)
            assert reading.valid + reading.invalid == len(read)

    def test_what_is_malformed_is_refused_without_repeating_it(self) -> None:
        channel = self.channel()
        opened = Channel.opened(id="hall", plugin=channel)
        for ballot in BALLOTS:
            for content in _MALFORMED:
                refusal = _refusal(InvalidEntry, partial(opened.entered, "teller", content, channel, ballot))
                assert refusal is not None, f"{content!r} is no entry"
                assert _STRANGE not in refusal

    def test_a_settlement_that_is_malformed_is_refused(self) -> None:
        for ballot, _, read in self._tried():
            for place in range(len(read)):
                for value in (_STRANGE, [_STRANGE], {_STRANGE: 1}, -1, 1.5):
                    settle = partial(self.channel().check_settled, value, place, ballot)
                    assert _refusal(Fault, settle) is not None, f"{value!r} is on no paper"

    def _tried(self) -> Iterator[tuple[Ballot, object, list[object]]]:
        for ballot in BALLOTS:
            for content in self.contents(ballot):
                yield ballot, content, self.channel().read(content, ballot)
