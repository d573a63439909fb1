"""The REST push family in the API document, rendered from its binding tables."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from heliograph.edge.openapi.dry_run import DRY_RUN, or_dry_run
from heliograph.edge.openapi.schemas import Components, Schema
from heliograph.edge.rest.binding import XSI
from heliograph.edge.rest.family.endpoint import Endpoint
from heliograph.edge.rest.family.endpoints import ENDPOINTS
from heliograph.edge.rest.fields import FIELDS, Field, flag, line, text, texts, whole
from heliograph.edge.rest.push import MESSAGE_ID
from heliograph.edge.rest.status import escaped

ERRORS = "ErrorResponse"
_ACCEPTED = (
    "The push is on disk and will be delivered. An answer of 200 says nothing of whether a device has shown it: ask "
    "`/api/v2/messages/{id}` with the id of the header."
)
_STATUSES = {
    "400": "A parameter is missing or cannot be.",
    "401": "CompanyId or IntegrationKey is not valid.",
    "413": "The body is larger than the limit.",
    "503": "Nothing was kept; try again after the seconds of Retry-After.",
}
_KINDS: dict[Callable[[str, Any], Any], Schema] = {
    text: {"type": "string"},
    line: {"type": "string"},
    whole: {"type": "integer", "format": "int32", "minimum": -(2**31), "maximum": 2**31 - 1},
    flag: {"type": "boolean"},
    texts: {"type": "array", "items": {"type": "string"}},
}
FORMAT = {
    "name": "format",
    "in": "query",
    "description": "How to answer; without it, Accept decides.",
    "schema": {"type": "string", "enum": ["json", "xml"]},
}
IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "The same key with the same request gets the first answer, and nothing is sent again.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
}
SENDING_ANSWERS = {
    "409": "The first request with this Idempotency-Key is still under way.",
    "422": "This Idempotency-Key came with another request before.",
    "429": "Over a limit on what the company may send; there is room again after the seconds of Retry-After.",
}
_SAMPLE = {
    "Body": "The lamp is lit.",
    "CompanyId": 1,
    "ExpirySecs": 0,
    "IntegrationKey": "",
    "Sound": True,
    "Title": "Lamp room",
    "UserEmail": "keeper@example.com",
}


def fields_schema(fields: Sequence[Field], required: Sequence[str]) -> Schema:
    """An object with these parameters."""
    return {"type": "object", "properties": {f.name: dict(_KINDS[f.read]) for f in fields}, "required": list(required)}


def family_paths(components: Components) -> dict[str, Any]:
    """Addresses to their operations."""
    components.schemas[ERRORS] = error_schema()
    components.schemas["Push"] = fields_schema(FIELDS, ("Body", "Title")) | {
        "description": "One of UserId, UserEmail and UserExternalId is needed, and CompanyId with IntegrationKey.",
        "xml": {"name": "Push"},
    }
    components.schemas["PushResponse"] = {
        "type": "object",
        "properties": {"ResponseStatus": {"type": "null"}},
        "xml": {"name": "PushResponse"},
    }
    paths: dict[str, Any] = {"/api/v2/push": {"post": _push(components)}}
    for endpoint in ENDPOINTS:
        _declare(endpoint, components)
        paths.setdefault(endpoint.path, {})[endpoint.verb.lower()] = _sibling(endpoint)
    return paths


def _declare(endpoint: Endpoint, components: Components) -> None:
    """The schemas of what goes in and out."""
    if endpoint.in_body:
        request = fields_schema(endpoint.table.fields, endpoint.required)
        components.schemas[_request_name(endpoint)] = request | {"xml": {"name": _title(endpoint.name)}}
    if not endpoint.thing:
        return
    thing = components.schemas.setdefault(_thing_name(endpoint), _object(endpoint.members))
    items: Schema = {"type": "array", "items": thing} if endpoint.many else thing
    components.schemas[_answer_name(endpoint)] = _object({endpoint.thing: items}) | {"xml": {"name": endpoint.response}}


def _object(members: Schema) -> Schema:
    return {"type": "object", "properties": members, "required": list(members)}


def _title(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))


def _request_name(endpoint: Endpoint) -> str:
    return f"{_title(endpoint.name)}Request"


def _answer_name(endpoint: Endpoint) -> str:
    return f"{_title(endpoint.name)}Answer"


def _thing_name(endpoint: Endpoint) -> str:
    return endpoint.schema or endpoint.thing.removesuffix("s")


def _sibling(endpoint: Endpoint) -> dict[str, Any]:
    told: dict[str, Any] = {
        "operationId": f"{endpoint.verb.lower()}{endpoint.path.removeprefix('/api/').replace('/', '')}",
        "tags": [endpoint.tag],
        "summary": endpoint.summary,
        "security": [{}, {"ticket": []}, {"basic": []}, {"token": []}],
        "parameters": [FORMAT],
        "responses": {"200": _sibling_answer(endpoint), **errors(), "403": _forbidden()},
    }
    if endpoint.in_body:
        told["requestBody"] = {"required": True, "content": both(_request_name(endpoint), endpoint.sample)}
    else:
        told["parameters"] += [
            {"name": field.name, "in": "query", "schema": dict(_KINDS[field.read])} for field in endpoint.table.fields
        ]
    return told


def _sibling_answer(endpoint: Endpoint) -> dict[str, Any]:
    return {"description": "As asked.", "content": both(_answer_name(endpoint) if endpoint.thing else "PushResponse")}


def _push(components: Components) -> dict[str, Any]:
    header = {MESSAGE_ID: {"description": "The message's id.", "schema": {"type": "string"}}}
    return {
        "operationId": "postv2push",
        "tags": ["Push"],
        "summary": "Sends a push to one user, by a company's integration key.",
        "security": [],
        "parameters": [FORMAT, IDEMPOTENCY_KEY, DRY_RUN],
        "requestBody": {"required": True, "content": both("Push", _SAMPLE)},
        "responses": {
            "200": {
                "description": _ACCEPTED,
                "headers": header,
                "content": or_dry_run(both("PushResponse"), components),
            },
            **errors(),
            **{status: {"description": words, "content": both(ERRORS)} for status, words in SENDING_ANSWERS.items()},
        },
    }


def both(name: str, example: Any = None) -> dict[str, Any]:
    """That schema in JSON and in XML."""
    schema: dict[str, Any] = {"schema": {"$ref": f"#/components/schemas/{name}"}}
    return {
        "application/json": schema if example is None else schema | {"example": example},
        "application/xml": schema if example is None else schema | {"example": _xml(name, example)},
    }


def _xml(root: str, example: dict[str, Any]) -> str:
    root = root.removesuffix("Request")
    inside = "".join(_xml_element(name, value) for name, value in sorted(example.items()))
    return f'<{root} xmlns:i="{XSI}">{inside}</{root}>'


def _xml_element(name: str, value: Any) -> str:
    if isinstance(value, list):
        return f"<{name}>{''.join(_xml_element('string', each) for each in value)}</{name}>"
    return f"<{name}>{escaped(_word(value))}</{name}>"


def _word(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def errors() -> dict[str, Any]:
    """The family's failures."""
    return {status: {"description": words, "content": both(ERRORS)} for status, words in _STATUSES.items()}


def _forbidden() -> dict[str, Any]:
    words = "Only administrators may do this, or an administrator is concerned and the key alone was given."
    return {"description": words, "content": both(ERRORS)}


def error_schema() -> Schema:
    """ResponseStatus, as every failure of the family and of the product's own addresses has it."""
    field_error = _strings("ErrorCode", "FieldName", "Message")
    status = _strings("ErrorCode", "Message")
    status["properties"]["Errors"] = {"type": "array", "items": field_error}
    status["required"].append("Errors")
    return {"type": "object", "properties": {"ResponseStatus": status}, "required": ["ResponseStatus"]}


def _strings(*names: str) -> Schema:
    return {"type": "object", "properties": {name: {"type": "string"} for name in names}, "required": list(names)}
