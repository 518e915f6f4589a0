"""The marking scheme ``priority``: a paper ranks up to K projects, the most urgent one 1."""

from collections.abc import Mapping, Sequence

from ballots.domain import Fault, Paper, Standing, Tally, TallyExceedsValid, Unit, UnknownCandidate
from ballots.domain.reading import read_integer, read_list, read_object

Parameters = Mapping[str, object]
MOST_POINTS = 1000


class PriorityScheme:
    """Marks: project → rank. Rank 1 is worth the most points, rank K the fewest; no rank is worth none.

    A paper that gives one rank to two projects, or a rank beyond K, is invalid. A rank may be left out: what
    is ranked 1 and 3 is worth what the first and the third rank are.
    """

    name = "priority"
    version = "1"
    gives: Unit = "points"

    def parameters(self, given: Parameters) -> dict[str, object]:
        """``at_most``: K; ``points``, if given: what the ranks are worth, K of them, none more than the one
        before. Else K, K-1, … 1."""
        read_object(given, self.name, required=("at_most",), optional=("points",))
        ranks = read_integer(given["at_most"], "at_most", least=1)
        if "points" not in given:
            return {"at_most": ranks}
        points = [
            read_integer(each, f"points.{place}", least=1)
            for place, each in enumerate(read_list(given["points"], "points"))
        ]
        if len(points) != ranks:
            raise Fault("points", "must say what each of the at_most ranks is worth")
        if points != sorted(points, reverse=True) or points[0] > MOST_POINTS:
            raise Fault("points", f"must be at most {MOST_POINTS}, and none more than the one before")
        return {"at_most": ranks, "points": points}

    def read(self, marks: object, places: Mapping[str, int], parameters: Parameters) -> Paper:
        given = read_object(marks, "marks", optional=None)
        ranks: dict[str, int] = {}
        for project, rank in given.items():
            if isinstance(rank, bool) or not isinstance(rank, int) or rank < 1:
                raise Fault("marks", "must give whole numbers from 1 on")
            ranks[project] = rank
        if any(project not in places for project in ranks):
            raise UnknownCandidate("a mark is for a project that is not on the paper", field="marks")
        in_order = {project: ranks[project] for project in sorted(ranks, key=places.__getitem__)}
        if not in_order:
            return Paper(Standing.BLANK, in_order)
        worth = _worth(parameters)
        if len(set(ranks.values())) < len(ranks) or max(ranks.values()) > len(worth):
            return Paper(Standing.OVERVOTED, in_order)
        return Paper(Standing.MARKED, in_order, {each: worth[rank - 1] for each, rank in in_order.items()})

    def most_votes(self, parameters: Parameters) -> int | None:
        return sum(_worth(parameters))

    def tally(self, votes: int, against: int, valid: int, papers: int) -> Tally:
        return Tally(votes, papers=papers)

    def read_tally(self, given: object) -> Tally:
        line = read_object(given, "tally", required=("points", "papers"))
        points, papers = (read_integer(line[word], f"tally.{word}") for word in ("points", "papers"))
        return Tally(points, papers=papers)

    def check_tally(self, tally: Tally, valid: int, parameters: Parameters) -> None:
        papers, worth = tally.papers or 0, _worth(parameters)
        if papers > valid:
            raise TallyExceedsValid(f"{papers} papers rank it, of {valid} valid ones")
        if not papers * worth[-1] <= tally.votes <= papers * worth[0]:
            raise TallyExceedsValid(f"{tally.votes} points cannot come from {papers} papers")


def _worth(parameters: Parameters) -> Sequence[int]:
    """What the ranks are worth, from the first one on."""
    ranks, points = parameters["at_most"], parameters.get("points")
    assert isinstance(ranks, int)
    # A further round of the poll may have fewer ranks than the first, by the same table.
    return list(points)[:ranks] if isinstance(points, list) else list(range(ranks, 0, -1))
