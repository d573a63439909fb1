"""The tools a channel is handed, around real in-process parts: store in memory, live feed, a log that can be read."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from ipaddress import ip_network
from typing import Any

from heliograph.channels.plugin import Tools
from heliograph.channels.transport import GuardedTransport
from heliograph.config.settings import OutboundSettings
from heliograph.core.delivery import Letter
from heliograph.intake.proven import reporting
from heliograph.store.memory import MemoryStore
from heliograph.system.entropy import entropy
from heliograph.system.feed import InProcessFeed
from heliograph.testing.clock import JumpingClock
from heliograph.testing.resolver import ScriptedResolver

LOOPBACK = OutboundSettings(allow=[ip_network("127.0.0.0/8"), ip_network("::1/128")], timeout=2.0)


class Notebook:
    """A channel's log, kept: `entries` holds (level, event, facts)."""

    def __init__(self) -> None:
        self.entries: list[tuple[str, str, dict[str, Any]]] = []

    def info(self, event: str, **facts: Any) -> None:
        """Note it."""
        self.entries.append(("info", event, facts))

    def warning(self, event: str, **facts: Any) -> None:
        """Note it."""
        self.entries.append(("warning", event, facts))


def answer_link(letter: Letter) -> str:
    """Where a question is answered, for `some_tools(..., answer_link=answer_link)`: no page is there."""
    return f"https://light.example/answer/{letter.delivery_id}"


def some_tools(clock: JumpingClock | None = None, **changes: Any) -> Tools:
    """Tools whose transport reaches loopback alone and knows no names; each can be replaced. Close `tools.transport`."""
    clock = clock or JumpingClock()
    store = MemoryStore(clock)
    made = Tools(
        directory=store.directory,
        inbox=store.inbox,
        feed=InProcessFeed(),
        transport=GuardedTransport(LOOPBACK, ScriptedResolver({})),
        reports=reporting(store.outbox, store.directory, clock, store.parts),
        parts=store.parts,
        notes=store.notes,
        clock=clock,
        entropy=entropy,
        log=Notebook(),
        keys_for=lambda purpose: (sha256(purpose.encode()).digest(),),
    )
    return replace(made, **changes)
