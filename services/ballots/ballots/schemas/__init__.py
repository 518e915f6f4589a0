"""Bodies of ballots' requests and answers. The rules of the matter are the domain's; here is only the
form."""

from ballots.schemas.bodies import BodyAnswerSchema, BodySchema
from ballots.schemas.channels import (
    BoxSchema,
    ChannelAnswerSchema,
    ChannelSchema,
    ChannelsSchema,
    EntrySchema,
    IssuePapersSchema,
    SettlementSchema,
    ShownChannelSchema,
    StrikeSchema,
)
from ballots.schemas.documents import DocumentQuerySchema
from ballots.schemas.meetings import (
    ComingAndGoingSchema,
    MeetingAnswerSchema,
    MeetingQuerySchema,
    MeetingSchema,
    RollCallSchema,
    RollCallsSchema,
)
from ballots.schemas.objections import (
    AnswerObjectionSchema,
    FileObjectionSchema,
    ObjectionSchema,
    ObjectionsQuerySchema,
    ObjectionsSchema,
)
from ballots.schemas.officers import OfficersSchema
from ballots.schemas.polls import (
    AcceptedSchema,
    CandidateSchema,
    CodesSchema,
    CountSchema,
    NextRoundSchema,
    PaperSchema,
    PollAnswerSchema,
    PollSchema,
    SlipsSchema,
)
from ballots.schemas.profiles import ProfileAnswerSchema, ProfilesAnswerSchema
from ballots.schemas.records import RecordKeySchema, SignedSchema, SignSchema
from ballots.schemas.roll_files import ROLL_FILE_LIMIT, ROLL_FILES, read_roll_file
from ballots.schemas.rolls import (
    DeputySchema,
    RollHistoryQuerySchema,
    RollHistorySchema,
    RollImportedSchema,
    RollImportQuerySchema,
    RollSchema,
)
from ballots.schemas.slips import IssueSlipsSchema, PrintSlipsSchema, SlipsAnswerSchema, SpoilSlipSchema

__all__ = [
    "ROLL_FILES",
    "ROLL_FILE_LIMIT",
    "AcceptedSchema",
    "AnswerObjectionSchema",
    "BodyAnswerSchema",
    "BodySchema",
    "BoxSchema",
    "CandidateSchema",
    "ChannelAnswerSchema",
    "ChannelSchema",
    "ChannelsSchema",
    "CodesSchema",
    "ComingAndGoingSchema",
    "CountSchema",
    "DeputySchema",
    "DocumentQuerySchema",
    "EntrySchema",
    "FileObjectionSchema",
    "IssuePapersSchema",
    "IssueSlipsSchema",
    "MeetingAnswerSchema",
    "MeetingQuerySchema",
    "MeetingSchema",
    "NextRoundSchema",
    "ObjectionSchema",
    "ObjectionsQuerySchema",
    "ObjectionsSchema",
    "OfficersSchema",
    "PaperSchema",
    "PollAnswerSchema",
    "PollSchema",
    "PrintSlipsSchema",
    "ProfileAnswerSchema",
    "ProfilesAnswerSchema",
    "RecordKeySchema",
    "RollCallSchema",
    "RollCallsSchema",
    "RollHistoryQuerySchema",
    "RollHistorySchema",
    "RollImportQuerySchema",
    "RollImportedSchema",
    "RollSchema",
    "SettlementSchema",
    "ShownChannelSchema",
    "SignSchema",
    "SignedSchema",
    "SlipsAnswerSchema",
    "SlipsSchema",
    "SpoilSlipSchema",
    "StrikeSchema",
    "read_roll_file",
]
