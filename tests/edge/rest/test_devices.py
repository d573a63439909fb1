"""Devices over HTTP: a phone, a browser, and nobody else's."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from tests.core.test_subscription import AUTH, P256DH

from heliograph.testing.asking import Heard
from heliograph.testing.running import Town

pytestmark = pytest.mark.anyio

PHONE = {"platform": "Apple", "token": "f00d" * 16, "identifier": "phone-1", "name": "Lamp", "app": "com.coast.field"}
BROWSER = {"subscription": {"endpoint": "https://push.example/abc", "keys": {"p256dh": P256DH, "auth": AUTH}}}


async def register(town: Town, body: object, ticket: str = "") -> Heard:
    headers = {"Authorization": f"SOTicket {ticket or town.ticket}", "Content-Type": "application/json"}
    return await town.ask("POST", "/api/v2/device", headers, msgspec.json.encode(body))


async def listed(town: Town) -> list[dict[str, Any]]:
    told: Any = (await town.get("/api/v2/device")).json()
    return list(told["devices"])


async def test_a_phone_and_a_browser_are_registered_and_their_tokens_never_told(town: Town) -> None:
    for body in (PHONE, BROWSER):
        assert (await register(town, body)).status == 200
    phone, browser = await listed(town)
    assert (phone["platform"], phone["app"], phone["identifier"]) == ("Apple", "com.coast.field", "phone-1")
    assert browser["platform"] == "WebPush"
    heard = await town.get("/api/v2/device")
    assert "f00d" not in heard.text
    assert "push.example" not in heard.text
    kept = await town.app.directory.devices([101])
    assert kept[1].handle == f"https://push.example/abc#{P256DH.rstrip('=')}.{AUTH.rstrip('=')}"


async def test_the_same_browser_again_is_the_same_device_seen_again(town: Town) -> None:
    first: Any = (await register(town, BROWSER)).json()
    again: Any = (await register(town, {**BROWSER, "tags": "message=0"})).json()
    assert again["id"] == first["id"]
    assert again["last_seen"] >= first["last_seen"]
    assert again["tags"].startswith("message=0")


async def test_a_device_moves_to_whoever_registers_it_last(town: Town) -> None:
    await register(town, PHONE)
    other = await town.app.directory.user(103)
    assert other is not None
    await register(town, PHONE, ticket=await town.app.sign_in.issue_ticket(other))
    assert await listed(town) == []
    assert len(await town.app.directory.devices([103])) == 1


async def test_a_device_is_forgotten_by_its_owner_alone(town: Town) -> None:
    device: Any = (await register(town, PHONE)).json()
    other = await town.app.directory.user(103)
    assert other is not None
    theirs = {"Authorization": f"SOTicket {await town.app.sign_in.issue_ticket(other)}"}
    assert (await town.ask("DELETE", f"/api/v2/device/{device['id']}", theirs)).status == 404
    mine = {"Authorization": f"SOTicket {town.ticket}"}
    assert (await town.ask("DELETE", f"/api/v2/device/{device['id']}", mine)).status == 204
    assert (await town.ask("DELETE", f"/api/v2/device/{device['id']}", mine)).status == 404
    assert await listed(town) == []


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"platform": ""}, "platform"),
        ({"platform": "Nokia"}, "platform"),
        ({"token": ""}, "PNSHandle"),
        ({"identifier": ""}, "DeviceIdentifier"),
        ({"token": "x" * 1025}, "PNSHandle"),
        ({"app": "x" * 257}, "App"),
        ({"tags": "message=2"}, "Tags"),
        ({"token": 7}, "token"),
        ({"subscription": {"endpoint": "https://push.example/a"}}, "subscription"),
        (BROWSER, "subscription"),
        ({**BROWSER, "platform": "", "token": ""}, ""),
    ],
)
async def test_what_is_wrong_is_named(town: Town, change: dict[str, object], field: str) -> None:
    heard = await register(town, {**PHONE, **change})
    told: Any = heard.json()
    if not field:
        assert heard.status == 200
        return
    assert heard.status == 400
    assert told["ResponseStatus"]["Errors"][0]["FieldName"] == field, told


@pytest.mark.parametrize("endpoint", ["http://push.example/a", "https://169.254.169.254", "javascript:alert(1)"])
async def test_an_endpoint_that_is_none_is_refused(town: Town, endpoint: str) -> None:
    keys = {"p256dh": P256DH, "auth": AUTH}
    assert (await register(town, {"subscription": {"endpoint": endpoint, "keys": keys}})).status == 400
    assert await listed(town) == []


async def test_nobody_has_devices_without_signing_in(town: Town) -> None:
    assert (await town.ask("GET", "/api/v2/device")).status == 401
