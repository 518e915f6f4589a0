"""The service ballots: who may ask what of it, and which events it hears."""

from ballots import usecases
from ballots.plugins import ADOPTION_RULES, BALLOT_CHANNELS, MARKING_SCHEMES, profiles_for
from ballots.service.bodies import BodyRoutes
from ballots.service.channels import ChannelRoutes
from ballots.service.documents import DocumentRoutes
from ballots.service.meetings import MeetingRoutes
from ballots.service.objections import ObjectionRoutes
from ballots.service.officers import OfficerRoutes
from ballots.service.papers import PaperRoutes
from ballots.service.polls import PollRoutes
from ballots.service.profiles import ProfileRoutes
from ballots.service.record_key import recorder_for
from ballots.service.records import RecordRoutes
from ballots.service.roll_calls import RollCallRoutes
from ballots.service.rolls import RollRoutes
from ballots.service.rounds import RoundRoutes
from ballots.service.slips import SlipRoutes
from ballots.service.typesetting import typesetter_for
from ballots.store import Ballots
from chassis.guessing import guesses_for
from chassis.service import Made, Observed, Plugged, Secret, Service
from chassis.store import Grouped, Stored


class BallotsService(
    BodyRoutes,
    RollRoutes,
    MeetingRoutes,
    RollCallRoutes,
    OfficerRoutes,
    ProfileRoutes,
    PollRoutes,
    SlipRoutes,
    PaperRoutes,
    ChannelRoutes,
    RoundRoutes,
    RecordRoutes,
    DocumentRoutes,
    ObjectionRoutes,
    Service,
):
    """The poll of the deputies, from the roll call to the declared result."""

    name = "ballots"
    store = Stored(Ballots)
    adoption_rules = Plugged(ADOPTION_RULES, "adoption_rules")
    marking_schemes = Plugged(MARKING_SCHEMES, "marking_schemes")
    channel_kinds = Plugged(BALLOT_CHANNELS, "ballot_channels")
    profiles = Made(profiles_for)
    code_key = Secret("code_key")
    casting = Grouped(usecases.cast_ballots, at_once=2)  # while one awaits its commit, the other works
    guesses = Made(guesses_for)
    recorder = Made(recorder_for)
    typesetter = Made(typesetter_for)
    polls = Observed(usecases.observe_polls)
