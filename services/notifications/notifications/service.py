"""The service notifications: who may read what of it, and which events it hears."""

from typing import Any

from chassis.auth import ROLES, Caller
from chassis.clock import now
from chassis.events import Heard, handles
from chassis.http import PUBLIC, Call, bearer, http
from chassis.service import Made, Service, timer
from chassis.store import Stored
from notifications import usecases
from notifications.domain import DeliveryNotGivenUp
from notifications.plugins import templates_for
from notifications.schemas import (
    DeliveriesAnswerSchema,
    DeliveriesQuery,
    DeliveryAnswerSchema,
    DiscardedSchema,
    LanguageQuery,
    MessagesAnswerSchema,
    NoticeAnswerSchema,
    NoticesAnswerSchema,
    NumberAnswerSchema,
    RetriesSchema,
    TextsQuery,
)
from notifications.store import Notifications, UnknownDelivery, UnknownMessage, UnknownNotice
from piaojue_contracts.ballots import (
    CHANNEL_STRUCK_V1,
    COUNT_SIGNED_V1,
    MEETING_OPENED_V1,
    OBJECTION_ANSWERED_V1,
    OBJECTION_FILED_V1,
    POLL_CLOSED_V1,
    POLL_COUNTED_V1,
    POLL_OPENED_V1,
    RESULT_DECLARED_V1,
    TURNOUT_CHANGED_V1,
)
from piaojue_contracts.proposals import (
    CANDIDATES_PUBLISHED_V1,
    IMPLEMENTATION_STARTED_V1,
    SUGGESTION_RECEIVED_V1,
)
from piaojue_contracts.ratings import RATING_CONCLUDED_V1, RATING_OPENED_V1

OPERATOR = bearer("operator")


class Sent(Made):
    """``sending = Sent(sending_for)``: the same, and what is being sent is finished at a stop."""

    def stop(self) -> None:
        self.made.finish(self.settings.drain)

    def kill(self) -> None:
        self.made.finish(0)


class NotificationsService(Service):
    """Notices for the public, and messages for those concerned, about all that the other services tell."""

    name = "notifications"
    store = Stored(Notifications)
    templates = Made(templates_for)
    sending = Sent(usecases.sending_for)

    @http(
        "GET",
        "/bodies/<body>/notices",
        who=PUBLIC,
        query=TextsQuery(),
        answer=NoticesAnswerSchema(),
        refuses=(UnknownNotice,),
    )
    def show_notices(self, call: Call) -> dict[str, Any]:
        """The notices of a body, newest first."""
        return usecases.show_notices(self.store, call.path["body"], call.query)

    @http(
        "GET",
        "/bodies/<body>/notices/<notice>",
        who=PUBLIC,
        query=LanguageQuery(),
        answer=NoticeAnswerSchema(),
        refuses=(UnknownNotice,),
    )
    def show_notice(self, call: Call) -> dict[str, Any]:
        """One notice."""
        return usecases.show_notice(
            self.store, call.path["body"], call.path["notice"], call.query["language"]
        )

    @http(
        "GET",
        "/bodies/<body>/messages",
        who=bearer(*ROLES),
        query=TextsQuery(),
        answer=MessagesAnswerSchema(),
        refuses=(UnknownMessage,),
    )
    def show_messages(self, call: Call) -> dict[str, Any]:
        """The messages for the roles of the token, newest first."""
        return usecases.show_messages(self.store, call.path["body"], _caller(call), call.query)

    @http(
        "GET",
        "/deliveries",
        who=OPERATOR,
        query=DeliveriesQuery(),
        answer=DeliveriesAnswerSchema(),
        refuses=(UnknownDelivery,),
    )
    def show_deliveries(self, call: Call) -> dict[str, Any]:
        """What was sent by which channel and what was not, newest first; for the bodies of the token."""
        return usecases.show_deliveries(self.store, _caller(call), call.query)

    @http(
        "POST",
        "/deliveries/<delivery>/retry",
        who=OPERATOR,
        answer=DeliveryAnswerSchema(),
        refuses=(UnknownDelivery, DeliveryNotGivenUp),
    )
    def retry_delivery(self, call: Call) -> dict[str, Any]:
        """Has a delivery that was given up tried again, with all its tries before it."""
        return usecases.retry_delivery(self.store, call.path["delivery"], _caller(call), now())

    @http("POST", "/deliveries/retry", who=OPERATOR, body=RetriesSchema(), answer=NumberAnswerSchema())
    def retry_deliveries(self, call: Call) -> dict[str, int]:
        """Has all that a channel has given up tried again, or all that it has sent sent again, in the order
        in which it was planned; for the bodies of the token."""
        return usecases.retry_deliveries(self.store, call.data, _caller(call), now())

    @http("POST", "/deliveries/discard", who=OPERATOR, body=DiscardedSchema(), answer=NumberAnswerSchema())
    def discard_deliveries(self, call: Call) -> dict[str, int]:
        """Gives up for good what a channel could not send, or has yet to send, where its receiver is gone;
        for the bodies of the token. It stays in the log."""
        return usecases.discard_deliveries(self.store, call.data, _caller(call), now())

    @handles(SUGGESTION_RECEIVED_V1)
    def suggestion_received(self, heard: Heard) -> None:
        """Tells those who owe the reply."""
        self._tell(heard)

    @handles(CANDIDATES_PUBLISHED_V1)
    def candidates_published(self, heard: Heard) -> None:
        """Tells the public, the deputies and the implementing units."""
        self._tell(heard)

    @handles(IMPLEMENTATION_STARTED_V1)
    def implementation_started(self, heard: Heard) -> None:
        """Tells the public, the implementing units and the supervision groups."""
        self._tell(heard)

    @handles(MEETING_OPENED_V1)
    def meeting_opened(self, heard: Heard) -> None:
        """Tells the deputies."""
        self._tell(heard)

    @handles(POLL_OPENED_V1)
    def poll_opened(self, heard: Heard) -> None:
        """Tells the public, and those at the meeting."""
        self._tell(heard)

    @handles(TURNOUT_CHANGED_V1)
    def turnout_changed(self, heard: Heard) -> None:
        """Tells programs alone."""
        self._tell(heard)

    @handles(COUNT_SIGNED_V1)
    def count_signed(self, heard: Heard) -> None:
        """Tells programs alone."""
        self._tell(heard)

    @handles(POLL_CLOSED_V1)
    def poll_closed(self, heard: Heard) -> None:
        """Tells those who count."""
        self._tell(heard)

    @handles(POLL_COUNTED_V1)
    def poll_counted(self, heard: Heard) -> None:
        """Tells the scrutineers."""
        self._tell(heard)

    @handles(CHANNEL_STRUCK_V1)
    def channel_struck(self, heard: Heard) -> None:
        """Tells those who count."""
        self._tell(heard)

    @handles(RESULT_DECLARED_V1)
    def result_declared(self, heard: Heard) -> None:
        """Tells everybody."""
        self._tell(heard)

    @handles(OBJECTION_FILED_V1)
    def objection_filed(self, heard: Heard) -> None:
        """Tells the public that there is one, and those who see to its answer."""
        self._tell(heard)

    @handles(OBJECTION_ANSWERED_V1)
    def objection_answered(self, heard: Heard) -> None:
        """Tells everybody."""
        self._tell(heard)

    @handles(RATING_OPENED_V1)
    def rating_opened(self, heard: Heard) -> None:
        """Tells the public and the deputies."""
        self._tell(heard)

    @handles(RATING_CONCLUDED_V1)
    def rating_concluded(self, heard: Heard) -> None:
        """Tells everybody."""
        self._tell(heard)

    def _tell(self, heard: Heard) -> None:
        usecases.tell(heard.store, heard.event, heard.data, self.templates, self.sending, now())

    @timer(interval=1)
    def deliver(self) -> None:
        """Sends what is due."""
        usecases.deliver_due(self.store, self.sending)


def _caller(call: Call) -> Caller:
    assert call.caller is not None  # every route that asks has roles
    return call.caller
