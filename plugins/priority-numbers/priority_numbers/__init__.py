"""Priority numbers: each deputy ranks projects, the ranks are worth points, and most points adopt."""

from priority_numbers.points import PointsRule
from priority_numbers.priority import PriorityScheme

__all__ = ["PointsRule", "PriorityScheme"]
