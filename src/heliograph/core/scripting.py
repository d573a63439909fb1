"""An AfterAsync event that is due: what is left to do for the operator's scripts once a call has been answered."""

from __future__ import annotations

import msgspec


class DueEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One call's AfterAsync event. Whoever holds its lease runs it; after a crash the lease lapses and another does."""

    id: int
    company_id: int
    method: str
    created_at: int  # ms since the epoch
    lease_until: int  # ms since the epoch; 0 when nobody holds it
    attempts: int = 0  # how many times it was taken up after its first holder was lost
    payload: bytes = b""  # sealed: who called, arguments, result, each script's state
