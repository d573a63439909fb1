"""The demo's requests: templates filled in with people and secrets, each with its address and content type."""

from __future__ import annotations

import json
import string
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.resources import files
from xml.sax.saxutils import escape

import msgspec

from heliograph.cli.demo_people import DemoRecord, DemoUser

SOAP_12 = "application/soap+xml; charset=utf-8"


class DemoCall(msgspec.Struct, frozen=True, kw_only=True):
    """One request of the tour."""

    name: str  # what it is called in the terminal
    file: str  # its template, and the file it is left in for pasting
    path: str
    content_type: str
    recipient: DemoUser
    title: str  # what the recipient's inbox shows
    body: bytes


#: Name, template, path, content type, which user receives it, the title the inbox shows.
_CALLS = (
    (
        "SendPushNotification",
        "send_push_notification.xml",
        "/Remote/Services86/Pocket.svc",
        SOAP_12,
        0,
        "Harbour light",
    ),
    ("SendMessages", "send_messages.xml", "/Remote/Services86/Messaging.svc", SOAP_12, 1, "Pilot station"),
    (
        "SendMessagesWithConfig",
        "send_messages_with_config.xml",
        "/Remote/Services88/Messaging.svc",
        SOAP_12,
        2,
        "Weather desk",
    ),
    ("push, JSON", "push.json", "/api/v2/push?format=json", "application/json", 0, "Relief crew"),
    ("push, XML", "push.xml", "/api/v2/push?format=xml", "application/xml", 1, "Stores"),
)


def calls(record: DemoRecord, ticket: str) -> list[DemoCall]:
    """The five requests, filled in. The ticket is the first user's."""
    return [
        DemoCall(
            name=name,
            file=file,
            path=path,
            content_type=content_type,
            recipient=record.users[number],
            title=title,
            body=_filled(file, _values(record, record.users[number], ticket)),
        )
        for name, file, path, content_type, number, title in _CALLS
    ]


def _values(record: DemoRecord, user: DemoUser, ticket: str) -> dict[str, str]:
    return {
        "ticket": ticket,
        "now": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "associate_id": str(user.associate_id),
        "user_name": user.user_name,
        "email": user.email,
        "external_id": user.external_id,
        "company_id": str(record.company_id),
        "integration_key": record.integration_key,
    }


def _filled(file: str, values: Mapping[str, str]) -> bytes:
    """The template with its `$names` replaced, each value escaped for XML and, as `$name_json`, quoted for JSON."""
    template = string.Template(files("heliograph.cli").joinpath("demo_requests", file).read_text(encoding="utf-8"))
    escaped = {name: escape(value) for name, value in values.items()}
    quoted = {f"{name}_json": json.dumps(value) for name, value in values.items()}
    return template.substitute(escaped | quoted).encode()
