"""Messages from phones: a long one is put together from its parts, which may come in any order and not all."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence

import msgspec

from heliograph.channels.plugin import Tools
from heliograph.channels.smpp.joints import Joint, bare, joint
from heliograph.channels.smpp.pdu import Sm, Status
from heliograph.channels.smpp.settings import SmppSettings
from heliograph.channels.smpp.submits import read_text
from heliograph.channels.sms.letters import FORMATS
from heliograph.channels.sms.numbers import Kind
from heliograph.channels.sms.rounds import Rounds
from heliograph.core.errors import CallerError, Unavailable
from heliograph.core.notes import Note
from heliograph.core.reporting import Arrival, Take

PATIENCE = 300.0  # seconds that a text waits for its missing parts; then what is there is handed on
MOST = 10_000  # parts that wait at once; above it the message centre is asked to come later
GAP = "[...]"  # stands where parts are missing
KIND, DONE = "text", "text-done"

_EVERY = 1.0  # seconds between looks
_KEEP_MS = 7 * 86_400_000  # a note may be forgotten then


class Fragment(msgspec.Struct, frozen=True):
    """One part of a text that is not whole yet."""

    text: str  # by which text it belongs to
    number: int
    of: int
    sender: str
    coding: int
    data: bytes
    at: int  # ms since the epoch
    to: str = ""  # the number of ours that it was sent to

    @property
    def key(self) -> str:
        """Of its note."""
        return f"{self.text}/{self.number:03d}"

    @property
    def mark(self) -> str:
        """Tells this part from another that was sent under the same reference."""
        return f"{self.number} {hashlib.sha256(self.data).hexdigest()[:16]}"


class Inbound:
    """One channel's. A message centre gets its answer once what it brought is on disk."""

    def __init__(self, name: str, settings: SmppSettings, tools: Tools) -> None:
        self._name = name
        self._settings = settings
        self._notes = tools.notes
        self._clock = tools.clock
        self._log = tools.log
        self._lock = asyncio.Lock()  # a text is handed on once, whoever finds it whole
        self._texts: dict[str, dict[int, Fragment]] | None = None  # None until the store was asked
        self._rounds = Rounds(tools.clock, _EVERY, self._look, "smpp parts of texts")
        self.take: Take | None = None  # where messages go, once the channel listens

    def start(self, take: Take) -> None:
        """From now on hand messages on, those that an earlier process left unfinished included."""
        self.take = take
        self._rounds.wake()

    async def arrived(self, sm: Sm) -> int:
        """The command_status to answer a deliver_sm with."""
        text = read_text(sm.data_coding, bare(sm), self._settings.alphabet)
        if self.take is None or not self._settings.replies_to or text is None:
            self._log.warning("A message from outside was refused: nobody takes it here.", channel=self._name)
            return Status.REJECTED
        place = joint(sm)
        try:
            if place is None:
                return await self._handed(self.take, _sender(sm), sm.to, text, "")
            return await self._kept(self.take, _fragment(sm, place, self._clock.now()))
        except Unavailable:
            return Status.TRY_LATER

    async def close(self) -> None:
        """Wait for no more parts."""
        await self._rounds.close()

    # ------------------------------------------------------------------------------ long ones

    async def _kept(self, take: Take, fragment: Fragment) -> int:
        async with self._lock:
            texts = await self._known()
            if fragment.text not in texts and await self._had(fragment):
                return Status.OK  # our answer was lost, the part was not
            waiting = sum(map(len, texts.values()))
            if waiting >= (2 * MOST if fragment.text in texts else MOST):  # what has begun may end
                return Status.TRY_LATER
            note = self._note(fragment, msgspec.json.encode(fragment))
            await self._notes.put([note], now=fragment.at)
            parts = texts.setdefault(fragment.text, {})
            parts[fragment.number] = fragment
            self._rounds.wake()
            if len(parts) < fragment.of:
                return Status.OK
            try:
                return await self._whole(take, parts)
            except Unavailable:
                return Status.OK  # every part is on disk: the next round hands them on

    async def _look(self) -> bool:
        """Hand on what is whole or has waited long enough; whether anything waits."""
        if self.take is None:
            return False
        try:
            async with self._lock:
                texts = await self._known()
                too_old = self._clock.now() - int(PATIENCE * 1000)
                for parts in list(texts.values()):
                    first = min(parts.values(), key=lambda part: part.at)
                    if len(parts) == first.of or first.at <= too_old:
                        await self._whole(self.take, parts)
        except Unavailable:
            return True
        return bool(texts)

    async def _whole(self, take: Take, parts: dict[int, Fragment]) -> int:
        fragments = [parts[number] for number in sorted(parts)]
        first = min(fragment.at for fragment in fragments)
        once = f"sms {fragments[0].text} {first}"
        status = await self._handed(take, fragments[0].sender, fragments[0].to, self._joined(fragments), once)
        now = self._clock.now()
        marks = msgspec.json.encode([fragment.mark for fragment in fragments])
        until = now + int(PATIENCE * 1000)
        done = Note(owner=self._name, kind=DONE, key=fragments[0].text, value=marks, until=until)
        await self._notes.put([done], now=now)
        await self._notes.forget([self._note(fragment) for fragment in fragments])
        (await self._known()).pop(fragments[0].text, None)
        return status

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
                said += read_text(fragment.coding, run, self._settings.alphabet) or ""
                run = b""
        return said + (GAP if last != fragments[0].of else "")

    async def _known(self) -> dict[str, dict[int, Fragment]]:
        if self._texts is None:
            texts: dict[str, dict[int, Fragment]] = {}
            for note in await self._notes.find(self._name, KIND, limit=2 * MOST):
                fragment = self._read(note)
                if fragment is not None:
                    texts.setdefault(fragment.text, {})[fragment.number] = fragment
            self._texts = texts
        return self._texts

    def _read(self, note: Note) -> Fragment | None:
        try:
            return msgspec.json.decode(note.value, type=Fragment)
        except msgspec.DecodeError:
            self._log.warning("A part of a text that another version kept cannot be read.", channel=self._name)
            return None

    def _note(self, fragment: Fragment, value: bytes = b"") -> Note:
        return Note(owner=self._name, kind=KIND, key=fragment.key, value=value, until=fragment.at + _KEEP_MS)

    # ---------------------------------------------------------------------------------- any

    async def _handed(self, take: Take, sender: str, to: str, text: str, once: str) -> int:
        """Raises Unavailable."""
        arrival = Arrival(
            company_id=self._settings.replies_company,
            user=self._settings.replies_to,
            sender=sender,
            text=text,
            to=to,
            format=FORMATS[0],
            once=once,
        )
        try:
            await take(self._name, arrival)
        except CallerError as error:
            self._log.warning("A message from outside was refused.", channel=self._name, reason=error.code)
            return Status.REJECTED
        return Status.OK


def _sender(sm: Sm) -> str:
    return f"+{sm.source}" if sm.source_ton == Kind.INTERNATIONAL.value else sm.source


def _fragment(sm: Sm, place: Joint, now: int) -> Fragment:
    whose = f"{sm.source_ton}\0{sm.source}\0{sm.to}\0{place.reference}\0{place.of}"
    text = hashlib.sha256(whose.encode()).hexdigest()[:32]
    return Fragment(text, place.number, place.of, _sender(sm), sm.data_coding, bare(sm), now, sm.to)
