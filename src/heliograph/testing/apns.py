"""A fake of Apple's service together with an APNs channel that sends to it, for tests and rehearsals."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from heliograph.channels.registry import build_channel
from heliograph.channels.transport import GuardedTransport
from heliograph.core.ports import Channel
from heliograph.testing.certificates import Authority
from heliograph.testing.clock import JumpingClock
from heliograph.testing.resolver import ScriptedResolver
from heliograph.testing.servers.apns import ApnsServer, SigningAccount, new_signing_key
from heliograph.testing.tools import LOOPBACK, answer_link, some_tools

TOPIC = "com.example.keeper"
KEY_ID, TEAM_ID = "KEEPER1234", "TEAM567890"


@dataclass(frozen=True, kw_only=True)
class Apple:
    """The service, a channel, and the clock that both of them read."""

    server: ApnsServer
    channel: Channel
    clock: JumpingClock
    pem: str  # the signing key


def pem_of(key: Any) -> str:
    """An unencrypted private key as its owner keeps it."""
    text: bytes = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return text.decode("ascii")


def account(key: ec.EllipticCurvePrivateKey, **changes: Any) -> SigningAccount:
    """What the service knows of a key."""
    return SigningAccount(**{"team_id": TEAM_ID, "public_key": key.public_key(), **changes})


@asynccontextmanager
async def an_apple(
    authority: Authority,
    *,
    account_changes: dict[str, Any] | None = None,
    clock: JumpingClock | None = None,
    **changes: Any,
) -> AsyncIterator[Apple]:
    """Both of them at work; `changes` are the channel's settings."""
    clock = clock or JumpingClock()
    key = new_signing_key()
    transport = GuardedTransport(LOOPBACK, ScriptedResolver({}), roots=authority.pem)
    keys = {KEY_ID: account(key, **(account_changes or {}))}
    async with ApnsServer(authority, topics={TOPIC}, keys=keys, now=lambda: clock.now() / 1000) as server:
        proof = (
            {} if "certificate_file" in changes else {"private_key": pem_of(key), "key_id": KEY_ID, "team_id": TEAM_ID}
        )
        options = {"kind": "apns", "topic": TOPIC, "endpoint": server.url, "timeout": 2.0, **proof, **changes}
        try:
            channel = build_channel("apple", options, some_tools(clock, transport=transport, answer_link=answer_link))
            yield Apple(server=server, channel=channel, clock=clock, pem=pem_of(key))
        finally:
            await transport.close()
