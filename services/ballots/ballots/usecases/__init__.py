"""What users of ballots do. Each loads, asks the domain, saves, publishes: in one transaction."""

from ballots.usecases.bodies import (
    keep_candidate_list,
    register_body,
    show_body,
    show_candidates,
)
from ballots.usecases.casting import Cast, cast_ballots, read_cast
from ballots.usecases.channels import (
    count_box,
    enter_batch,
    issue_papers,
    open_channel,
    settle_difference,
    show_channel,
    show_channels,
    strike_batch,
    strike_channel,
)
from ballots.usecases.documents import announcement, count_report, roll_call_sheet
from ballots.usecases.meetings import call_meeting, open_meeting, show_meeting
from ballots.usecases.objections import answer_objection, file_objection, show_objections
from ballots.usecases.observing import observe_polls
from ballots.usecases.officers import appoint, check_appointed, show_officers
from ballots.usecases.polls import issue_slips, open_poll, prepare_poll, show_poll, tell_turnout
from ballots.usecases.profiles import show_profile, show_profiles
from ballots.usecases.records import Recorder, show_record
from ballots.usecases.results import close_poll, count_poll, declare_result
from ballots.usecases.roll_calls import call_roll, record_roll_call, show_roll_calls
from ballots.usecases.rolls import import_roll, replace_roll, show_roll_history
from ballots.usecases.rounds import prepare_next_round
from ballots.usecases.signing import show_count, sign
from ballots.usecases.slips import issue_numbers, print_slips, show_slips, spoil_slip

__all__ = [
    "Cast",
    "Recorder",
    "announcement",
    "answer_objection",
    "appoint",
    "call_meeting",
    "call_roll",
    "cast_ballots",
    "check_appointed",
    "close_poll",
    "count_box",
    "count_poll",
    "count_report",
    "declare_result",
    "enter_batch",
    "file_objection",
    "import_roll",
    "issue_numbers",
    "issue_papers",
    "issue_slips",
    "keep_candidate_list",
    "observe_polls",
    "open_channel",
    "open_meeting",
    "open_poll",
    "prepare_next_round",
    "prepare_poll",
    "print_slips",
    "read_cast",
    "record_roll_call",
    "register_body",
    "replace_roll",
    "roll_call_sheet",
    "settle_difference",
    "show_body",
    "show_candidates",
    "show_channel",
    "show_channels",
    "show_count",
    "show_meeting",
    "show_objections",
    "show_officers",
    "show_poll",
    "show_profile",
    "show_profiles",
    "show_record",
    "show_roll_calls",
    "show_roll_history",
    "show_slips",
    "sign",
    "spoil_slip",
    "strike_batch",
    "strike_channel",
    "tell_turnout",
]
