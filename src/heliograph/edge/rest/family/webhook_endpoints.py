"""The addresses under /api/v2/webhook: a company looks after its event notifications."""

from __future__ import annotations

from typing import Any

from heliograph.core.webhooks import all_types
from heliograph.edge.rest.family.endpoint import FLAG, MOMENT, NUMBER, SAMPLE_KEY, TEXT, Endpoint, table
from heliograph.edge.rest.fields import Field, flag, line, text, texts, whole

_PATH, _TAG = "/api/v2/webhook", "Webhooks"
_ID = Field("Id", "id", whole)
_SAID = (
    Field("Description", "description", text),
    Field("EventTypes", "types", texts),
    Field("IncludeContent", "content", flag),
    Field("Url", "url", line),
)
_SECRET = Field("Secret", "secret", line)

WEBHOOK: dict[str, Any] = {
    "Id": NUMBER,
    "Url": TEXT,
    "EventTypes": {"type": "array", "items": {"type": "string", "enum": list(all_types())}},
    "Description": TEXT,
    "IncludeContent": FLAG,
    "Status": {"type": "string", "enum": ["Active", "Disabled"]},
    "Reason": TEXT,
    "CreatedDate": MOMENT,
    "FailingSince": TEXT,
    "LastFailure": TEXT,
    "LastAnswer": TEXT,
}
SECRET: dict[str, Any] = {"Id": NUMBER, "Url": TEXT, "Secret": TEXT}
DELIVERY: dict[str, Any] = {
    "Id": NUMBER,
    "EventType": TEXT,
    "State": TEXT,
    "Attempts": NUMBER,
    "Detail": TEXT,
    "DueDate": TEXT,
    "LastUpdated": MOMENT,
}
TRIED: dict[str, Any] = {"Taken": FLAG, "Status": NUMBER, "Words": TEXT, "Answer": TEXT}
_SAMPLE = {
    "Url": "https://hooks.example.com/heliograph",
    "EventTypes": ["delivery.delivered", "delivery.failed"],
    "Description": "Order desk",
    **SAMPLE_KEY,
}


def _endpoint(verb: str, path: str, name: str, summary: str, *fields: Field, **more: Any) -> Endpoint:
    plain: dict[str, Any] = {"response": "WebhookResponse", "thing": "Webhook", "members": WEBHOOK}
    return Endpoint(
        verb=verb, path=f"{_PATH}{path}", name=name, summary=summary, table=table(*fields), tag=_TAG, **(plain | more)
    )


_OF_SECRET = {"members": SECRET, "schema": "WebhookSecret"}

WEBHOOKS: tuple[Endpoint, ...] = (
    _endpoint(
        "POST",
        "",
        "add_webhook",
        "Adds an endpoint that is told of events. Without EventTypes it is told of all; without Secret one is made, "
        "which this answer alone tells.",
        *_SAID,
        _SECRET,
        required=("Url",),
        sample=_SAMPLE,
        **_OF_SECRET,
    ),
    _endpoint("GET", "", "webhook", "Tells of one endpoint, and how it has been failing.", _ID, required=("Id",)),
    _endpoint(
        "PUT",
        "",
        "change_webhook",
        "Changes an endpoint; Status is Active or Disabled. What is empty or absent stays as it is; EventTypes `*` is all.",
        _ID,
        *_SAID,
        Field("Status", "status", line),
        required=("Id",),
        sample={"Id": 1, "Status": "Active", **SAMPLE_KEY},
    ),
    _endpoint(
        "DELETE",
        "",
        "delete_webhook",
        "Removes an endpoint; what still waits for it fails.",
        _ID,
        required=("Id",),
        thing="",
    ),
    _endpoint(
        "GET",
        "/search",
        "webhooks",
        "Lists the company's endpoints.",
        response="WebhookSearchResponse",
        thing="Webhooks",
        many=True,
    ),
    _endpoint(
        "POST",
        "/secret",
        "rotate_webhook_secret",
        "Gives an endpoint a new secret, which this answer alone tells; the old one signs beside it for a day.",
        _ID,
        _SECRET,
        required=("Id",),
        sample={"Id": 1, **SAMPLE_KEY},
        **_OF_SECRET,
    ),
    _endpoint(
        "POST",
        "/test",
        "test_webhook",
        "Posts a signed event of type gateway.check now, and tells what the endpoint answered.",
        _ID,
        required=("Id",),
        thing="Test",
        members=TRIED,
        schema="WebhookTest",
        sample={"Id": 1, **SAMPLE_KEY},
    ),
    _endpoint(
        "GET",
        "/deliveries",
        "webhook_deliveries",
        "Lists what an endpoint was or is to be told, newest first, from before the delivery Before.",
        _ID,
        Field("Before", "before", line),
        Field("PageSize", "page_size", whole),
        Field("State", "state", line),
        required=("Id",),
        response="WebhookDeliveriesResponse",
        thing="Deliveries",
        members=DELIVERY,
        schema="WebhookDelivery",
        many=True,
    ),
    _endpoint(
        "POST",
        "/replay",
        "replay_webhook",
        "Sends again what failed or expired; with Delivery that one alone, even if it was taken.",
        _ID,
        Field("Delivery", "delivery", line),
        required=("Id",),
        thing="Replay",
        members={"Count": NUMBER},
        schema="WebhookReplay",
        sample={"Id": 1, **SAMPLE_KEY},
    ),
)
