"""What is not there, or is there already."""

from chassis.errors import Conflict, NotFound, Unavailable


class UnknownBody(NotFound):
    """No body of this id is registered."""

    slug = "unknown-body"


class UnknownMeeting(NotFound):
    """The body has no meeting of this id."""

    slug = "unknown-meeting"


class UnknownPoll(NotFound):
    """The body has no poll of this id."""

    slug = "unknown-poll"


class UnknownCandidateList(NotFound):
    """No candidate list of this body and year has been published, or word of it has not come yet."""

    slug = "unknown-candidate-list"


class MeetingExists(Conflict):
    """The body has a meeting of this id."""

    slug = "meeting-exists"


class PollExists(Conflict):
    """The body has a poll of this id."""

    slug = "poll-exists"


class RecordNotPublished(NotFound):
    """The poll is not declared yet, or was declared before records were made."""

    slug = "record-not-published"


class EventsNotNumbered(Unavailable):
    """The poll's last events are still on their way into the log; in a moment they are there."""

    slug = "events-not-numbered"
