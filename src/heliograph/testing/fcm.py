"""A fake of Google's servers together with an FCM channel that sends to it, for tests and rehearsals."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric import rsa

from heliograph.channels.registry import build_channel
from heliograph.channels.transport import GuardedTransport
from heliograph.core.ports import Channel
from heliograph.testing.apns import pem_of
from heliograph.testing.certificates import Authority
from heliograph.testing.clock import JumpingClock
from heliograph.testing.resolver import ScriptedResolver
from heliograph.testing.servers.fcm import FcmServer
from heliograph.testing.tools import LOOPBACK, answer_link, some_tools

PROJECT = "keepers-1a2b3"
EMAIL = f"gateway@{PROJECT}.iam.gserviceaccount.example"


@dataclass(frozen=True, kw_only=True)
class Google:
    """The servers, a channel, and the clock that both of them read."""

    server: FcmServer
    channel: Channel
    clock: JumpingClock
    pem: str  # the service account's key


def new_account_key() -> rsa.RSAPrivateKey:
    """A key such as Google makes."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def account_file(pem: str, token_uri: str, **changes: str) -> str:
    """A service account's JSON file."""
    file = {
        "type": "service_account",
        "project_id": PROJECT,
        "private_key_id": "0123456789abcdef",
        "private_key": pem,
        "client_email": EMAIL,
        "token_uri": token_uri,
    }
    return msgspec.json.encode(file | changes).decode()


@asynccontextmanager
async def a_google(
    authority: Authority, key: rsa.RSAPrivateKey, *, file: dict[str, str] | None = None, **changes: Any
) -> AsyncIterator[Google]:
    """Both of them at work; `file` changes the service account's file, and `changes` are the channel's settings."""
    clock = JumpingClock()
    transport = GuardedTransport(LOOPBACK, ScriptedResolver({}), roots=authority.pem)
    server = FcmServer(
        authority, email=EMAIL, project=PROJECT, public_key=key.public_key(), now=lambda: clock.now() / 1000
    )
    async with server:
        pem = pem_of(key)
        account = account_file(pem, **({"token_uri": server.token_uri} | (file or {})))
        options = {"kind": "fcm", "service_account": account, "endpoint": server.url, "timeout": 2.0, **changes}
        try:
            channel = build_channel("google", options, some_tools(clock, transport=transport, answer_link=answer_link))
            yield Google(server=server, channel=channel, clock=clock, pem=pem)
        finally:
            await transport.close()
