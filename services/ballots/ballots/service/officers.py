"""Scrutineers and tellers."""

from typing import Any

from ballots import usecases
from ballots.domain import InvalidOfficers, PollAlreadyOpened
from ballots.schemas import OfficersSchema
from ballots.service.access import AT_THE_MEETING, CLERK
from ballots.store import UnknownPoll
from chassis.http import Call, http


class OfficerRoutes:
    """Scrutineers and tellers."""

    store: Any

    @http(
        "PUT",
        "/bodies/<body>/polls/<poll>/officers",
        who=CLERK,
        body=OfficersSchema(),
        answer=OfficersSchema(),
        refuses=(UnknownPoll, PollAlreadyOpened, InvalidOfficers),
    )
    def appoint_officers(self, call: Call) -> dict[str, Any]:
        """Appoints those who watch and count, in place of earlier ones, before the poll opens.

        Scrutineers are deputies who are present, a chief among them; tellers are staff. Who has a declared
        conflict can be neither.
        """
        return usecases.appoint(self.store, call.path["body"], call.path["poll"], call.data)

    @http(
        "GET",
        "/bodies/<body>/polls/<poll>/officers",
        who=AT_THE_MEETING,
        answer=OfficersSchema(),
        refuses=(UnknownPoll,),
    )
    def show_officers(self, call: Call) -> dict[str, Any]:
        """Those who watch and count."""
        return usecases.show_officers(self.store, call.path["body"], call.path["poll"])
