"""Bodies of ballots' requests and answers. The rules of the matter are the domain's; here is only the
form."""

from ballots.schemas.bodies import BodyAnswerSchema, BodySchema, DeputySchema, RollSchema
from ballots.schemas.meetings import MeetingAnswerSchema, MeetingSchema, RollCallSchema
from ballots.schemas.officers import OfficersSchema
from ballots.schemas.polls import (
    AcceptedSchema,
    CandidateSchema,
    CodesSchema,
    CountSchema,
    PaperSchema,
    PollAnswerSchema,
    PollSchema,
    SlipsSchema,
)

__all__ = [
    "AcceptedSchema",
    "BodyAnswerSchema",
    "BodySchema",
    "CandidateSchema",
    "CodesSchema",
    "CountSchema",
    "DeputySchema",
    "MeetingAnswerSchema",
    "MeetingSchema",
    "OfficersSchema",
    "PaperSchema",
    "PollAnswerSchema",
    "PollSchema",
    "RollCallSchema",
    "RollSchema",
    "SlipsSchema",
]
