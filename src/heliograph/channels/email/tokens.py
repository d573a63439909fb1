"""Tokens in mail addresses: whoever writes to one has had a mail of ours, and can speak of that one delivery alone.

A token is `kind-message-delivery-proof` in small letters and digits, for mail servers may change the case. The proof is
the first 80 bits of HMAC-SHA256 under a key that only the gateway has (RFC 2104), over channel, kind and both ids.
"""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Sequence
from enum import StrEnum

import msgspec

_PROOF = 10  # bytes
_TOKEN = re.compile(r"([bru])-([0-9a-v]{1,13})-([0-9a-v]{1,13})-([a-z2-7]{16})", re.ASCII)
_DIGITS = "0123456789abcdefghijklmnopqrstuv"


class Kind(StrEnum):
    """What a mail to such an address is."""

    BOUNCE = "b"  # a report that the mail could not be delivered
    REPLY = "r"
    UNSUBSCRIBE = "u"


class Meant(msgspec.Struct, frozen=True):
    """What a token stands for."""

    kind: Kind
    message_id: int
    delivery_id: int


class Tokens:
    """Makes and reads the tokens of one channel. The first key makes; all of them read, so that a key can be replaced."""

    def __init__(self, channel: str, keys: Sequence[bytes]) -> None:
        self._channel = channel.encode()
        self._keys = tuple(keys)

    def make(self, kind: Kind, message_id: int, delivery_id: int) -> str:
        """The token; at most 47 characters, so that it fits into a local part beside a word of 16."""
        said = f"{kind.value}-{_short(message_id)}-{_short(delivery_id)}"
        return f"{said}-{self._proof(self._keys[0], said)}"

    def read(self, text: str) -> Meant | None:
        """None for what is no token of ours."""
        found = _TOKEN.fullmatch(text.lower())
        if found is None:
            return None
        said, proof = found[0].rpartition("-")[0], found[4]
        if not any(hmac.compare_digest(self._proof(key, said), proof) for key in self._keys):
            return None
        return Meant(Kind(found[1]), int(found[2], 32), int(found[3], 32))

    def __repr__(self) -> str:
        return f"Tokens({len(self._keys)} keys)"

    def _proof(self, key: bytes, said: str) -> str:
        made = hmac.digest(key, self._channel + b"\x00" + said.encode("ascii"), "sha256")
        return base64.b32encode(made[:_PROOF]).decode("ascii").lower()


def _short(number: int) -> str:
    digits = ""
    while number or not digits:
        number, last = divmod(number, 32)
        digits = _DIGITS[last] + digits
    return digits
