"""Sources: the ways suggestions come by, each with a say in what it accepts.

Sources are plugins, entry-point group ``piaojue.proposals.sources``; the three here are built in.
"""

import re
import unicodedata
from dataclasses import dataclass, replace
from typing import Protocol

from proposals.domain.errors import InvalidSuggestion
from proposals.domain.suggestion import Proposer

_PHONE = re.compile(r"\+?[0-9]{3,15}")
_PHONE_FILLERS = re.compile(r"[\s()./-]")
_LINE_ENDS = re.compile(r"\r\n?|[\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class Incoming:
    """A suggestion as it was sent in: its form is checked, and nothing of it is kept yet."""

    title: str
    content: str
    proposer: Proposer | None = None


class Source(Protocol):
    """The interface of a source. Stateless: one object is asked about every suggestion."""

    name: str
    version: str

    def accept(self, incoming: Incoming) -> Incoming:
        """The suggestion as it is to be kept, put in order if need be. Raises InvalidSuggestion."""


class DeputiesSource:
    """What deputies suggest. A deputy signs: the reply is owed to a person."""

    name = "deputies"
    version = "1"

    def accept(self, incoming: Incoming) -> Incoming:
        if incoming.proposer is None:
            raise InvalidSuggestion("proposer: a deputy's suggestion says whose it is", field="proposer")
        return tidied(incoming)


class ResidentsSource:
    """What residents suggest, with a name or without one."""

    name = "residents"
    version = "1"

    def accept(self, incoming: Incoming) -> Incoming:
        return tidied(incoming)


class HotlineSource:
    """What comes by the hotline (12345): who gives a name is called back, so there is a number to call.

    Numbers are taken down in many ways, full-width digits among them, and kept in one.
    """

    name = "hotline"
    version = "1"

    def accept(self, incoming: Incoming) -> Incoming:
        tidy = tidied(incoming)
        if tidy.proposer is None:
            return tidy
        number = _PHONE_FILLERS.sub("", unicodedata.normalize("NFKC", tidy.proposer.contact or ""))
        if not _PHONE.fullmatch(number):
            raise InvalidSuggestion(
                "proposer.contact: must be a number that can be called", field="proposer.contact"
            )
        return replace(tidy, proposer=Proposer(tidy.proposer.name, number))


def tidied(incoming: Incoming) -> Incoming:
    """Without blanks around, the title in one line, all lines ended alike. Idempotent."""
    person = incoming.proposer
    return Incoming(
        title=" ".join(incoming.title.split()),
        content=_LINE_ENDS.sub("\n", incoming.content).strip(),
        proposer=person and Proposer(person.name.strip(), person.contact and person.contact.strip()),
    )
