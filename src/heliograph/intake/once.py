"""Idempotency: a call that is repeated with its key gets the first answer, and sends nothing.

The answer is kept in the transaction that accepts what the call sends, so there is no moment at
which a message is on disk and its key is not. What accepts nothing keeps nothing: after a refused
call the key is free, and the caller may mend the request and use it again.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from heliograph.config.settings import IdempotencySettings
from heliograph.core.errors import Conflict, InvalidArgument, KeyReused, Malformed, StillRunning, Unavailable
from heliograph.core.people import Caller
from heliograph.core.ports import Call, Clock, Replays
from heliograph.core.replay import Replay, Replaying

HEADER = "idempotency-key"
REPLAYED = ("idempotent-replay", "true")  # a header of every answer that is not the first

Reply = tuple[int, str, bytes, tuple[tuple[str, str], ...]]  # status, content type, body, further headers

_KEY = re.compile(r"[!-~](?:[ -~]{0,253}[!-~])?", re.ASCII)
_encode = msgspec.json.Encoder(order="sorted").encode
_encode_reply = msgspec.msgpack.Encoder().encode
_decode_reply = msgspec.msgpack.Decoder(Reply).decode


class Once:
    """Stands between the doors and the services."""

    def __init__(self, replays: Replays, clock: Clock, settings: IdempotencySettings) -> None:
        self._replays = replays
        self._clock = clock
        self._window_ms = int(settings.window * 1000)
        self._running: set[tuple[int, str, str]] = set()

    async def answer(
        self,
        key: str | None,
        caller: Caller,
        request: object,
        call: Callable[[Replaying | None], Awaitable[Call]],
        render: Callable[[Any, dict[str, str]], Reply],
    ) -> Reply:
        """What `render` makes of the call's result and notes; with a key that is known, the first answer.

        `request` is all that makes two requests the same, in what msgspec can write: operation, arguments, format of
        the answer; no credentials. Raises StillRunning, KeyReused, InvalidArgument for what cannot be a key, and whatever
        the call raises.
        """
        if key is None:
            done = await call(None)
            return render(done.result, done.notes)
        place = caller.company_id, caller.identity, _checked(key)
        if place in self._running:
            raise StillRunning("The first call with this idempotency key has not been answered yet: try again shortly.")
        self._running.add(place)
        try:
            return await self._keyed(_Keeping(place, _fingerprint(request), self._now_and_end(), render), call)
        finally:
            self._running.discard(place)

    def _now_and_end(self) -> tuple[int, int]:
        now = self._clock.now()
        return now, now + self._window_ms

    async def _keyed(self, keeping: _Keeping, call: Callable[[Replaying | None], Awaitable[Call]]) -> Reply:
        if (first := await self._first(keeping)) is not None:
            return first
        try:
            done = await call(keeping.replay)
        except Conflict:
            first = await self._first(keeping)  # a first call that this process did not know of was quicker
            if first is None:
                raise
            return first
        reply = keeping.render(done.result, done.notes)
        if keeping.kept is not None and keeping.kept.answer != (answer := _encode_reply(reply)):
            await self._revise(msgspec.structs.replace(keeping.kept, answer=answer))
        return reply

    async def _first(self, keeping: _Keeping) -> Reply | None:
        """The first answer, marked as such, or None when there is none. Raises KeyReused."""
        kept = await self._replays.find(*keeping.place, now=keeping.now)
        if kept is None:
            return None
        if kept.fingerprint != keeping.fingerprint:
            raise KeyReused("This idempotency key was used for another request: take a new key for a new request.")
        status, content_type, body, headers = _decode_reply(kept.answer)
        return status, content_type, body, (*headers, REPLAYED)

    async def _revise(self, replay: Replay) -> None:
        try:
            await self._replays.revise(replay)
        except Unavailable:
            return  # the answer kept with the messages (stored, queued) is true as well, and the caller has the newer one


class _Keeping:
    """One call with a key: what is to be kept of it, once it is known."""

    def __init__(
        self,
        place: tuple[int, str, str],
        fingerprint: str,
        times: tuple[int, int],
        render: Callable[[Any, dict[str, str]], Reply],
    ) -> None:
        self.place = place
        self.fingerprint = fingerprint
        self.now, self._end = times
        self.render = render
        self.kept: Replay | None = None

    def replay(self, result: Any, notes: dict[str, str]) -> Replay:
        """For the transaction that accepts the call."""
        company_id, caller, key = self.place
        self.kept = Replay(
            company_id=company_id,
            caller=caller,
            key=key,
            fingerprint=self.fingerprint,
            answer=_encode_reply(self.render(result, notes)),
            created_at=self.now,
            expires_at=self._end,
        )
        return self.kept


def _checked(key: str) -> str:
    """The key without the quotes that a structured header puts around it. Raises InvalidArgument."""
    bare = key.strip()
    if len(bare) > 1 and bare[0] == bare[-1] == '"':
        bare = bare[1:-1]
    if not _KEY.fullmatch(bare):
        raise InvalidArgument("An idempotency key has 1 to 255 printable ASCII characters.", field="Idempotency-Key")
    return bare


def _fingerprint(request: object) -> str:
    try:
        return hashlib.sha256(_encode(request)).hexdigest()
    except UnicodeEncodeError:
        raise Malformed("The request holds characters that are not text.") from None
