"""Signatures, and the key of the records."""

from marshmallow import Schema, fields, validate


class SignSchema(Schema):
    """What a scrutineer confirms."""

    count_hash = fields.String(
        required=True,
        validate=validate.Regexp(r"^[0-9a-f]{64}\Z", error="Not 64 hexadecimal digits."),
        metadata={"description": "The hash that the count has shown."},
    )


class SignedSchema(Schema):
    """How far the signing is."""

    count_hash = fields.String()
    signed = fields.Integer(metadata={"description": "Scrutineers who have signed this count."})
    of = fields.Integer(metadata={"description": "Scrutineers appointed; 0 where none are needed."})


class RecordKeySchema(Schema):
    """The public half of the key, as a JSON Web Key."""

    kty = fields.String()
    crv = fields.String()
    x = fields.String()
    kid = fields.String(metadata={"description": "Its thumbprint, by RFC 7638."})
