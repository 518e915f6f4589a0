"""The adoption rule ``points``: the seats go to those with most points."""

from collections.abc import Mapping
from dataclasses import replace

from ballots.domain import Decision, Figures, Unit, fill_seats
from ballots.domain.reading import read_integer, read_object

Parameters = Mapping[str, object]


class PointsRule:
    """Most points first. With ``least_papers``, only those that so many papers rank: a few deputies who all
    put one project first cannot have it adopted against the rest."""

    name = "points"
    version = "1"
    takes: tuple[Unit, ...] = ("points",)

    def parameters(self, given: Parameters) -> dict[str, object]:
        read_object(given, self.name, optional=("least_papers",))
        if "least_papers" not in given:
            return {}
        return {"least_papers": read_integer(given["least_papers"], "least_papers", least=1)}

    def decide(self, figures: Figures, parameters: Parameters) -> Decision:
        least = parameters.get("least_papers", 1)
        assert isinstance(least, int)
        counted = {
            each: points if figures.papers[each] >= least else 0 for each, points in figures.votes.items()
        }
        return fill_seats(replace(figures, votes=counted), least=1, mark=None)
