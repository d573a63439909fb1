"""Each key of ExtraValues and each type of push comes to every provider, in the provider's own words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
import pytest

from heliograph.channels.apns import fields as apns
from heliograph.channels.describe import further_tables
from heliograph.channels.fcm import fields as fcm
from heliograph.channels.notice import SPECIAL, read
from heliograph.channels.webpush import fields as webpush
from heliograph.core.message import Message, PushType
from heliograph.testing.builders import a_message, a_push

Made = Callable[[Message], Mapping[str, Any]]


def to_apple(message: Message) -> Mapping[str, Any]:
    notice = read(message)
    made: dict[str, Any] = msgspec.json.decode(apns.payload(notice, "")) | apns.headers(notice, "topic")
    return made


def to_google(message: Message) -> Mapping[str, Any]:
    made: dict[str, Any] = msgspec.json.decode(fcm.request(message, now=message.created_at, sound="", data_only=False))
    return made


def to_browser(message: Message) -> Mapping[str, Any]:
    notice = read(message)
    made: dict[str, Any] = msgspec.json.decode(webpush.payload(notice, "")) | webpush.headers(notice)
    return made


def at(made: Mapping[str, Any], path: str) -> Any:
    found: Any = made
    for step in path.split("."):
        found = found.get(step) if isinstance(found, Mapping) else None
    return found


#: By key: what is given, and where it is found with each provider, as what.
KEYS: dict[str, tuple[str, dict[str, Any], dict[str, Any], dict[str, Any]]] = {
    "badge": (
        "7",
        {"aps.badge": 7},
        {"android.notification.notification_count": 7, "apns.payload.aps.badge": 7},
        {"badge": 7},
    ),
    "sound": (
        "horn",
        {"aps.sound": "horn"},
        {"android.notification.sound": "horn", "apns.payload.aps.sound": "horn"},
        {"sound": "horn"},
    ),
    "image": (
        "https://coast.example/fog.png",
        {"image": "https://coast.example/fog.png", "aps.mutable-content": 1},
        {"notification.image": "https://coast.example/fog.png", "apns.payload.aps.mutable-content": 1},
        {"image": "https://coast.example/fog.png"},
    ),
    "category": (
        "WATCH",
        {"aps.category": "WATCH"},
        {"android.notification.click_action": "WATCH", "apns.payload.aps.category": "WATCH"},
        {"category": "WATCH"},
    ),
    "collapse_key": (
        "fog",
        {"apns-collapse-id": "fog"},
        {
            "android.collapse_key": "fog",
            "android.notification.tag": "fog",
            "apns.headers.apns-collapse-id": "fog",
            "webpush.headers.Topic": "fog",
        },
        {"topic": "fog", "tag": "fog"},
    ),
}


def test_every_key_that_has_a_meaning_is_here() -> None:
    assert set(KEYS) == SPECIAL


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize(("provider", "made"), [(1, to_apple), (2, to_google), (3, to_browser)])
def test_a_key_of_extra_values_goes_to_the_providers_own_field_and_not_with_the_data(
    key: str, provider: int, made: Made
) -> None:
    value, expected = KEYS[key][0], KEYS[key][provider]
    with_it = made(a_message(content=a_push(data={key: value, "other": "x"})))
    without = made(a_message(content=a_push(data={"other": "x"})))
    assert {path: at(with_it, path) for path in expected} == expected
    assert all(at(without, path) != found for path, found in expected.items())
    data = with_it if made is to_apple else with_it["data"]
    assert data["other"] == "x"
    if made is not to_apple or key != "image":  # which has no field of its own with Apple
        assert key not in data


@pytest.mark.parametrize("kind", ["apns", "fcm", "webpush"])
def test_the_page_of_a_channel_says_what_each_type_carries(kind: str) -> None:
    rows = further_tables(kind)["types"].splitlines()[2:]
    assert [row.split(" | ")[0].removeprefix("| ") for row in rows] == [type.value for type in PushType]
    important, question, page = rows[1], rows[3], rows[4]
    assert {"apns": "time-sensitive", "fcm": "PRIORITY_MAX", "webpush": "`urgency` high"}[kind] in important
    assert "answer_url" in question
    assert "opens `Url`" in page
