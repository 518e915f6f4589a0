"""Fields of a rehearsal file about papers that are not cast by code, and about objections."""

from collections.abc import Mapping
from typing import Any, Final

from marshmallow import ValidationError, fields, post_load, validates_schema

from piaojue.rehearsal.fields import (
    MOST,
    Anything,
    PapersByHand,
    PartSchema,
    chosen,
    given,
    identifier,
    parts,
    text,
    truth,
    whole,
)

CODES: Final = "codes"
"""The channel of papers cast by code, which is always there."""
CHINESE_KINDS: Final = {
    "codes": "票码",
    "hand-papers": "纸质票",
    "hand-tallies": "人工计票",
    "keypad": "表决器",
}
CHANNEL_STEPS: Final = ("box", "enter", "settle", "strike")
"""The steps of a channel: each of them in its turn, once for every channel."""
MOST_CHANNELS: Final = 20
OUTCOMES: Final = ("upheld", "rejected")
_CONTENTS: Final = ("papers", "tally", "csv", "file")


class EntrySchema(PartSchema):
    """What a teller enters: papers, figures or CSV. Becomes ``by`` and ``content``; of a file, which is read
    later, ``by`` and ``file``."""

    by = identifier()
    papers = PapersByHand(**given(load_default=None))
    tally = Anything(**given(load_default=None))
    csv = text(1_000_000, load_default=None)
    file = text(load_default=None)

    @validates_schema(skip_on_field_errors=True)
    def _check(self, data: Mapping[str, Any], **kwargs: Any) -> None:
        if sum(data[name] is not None for name in _CONTENTS) != 1:
            raise ValidationError(f"must have one of {', '.join(_CONTENTS)}")

    @post_load
    def _fill(self, data: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
        rest = {key: each for key, each in data.items() if key not in _CONTENTS}
        if data["file"] is not None:
            return rest | {"file": data["file"]}
        return rest | {"content": next(data[name] for name in _CONTENTS if data[name] is not None)}


class FoundSchema(PartSchema):
    """What a scrutineer finds at a place on which entries differ: ``marks``, or that it is ``absent``.
    ``by``: the chief, if left out."""

    by = identifier(load_default=None)
    place = whole(0, MOST)
    marks = fields.Raw(allow_none=True)
    absent = truth(load_default=False)

    @validates_schema(skip_on_field_errors=True)
    def _check(self, data: Mapping[str, Any], **kwargs: Any) -> None:
        if ("marks" in data) == data["absent"]:
            raise ValidationError("must have one of marks and absent: true")


class BatchSchema(PartSchema):
    """Papers that are entered together. Its number is its place in the list, from 1 on."""

    entries = parts(EntrySchema, most=10)
    settled = parts(FoundSchema, load_default=())


class ChannelSchema(PartSchema):
    """A channel beside the codes; or that of the codes, where it is struck."""

    id = identifier()
    kind = identifier(load_default=None)
    replaces = identifier(load_default=None)
    issued = whole(0, MOST, load_default=None)
    returned = whole(0, MOST, load_default=None)
    box_by = identifier(load_default=None)
    batches = parts(BatchSchema, most=200, load_default=())
    struck = text(load_default=None)

    @validates_schema(skip_on_field_errors=True)
    def _check(self, data: Mapping[str, Any], **kwargs: Any) -> None:
        if data["id"] == CODES:
            _check_codes(data)
            return
        if data["kind"] is None:
            raise ValidationError("is missing", "kind")
        if data["replaces"] is not None and data["issued"] is not None:
            raise ValidationError("it counts the papers of the channel that it replaces", "issued")
        if data["replaces"] is None and data["issued"] is None:
            raise ValidationError("is missing", "issued")
        if data["returned"] is None and (data["struck"] is None or data["box_by"] is not None):
            raise ValidationError("is missing: the papers in the box are counted, unread", "returned")


def _check_codes(data: Mapping[str, Any]) -> None:
    for name, each in data.items():
        if name not in ("id", "struck") and each:
            raise ValidationError("is not for the codes, which are a channel by themselves", name)
    if data["struck"] is None:
        raise ValidationError("is missing: the codes are named only where they are struck", "struck")


class ObjectionSchema(PartSchema):
    """A deputy's objection to the declared result, and the answer, if it has one."""

    by = identifier()
    outcome = chosen(OUTCOMES, load_default=None)
    answer = text(2000, load_default=None)
    text = text(2000)

    @validates_schema(skip_on_field_errors=True)
    def _check(self, data: Mapping[str, Any], **kwargs: Any) -> None:
        if (data["outcome"] is None) != (data["answer"] is None):
            raise ValidationError("must have both of outcome and answer, or neither")


class TriedBoxSchema(PartSchema):
    by = identifier(load_default=None)
    returned = whole(0, 1_000_000)


class TriedEntrySchema(EntrySchema):
    batch = whole(1, 200, load_default=1)

    @validates_schema(skip_on_field_errors=True)
    def _check_file(self, data: Mapping[str, Any], **kwargs: Any) -> None:
        if data["file"] is not None:
            raise ValidationError("is not for what is tried: put its rows under csv", "file")


class TriedFoundSchema(FoundSchema):
    batch = whole(1, 200, load_default=1)


class TriedStrikeSchema(PartSchema):
    by = identifier(load_default=None)
    reason = text()


class TriedObjectionSchema(PartSchema):
    by = identifier()
    text = text(2000)


TRIED: Final[Mapping[str, type[PartSchema]]] = {
    "box": TriedBoxSchema,
    "enter": TriedEntrySchema,
    "settle": TriedFoundSchema,
    "strike": TriedStrikeSchema,
    "object": TriedObjectionSchema,
}
"""What goes with a step that is tried."""
