"""The service ballots: who may ask what of it, and which events it hears."""

from ballots import usecases
from ballots.plugins import ADOPTION_RULES, MARKING_SCHEMES
from ballots.service.bodies import BodyRoutes
from ballots.service.meetings import MeetingRoutes
from ballots.service.officers import OfficerRoutes
from ballots.service.papers import PaperRoutes
from ballots.service.polls import PollRoutes
from ballots.service.roll_calls import RollCallRoutes
from ballots.service.rolls import RollRoutes
from ballots.service.rounds import RoundRoutes
from ballots.store import Ballots
from chassis.service import Plugged, Secret, Service
from chassis.store import Grouped, Stored


class BallotsService(
    BodyRoutes,
    RollRoutes,
    MeetingRoutes,
    RollCallRoutes,
    OfficerRoutes,
    PollRoutes,
    PaperRoutes,
    RoundRoutes,
    Service,
):
    """The poll of the deputies, from the roll call to the declared result."""

    name = "ballots"
    store = Stored(Ballots)
    adoption_rules = Plugged(ADOPTION_RULES, "adoption_rules")
    marking_schemes = Plugged(MARKING_SCHEMES, "marking_schemes")
    code_key = Secret("code_key")
    casting = Grouped(usecases.cast_ballots)
