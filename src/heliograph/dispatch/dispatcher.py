"""All lanes together: start, stop within a time, and what an operator wants to know."""

from __future__ import annotations

import asyncio

import msgspec
import structlog

from heliograph.config.settings import DispatchSettings
from heliograph.core.ports import Channels, Queue
from heliograph.dispatch.deliver import Room
from heliograph.dispatch.fan_out import FanOut
from heliograph.dispatch.lane import Lane, LaneStatus

log = structlog.get_logger(__name__)


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """How dispatch stands."""

    running: bool
    lanes: tuple[LaneStatus, ...]
    unconfigured: dict[str, int]  # deliveries that wait for a channel which is no longer configured


class Dispatcher:
    """Tries what is due on every configured channel. Deliveries of any other channel stay queued."""

    def __init__(self, channels: Channels, queue: Queue, room: Room, settings: DispatchSettings) -> None:
        self._room = room
        self._settings = settings
        self._lanes = {name: Lane(name, channel, queue, room, settings) for name, channel in channels.items()}
        self._fan_out = FanOut(room.outbox, queue, room.clock, settings.poll)
        self._running = False

    async def start(self) -> None:
        """Start every lane, unless the settings say not to. Raises Unavailable when the store cannot be read."""
        if not self._settings.enabled:
            log.info("Dispatch is off: messages are kept and not tried.", action="dispatch_off")
            return
        for name, count in (await self._unconfigured()).items():
            log.warning(
                "Deliveries wait for a channel that is not configured.",
                action="channel_unconfigured",
                channel=name,
                count=count,
            )
        self._running = True
        for lane in self._lanes.values():
            lane.start()
        self._fan_out.start()

    async def stop(self, within: float) -> None:
        """No new claims; running tries get `within` seconds; the rest are cancelled and their leases released at once."""
        self._running = False
        await self._fan_out.stop()
        await asyncio.gather(*(lane.stop(within) for lane in self._lanes.values()))

    def paused(self) -> dict[str, str]:
        """Why channels are paused that are."""
        return {name: reason for name, lane in self._lanes.items() if (reason := lane.status().paused)}

    async def status(self) -> Status:
        """As of this moment. Raises Unavailable when the store cannot be read."""
        return Status(
            running=self._running,
            lanes=tuple(lane.status() for lane in self._lanes.values()),
            unconfigured=await self._unconfigured(),
        )

    async def _unconfigured(self) -> dict[str, int]:
        waiting: dict[str, int] = {}
        for row in (await self._room.outbox.backlog(company_id=None)).waiting:
            if row.channel not in self._lanes:
                waiting[row.channel] = waiting.get(row.channel, 0) + row.many
        return waiting
