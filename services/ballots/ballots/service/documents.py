"""Documents in Chinese, as HTML and PDF."""

from collections.abc import Mapping
from typing import Any

from ballots import usecases
from ballots.domain import PollNotCounted, PollNotDeclared
from ballots.schemas import DocumentQuerySchema
from ballots.service import pages
from ballots.service.access import CLERK
from ballots.service.typesetting import PDF, PdfBusy, PdfUnavailable, attached
from ballots.store import UnknownMeeting, UnknownPoll
from chassis.clock import now
from chassis.http import PUBLIC, Answer, Call, http, public_and

HTML = "text/html; charset=utf-8"


class DocumentRoutes:
    """Documents in Chinese, as HTML and PDF."""

    store: Any
    typesetter: Any

    @http(
        "GET",
        "/bodies/<body>/polls/<poll>/documents/count-report",
        who=public_and("scrutineer", "teller", "clerk"),
        query=DocumentQuerySchema(),
        answer=HTML,
        other_answers=(PDF,),
        refuses=(UnknownPoll, PollNotCounted, PollNotDeclared, PdfUnavailable, PdfBusy),
    )
    def count_report(self, call: Call) -> Answer:
        """The count report (计票报告单): for those who count as soon as it is counted, for all once it is
        declared."""
        facts = usecases.count_report(self.store, call.path["body"], call.path["poll"], call.caller)
        return self._answer("count-report", facts, call, public=facts["declared_on"] is not None)

    @http(
        "GET",
        "/bodies/<body>/polls/<poll>/documents/announcement",
        who=PUBLIC,
        query=DocumentQuerySchema(),
        answer=HTML,
        other_answers=(PDF,),
        refuses=(UnknownPoll, PollNotDeclared, PdfUnavailable, PdfBusy),
    )
    def announcement(self, call: Call) -> Answer:
        """The announcement (公告) of a declared result."""
        facts = usecases.announcement(self.store, call.path["body"], call.path["poll"])
        return self._answer("announcement", facts, call, public=True)

    @http(
        "GET",
        "/bodies/<body>/meetings/<meeting>/documents/roll-call",
        who=CLERK,
        query=DocumentQuerySchema(),
        answer=HTML,
        other_answers=(PDF,),
        refuses=(UnknownMeeting, PdfUnavailable, PdfBusy),
    )
    def roll_call_sheet(self, call: Call) -> Answer:
        """The roll-call sheet (点名册) by delegations: to sign before the call, with who is present after."""
        facts = usecases.roll_call_sheet(self.store, call.path["body"], call.path["meeting"], now())
        return self._answer("roll-call", facts, call, public=False)

    def _answer(self, template: str, facts: Mapping[str, Any], call: Call, *, public: bool) -> Answer:
        if call.query["format"] == "pdf":
            name = "-".join([template, *list(call.path.values())[1:]])
            return attached(self.typesetter.pdf(template, facts, keep=public), f"{name}.pdf")
        html = pages.page(template, facts)
        return Answer(html, headers={"Content-Security-Policy": pages.policy(html)})
