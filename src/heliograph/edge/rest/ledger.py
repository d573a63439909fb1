"""GET /api/v2/messages/{id}: what became of a message, for anyone of the company that sent it.

It tells states and attempts; content and addresses stay with sender and recipient.
"""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from heliograph.core.access import Scope
from heliograph.core.delivery import Attempt, Delivery
from heliograph.core.errors import NotFound
from heliograph.core.lifecycle import State
from heliograph.core.message import Message, Text
from heliograph.core.moments import iso_time
from heliograph.edge.auth import Authenticator
from heliograph.edge.rest.own import answered, as_json, id_in_path, signed_in
from heliograph.intake.query import MessageView, Query

#: Of several deliveries the best one speaks for the message.
_BEST_FIRST = (
    State.REPLIED,
    State.DELIVERED,
    State.SENT,
    State.LEASED,
    State.QUEUED,
    State.HELD,
    State.UNDELIVERED,
    State.EXPIRED,
    State.FAILED,
    State.CANCELLED,
)


class MessagesApi:
    """The endpoint under /api/v2/messages."""

    def __init__(self, query: Query, authenticator: Authenticator) -> None:
        self._query = query
        self._authenticator = authenticator

    def routes(self) -> list[Route]:
        """Verb by verb; what is not here is a 405."""
        return [Route("/api/v2/messages/{id}", answered(self.message), methods=["GET"])]

    async def message(self, request: Request) -> Response:
        """Status, deliveries, attempts; 404 for another company's message as for none."""
        caller = await signed_in(request, self._authenticator, Scope.MESSAGES)
        message_id = id_in_path(request)
        if message_id is None:
            raise NotFound("There is no such message.")
        return as_json(_message_json(await self._query.message(message_id, company_id=caller.company_id)))


def _message_json(view: MessageView) -> dict[str, Any]:
    states = {delivery.state for delivery in view.deliveries}
    attempts: dict[int, list[Attempt]] = {}
    for attempt in view.attempts:
        attempts.setdefault(attempt.delivery_id, []).append(attempt)
    return {
        "id": view.message.id,
        "status": next((state.value for state in _BEST_FIRST if state in states), None),
        "created": iso_time(view.message.created_at),
        **_thread_json(view.message),
        "follow_ups": [
            {"id": one.id, "created": iso_time(one.created_at), **_thread_json(one)} for one in view.follow_ups
        ],
        "expires": iso_time(view.message.expires_at),
        "deliveries": [_delivery_json(view, delivery, attempts.get(delivery.id, [])) for delivery in view.deliveries],
        "second_ways": [
            {"channel": plan.channel, "for_delivery": plan.replaces, "on": list(plan.reasons), "refused": plan.refused}
            for plan in view.standbys
            if not plan.made_no
        ],
        "answers": [
            {
                "associate_id": answer.associate_id,
                "answer": answer.value.value,
                "answered": iso_time(answer.answered_at),
            }
            for answer in view.answers
        ],
    }


def _thread_json(message: Message) -> dict[str, Any]:
    """Whether it came from outside, and what it follows or answers."""
    text = message.content if isinstance(message.content, Text) else Text()
    return {
        "inbound": text.inbound,
        "parent_id": text.parent_id or None,
        "session_key": text.session_key or None,
    }


def _delivery_json(view: MessageView, delivery: Delivery, attempts: list[Attempt]) -> dict[str, Any]:
    plan = view.in_place(delivery.id)
    return {
        "id": delivery.id,
        "channel": delivery.channel,
        "associate_id": delivery.associate_id,
        "state": delivery.state.value,
        "detail": delivery.detail,
        "updated": iso_time(delivery.updated_at),
        "in_place_of": plan and {"delivery": plan.replaces, "reason": plan.ready, "taken": iso_time(plan.made_at)},
        "attempts": [
            {
                "number": attempt.number,
                "started": iso_time(attempt.started_at),
                "took_ms": attempt.took_ms,
                "outcome": attempt.outcome,
                "detail": attempt.detail,
            }
            for attempt in attempts
        ],
        "receipts": [
            {"said": receipt.happening.value, "at": iso_time(receipt.at), "detail": receipt.detail}
            for receipt in view.receipts
            if receipt.delivery_id == delivery.id
        ],
    }
