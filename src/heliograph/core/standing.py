"""How the gateway stands, as an operator sees it: what waits, how the lanes go, what scripts are in trouble."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from heliograph.core.lifecycle import State

#: Deliveries that ended badly: what an operator looks through.
BAD_ENDS = frozenset({State.FAILED, State.UNDELIVERED, State.EXPIRED})


class Waiting(msgspec.Struct, frozen=True):
    """Deliveries of one channel that are still under way, in one state (queued, held, leased)."""

    channel: str
    state: State
    many: int
    due_at: int  # ms since the epoch: when the one that is due first is, or was


class Backlog(msgspec.Struct, frozen=True):
    """What has not come to rest, by channel and state; and how many came to rest badly, by state."""

    waiting: tuple[Waiting, ...] = ()
    bad: dict[State, int] = {}


class Trouble(msgspec.Struct, frozen=True):
    """The latest try of a channel's that its provider did not accept."""

    at: int  # ms since the epoch
    outcome: str
    detail: str


class Minute(msgspec.Struct, frozen=True):
    """What happened in one minute: deliveries accepted, taken, and ended badly."""

    at: int  # ms since the epoch, of its beginning
    accepted: int = 0
    taken: int = 0
    bad: int = 0


class Lane(Protocol):
    """One channel's lane."""

    @property
    def channel(self) -> str: ...
    @property
    def running(self) -> int:
        """Tries under way."""

    @property
    def concurrency(self) -> int:
        """Tries it may have under way."""

    @property
    def paused(self) -> str:
        """Why it is paused; empty when it is not."""

    @property
    def away(self) -> str:
        """Why its provider cannot be reached; empty when it can."""

    @property
    def slowed(self) -> bool:
        """Whether the provider asked it to slow down."""

    @property
    def next_claim_in(self) -> float:
        """Seconds."""

    @property
    def held_endpoints(self) -> int:
        """Hosts that are left alone for now."""

    @property
    def unrecorded(self) -> int:
        """Outcomes the store has not taken yet."""


class Standing(Protocol):
    """How dispatch stands."""

    @property
    def running(self) -> bool: ...
    @property
    def lanes(self) -> Sequence[Lane]: ...
    @property
    def unconfigured(self) -> Mapping[str, int]:
        """Deliveries that wait for a channel which is no longer configured."""


class ScriptState(msgspec.Struct, frozen=True, kw_only=True):
    """One script, for an operator."""

    name: str
    state: str  # serving, disabled, broken, old version serving
    events: list[str]
    problem: str = ""
    breaches: int = 0  # how often it broke its limits


class Mishap(msgspec.Struct, frozen=True, kw_only=True):
    """One failure of a script's."""

    at: int  # ms since the epoch
    script: str
    event: str
    method: str
    reason: str  # one line
    place: str = ""  # file:line, where it is known
    trace: str = ""


class Scripts(Protocol):
    """The operator's scripts, looked after."""

    @property
    def ran(self) -> Mapping[str, int]:
        """How many events ran, by kind (before, after, after_async), since the start."""

    @property
    def mishaps(self) -> Sequence[Mishap]:
        """The latest failures, newest first."""

    @property
    def waiting(self) -> int:
        """AfterAsync events taken up and not finished."""

    def states(self) -> list[ScriptState]:
        """Every script there is."""

    async def reload(self) -> list[ScriptState]:
        """Read the folder now; what was disabled is enabled again."""
