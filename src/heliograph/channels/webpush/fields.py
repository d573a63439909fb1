"""Which field of a message goes where in a Web Push message: two tables, and the payload and headers made by them."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import Any

from heliograph.channels.fitting import fitted
from heliograph.channels.mapping import Field, Row, data_rows, fill, rows_for_docs
from heliograph.channels.notice import Notice

LARGEST_PAYLOAD = 3000  # bytes: some services take less than the 3,993 of RFC 8291 would allow
LONGEST_TTL = 28 * 86400  # seconds: no service keeps a message longer
_TOPIC = re.compile(r"[A-Za-z0-9_-]{1,32}", re.ASCII)  # RFC 8030, section 5.4
_TEXTS = (("body",), ("data", "message"), ("title",), ("data", "title"))  # shortened in this order

PAYLOAD: tuple[Field[Notice], ...] = (
    Field("Title, or From over SendMessages", "title", lambda n: None if n.silent else n.title or None),
    Field(
        "Message",
        "body",
        lambda n: None if n.silent else n.body or None,
        "shortened when the payload would be over 3,000 bytes",
    ),
    Field("Type", "type", lambda n: n.type.value),
    Field("Silent", "silent", lambda n: True if n.silent else None, "nothing is to be shown"),
    Field("ExtraValues `badge`", "badge", lambda n: n.badge, "a whole number"),
    Field("ExtraValues `sound`", "sound", lambda n: n.sound or None),
    Field("ExtraValues `image`", "image", lambda n: n.image or None),
    Field("ExtraValues `category`", "category", lambda n: n.category or None),
    Field(
        "ExtraValues `collapse_key`",
        "tag",
        lambda n: n.collapse,
        "replaces one shown; without a key the message's own, so that one sent twice is shown once",
    ),
)


def _urgency(notice: Notice) -> str:
    if notice.urgent:
        return "high"
    return "low" if notice.silent else "normal"


HEADERS: tuple[Field[Notice], ...] = (
    Field("Type ImportantMessage, Silent", "Urgency", _urgency, "`high`, `low`, else `normal`"),
    Field(
        "ExtraValues `collapse_key`",
        "Topic",
        lambda n: topic(n.collapse),
        "a hash of one that is none of 1 to 32 letters, digits, `-` and `_`; without one the message's own, so that one "
        "sent twice is shown once",
    ),
)


def topic(text: str) -> str:
    """A Topic header: the text itself, or a hash of it."""
    if _TOPIC.fullmatch(text):
        return text
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode("utf-8", "replace")).digest()[:24]).decode("ascii")


def ttl(notice: Notice, now: int) -> str:
    """Seconds the push service may keep it; `now` in ms since the epoch."""
    return str(min(max((notice.expires_at - now) // 1000, 0), LONGEST_TTL))


def payload(notice: Notice, answer_link: str) -> bytes:
    """The JSON that the browser's service worker gets. Raises TooLong."""
    made: dict[str, Any] = {"data": dict(notice.data)}
    fill(made, PAYLOAD, notice)
    if answer_link:
        made["answer_url"] = answer_link
    return fitted(made, _TEXTS, LARGEST_PAYLOAD)


def headers(notice: Notice) -> dict[str, str]:
    """The headers that are the same for every browser."""
    return {field.target.lower(): field.read(notice) for field in HEADERS}


def as_rows() -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """The tables for the docs."""
    made = [Row(field.source, f"`{field.target}`", field.note) for field in (*PAYLOAD, *HEADERS)]
    made.append(Row("TimeToLive", "`TTL`", "seconds until it ends, at most 28 days"))
    made.append(
        Row("YesNoQuestion", "`answer_url`", "a link by which it is answered, where `server.public_url` is set")
    )
    return rows_for_docs([*made, *data_rows("data.", "nothing is reserved")])
