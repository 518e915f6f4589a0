"""The document and the page that tell of a service's routes."""

import json
import re
from html.parser import HTMLParser

import pytest
from jsonschema import Draft202012Validator
from marshmallow import Schema, fields

from chassis.http import PUBLIC, http, routes
from chassis.openapi import document as openapi
from chassis.openapi.document import openapi_document, refusals_of
from chassis.openapi.page import docs_page
from tests.support.http_server import serving
from tests.support.http_services import North

METHODS = {"get", "put", "post", "delete", "patch"}


@pytest.fixture(scope="module")
def server():
    with serving() as running:
        yield running


@pytest.fixture(scope="module")
def document():
    return openapi_document(North)


def operations(document):
    return {
        (method, path): operation
        for path, item in document["paths"].items()
        for method, operation in item.items()
    }


def resolved(document, reference):
    found = document
    for part in reference.removeprefix("#/").split("/"):
        found = found[part]
    return found


def everywhere(node):
    yield node
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from everywhere(child)


STRUCTURE = {
    "type": "object",
    "required": ["openapi", "info", "paths", "components"],
    "additionalProperties": False,
    "properties": {
        "openapi": {"const": "3.1.0"},
        "info": {"type": "object", "required": ["title", "version"]},
        "tags": {"type": "array"},
        "components": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "schemas": {
                    "type": "object",
                    "propertyNames": {"pattern": r"^[a-zA-Z0-9._-]+$"},
                    "additionalProperties": {"$ref": "https://json-schema.org/draft/2020-12/schema"},
                },
                "securitySchemes": {"type": "object"},
            },
        },
        "paths": {
            "type": "object",
            "propertyNames": {"pattern": "^/"},
            "additionalProperties": {
                "type": "object",
                "propertyNames": {"enum": sorted(METHODS)},
                "additionalProperties": {"$ref": "#/$defs/operation"},
            },
        },
    },
    "$defs": {
        "content": {
            "type": "object",
            "minProperties": 1,
            "additionalProperties": {
                "type": "object",
                "required": ["schema"],
                "properties": {"schema": {"$ref": "https://json-schema.org/draft/2020-12/schema"}},
            },
        },
        "operation": {
            "type": "object",
            "required": ["operationId", "summary", "responses", "security"],
            "properties": {
                "operationId": {"type": "string", "minLength": 1},
                "summary": {"type": "string", "minLength": 1},
                "parameters": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "required": ["name", "in", "schema"],
                        "properties": {
                            "in": {"enum": ["path", "query"]},
                            "schema": {"$ref": "https://json-schema.org/draft/2020-12/schema"},
                        },
                        "if": {"properties": {"in": {"const": "path"}}},
                        "then": {"required": ["required"], "properties": {"required": {"const": True}}},
                    },
                },
                "requestBody": {
                    "type": "object",
                    "required": ["content"],
                    "properties": {"content": {"$ref": "#/$defs/content"}},
                },
                "responses": {
                    "type": "object",
                    "minProperties": 1,
                    "propertyNames": {"pattern": "^[1-5][0-9][0-9]$"},
                    "additionalProperties": {
                        "type": "object",
                        "required": ["description"],
                        "properties": {"content": {"$ref": "#/$defs/content"}},
                    },
                },
            },
        },
    },
}


def test_the_document_is_built_as_openapi_3_1_has_it(document):
    faults = [
        f"{'/'.join(map(str, fault.path))}: {fault.message}"
        for fault in Draft202012Validator(STRUCTURE).iter_errors(document)
    ]
    assert not faults


def test_every_reference_leads_somewhere(document):
    references = [node["$ref"] for node in everywhere(document) if isinstance(node, dict) and "$ref" in node]
    assert references
    assert all(isinstance(resolved(document, reference), dict) for reference in references)


def test_path_parameters_are_those_of_the_path_and_operation_ids_are_unique(document):
    found = operations(document)
    for (_, path), operation in found.items():
        named = {each["name"] for each in operation.get("parameters", []) if each["in"] == "path"}
        assert named == set(re.findall(r"{(\w+)}", path))
    ids = [operation["operationId"] for operation in found.values()]
    assert len(ids) == len(set(ids))


def test_every_route_is_in_it_and_says_who_may_call(document):
    declared = {
        (route.method.lower(), re.sub(r"<(\w+)>", r"{\1}", f"/north{route.path}")): route
        for route in routes(North)
    }
    assert operations(document).keys() == declared.keys()
    for key, operation in operations(document).items():
        assert operation["x-who"] == declared[key].who.name
        assert bool(operation["security"]) == (declared[key].who.roles is not None)


def test_it_tells_what_class_and_docstrings_say(document):
    assert document["info"] == {
        "title": "north",
        "version": "3.2",
        "description": f"The northern service.\n\nIt has a route of every sort.\n\n{openapi.OF_ANY_REQUEST}",
    }
    adds = document["paths"]["/north/things"]["post"]
    assert adds["summary"] == "Adds a thing."
    assert adds["description"].startswith("The name is its own.")
    assert "Also at `/health`" in document["paths"]["/north/health"]["get"]["description"]
    assert document["paths"]["/north/bodies/{body}/things"]["get"]["x-roles"] == ["clerk", "operator"]
    of_all = document["paths"]["/north/things/of/all"]["get"]
    assert of_all["x-every-body"] is True
    assert of_all["description"] == "Bearer token with a role of: operator and good for every body."


def test_what_any_request_may_be_told_is_said_once(document):
    described = document["info"]["description"]
    assert all(status in described for status in ("400", "404", "405", "408", "413", "414", "417", "431"))


def test_a_parameter_that_no_path_may_hold_is_a_refusal_that_is_told(document):
    told = document["paths"]["/north/things/{thing}"]["get"]["responses"]["404"]
    assert "`route-not-found`: " in told["description"]
    assert "404" not in document["paths"]["/north/hello"]["get"]["responses"]


def test_bodies_answers_and_queries_are_those_of_the_schemas(document):
    adds = document["paths"]["/north/things"]["post"]
    reference = {"schema": {"$ref": "#/components/schemas/Thing"}}
    assert adds["requestBody"]["content"] == {"application/json": reference}
    assert adds["responses"]["201"]["content"] == {"application/json": reference}
    thing = document["components"]["schemas"]["Thing"]
    assert thing["required"] == ["name"]
    assert (thing["properties"]["name"]["maxLength"], thing["additionalProperties"]) == (20, False)
    (after,) = document["paths"]["/north/things"]["get"]["parameters"]
    assert (after["name"], after["in"], after["schema"]["minimum"]) == ("after", "query", 0)
    weighs = document["paths"]["/north/weights"]["post"]
    assert weighs["requestBody"]["content"] == {
        "text/csv": {"schema": {"type": "string"}},
        "image/png": {"schema": {"type": "string", "format": "binary"}},
    }
    assert {"400", "413", "415"} <= set(weighs["responses"])
    assert "204" in document["paths"]["/north/nothing"]["post"]["responses"]


def test_each_refusal_of_a_route_is_told_under_its_status(document):
    for route in routes(North):
        path = re.sub(r"<(\w+)>", r"{\1}", f"/north{route.path}")
        responses = document["paths"][path][route.method.lower()]["responses"]
        for refusal in refusals_of(route):
            response = responses[str(openapi.status_of(refusal))]
            (media,) = response["content"].values()
            assert refusal.slug in media["schema"]["allOf"][1]["properties"]["slug"]["enum"]
            assert f"`{refusal.slug}`: " in response["description"]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/north/things", {"name": "taken"}),
        ("POST", "/north/things", {"nam": "a"}),
        ("POST", "/north/things", b"{"),
        ("POST", "/north/things", b" " * (2 << 20)),
        ("GET", "/north/things?after=x", None),
        ("POST", "/north/nothing", {"a": 1}),
        ("GET", "/north/bodies/yongan/things", None),
        ("GET", "/north/things/a%00b", None),
        ("POST", "/north/crash", {"name": "a"}),
    ],
)
def test_what_is_refused_fits_the_schema_that_was_told(server, document, method, path, body):
    answer = server.request(method, path, body)
    template = path.partition("?")[0].replace("yongan", "{body}").replace("a%00b", "{thing}")
    told = document["paths"][template][method.lower()]["responses"][str(answer.status)]
    schema = {**told["content"]["application/problem+json"]["schema"], "components": document["components"]}
    Draft202012Validator(schema).validate(answer.json)


def test_other_answers_of_a_route_are_told():
    class Choosy:
        """Answers as it likes."""

        name = "choosy"

        @http("GET", "/a", who=PUBLIC, answer="text/html", other_answers=("application/pdf",))
        def a(self, call):
            """A page or a file."""

        @http("GET", "/b", who=PUBLIC, answer="application/json", other_statuses=(409, 503))
        def b(self, call):
            """Well or not."""

    document = openapi_document(Choosy)
    page, well = (document["paths"][f"/choosy/{each}"]["get"]["responses"] for each in "ab")
    assert set(page["200"]["content"]) == {"text/html", "application/pdf"}
    assert set(well["409"]["content"]) == {"application/json"}
    assert set(well["503"]["content"]) == {"application/json", "application/problem+json"}


def test_two_schemas_of_one_name_do_not_become_one():
    def thing(field):
        return type("ThingSchema", (Schema,), {field: fields.String(required=True)})()

    class Both:
        """Has two."""

        name = "both"

        @http("POST", "/first", who=PUBLIC, body=thing("first"))
        def first(self, call):
            """First."""

        @http("POST", "/second", who=PUBLIC, body=thing("second"))
        def second(self, call):
            """Second."""

    document = openapi_document(Both)
    for name in ("first", "second"):
        content = document["paths"][f"/both/{name}"]["post"]["requestBody"]["content"]
        reference = content["application/json"]["schema"]["$ref"]
        assert resolved(document, reference)["required"] == [name]


def test_the_document_is_served(server, document):
    answer = server.request("GET", "/north/openapi.json")
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    assert answer.json == json.loads(json.dumps(document))


class Page(HTMLParser):
    """Checks that what is opened is closed, and notes ids, links and tags."""

    VOID = ("meta", "br", "link")

    def __init__(self, text):
        super().__init__()
        self.open, self.ids, self.links, self.tags = [], set(), set(), set()
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        for name, value in attributes:
            assert not name.startswith("on")
            if name == "id":
                assert value not in self.ids
                self.ids.add(value)
            elif name in ("href", "src"):
                self.links.add(value)
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_page_is_whole_and_loads_nothing(server):
    answer = server.request("GET", "/north/docs")
    page = Page(answer.body.decode())
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert page.tags.isdisjoint({"script", "img", "link", "iframe", "form"})
    assert {link[1:] for link in page.links if link.startswith("#")} <= page.ids
    assert {link for link in page.links if not link.startswith("#")} == {"/north/openapi.json"}
    assert {route.handler for route in routes(North)} <= page.ids


def test_the_page_may_use_its_own_style_and_no_other(server):
    import base64
    import hashlib

    answer = server.request("GET", "/north/docs")
    (style,) = re.findall(r"<style>(.*?)</style>", answer.body.decode(), re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in answer.headers["content-security-policy"]
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_the_page_escapes_what_it_tells():
    class Sly:
        """Has <script>alert(1)</script> in its words."""

        name = "sly"

        @http("GET", "/a", who=PUBLIC, summary="<b onclick=x>", answer="text/plain")
        def a(self, call):
            """Not shown."""

    page = docs_page(Sly)
    assert "<script>" not in page
    assert "<b onclick" not in page
    Page(page)
