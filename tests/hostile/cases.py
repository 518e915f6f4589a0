"""Calls that schemathesis makes of the OpenAPI documents, led to what there is; and their answers, judged."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any

import schemathesis
from hypothesis import strategies as st
from schemathesis import Case, Config, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from chassis.openapi.document import openapi_document
from tests.hostile.seeded import Seeded
from tests.support.region import SERVICES

CHECKS = [
    *(not_a_server_error, status_code_conformance, content_type_conformance),
    *(response_headers_conformance, response_schema_conformance, negative_data_rejection),
]
REFUSED = [400, 401, 403, 404, 409, 413, 415, 422, 429]
CONFIG = {
    # Who calls is our part; NUL is refused in one place for all, before anything else is looked at.
    "generation": {"with-security-parameters": False, "allow-x00": False},
    "checks": {
        "negative_data_rejection": {"expected-statuses": [400, 401, 403, 404, 409, 413, 415, 422, 429]}
    },
}
MOSTLY = st.sampled_from([True] * 7 + [False])
Drawn = st.SearchStrategy[Any]
WITHOUT_PDF = ("pdf-unavailable", "pdf-busy")
"""What is refused with 503 where PDFs cannot be made."""


@dataclass(frozen=True, eq=False)
class Operation:
    """One of a service: what its document says, and schemathesis' view of that."""

    service: str
    method: str
    path: str
    said: Mapping[str, Any]
    drawn: Any
    fields: frozenset[str]
    """Of the body that it takes."""

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def writes(self) -> bool:
        return self.method != "GET"

    @property
    def typesets(self) -> bool:
        """Whether it may make a PDF, which takes a second."""
        answers = (each.get("content", {}) for each in self.said["responses"].values())
        return any("application/pdf" in each for each in answers)

    @property
    def has_body(self) -> bool:
        """Whether it is about a body, for which a token has to be good."""
        return "{body}" in self.path


@cache
def operations() -> tuple[Operation, ...]:
    """Of all four services, in the order of their documents."""
    return tuple(each for service in SERVICES for each in _operations(service))


def _operations(service: str) -> list[Operation]:
    cls = getattr(import_module(f"{service}.service"), f"{service.capitalize()}Service")
    document = openapi_document(cls)
    schema = schemathesis.openapi.from_dict(document, config=Config.from_dict(CONFIG))
    return [
        Operation(
            *(service, method.upper(), path, said, schema[path][method.upper()]), _fields(document, said)
        )
        for path, methods in document["paths"].items()
        for method, said in methods.items()
    ]


def _fields(document: Mapping[str, Any], said: Mapping[str, Any]) -> frozenset[str]:
    media = said.get("requestBody", {}).get("content", {}).get("application/json", {})
    name = media.get("schema", {}).get("$ref", "").rpartition("/")[2]
    return frozenset(document["components"]["schemas"].get(name, {}).get("properties", {}))


def cases(operation: Operation, seeded: Seeded) -> st.SearchStrategy[Case]:
    """Most calls ask for what there is; a third of them are of a form that must be refused."""
    names = [each.name for each in operation.drawn.path_parameters]
    found = st.fixed_dictionaries({name: st.sampled_from(seeded.paths[name]) for name in names})
    modes = st.sampled_from(_modes(operation))

    known = seeded.known(operation.service)

    @st.composite
    def led(draw: st.DrawFn) -> Case:
        mode, path = draw(modes), draw(found) if draw(MOSTLY) else {}
        case: Case = draw(_drawn(operation, mode, tuple(path.items())))
        if mode is GenerationMode.POSITIVE and isinstance(case.body, dict):
            left_out = operation.fields - case.body.keys()
            more = [name for name in sorted(left_out & known.keys()) if draw(MOSTLY)]
            case.body = draw(_with_known(case.body | dict.fromkeys(more), known, left_out))
        return case

    return led()


def _modes(operation: Operation) -> list[GenerationMode]:
    """What takes nothing cannot be called wrongly."""
    drawn = operation.drawn
    takes = len(drawn.path_parameters) or len(drawn.query) or len(drawn.body)
    right, wrong = GenerationMode.POSITIVE, GenerationMode.NEGATIVE
    return [right, wrong, right] if takes else [right]


@cache
def _drawn(operation: Operation, mode: GenerationMode, path: tuple[tuple[str, str], ...]) -> Any:
    return operation.drawn.as_strategy(generation_mode=mode, path_parameters=dict(path) or None)


def _with_known(body: Any, known: Mapping[str, list[Any]], added: Collection[str] = ()) -> Drawn:
    """The body with the fields that are known by name, mostly, as they have to be to get on."""
    if isinstance(body, list):
        return st.tuples(*(_with_known(each, known) for each in body)).map(list)
    if not isinstance(body, dict):
        return st.just(body)
    return st.fixed_dictionaries(
        {name: _field(name, value, known, name in added) for name, value in body.items()}
    )


def _field(name: str, value: Any, known: Mapping[str, list[Any]], added: bool) -> Drawn:
    if name not in known:
        return _with_known(value, known)
    right = st.sampled_from(known[name])
    if added:
        return right
    return MOSTLY.flatmap(lambda known_one: right if known_one else _with_known(value, known))
