"""What the webhook addresses do: parameters to the service, endpoints to documents."""

from __future__ import annotations

from heliograph.core.errors import InvalidArgument
from heliograph.core.lifecycle import State
from heliograph.core.people import Caller
from heliograph.core.webhooks import Endpoint, EndpointState
from heliograph.edge.rest.family.users import Document, Members, moment
from heliograph.intake.roster import allow
from heliograph.intake.webhooks import Change, NewSecret, Sent, WebhookService

_STATUSES = {"active": EndpointState.ENABLED, "disabled": EndpointState.DISABLED}
_ALL = ["*"]
_PAGE = 50


class Webhooks:
    """The methods of the webhook addresses, by the names in the table. Each is for administrators, or the company's key."""

    def __init__(self, service: WebhookService) -> None:
        self._service = service

    async def add_webhook(self, caller: Caller, given: Members) -> Document:
        """The endpoint's id and its secret, told once."""
        allow(caller)
        said = Change(
            url=given["url"],
            types=_types(given),
            description=given.get("description"),
            content=given.get("content"),
        )
        return _secret(await self._service.add(caller.company_id, said, secret=given.get("secret", "")))

    async def webhook(self, caller: Caller, given: Members) -> Document:
        """One endpoint."""
        return {"Webhook": _told(await self._find(caller, given))}

    async def webhooks(self, caller: Caller, given: Members) -> Document:
        """All of the company's."""
        allow(caller)
        return {"Webhooks": [_told(each) for each in await self._service.all(caller.company_id)]}

    async def change_webhook(self, caller: Caller, given: Members) -> Document:
        """The endpoint as changed."""
        endpoint = await self._find(caller, given)
        said = Change(
            url=given.get("url") or None,
            types=_types(given),
            description=given.get("description") or None,
            content=given.get("content"),
            state=_status(given),
        )
        return {"Webhook": _told(await self._service.change(endpoint, said))}

    async def delete_webhook(self, caller: Caller, given: Members) -> Document:
        """Nothing."""
        await self._service.remove(await self._find(caller, given))
        return {}

    async def rotate_webhook_secret(self, caller: Caller, given: Members) -> Document:
        """The new secret, told once."""
        endpoint = await self._find(caller, given)
        return _secret(await self._service.rotate(endpoint, secret=given.get("secret", "")))

    async def test_webhook(self, caller: Caller, given: Members) -> Document:
        """What the endpoint answered."""
        tried = await self._service.test(await self._find(caller, given))
        return {
            "Test": {"Taken": tried.ok, "Status": tried.status, "Words": tried.words, "Answer": tried.answer},
        }

    async def webhook_deliveries(self, caller: Caller, given: Members) -> Document:
        """One page."""
        sent = await self._service.sent(
            await self._find(caller, given),
            state=_state(given),
            before_id=_number("Before", given.get("before", "")),
            limit=given.get("page_size", 0) or _PAGE,
        )
        return {"Deliveries": [_delivery(each) for each in sent]}

    async def replay_webhook(self, caller: Caller, given: Members) -> Document:
        """How many are sent again."""
        endpoint = await self._find(caller, given)
        delivery_id = _number("Delivery", given.get("delivery", ""))
        count = await self._service.replay(endpoint, delivery_id=delivery_id, taken=delivery_id is not None)
        return {"Replay": {"Count": count}}

    async def _find(self, caller: Caller, given: Members) -> Endpoint:
        allow(caller)
        return await self._service.find(caller.company_id, given["id"])


def _types(given: Members) -> list[str] | None:
    """What was said; nothing leaves it as it is, and `*` is all."""
    types: list[str] = given.get("types") or []
    if types == _ALL:
        return []
    return types or None


def _status(given: Members) -> EndpointState | None:
    word = given.get("status", "")
    if not word:
        return None
    if word.lower() not in _STATUSES:
        raise InvalidArgument("Status is Active or Disabled.", field="Status")
    return _STATUSES[word.lower()]


def _state(given: Members) -> State | None:
    word = given.get("state", "")
    if not word:
        return None
    try:
        return State(word.lower())
    except ValueError:
        raise InvalidArgument(f"State is none of {', '.join(State)}.", field="State") from None


def _number(name: str, word: str) -> int | None:
    """A delivery's id, which may be larger than the family's whole numbers."""
    if not word:
        return None
    if not (word.isascii() and word.isdecimal() and len(word) < 19):
        raise InvalidArgument(f"{name} is the id of a delivery.", field=name)
    return int(word)


def _told(endpoint: Endpoint) -> Document:
    trouble = endpoint.trouble
    return {
        "Id": endpoint.id,
        "Url": endpoint.url,
        "EventTypes": list(endpoint.types),
        "Description": endpoint.description,
        "IncludeContent": endpoint.content,
        "Status": "Active" if endpoint.state is EndpointState.ENABLED else "Disabled",
        "Reason": endpoint.reason,
        "CreatedDate": moment(endpoint.created_at),
        "FailingSince": moment(trouble.since) if trouble.since else "",
        "LastFailure": trouble.words,
        "LastAnswer": trouble.answer,
    }


def _secret(new: NewSecret) -> Document:
    return {"Webhook": {"Id": new.endpoint.id, "Url": new.endpoint.url, "Secret": new.text}}


def _delivery(sent: Sent) -> Document:
    delivery = sent.delivery
    waits = delivery.state is State.QUEUED
    return {
        "Id": delivery.id,
        "EventType": sent.type,
        "State": delivery.state.value,
        "Attempts": delivery.attempts,
        "Detail": delivery.detail,
        "DueDate": moment(delivery.due_at) if waits else "",
        "LastUpdated": moment(delivery.updated_at),
    }
