"""The product's own addresses in the API document: inbox, messages, health."""

from __future__ import annotations

from typing import Any

import msgspec

from heliograph.core.answer import YesNo
from heliograph.core.delivery import ItemState
from heliograph.core.fallback import Reason
from heliograph.core.lifecycle import LATER_WORDS, State
from heliograph.core.message import PushType
from heliograph.edge.openapi.family import ERRORS
from heliograph.edge.openapi.schemas import Components, Schema, or_null
from heliograph.edge.rest.devices import Registration

_INTEGER: Schema = {"type": "integer"}
_TEXT: Schema = {"type": "string"}
_MOMENT: Schema = {"type": "string", "format": "date-time"}
_STATE: Schema = {"type": "string", "enum": [state.value for state in State]}
_REASON: Schema = {"type": "string", "enum": [reason.value for reason in Reason]}
_THREAD: dict[str, Schema] = {
    "inbound": {"type": "boolean", "description": "Whether someone outside sent it to us."},
    "parent_id": or_null({"type": "integer", "description": "The message that it follows or answers."}),
    "session_key": or_null({"type": "string", "description": "The thread it is in."}),
}

_SCHEMAS: dict[str, dict[str, Schema]] = {
    "InboxItem": {
        "id": _INTEGER,
        "title": _TEXT,
        "body": _TEXT,
        "url": _TEXT,
        "type": {"type": "string", "examples": [PushType.MESSAGE.value]},
        "data": {"type": "object", "additionalProperties": _TEXT},
        "state": {"type": "string", "enum": [state.value for state in ItemState]},
        "answer": {
            "type": ["string", "null"],
            "enum": [*(answer.value for answer in YesNo), None],
            "description": "What the caller answered to a question; null in streams.",
        },
        "time": _MOMENT,
    },
    "InboxPage": {
        "items": {"type": "array", "items": {"$ref": "#/components/schemas/InboxItem"}},
        "next": or_null({"type": "string", "description": "The address of the page after this one."}),
    },
    "Unread": {"unread": _INTEGER},
    "Answer": {"answer": {"type": "string", "enum": [answer.value for answer in YesNo]}},
    "Device": {
        "id": _INTEGER,
        "identifier": _TEXT,
        "platform": _TEXT,
        "app": _TEXT,
        "name": _TEXT,
        "language": _TEXT,
        "app_version": _TEXT,
        "os_version": _TEXT,
        "time_zone_id": _INTEGER,
        "tags": _TEXT,
        "registered": _MOMENT,
        "last_seen": _MOMENT,
    },
    "Devices": {"devices": {"type": "array", "items": {"$ref": "#/components/schemas/Device"}}},
    "Attempt": {
        "number": _INTEGER,
        "started": _MOMENT,
        "took_ms": _INTEGER,
        "outcome": _TEXT,
        "detail": _TEXT,
    },
    "Delivery": {
        "id": _INTEGER,
        "channel": _TEXT,
        "associate_id": or_null(_INTEGER),
        "state": _STATE,
        "detail": _TEXT,
        "updated": _MOMENT,
        "attempts": {"type": "array", "items": {"$ref": "#/components/schemas/Attempt"}},
        "receipts": {"type": "array", "items": {"$ref": "#/components/schemas/Receipt"}},
        "in_place_of": or_null({"$ref": "#/components/schemas/InPlaceOf"}),
    },
    "Receipt": {
        "said": {"type": "string", "enum": [word.value for word in sorted(LATER_WORDS)]},
        "at": _MOMENT,
        "detail": _TEXT,
    },
    "InPlaceOf": {"delivery": _INTEGER, "reason": _REASON, "taken": _MOMENT},
    "SecondWay": {
        "channel": _TEXT,
        "for_delivery": _INTEGER,
        "on": {"type": "array", "items": _REASON},
        "refused": _TEXT,
    },
    "FollowUp": {"id": _INTEGER, "created": _MOMENT, **_THREAD},
    "Message": {
        "id": _INTEGER,
        "status": or_null(_STATE),
        "created": _MOMENT,
        **_THREAD,
        "follow_ups": {"type": "array", "items": {"$ref": "#/components/schemas/FollowUp"}},
        "expires": _MOMENT,
        "deliveries": {"type": "array", "items": {"$ref": "#/components/schemas/Delivery"}},
        "second_ways": {"type": "array", "items": {"$ref": "#/components/schemas/SecondWay"}},
    },
    "Health": {"version": _TEXT, "status": {"type": "string", "enum": ["ok", "degraded"]}},
}

_ANSWER = {"schema": {"$ref": "#/components/schemas/Answer"}, "example": {"answer": YesNo.YES.value}}
_ID = {"name": "id", "in": "path", "required": True, "schema": {"type": "integer", "minimum": 1, "maximum": 10**18 - 1}}
_LIMIT = {"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": 500, "default": 50}}
_BEFORE = {
    "name": "before",
    "in": "query",
    "description": "Only items with a lower id.",
    "schema": {"type": "integer", "minimum": 1, "maximum": 10**18 - 1},
}
_SINCE = {
    "name": "Last-Event-ID",
    "in": "header",
    "description": "The id of the last event seen: what came since is sent first.",
    "schema": {"type": "string"},
}


def own_paths(components: Components) -> dict[str, Any]:
    """Addresses to their operations."""
    for name, properties in _SCHEMAS.items():
        components.schemas[name] = {"type": "object", "properties": properties, "required": list(properties)}
    items = {"schema": {"type": "string", "description": "Server-sent events; `data` is an InboxItem."}}
    stream = {"200": {"description": "Items as they come.", "content": {"text/event-stream": items}}}
    return {
        "/api/v2/inbox": {
            "get": _operation("listInbox", "Inbox", "The caller's items, newest first.", "InboxPage", _LIMIT, _BEFORE)
        },
        "/api/v2/inbox/stream": {
            "get": _operation("watchInbox", "Inbox", "The caller's items, live.", "", _SINCE)
            | {"responses": stream | _errors("401")}
        },
        "/api/v2/inbox/unread": {
            "get": _operation("countUnread", "Inbox", "How many of the caller's items are unread.", "Unread")
        },
        "/api/v2/inbox/{id}/answer": {
            "post": _operation("answerQuestion", "Inbox", "Answers a question: yes or no.", "InboxItem", _ID)
            | {"requestBody": {"required": True, "content": {"application/json": _ANSWER}}}
        },
        "/api/v2/inbox/{id}/read": {
            "post": _operation("readInboxItem", "Inbox", "Marks an item as read.", "InboxItem", _ID)
        },
        "/api/v2/device": {
            "get": _operation("listDevices", "Devices", "The caller's devices, without their tokens.", "Devices"),
            "post": _operation("registerDevice", "Devices", _REGISTERS, "Device")
            | {"requestBody": _registration(components)},
        },
        "/api/v2/device/{id}": {
            "delete": _operation("forgetDevice", "Devices", "Forgets one of the caller's devices.", "", _ID)
            | {"responses": {"204": {"description": "It is forgotten."}, **_errors("401", "403", "404", "503")}}
        },
        "/api/v2/messages/{id}": {
            "get": _operation("getMessage", "Messages", "What became of a message, attempts included.", "Message", _ID)
        },
        "/healthz": {"get": _health()},
    }


_REGISTERS = "Makes a device the caller's: a platform with its token, or a browser's push subscription."


def _registration(components: Components) -> dict[str, Any]:
    """The body, read off the struct that the endpoint reads it into."""
    (schema,), parts = msgspec.json.schema_components([Registration], ref_template="#/components/schemas/{name}")
    components.schemas.update(parts)
    example = {"platform": "Google", "token": "", "identifier": "my-phone", "name": "My phone"}
    return {"required": True, "content": {"application/json": {"schema": schema, "example": example}}}


def _operation(id: str, tag: str, summary: str, answer: str, *parameters: Any) -> dict[str, Any]:
    statuses = ["400", "401", "403", "503"] + (["404", "409"] if _ID in parameters else [])
    return {
        "operationId": id,
        "tags": [tag],
        "summary": summary,
        "parameters": list(parameters),
        "responses": {"200": _answer("As asked.", answer), **_errors(*statuses)},
    }


def _health() -> dict[str, Any]:
    return {
        "operationId": "health",
        "tags": ["Gateway"],
        "summary": "Whether the gateway is well; needs no sign-in.",
        "security": [],
        "responses": {"200": _answer("It is.", "Health"), "503": _answer("It is not.", "Health")},
    }


def _answer(words: str, name: str) -> dict[str, Any]:
    return {"description": words, "content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{name}"}}}}


_WORDS = {
    "400": "A parameter cannot be read.",
    "401": "No credentials, or none that are accepted.",
    "403": "Not allowed to this caller.",
    "404": "There is no such thing here.",
    "409": "It is otherwise already.",
    "503": "Try again after the seconds of Retry-After.",
}


def _errors(*statuses: str) -> dict[str, Any]:
    return {status: _answer(_WORDS[status], ERRORS) for status in statuses}
