"""Live inbox items from whoever delivers to whoever listens, within this process."""

from __future__ import annotations

import asyncio
from collections import deque

from heliograph.core.delivery import InboxItem

BUFFER = 256  # items kept for one listener that is slow to take them


class _Listener:
    """One open subscription (port `Listener`). One reader at a time."""

    __slots__ = ("_buffer", "_closed", "_feed", "_items", "_waiter", "associate_id")

    def __init__(self, feed: InProcessFeed, associate_id: int, buffer: int) -> None:
        self.associate_id = associate_id
        self._feed = feed
        self._buffer = buffer
        self._items: deque[InboxItem | None] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._closed = False

    def offer(self, item: InboxItem) -> None:
        """Keep an item for the reader. When there is no room, everything kept becomes one None: look in the store."""
        if len(self._items) >= self._buffer:
            self._items.clear()
            self._items.append(None)
        else:
            self._items.append(item)
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def __aiter__(self) -> _Listener:
        return self

    async def __anext__(self) -> InboxItem | None:
        while not self._items:
            if self._closed:
                raise StopAsyncIteration
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        return self._items.popleft()

    def close(self) -> None:
        """Stop listening; what was kept is dropped, and a waiting reader ends."""
        self._closed = True
        self._items.clear()
        self._feed.leave(self)
        self._wake()


class InProcessFeed:
    """Port `Feed` for one process."""

    def __init__(self, *, buffer: int = BUFFER) -> None:
        self._buffer = buffer
        self._listeners: dict[int, list[_Listener]] = {}

    def publish(self, item: InboxItem) -> None:
        """Hand the item to everyone who listens to that inbox; never waits."""
        for listener in self._listeners.get(item.associate_id, ()):
            listener.offer(item)

    def subscribe(self, associate_id: int) -> _Listener:
        """Listen from this moment on. Close the listener when done."""
        listener = _Listener(self, associate_id, self._buffer)
        self._listeners.setdefault(associate_id, []).append(listener)
        return listener

    def leave(self, listener: _Listener) -> None:
        """Forget a listener; a second time does nothing."""
        others = self._listeners.get(listener.associate_id, [])
        if listener in others:
            others.remove(listener)
        if not others:
            self._listeners.pop(listener.associate_id, None)

    @property
    def listeners(self) -> int:
        """How many subscriptions are open."""
        return sum(len(listeners) for listeners in self._listeners.values())
