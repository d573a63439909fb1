"""A letter as the JSON a webhook carries. Pure."""

from __future__ import annotations

from typing import Any

import msgspec

from heliograph.core.delivery import Letter
from heliograph.core.message import Push, Text
from heliograph.core.moments import iso_time


def payload(letter: Letter, answer_link: str = "") -> bytes:
    """`{"type", "timestamp", "data"}` as Standard Webhooks suggests; the same bytes for every attempt."""
    content = letter.message.content
    data: dict[str, Any] = {
        "message_id": letter.message.id,
        "delivery_id": letter.delivery_id,
        "company_id": letter.message.company_id,
    }
    if isinstance(content, Push):
        kind, data = "message.push", data | _push(letter, content)
        if answer_link:
            data["answer_url"] = answer_link
    else:
        kind, data = "message.text", data | _text(content)
    return _json({"type": kind, "timestamp": iso_time(letter.message.created_at), "data": data})


def greeting(now: int) -> bytes:
    """What `channel check` posts: a kind of event of its own, without a message."""
    return _json({"type": "gateway.check", "timestamp": iso_time(now), "data": {}})


def _push(letter: Letter, push: Push) -> dict[str, Any]:
    return {
        "to": letter.address.value,
        "associate_id": letter.address.associate_id,
        "device_id": letter.address.device_id,
        "title": push.title,
        "body": push.body,
        "url": push.url,
        "type": push.type.value,
        "silent": push.silent,
        "record_id": push.record_id,
        "date": push.date,
        "duration": push.duration,
        "display_seconds": push.display_seconds,
        "data": push.data,
    }


def _text(text: Text) -> dict[str, Any]:
    return {
        "from": text.sender,
        "to": text.to,
        "body": text.body,
        "format": text.format,
        "parent_id": text.parent_id,
        "session_key": text.session_key,
    }


def _json(event: dict[str, Any]) -> bytes:
    try:
        return msgspec.json.encode(event)
    except UnicodeEncodeError:  # half a surrogate pair, which no UTF-8 can hold: shown as a question mark
        return msgspec.json.encode(_mended(event))


def _mended(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {_mended(name): _mended(inner) for name, inner in value.items()}
    return value
