"""What channels refuse. No text holds a mark."""

from chassis.errors import Conflict, Forbidden, Invalid, NotFound


class InvalidChannel(Invalid):
    """There can be no such channel; the detail names the field."""

    slug = "invalid-channel"


class UnknownChannel(NotFound):
    """The poll has no channel of this id, or no such kind of channel is loaded."""

    slug = "unknown-channel"


class InvalidEntry(Invalid):
    """What was entered is no reading of papers; the detail names the place."""

    slug = "invalid-entry"


class SameTeller(Forbidden):
    """The second entry is made by somebody else than the first."""

    slug = "same-teller"


class ChiefLooksAgain(Forbidden):
    """What a machine rejects is looked at again by the chief scrutineer."""

    slug = "chief-looks-again"


class EntriesComplete(Conflict):
    """As many entries as are needed have been made."""

    slug = "entries-complete"


class ChannelStruck(Conflict):
    """The channel was struck: its count is replaced whole."""

    slug = "channel-struck"


class NothingToSettle(Conflict):
    """The entries do not differ there, and the reading is not a reject."""

    slug = "nothing-to-settle"


class ChannelNotSettled(Conflict):
    """The papers in the box are not counted, entries are missing, differences are not settled; or the
    channel was struck and nothing replaces it."""

    slug = "channel-not-settled"
