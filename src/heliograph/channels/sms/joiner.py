"""Puts long texts from phones together from their parts, which may come in any order, twice, and not all."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Sequence

import msgspec

from heliograph.channels.plugin import Tools
from heliograph.channels.sms.rounds import Rounds
from heliograph.core.errors import CallerError, Unavailable
from heliograph.core.notes import Note

PATIENCE = 300.0  # seconds that a text waits for its missing parts; then what is there is handed on
MOST = 10_000  # parts that wait at once; above it the provider is to come again
GAP = "[...]"  # stands where parts are missing
KIND, DONE = "text", "text-done"

_EVERY = 1.0  # seconds between looks
_KEEP_MS = 7 * 86_400_000  # a note may be forgotten then


class Fragment(msgspec.Struct, frozen=True):
    """One part of a text that is not whole yet."""

    text: str  # by which text it belongs to; see `text_name`
    number: int  # from 1
    of: int
    sender: str
    coding: int  # of the channel's own
    data: bytes
    at: int  # ms since the epoch
    to: str = ""  # the number of ours it was sent to

    @property
    def key(self) -> str:
        """Of its note."""
        return f"{self.text}/{self.number:03d}"

    @property
    def mark(self) -> str:
        """Tells this part from another that was sent under the same reference."""
        return f"{self.number} {hashlib.sha256(self.data).hexdigest()[:16]}"


class Whole(msgspec.Struct, frozen=True):
    """A text that is handed on. `once` is the same when it is handed on again after a crash."""

    sender: str
    to: str
    text: str
    once: str


Hand = Callable[[Whole], Awaitable[None]]
"""Keeps a text; it is on disk then. Raises CallerError and Unavailable."""


def text_name(*whose: object) -> str:
    """The name of the text that a part belongs to: of its sender, its recipient, its reference and its count of parts."""
    return hashlib.sha256("\0".join(map(str, whose)).encode("utf-8", "replace")).hexdigest()[:32]


class Joiner:
    """One channel's. What waits survives the process."""

    def __init__(self, name: str, tools: Tools, read: Callable[[int, bytes], str]) -> None:
        """`read` makes text of the data of neighbours that have one coding."""
        self._name = name
        self._notes = tools.notes
        self._clock = tools.clock
        self._log = tools.log
        self._read = read
        self._hand: Hand | None = None
        self._lock = asyncio.Lock()  # a text is handed on once, whoever finds it whole
        self._texts: dict[str, dict[int, Fragment]] | None = None  # None until the store was asked
        self._rounds = Rounds(tools.clock, _EVERY, self._look, f"parts of texts of {name}", tools.log)

    def start(self, hand: Hand) -> None:
        """From now on hand texts on, those that an earlier process left unfinished included."""
        self._hand = hand
        self._rounds.wake()

    async def close(self) -> None:
        """Wait for no more parts."""
        await self._rounds.close()

    async def keep(self, fragment: Fragment) -> None:
        """Take a part; it is on disk then, and its text handed on if it was the last that was missing.

        Raises Unavailable while too many wait or the store takes nothing, and what the hand raises as CallerError; the
        text is forgotten then.
        """
        async with self._lock:
            texts = await self._known()
            if fragment.text not in texts and await self._had(fragment):
                return  # our answer was lost, the part was not
            waiting = sum(map(len, texts.values()))
            if waiting >= (2 * MOST if fragment.text in texts else MOST):  # what has begun may end
                raise Unavailable("Too many parts of texts wait.")
            await self._notes.put([self._note(fragment, msgspec.json.encode(fragment))], now=fragment.at)
            parts = texts.setdefault(fragment.text, {})
            parts[fragment.number] = fragment
            self._rounds.wake()
            if len(parts) < fragment.of or self._hand is None:
                return
            try:
                await self._whole(self._hand, parts)
            except Unavailable:
                return  # every part is on disk: the next round hands them on

    async def _look(self) -> bool:
        """Hand on what is whole or has waited long enough; whether anything waits."""
        if self._hand is None:
            return False
        try:
            async with self._lock:
                texts = await self._known()
                await self._hand_on(self._hand, list(texts.values()))
        except Unavailable:
            return True
        return bool(texts)

    async def _hand_on(self, hand: Hand, texts: Sequence[dict[int, Fragment]]) -> None:
        """Those that are whole or old enough. One that meets a bug holds up no other; the bug is raised in the end."""
        too_old, bug = self._clock.now() - int(PATIENCE * 1000), None
        for parts in texts:
            first = min(parts.values(), key=lambda part: part.at)
            if len(parts) < first.of and first.at > too_old:
                continue
            try:
                await self._late(hand, parts)
            except Unavailable:
                raise
            except Exception as error:
                bug = bug or error
        if bug is not None:
            raise bug

    async def _late(self, hand: Hand, parts: dict[int, Fragment]) -> None:
        try:
            await self._whole(hand, parts)
        except CallerError as error:
            self._log.warning("A message from outside was refused.", channel=self._name, reason=error.code)

    async def _whole(self, hand: Hand, parts: dict[int, Fragment]) -> None:
        fragments = [parts[number] for number in sorted(parts)]
        first = fragments[0]
        once = f"sms {first.text} {min(fragment.at for fragment in fragments)}"
        try:
            await hand(Whole(first.sender, first.to, self._joined(fragments), once))
        except CallerError:
            await self._forget(fragments)
            raise
        await self._forget(fragments)

    async def _forget(self, fragments: Sequence[Fragment]) -> None:
        """What was handed on; a part of it that comes once more is known for a while."""
        now = self._clock.now()
        marks = msgspec.json.encode([fragment.mark for fragment in fragments])
        until = now + int(PATIENCE * 1000)
        await self._notes.put(
            [Note(owner=self._name, kind=DONE, key=fragments[0].text, value=marks, until=until)], now=now
        )
        await self._notes.forget([self._note(fragment) for fragment in fragments])
        (await self._known()).pop(fragments[0].text, None)

    async def _had(self, fragment: Fragment) -> bool:
        """Whether it belongs to a text that was handed on a moment ago, and comes once more."""
        now = self._clock.now()
        done = [note for note in await self._notes.find(self._name, DONE, fragment.text) if note.until > now]
        return any(fragment.mark in msgspec.json.decode(note.value, type=list[str]) for note in done)

    def _joined(self, fragments: Sequence[Fragment]) -> str:
        """Neighbours of one coding are read together, for a character may be cut in two between them."""
        said, last, run = "", 0, b""
        for fragment, follower in zip(fragments, [*fragments[1:], None], strict=True):
            said += GAP if fragment.number != last + 1 else ""
            last, run = fragment.number, run + fragment.data
            if follower is None or (follower.coding, follower.number) != (fragment.coding, last + 1):
                said += self._read(fragment.coding, run)
                run = b""
        return said + (GAP if last != fragments[0].of else "")

    async def _known(self) -> dict[str, dict[int, Fragment]]:
        if self._texts is None:
            texts: dict[str, dict[int, Fragment]] = {}
            for note in await self._notes.find(self._name, KIND, limit=2 * MOST):
                fragment = self._fragment(note)
                if fragment is not None:
                    texts.setdefault(fragment.text, {})[fragment.number] = fragment
            self._texts = texts
        return self._texts

    def _fragment(self, note: Note) -> Fragment | None:
        try:
            return msgspec.json.decode(note.value, type=Fragment)
        except msgspec.DecodeError:
            self._log.warning("A part of a text that another version kept cannot be read.", channel=self._name)
            return None

    def _note(self, fragment: Fragment, value: bytes = b"") -> Note:
        return Note(owner=self._name, kind=KIND, key=fragment.key, value=value, until=fragment.at + _KEEP_MS)
