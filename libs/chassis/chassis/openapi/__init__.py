"""What a service answers, told from its routes: an OpenAPI 3.1 document, and a page to read."""

from chassis.openapi.document import openapi_document, refusals_of
from chassis.openapi.entrypoints import Documented
from chassis.openapi.page import docs_page

__all__ = ["Documented", "docs_page", "openapi_document", "refusals_of"]
