"""The tables of this channel's docs page that no other channel has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from heliograph.channels.fcm import fields
from heliograph.channels.kinds import LINK, Table, types_table
from heliograph.channels.notice import is_question
from heliograph.core.message import Message


def tables() -> dict[str, Table]:
    """Heads and rows by the names of their blocks."""
    return {"fields": fields.as_rows(), "types": types_table(_made)}


def _made(message: Message) -> Mapping[str, Any]:
    link = LINK if is_question(message) else ""
    body = fields.request(message, now=message.created_at, sound="", data_only=False, answer_link=link)
    return msgspec.json.decode(body)  # type: ignore[no-any-return]
