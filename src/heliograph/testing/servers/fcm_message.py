"""Whether a message has the form that FCM HTTP v1 documents: known fields, right types, within the limits."""

from __future__ import annotations

import re
from typing import Any

import msgspec

LARGEST = 4096  # bytes of notification and data
_LONGEST_TTL = 28 * 86400  # seconds
_TOP = {"message", "validate_only"}
_TARGETS = ("token", "topic", "condition")
_DURATION = re.compile(r"(\d+)(\.\d{1,9})?s")
_RESERVED = re.compile(r"from|message_type|(google|gcm).*")
_KNOWN: dict[str, frozenset[str]] = {
    path: frozenset(names.split())
    for path, names in {
        "": "name data notification android webpush apns fcm_options token topic condition",
        "notification": "title body image",
        "android": "collapse_key priority ttl restricted_package_name data notification fcm_options direct_boot_ok",
        "android.notification": "title body icon color sound tag click_action channel_id ticker sticky image "
        "notification_count visibility default_sound local_only event_time notification_priority",
        "webpush": "headers data notification fcm_options",
        "webpush.fcm_options": "link analytics_label",
        "apns": "headers payload fcm_options live_activity_token",
    }.items()
}
_PRIORITIES = tuple(f"PRIORITY_{name}" for name in ("UNSPECIFIED", "MIN", "LOW", "DEFAULT", "HIGH", "MAX"))
_MAPS = ("data", "android.data", "webpush.data", "webpush.headers", "apns.headers")  # of text to text


class Wrong(Exception):
    """The message is not one; `field` is the place."""

    def __init__(self, field: str, why: str) -> None:
        super().__init__(why)
        self.field = field


def check_message(body: bytes) -> str:
    """The token that the message is for. Raises Wrong."""
    try:
        read = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeError):
        raise Wrong("message", "Invalid JSON payload received.") from None
    if not isinstance(read, dict) or not isinstance(read.get("message"), dict) or set(read) - _TOP:
        raise Wrong("message", "Invalid JSON payload received.")
    message = read["message"]
    for path, known in _KNOWN.items():
        unknown = set(_at(message, path) or {}) - known
        if unknown:
            raise Wrong(f"message.{path}", f'Unknown name "{min(unknown)}"')
    for path in _MAPS:
        _check_map(path, _at(message, path))
    if sum(target in message for target in _TARGETS) != 1 or not isinstance(message.get("token", ""), str):
        raise Wrong("message", "Exactly one of token, topic and condition must be set")
    _check_values(message)
    _check_size(message)
    token: str = message.get("token", "")
    return token


def _at(message: dict[str, Any], path: str) -> dict[str, Any] | None:
    place: Any = message
    for step in path.split(".") if path else ():
        place = place.get(step)
        if place is None:
            return None
        if not isinstance(place, dict):
            raise Wrong(f"message.{path}", "Starting an object on a scalar field")
    return place  # type: ignore[no-any-return]  # checked step by step


def _check_map(path: str, found: dict[str, Any] | None) -> None:
    for key, value in (found or {}).items():
        if not isinstance(value, str):
            raise Wrong(f"message.{path}[0].value", "Invalid value, which must be a string")
        if path.endswith("data") and (not key or _RESERVED.fullmatch(key)):
            raise Wrong(f"message.{path}", f"Invalid data payload key: {key}")


def _check_values(message: dict[str, Any]) -> None:
    android = message.get("android", {})
    if android.get("priority", "NORMAL") not in ("HIGH", "NORMAL"):
        raise Wrong("message.android.priority", "Invalid value")
    ttl = _DURATION.fullmatch(android.get("ttl", "0s"))
    if ttl is None or int(ttl[1]) > _LONGEST_TTL:
        raise Wrong("message.android.ttl", "Invalid TTL duration")
    count = android.get("notification", {}).get("notification_count", 0)
    if not isinstance(count, int) or count < 0:
        raise Wrong("message.android.notification.notification_count", "Invalid value")
    if android.get("notification", {}).get("notification_priority", _PRIORITIES[0]) not in _PRIORITIES:
        raise Wrong("message.android.notification.notification_priority", "Invalid value")
    link = message.get("webpush", {}).get("fcm_options", {}).get("link", "https:")
    if not link.startswith("https:"):
        raise Wrong("message.webpush.fcm_options.link", "The link must be an HTTPS URL")
    headers = message.get("apns", {}).get("headers", {})
    if headers.get("apns-priority", "5") not in ("5", "10"):
        raise Wrong("message.apns.headers", "Invalid apns-priority")
    if message.get("apns") is not None and not isinstance(message["apns"].get("payload", {}).get("aps", {}), dict):
        raise Wrong("message.apns.payload", "Invalid aps")


def _check_size(message: dict[str, Any]) -> None:
    parts = (message.get("notification", {}), message.get("data", {}))
    if sum(len(key.encode()) + len(value.encode()) for part in parts for key, value in part.items()) > LARGEST:
        raise Wrong("message", "Android message is too big")
