"""Carries one message to the message centre: its parts in order, those it has already left out."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import msgspec

from heliograph.channels.plugin import Tools
from heliograph.channels.smpp.answers import OTHER, Meaning, Reader
from heliograph.channels.smpp.flow import Flow
from heliograph.channels.smpp.link import Link
from heliograph.channels.smpp.pdu import Sm
from heliograph.channels.smpp.session import NoAnswer, NotSent, Session, Submitted
from heliograph.channels.smpp.settings import SmppSettings
from heliograph.core.delivery import Letter
from heliograph.core.errors import Unavailable
from heliograph.core.notes import Note
from heliograph.core.outcome import Accepted, Deferred, Gone, Outcome, Refused
from heliograph.core.parts import Part, PartState

LONGEST_WAIT = 5.0  # seconds that a try waits for its turn; beyond them it is put off
RELY_MS = 86_400_000  # a phone does not wait longer for the rest of a text: then all parts are sent again
STRIKE_MS = 7 * 86_400_000  # a number refused twice within that time is not used again
STRIKE = "no-number"


class Carrier:
    """What one channel needs for every message."""

    def __init__(self, name: str, settings: SmppSettings, link: Link, tools: Tools) -> None:
        self._name = name
        self._settings = settings
        self._link = link
        self._parts = tools.parts
        self._notes = tools.notes
        self._clock = tools.clock
        self._log = tools.log
        self._answers = Reader(settings.own_statuses)
        self._flow = Flow(tools.clock)

    async def carry(self, session: Session, wanted: Sequence[Sm], letter: Letter) -> Outcome:
        """Submit every part that the message centre has not taken yet, and stop at the first that it does not take."""
        digests = [hashlib.sha256(sm.encode()).hexdigest()[:16] for sm in wanted]
        done = await self._done(letter, digests)
        id = ""
        for number, sm in enumerate(wanted, start=1):
            if number in done:
                id = done[number]
                continue
            part = f" for part {number} of {len(wanted)}" if len(wanted) > 1 else ""
            seconds = self._flow.place(LONGEST_WAIT)
            if seconds is None:
                said = f"not sent{part}: the message centre bears no more now"
                return Deferred(said, retry_after=self._flow.wait(), lane=True, charged=False)
            if seconds > 0:
                await self._clock.sleep(seconds)
            began = self._clock.monotonic()
            place = self._part(letter, number, len(wanted), digests[number - 1])
            try:
                answer = await session.submit(sm)
            except NotSent as failure:
                return Deferred(f"not sent{part}: {failure}")
            except NoAnswer as failure:
                await self._remember(msgspec.structs.replace(place, state=PartState.DOUBT))
                wait = self._settings.in_doubt.wait
                return Deferred(f"in doubt{part}: {failure}", in_doubt=True, retry_after=wait)
            if answer.status:
                return await self._refused(session, answer.status, part, letter, began)
            id = answer.id
            await self._taken(answer, place, letter)
        return Accepted(provider_id=id, detail=f"the message centre took {len(wanted)} of {len(wanted)}")

    async def _done(self, letter: Letter, digests: Sequence[str]) -> dict[int, str]:
        """The provider's ids of parts that need not be sent again, by number; of a message of one part none is kept."""
        if len(digests) == 1:
            return {}
        since = self._clock.now() - RELY_MS
        try:
            known = await self._parts.of(letter.delivery_id)
        except Unavailable:
            return {}
        return {
            part.number: part.provider_id
            for part in known
            if part.of == len(digests)
            and part.digest == digests[part.number - 1]
            and part.state in (PartState.TAKEN, PartState.ARRIVED)
            and part.at >= since
        }

    async def _taken(self, answer: Submitted, place: Part, letter: Letter) -> None:
        self._answers.taken()
        self._flow.taken(answer.congestion)
        if place.of > 1 or letter.attempt > 1:  # a first try of a single part has nothing to be told apart from
            await self._remember(msgspec.structs.replace(place, provider_id=answer.id))

    async def _remember(self, part: Part) -> None:
        try:
            await self._parts.put(part)
        except Unavailable as trouble:  # what was sent was sent; at worst this part is sent once more
            self._log.warning(
                "What became of a part could not be kept.",
                channel=self._name,
                delivery_id=part.delivery_id,
                reason=trouble.detail,
            )

    async def _refused(self, session: Session, status: int, part: str, letter: Letter, began: float) -> Outcome:
        row = self._answers.row(status)
        outcome = self._answers.outcome(status, part, attempt=letter.attempt)
        if row is OTHER:
            self._log.warning("A command_status is in no table.", channel=self._name, command_status=status)
        if row.means is Meaning.SLOWER:
            self._flow.throttled(began)
        elif row.means is Meaning.REBIND:
            self._link.leave(session)
        elif row.means is Meaning.NUMBER and isinstance(outcome, Refused):
            return await self._struck(letter.address.value, outcome)
        return outcome

    async def _struck(self, number: str, refusal: Refused) -> Outcome:
        """The second time within a week the number is gone: the first may have been the message centre's mistake."""
        now = self._clock.now()
        strike = Note(owner=self._name, kind=STRIKE, key=number, until=now + STRIKE_MS)
        try:
            struck = [note for note in await self._notes.find(self._name, STRIKE, number) if note.key == number]
            if any(note.until > now for note in struck):
                await self._notes.forget(struck)
                return Gone(f"{refusal.detail}, for the second time")
            await self._notes.put([strike], now=now)
        except Unavailable:
            return refusal  # it will be refused again
        return refusal

    def _part(self, letter: Letter, number: int, of: int, digest: str) -> Part:
        return Part(
            delivery_id=letter.delivery_id,
            number=number,
            of=of,
            channel=self._name,
            address=letter.address.value,
            digest=digest,
            at=self._clock.now(),
        )
