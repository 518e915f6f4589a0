"""The rules of suggestions, candidates and what becomes of them: pure; times and ids are arguments."""

from proposals.domain.candidates import CandidateList
from proposals.domain.errors import (
    AlreadyReplied,
    AlreadyTakenUp,
    CandidatesAlreadyPublished,
    CandidatesNotPublished,
    Fault,
    InvalidCandidates,
    InvalidProject,
    InvalidRecord,
    InvalidResult,
    InvalidSuggestion,
    NoCandidates,
    OnListAndRecord,
    ProjectListedTwice,
    UnknownProject,
    UnknownSource,
)
from proposals.domain.project import Project, Stage, check_apart, check_projects, read_projects
from proposals.domain.reading import read_amount, read_date, write_amount, write_instant
from proposals.domain.record import Record
from proposals.domain.result import Result
from proposals.domain.sources import DeputiesSource, HotlineSource, Incoming, ResidentsSource, Source, tidied
from proposals.domain.suggestion import Proposer, Suggestion
from proposals.domain.telling import (
    candidates_published,
    implementation_on_record,
    implementation_started,
    suggestion_received,
)

__all__ = [
    "AlreadyReplied",
    "AlreadyTakenUp",
    "CandidateList",
    "CandidatesAlreadyPublished",
    "CandidatesNotPublished",
    "DeputiesSource",
    "Fault",
    "HotlineSource",
    "Incoming",
    "InvalidCandidates",
    "InvalidProject",
    "InvalidRecord",
    "InvalidResult",
    "InvalidSuggestion",
    "NoCandidates",
    "OnListAndRecord",
    "Project",
    "ProjectListedTwice",
    "Proposer",
    "Record",
    "ResidentsSource",
    "Result",
    "Source",
    "Stage",
    "Suggestion",
    "UnknownProject",
    "UnknownSource",
    "candidates_published",
    "check_apart",
    "check_projects",
    "implementation_on_record",
    "implementation_started",
    "read_amount",
    "read_date",
    "read_projects",
    "suggestion_received",
    "tidied",
    "write_amount",
    "write_instant",
]
