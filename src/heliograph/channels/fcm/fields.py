"""Which field of a message goes where in an FCM request: one table, and the request made by it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import msgspec
from msgspec.structs import replace

from heliograph.channels.fitting import fitted
from heliograph.channels.mapping import Field, Row, data_rows, fill, rows_for_docs
from heliograph.channels.notice import Notice, category, hashed, read, short_collapse, with_answer
from heliograph.core.message import Message, Push

LARGEST_PAYLOAD = 4096  # bytes of notification and data
LONGEST_TTL = 28 * 86400  # seconds (FCM, "Set the lifespan of a message")
_LONGEST_TOPIC = 32  # characters of a Web Push topic (RFC 8030, 5.4)
_TOPIC = re.compile(r"[A-Za-z0-9_-]{1,32}", re.ASCII)
_TEXTS = (("notification", "body"), ("data", "message"), ("notification", "title"), ("data", "title"))
_RESERVED = ("google", "gcm")


class Sending(msgspec.Struct, frozen=True):
    """What the table reads."""

    notice: Notice
    ttl: int  # seconds left
    alert: bool  # whether a person is to see something, be it shown by FCM or by the app


def _shown(read: Callable[[Notice], Any]) -> Callable[[Sending], Any]:
    """The value, for a notification that FCM shows."""
    return lambda sending: None if sending.notice.silent else (read(sending.notice) or None)


def _always(read: Callable[[Notice], Any]) -> Callable[[Sending], Any]:
    return lambda sending: read(sending.notice) or None


def _address(url: str, *schemes: str) -> str:
    """The URL if FCM takes it there; one that it does not would make it refuse the whole message."""
    return url if url.lower().startswith(schemes) else ""


def _topic(notice: Notice) -> str:
    key = notice.collapse if notice.collapse_given else ""
    return key if not key or _TOPIC.fullmatch(key) else hashed(key, _LONGEST_TOPIC)


FIELDS: tuple[Field[Sending], ...] = (
    Field("Title, or From over SendMessages", "notification.title", _shown(lambda n: n.title)),
    Field(
        "Message, or Content",
        "notification.body",
        _shown(lambda n: n.body),
        "shortened where 4,096 bytes are not enough",
    ),
    Field("ExtraValues `image`", "notification.image", _shown(lambda n: _address(n.image, "https:", "http:"))),
    Field(
        "all but Silent", "android.priority", lambda s: "HIGH" if s.alert else "NORMAL", "`HIGH`; silent ones `NORMAL`"
    ),
    Field("TimeToLive", "android.ttl", lambda s: f"{s.ttl}s", "what is left of it, 28 days at most"),
    Field(
        "ExtraValues `collapse_key`",
        "android.collapse_key",
        _always(lambda n: short_collapse(n.collapse) if n.collapse_given else ""),
        "a hash of one over 64 characters; none of our own, because FCM keeps only four for a device",
    ),
    Field(
        "ExtraValues `collapse_key`",
        "android.notification.tag",
        _shown(lambda n: short_collapse(n.collapse)),
        "without one the message's own, so that one sent twice is shown once",
    ),
    Field(
        "ExtraValues `sound`",
        "android.notification.sound",
        _shown(lambda n: n.sound),
        "without it, the setting `sound`",
    ),
    Field(
        "ExtraValues `badge`",
        "android.notification.notification_count",
        lambda s: None if s.notice.silent else s.notice.badge,
        "a whole number",
    ),
    Field(
        "ExtraValues `category`",
        "android.notification.click_action",
        _shown(lambda n: n.category),
        "the app must have an intent filter for it, else a tap opens nothing",
    ),
    Field(
        "Type ImportantMessage",
        "android.notification.notification_priority",
        lambda s: "PRIORITY_MAX" if s.notice.urgent and not s.notice.silent else None,
        "`PRIORITY_MAX`: shown above others",
    ),
    Field("Silent", "apns.headers.apns-push-type", lambda s: "background" if s.notice.silent else "alert"),
    Field("Silent", "apns.headers.apns-priority", lambda s: "5" if s.notice.silent else "10"),
    Field("TimeToLive", "apns.headers.apns-expiration", lambda s: str(s.notice.expires_at // 1000)),
    Field("ExtraValues `collapse_key`", "apns.headers.apns-collapse-id", _always(lambda n: short_collapse(n.collapse))),
    Field(
        "ExtraValues `sound`", "apns.payload.aps.sound", _shown(lambda n: n.sound), "without it, the setting `sound`"
    ),
    Field("ExtraValues `badge`", "apns.payload.aps.badge", lambda s: None if s.notice.silent else s.notice.badge),
    Field(
        "ExtraValues `category`",
        "apns.payload.aps.category",
        _shown(category),
        "without it, a YesNoQuestion has the category YesNoQuestion",
    ),
    Field(
        "Type ImportantMessage",
        "apns.payload.aps.interruption-level",
        lambda s: "time-sensitive" if s.notice.urgent and not s.notice.silent else None,
        "`time-sensitive`",
    ),
    Field(
        "ExtraValues `image`",
        "apns.payload.aps.mutable-content",
        lambda s: 1 if s.notice.image and not s.notice.silent else None,
        "1, so that the app's service extension may fetch it",
    ),
    Field("Silent", "apns.payload.aps.content-available", lambda s: 1 if s.notice.silent else None),
    Field("TimeToLive", "webpush.headers.TTL", lambda s: str(s.ttl)),
    Field(
        "all but Silent",
        "webpush.headers.Urgency",
        lambda s: "high" if s.alert else "normal",
        "`high`; silent ones `normal`",
    ),
    Field(
        "ExtraValues `collapse_key`",
        "webpush.headers.Topic",
        _always(_topic),
        "hashed unless it is 32 plain characters",
    ),
    Field(
        "Url", "webpush.fcm_options.link", _shown(lambda n: _address(n.data.get("url", ""), "https:")), "https alone"
    ),
)


def request(message: Message, *, now: int, sound: str, data_only: bool, answer_link: str = "") -> bytes:
    """The message as FCM wants it, without its token, as a JSON object. `now` in ms since the epoch. Raises TooLong."""
    content = message.content
    alert = not (isinstance(content, Push) and content.silent)
    if data_only:
        content = content if isinstance(content, Push) else Push(title=content.sender, body=content.body)
        message = replace(message, content=replace(content, silent=True))
    notice = with_answer(read(message), answer_link)
    if sound and not notice.sound:
        notice = replace(notice, sound=sound)
    ttl = min(max(0, (notice.expires_at - now) // 1000), LONGEST_TTL)
    made: dict[str, Any] = {}
    fill(made, FIELDS, Sending(notice, ttl, alert and (data_only or not notice.silent)))
    seen = {"notification": made.pop("notification", {}), "data": _data(notice.data)}
    fitted(seen, _TEXTS, LARGEST_PAYLOAD)
    return msgspec.json.encode({name: part for name, part in seen.items() if part} | made)


def with_token(request: bytes, token: str) -> bytes:
    """The body that is sent; the token is plain ASCII without quotes."""
    return b'{"message":{"token":"%s",%s}' % (token.encode("ascii"), request[1:])


def _data(data: dict[str, str]) -> dict[str, str]:
    return {f"x-{key}" if _is_reserved(key) else key: value for key, value in data.items()}


def _is_reserved(key: str) -> bool:
    return key in ("from", "message_type") or key.startswith(_RESERVED)


def as_rows() -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """The table for the docs."""
    made = [Row(field.source, f"`{field.target}`", field.note) for field in FIELDS]
    made.append(Row("YesNoQuestion", "`data.answer_url`", "a link to answer by, where `server.public_url` is set"))
    return rows_for_docs(
        [*made, *data_rows("data.", "`from`, `message_type`, `google...` and `gcm...` get `x-` before them")]
    )
