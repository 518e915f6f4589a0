"""What comes of a count: its signatures, its record, and the key of both."""

from typing import Any

from ballots import usecases
from ballots.domain import ChiefSignsLast, CountHashDiffers, NotAppointed, PollNotCounted
from ballots.schemas import CountSchema, RecordKeySchema, SignedSchema, SignSchema
from ballots.service.access import SCRUTINEER, check_appointed
from ballots.store import RecordNotPublished, UnknownPoll
from chassis.clock import now
from chassis.http import PUBLIC, Answer, Call, bearer, http, strict_json


class RecordRoutes:
    """What comes of a count: its signatures, its record, and the key of both."""

    store: Any
    recorder: Any

    @http(
        "GET",
        "/bodies/<body>/polls/<poll>/count",
        who=bearer("scrutineer", "teller"),
        answer=CountSchema(),
        refuses=(UnknownPoll, PollNotCounted, NotAppointed),
    )
    def show_count(self, call: Call) -> dict[str, Any]:
        """The count, with the hash that scrutineers confirm."""
        check_appointed(self.store, call)
        return usecases.show_count(self.store, call.path["body"], call.path["poll"])

    @http(
        "POST",
        "/bodies/<body>/polls/<poll>/signature",
        who=SCRUTINEER,
        body=SignSchema(),
        answer=SignedSchema(),
        refuses=(UnknownPoll, PollNotCounted, NotAppointed, CountHashDiffers, ChiefSignsLast),
    )
    def sign_count(self, call: Call) -> dict[str, Any]:
        """Signs the count, as the scrutineer whom the token names; the chief after all others.

        Signing once more changes nothing.
        """
        assert call.caller is not None
        return usecases.sign(
            self.store,
            call.path["body"],
            call.path["poll"],
            call.caller.subject,
            call.data["count_hash"],
            self.recorder.key,
            now(),
        )

    @http(
        "GET",
        "/bodies/<body>/polls/<poll>/record",
        who=PUBLIC,
        answer=strict_json.MEDIA_TYPE,
        refuses=(UnknownPoll, RecordNotPublished),
    )
    def show_record(self, call: Call) -> Answer:
        """The record of a declared poll, to be counted again and checked by anybody: `piaojue verify`.

        It never changes. Papers and receipts are in it, each in an order of their own.
        """
        return Answer(usecases.show_record(self.store, call.path["body"], call.path["poll"]))

    @http("GET", "/record-key", who=PUBLIC, answer=RecordKeySchema())
    def show_record_key(self, call: Call) -> dict[str, str]:
        """The public key that records are signed with."""
        return dict(self.recorder.key.jwk)
