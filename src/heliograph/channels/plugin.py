"""What a channel package hands over, and what a channel may be handed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from heliograph.config.settings import Area
from heliograph.core.delivery import Letter
from heliograph.core.ports import Channel, Clock, Directory, Feed, InboxStore, Notes, Parts, Reports, Transport


def no_answer_link(letter: Letter) -> str:
    """For a gateway without a public address, and for tests that need none."""
    return ""


def no_keys(purpose: str) -> tuple[bytes, ...]:
    """For tests that sign nothing."""
    return ()


class Log(Protocol):
    """Where a channel writes: an event's name and its facts. Never contents, addresses or secrets."""

    def info(self, event: str, **facts: Any) -> Any: ...
    def warning(self, event: str, **facts: Any) -> Any: ...


@dataclass(frozen=True, kw_only=True)
class Tools:
    """Everything a channel may use. A channel that needs something else brings it along."""

    directory: Directory
    inbox: InboxStore
    feed: Feed
    transport: Transport
    reports: Reports
    parts: Parts
    notes: Notes
    clock: Clock
    entropy: Callable[[int], bytes]
    log: Log
    answer_link: Callable[[Letter], str] = no_answer_link  # where a question is answered; empty: only in the inbox
    keys_for: Callable[[str], tuple[bytes, ...]] = no_keys  # 32 bytes each, the same after a restart; the first signs


Build = Callable[[str, Any, Tools], Channel]
"""From a channel's name, its settings (an instance of the plugin's own model) and the tools."""


@dataclass(frozen=True, kw_only=True)
class Plugin:
    """A kind of channel: what the `kind` of a channel's settings table chooses."""

    kind: str  # the name in the settings and of the entry point
    description: str  # one sentence
    settings: type[Area]
    build: Build
