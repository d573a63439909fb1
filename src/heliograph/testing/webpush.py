"""A fake push service together with a Web Push channel that sends to it, for tests and rehearsals."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from heliograph.channels.registry import build_channel
from heliograph.channels.transport import GuardedTransport
from heliograph.channels.webpush.vapid import new_key_pair
from heliograph.core.ports import Channel
from heliograph.testing.certificates import Authority
from heliograph.testing.clock import JumpingClock
from heliograph.testing.resolver import ScriptedResolver
from heliograph.testing.servers.webpush import WebPushServer
from heliograph.testing.tools import LOOPBACK, answer_link, some_tools

PRIVATE, PUBLIC = new_key_pair()


@dataclass(frozen=True)
class Web:
    """A push service, a channel that sends to it, and the clock of both."""

    service: WebPushServer
    channel: Channel
    clock: JumpingClock


@asynccontextmanager
async def a_web(authority: Authority, **changes: Any) -> AsyncIterator[Web]:
    """Both of them at work; `changes` are the channel's settings."""
    clock = JumpingClock()
    transport = GuardedTransport(LOOPBACK, ScriptedResolver({}), roots=authority.pem)
    tools = some_tools(clock, transport=transport, answer_link=answer_link)
    settings = {"private_key": PRIVATE, "subject": "mailto:keeper@coast.example", "services": ["127.0.0.1"]}
    async with WebPushServer(authority, now=lambda: clock.now() / 1000) as service:
        channel = build_channel("web", {"kind": "webpush", "timeout": 0.5, **settings, **changes}, tools)
        yield Web(service, channel, clock)
    await transport.close()
