"""What a channel would send: a question that it answers without sending anything."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import msgspec

from heliograph.core.delivery import Letter


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """What a channel would hand to its provider for one letter."""

    size: int = 0  # bytes of what is said: the payload, or the text in its alphabet
    parts: int = 1  # how many messages the provider would be asked to send
    encoding: str = ""  # gsm or ucs-2, for SMS
    hint: str = ""  # how the sender could do better, in one sentence
    refused: str = ""  # why it would be refused without being tried; empty when it would be tried


@runtime_checkable
class Previewing(Protocol):
    """A channel that can tell what it would send."""

    def preview(self, letter: Letter) -> Preview:
        """Pure and quick: nothing is asked or sent, and nothing escapes. The letter has no ids of its own."""
