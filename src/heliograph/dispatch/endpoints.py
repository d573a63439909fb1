"""Lanes within a lane: each host behind a channel has its share of the places, and one that fails is left alone.

An endpoint is the host of an address that is a URL; other addresses have none and are
never held here. Three things keep a dead or slow endpoint out of the others' way:

- it has at most half of the places that the others leave, so that there is always one for somebody else, and a
  sixteenth while it answers nothing;
- what exceeds that is parked for a moment, and once the endpoint has turned out to be silent, put back into the
  outbox without an attempt being counted;
- after failures in a row, or when it asks for a pause, nothing is tried there until the pause is over; then
  one delivery is the probe.

Silence counts only while this process listened: a machine that stood still heard nobody, and blames nobody.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from heliograph.core.lifecycle import Happening
from heliograph.core.outcome import Deferred, Outcome
from heliograph.core.ports import Clock
from heliograph.core.retry import Decision
from heliograph.dispatch.pace import Pace

BROKEN_AFTER = 5  # failures in a row after which an endpoint is left alone
SILENT_AFTER = 1.0  # seconds without any answer, while it was asked, after which an endpoint counts as silent
SILENT_SHARE = 16  # a silent endpoint has one place of so many
PUT_OFF_RATE = 200.0  # deliveries a second that may come back to a silent endpoint, to be put off once more
LONGEST_PUT_OFF = 60.0  # seconds for which a delivery to a busy endpoint is put off at most
LOOK_EVERY = 0.25  # seconds between two looks at the endpoints that are being asked


def endpoint_of(address: str) -> str:
    """The host and port an address names, in lower case; empty when it is no URL."""
    _, found, rest = address.partition("://")
    if not found:
        return ""
    authority = rest.partition("/")[0].partition("?")[0].partition("#")[0]
    return authority.rpartition("@")[2].lower()


class _Listening:
    """Seconds in which an answer could have been heard: of the time between two looks, no more than two looks' worth."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._before = 0.0  # seconds, up to the last look
        self._looked = clock.monotonic()

    def seconds(self) -> float:
        """So far."""
        return self._before + min(self._clock.monotonic() - self._looked, 2 * LOOK_EVERY)

    def look(self) -> None:
        """This process is awake."""
        self._before = self.seconds()
        self._looked = self._clock.monotonic()


class _Endpoint:
    def __init__(self, clock: Clock) -> None:
        self.pace = Pace(clock)
        self.failures = 0  # in a row
        self.running: dict[int, float] = {}  # by delivery: seconds of listening when it began, the oldest first
        self.answered = 0.0  # seconds of listening: when it last answered anything
        self.waiting: deque[asyncio.Future[None]] = deque()
        self.put_off = 0  # deliveries sent back, less those carried since

    @property
    def idle(self) -> bool:
        return not (self.running or self.waiting or self.failures or self.pace.probing)

    def silent_for(self, now: float) -> float:
        """Seconds of listening for which it has been asked and has answered nothing."""
        oldest = next(iter(self.running.values()), now)
        return now - max(oldest, self.answered)


class Endpoints:
    """The endpoints of one channel. A delivery enters before it is tried, and leaves afterwards."""

    def __init__(self, clock: Clock, places: int, jitter: Callable[[], float], room_made: Callable[[], None]) -> None:
        """`room_made` is called when a delivery is parked, so that another may be claimed."""
        self._clock = clock
        self._places = places
        self._room_made = room_made
        self._jitter = jitter
        self._known: dict[str, _Endpoint] = {}
        self._listening = _Listening(clock)
        self._watch: asyncio.Task[None] | None = None
        self.running = 0  # deliveries that are being tried
        self.parked = 0  # deliveries that wait here for a place at their endpoint

    @property
    def held(self) -> int:
        """How many endpoints are left alone for now."""
        return sum(1 for endpoint in self._known.values() if endpoint.pace.wait() > 0)

    async def enter(self, delivery_id: int, key: str) -> Decision | None:
        """Take a place at this endpoint, waiting a moment for one; a Decision when there is none to be had."""
        while True:
            endpoint = self._known.get(key)  # anew each time: it may have been forgotten while this one was called in
            if endpoint is None:
                endpoint = self._known[key] = _Endpoint(self._clock)
            refusal = self._refusal(endpoint)
            if refusal is not None:
                return refusal
            if self._has_place(endpoint):
                self.running += 1
                if self._watch is None or self._watch.done():
                    self._listening.look()
                    self._watch = asyncio.create_task(self._look_after_those_asked(), name="endpoints")
                endpoint.running[delivery_id] = self._listening.seconds()
                return None
            await self._park(endpoint)

    def leave(self, delivery_id: int, key: str) -> None:
        """Give the place back."""
        self.running -= 1
        endpoint = self._known.get(key)
        if endpoint is not None:
            endpoint.running.pop(delivery_id, None)
            endpoint.put_off = max(endpoint.put_off - 1, 0)
            if endpoint.idle:
                del self._known[key]
        if self.parked:
            for other in self._known.values():
                self._wake(other, 1 if self._has_place(other) else 0)

    def heard(self, key: str, outcome: Outcome, began: float) -> None:
        """Take into account what came of a try that began at that monotonic time."""
        endpoint = self._known.get(key)
        if endpoint is None:
            return
        if type(outcome) is not Deferred or not outcome.in_doubt:
            endpoint.answered = self._listening.seconds()
        if type(outcome) is not Deferred or outcome.pause:
            endpoint.failures = 0
            if endpoint.pace.heard(outcome, began):
                self._wake(endpoint, len(endpoint.waiting))
            return
        endpoint.failures += 1
        if outcome.retry_after is not None or endpoint.failures >= BROKEN_AFTER or endpoint.pace.probing:
            endpoint.pace.heard(Deferred(outcome.detail, outcome.retry_after, lane=True), began)
            self._wake(endpoint, len(endpoint.waiting))

    def close(self) -> None:
        """Watch no more."""
        if self._watch is not None:
            self._watch.cancel()

    # ------------------------------------------------------------------------------------ inside

    def _has_place(self, endpoint: _Endpoint) -> bool:
        mine = len(endpoint.running)
        if endpoint.pace.probing:
            return mine == 0
        share = (self._places - (self.running - mine)) // 2
        if endpoint.silent_for(self._listening.seconds()) >= SILENT_AFTER:
            share = min(share, self._places // SILENT_SHARE)
        return mine < max(share, 1)

    def _refusal(self, endpoint: _Endpoint) -> Decision | None:
        hold = endpoint.pace.wait()
        if hold > 0:
            return self._deferred("the endpoint is left alone after failures", hold * (1 + self._jitter() / 4))
        if endpoint.running and not self._has_place(endpoint):
            silent = endpoint.silent_for(self._listening.seconds())
            if silent >= SILENT_AFTER or endpoint.pace.probing:
                endpoint.put_off += 1
                wait = min(max(silent, SILENT_AFTER, endpoint.put_off / PUT_OFF_RATE), LONGEST_PUT_OFF)
                return self._deferred("the endpoint is busy", wait * (1 + self._jitter() / 4))
        return None

    def _deferred(self, why: str, seconds: float) -> Decision:
        due_at = self._clock.now() + int(seconds * 1000)
        return Decision(Happening.DEFERRED, why, due_at, refund=True)

    async def _park(self, endpoint: _Endpoint) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        endpoint.waiting.append(turn)
        self.parked += 1
        self._room_made()
        try:
            await turn
        finally:
            self.parked -= 1
            if turn.cancelled() and turn in endpoint.waiting:
                endpoint.waiting.remove(turn)

    async def _look_after_those_asked(self) -> None:
        """Send on the parked whose endpoint has turned out to be silent: they look again, and are put off."""
        while self.running:
            await self._clock.sleep(LOOK_EVERY)
            self._listening.look()
            if not self.parked:
                continue
            now = self._listening.seconds()
            for endpoint in self._known.values():
                if endpoint.waiting and endpoint.silent_for(now) >= SILENT_AFTER:
                    self._wake(endpoint, len(endpoint.waiting))

    def _wake(self, endpoint: _Endpoint, most: int) -> None:
        while endpoint.waiting and most > 0:
            turn = endpoint.waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                most -= 1
