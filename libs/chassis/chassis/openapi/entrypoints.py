"""The routes that tell of a service's routes."""

from typing import ClassVar

from chassis.http import PUBLIC, Answer, Call, http, strict_json
from chassis.openapi.document import openapi_document
from chassis.openapi.page import CONTENT_SECURITY_POLICY, docs_page


class Documented:
    """A base of service classes that answer with their own documentation."""

    name: str
    _document: ClassVar[bytes]
    _page: ClassVar[str]

    @http("GET", "/openapi.json", who=PUBLIC, answer=strict_json.MEDIA_TYPE)
    def openapi_json(self, call: Call) -> Answer:
        """This service's routes, as an OpenAPI 3.1 document."""
        cls = type(self)
        if "_document" not in vars(cls):
            cls._document = strict_json.encode(openapi_document(cls)).encode()
        return Answer(cls._document)

    @http("GET", "/docs", who=PUBLIC, answer="text/html; charset=utf-8")
    def docs(self, call: Call) -> Answer:
        """This service's routes, as a page to read."""
        cls = type(self)
        if "_page" not in vars(cls):
            cls._page = docs_page(cls)
        return Answer(cls._page, headers={"Content-Security-Policy": CONTENT_SECURITY_POLICY})
