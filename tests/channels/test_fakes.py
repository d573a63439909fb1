"""The fake of Apple's service refuses what Apple refuses: one request for each of its words, over the wire."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest

from heliograph.channels.apns.answers import ANSWERS
from heliograph.channels.jose import signed_token
from heliograph.channels.transport import GuardedTransport
from heliograph.core.ports import Reply
from heliograph.testing.apns import KEY_ID, TEAM_ID, TOPIC, account
from heliograph.testing.certificates import Authority
from heliograph.testing.clock import JumpingClock
from heliograph.testing.resolver import ScriptedResolver
from heliograph.testing.servers.apns import ApnsServer, new_signing_key
from heliograph.testing.tools import LOOPBACK

pytestmark = pytest.mark.anyio

AUTHORITY, KEY, STRANGERS_KEY = Authority(), new_signing_key(), new_signing_key()
DEVICE = "/3/device/" + "a1" * 32
ALERT = b'{"aps":{"alert":"Fog"}}'


class Client:
    """Sends one request as a client of Apple's would, with something changed."""

    def __init__(self, server: ApnsServer, clock: JumpingClock, transport: GuardedTransport) -> None:
        self.server, self.clock, self._transport = server, clock, transport

    def token(self, *, age: int = 0, kid: str = KEY_ID, iss: str = TEAM_ID, key: Any = KEY) -> str:
        claims = {"iss": iss, "iat": self.clock.now() // 1000 - age}
        return "bearer " + signed_token(key, claims, key_id=kid)

    async def send(
        self, *, method: str = "POST", path: str = DEVICE, body: bytes = ALERT, **changes: str | None
    ) -> tuple[int, str, Reply]:
        headers: dict[str, str | None] = {
            "authorization": self.token(),
            "apns-topic": TOPIC,
            "apns-push-type": "alert",
            "apns-priority": "10",
            "apns-id": "123e4567-e89b-12d3-a456-426614174000",
        }
        headers |= {name.replace("_", "-"): value for name, value in changes.items()}
        sent = {name: value for name, value in headers.items() if value is not None}
        reply = await self._transport.request(method, self.server.url + path, headers=sent, body=body)
        reason = msgspec.json.decode(reply.body)["reason"] if reply.body else ""
        return reply.status, reason, reply


@asynccontextmanager
async def opened(**changes: Any) -> AsyncIterator[Client]:
    clock = JumpingClock()
    transport = GuardedTransport(LOOPBACK, ScriptedResolver({}), roots=AUTHORITY.pem)
    keys = {KEY_ID: account(KEY)}
    async with ApnsServer(AUTHORITY, topics={TOPIC}, keys=keys, now=lambda: clock.now() / 1000, **changes) as server:
        try:
            yield Client(server, clock, transport)
        finally:
            await transport.close()


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    async with opened() as made:
        yield made


async def test_a_request_in_order_is_taken_and_its_id_given_back(client: Client) -> None:
    status, reason, reply = await client.send()
    assert (status, reason) == (200, "")
    assert reply.headers["apns-id"] == "123e4567-e89b-12d3-a456-426614174000"


#: What is changed, and what Apple calls it.
REFUSED: list[tuple[int, str, dict[str, Any]]] = [
    (405, "MethodNotAllowed", {"method": "PUT"}),
    (404, "BadPath", {"path": "/4/device/" + "a1" * 32}),
    (404, "BadPath", {"path": DEVICE + "/x"}),
    (400, "MissingDeviceToken", {"path": "/3/device/"}),
    (400, "BadDeviceToken", {"path": "/3/device/" + "0" * 64}),
    (400, "BadDeviceToken", {"path": "/3/device/a1a1"}),
    (403, "MissingProviderToken", {"authorization": None}),
    (403, "InvalidProviderToken", {"authorization": "bearer a.b.c"}),
    (403, "MissingProviderToken", {"authorization": "bearer"}),
    (400, "MissingTopic", {"apns_topic": None}),
    (400, "BadTopic", {"apns_topic": "com/example"}),
    (400, "TopicDisallowed", {"apns_topic": "com.example.other"}),
    (400, "InvalidPushType", {"apns_push_type": None}),
    (400, "InvalidPushType", {"apns_push_type": "loud"}),
    (400, "BadPriority", {"apns_priority": "7"}),
    (400, "BadPriority", {"apns_push_type": "background"}),
    (400, "BadExpirationDate", {"apns_expiration": "tomorrow"}),
    (400, "BadMessageId", {"apns_id": "1"}),
    (400, "BadCollapseId", {"apns_collapse_id": "x" * 65}),
    (400, "PayloadEmpty", {"body": b""}),
    (400, "PayloadEmpty", {"body": b"[]"}),
    (413, "PayloadTooLarge", {"body": b'{"aps":{"alert":"' + b"x" * 4096 + b'"}}'}),
]


@pytest.mark.parametrize(
    ("status", "reason", "changes"), REFUSED, ids=[f"{row[1]}-{n}" for n, row in enumerate(REFUSED)]
)
async def test_what_apple_refuses_is_refused(client: Client, status: int, reason: str, changes: dict[str, Any]) -> None:
    assert (await client.send(**changes))[:2] == (status, reason)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"key": STRANGERS_KEY}, "InvalidProviderToken"),
        ({"kid": "STRANGERS1"}, "InvalidProviderToken"),
        ({"iss": "STRANGERS1"}, "InvalidProviderToken"),
        ({"age": -3600}, "InvalidProviderToken"),
        ({"age": 3601}, "ExpiredProviderToken"),
    ],
)
async def test_a_signature_that_apple_does_not_take_is_not_taken(
    client: Client, changes: dict[str, Any], reason: str
) -> None:
    assert (await client.send(authorization=client.token(**changes)))[:2] == (403, reason)


async def test_a_second_signature_within_20_minutes_is_one_too_many(client: Client) -> None:
    first = client.token()
    assert (await client.send(authorization=first))[0] == 200
    await client.clock.jump(19 * 60)
    assert (await client.send())[:2] == (429, "TooManyProviderTokenUpdates")
    assert (await client.send(authorization=first))[0] == 200
    await client.clock.jump(2 * 60)
    assert (await client.send())[0] == 200


async def test_a_sandbox_key_is_not_taken_in_production() -> None:
    async with opened() as client:
        client.server._keys[KEY_ID] = account(KEY, environments=frozenset(("sandbox",)))
        assert (await client.send())[:2] == (403, "BadEnvironmentKeyIdInToken")


async def test_an_unregistered_device_is_told_with_the_moment(client: Client) -> None:
    client.server.dead["a1" * 32] = 1_700_000_000_000
    status, reason, reply = await client.send()
    assert (status, reason) == (410, "Unregistered")
    assert msgspec.json.decode(reply.body)["timestamp"] == 1_700_000_000_000


def test_every_word_that_the_fake_says_is_one_of_apples() -> None:
    documented = {(row.status, row.reason) for row in ANSWERS}
    assert {(status, reason) for status, reason, _ in REFUSED} <= documented
