"""Which field of a message goes where in an APNs request: two tables, and the payload and headers made by them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from heliograph.channels.fitting import fitted
from heliograph.channels.mapping import Field, Row, data_rows, fill, rows_for_docs
from heliograph.channels.notice import Notice, category, short_collapse

LARGEST_PAYLOAD = 4096  # bytes (Apple, "Generating a remote notification")
LONGEST_COLLAPSE_ID = 64  # bytes
_TEXTS = (("aps", "alert", "body"), ("message",), ("aps", "alert", "title"), ("title",))  # shortened in this order


def _shown(read: Callable[[Notice], Any]) -> Callable[[Notice], Any]:
    """The value, for a notification that shows something."""
    return lambda notice: None if notice.silent else (read(notice) or None)


PAYLOAD: tuple[Field[Notice], ...] = (
    Field("Title, or From over SendMessages", "aps.alert.title", _shown(lambda n: n.title)),
    Field(
        "Message", "aps.alert.body", _shown(lambda n: n.body), "shortened when the payload would be over 4,096 bytes"
    ),
    Field("ExtraValues `badge`", "aps.badge", lambda n: None if n.silent else n.badge, "a whole number; 0 removes it"),
    Field("ExtraValues `sound`", "aps.sound", _shown(lambda n: n.sound), "without it, the setting `sound`"),
    Field(
        "ExtraValues `category`",
        "aps.category",
        _shown(category),
        "without it, a YesNoQuestion has the category YesNoQuestion",
    ),
    Field(
        "ExtraValues `image`",
        "image",
        _shown(lambda n: n.image),
        "`aps.mutable-content` is 1, so that the app's service extension may fetch it",
    ),
    Field("ExtraValues `image`", "aps.mutable-content", lambda n: 1 if n.image and not n.silent else None, "see above"),
    Field(
        "Type ImportantMessage",
        "aps.interruption-level",
        lambda n: "time-sensitive" if n.urgent and not n.silent else None,
        "`time-sensitive`: shown during a Focus too, if the app is entitled to it",
    ),
    Field("Silent", "aps.content-available", lambda n: 1 if n.silent else None, "a push of type background"),
)

HEADERS: tuple[Field[Notice], ...] = (
    Field("Silent", "apns-push-type", lambda n: "background" if n.silent else "alert", "`background` or `alert`"),
    Field("Silent", "apns-priority", lambda n: "5" if n.silent else "10", "5 for a background push, else 10"),
    Field("TimeToLive", "apns-expiration", lambda n: str(n.expires_at // 1000), "the moment it ends"),
    Field(
        "ExtraValues `collapse_key`",
        "apns-collapse-id",
        lambda n: short_collapse(n.collapse, LONGEST_COLLAPSE_ID),
        "a hash of one over 64 bytes; without one the message's own, so that one sent twice is shown once",
    ),
)

_RESERVED = "aps"


def payload(notice: Notice, sound: str) -> bytes:
    """The JSON that a device gets. `sound` is used where the message names none. Raises TooLong."""
    made: dict[str, Any] = {f"x-{key}" if key == _RESERVED else key: value for key, value in notice.data.items()}
    made["aps"] = {"sound": sound} if sound and not notice.silent else {}
    fill(made, PAYLOAD, notice)
    return fitted(made, _TEXTS, LARGEST_PAYLOAD)


def headers(notice: Notice, topic: str) -> dict[str, str]:
    """All headers but those that differ from delivery to delivery."""
    return {"apns-topic": topic} | {field.target: field.read(notice) for field in HEADERS}


def as_rows() -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """The tables for the docs."""
    made = [Row(field.source, f"`{field.target}`", field.note) for field in (*PAYLOAD, *HEADERS)]
    made.append(Row("YesNoQuestion", "`answer_url`", "a link to answer by, where `server.public_url` is set"))
    return rows_for_docs([*made, *data_rows("", "`aps` becomes `x-aps`")])
