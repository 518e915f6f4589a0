"""Documents."""

from marshmallow import Schema, fields, validate


class DocumentQuerySchema(Schema):
    """How a document is wanted."""

    format = fields.String(
        load_default="html",
        validate=validate.OneOf(("html", "pdf")),
        metadata={"description": "A page for the browser, or a file to print."},
    )
