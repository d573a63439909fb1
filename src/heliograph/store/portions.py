"""The rest of a fan-out as short lists: what the deliveries of a message share is written once."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

import msgspec

from heliograph.core.delivery import Delivery
from heliograph.core.lifecycle import State

PORTION = 500  # deliveries made in one transaction, so that nobody waits long for the writer


class Entry(msgspec.Struct, frozen=True, array_like=True):
    """What differs from one delivery of a message to the next."""

    id: int
    channel: str
    address: str
    associate_id: int | None
    device_id: int | None
    state: State
    detail: str
    sealed_config: bytes


class Portion(msgspec.Struct, frozen=True, kw_only=True):
    """Up to 500 deliveries of one message."""

    message_id: int
    company_id: int
    due_at: int
    expires_at: int
    updated_at: int
    entries: list[Entry]

    def deliveries(self) -> list[Delivery]:
        """The deliveries, whole."""
        return [
            Delivery(
                id=entry.id,
                message_id=self.message_id,
                company_id=self.company_id,
                channel=entry.channel,
                address=entry.address,
                associate_id=entry.associate_id,
                device_id=entry.device_id,
                state=entry.state,
                due_at=self.due_at,
                expires_at=self.expires_at,
                detail=entry.detail,
                sealed_config=entry.sealed_config,
                updated_at=self.updated_at,
            )
            for entry in self.entries
        ]


class Kept(msgspec.Struct, frozen=True):
    """A portion as the store has it."""

    id: int
    text: str


kept = msgspec.json.Decoder(Kept).decode
_portion = msgspec.json.Decoder(Portion).decode


def unfolded(text: str) -> list[Delivery]:
    """The deliveries of a kept portion."""
    return _portion(text).deliveries()


def folded(deliveries: Iterable[Delivery]) -> list[Portion]:
    """Fresh deliveries as portions, in order."""
    portions = []
    for _, same in groupby(
        deliveries, key=lambda d: (d.message_id, d.company_id, d.due_at, d.expires_at, d.updated_at)
    ):
        of_one = list(same)
        for start in range(0, len(of_one), PORTION):
            portions.append(_one(of_one[start : start + PORTION]))
    return portions


def _one(deliveries: list[Delivery]) -> Portion:
    first = deliveries[0]
    return Portion(
        message_id=first.message_id,
        company_id=first.company_id,
        due_at=first.due_at,
        expires_at=first.expires_at,
        updated_at=first.updated_at,
        entries=[
            Entry(d.id, d.channel, d.address, d.associate_id, d.device_id, d.state, d.detail, d.sealed_config)
            for d in deliveries
        ],
    )
