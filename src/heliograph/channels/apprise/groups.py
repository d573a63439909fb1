"""One message for several targets: each is told once, whatever happens between the tries."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from heliograph.core.delivery import Letter
from heliograph.core.errors import Unavailable
from heliograph.core.outcome import Accepted, Deferred, Outcome, Refused
from heliograph.core.parts import Part, PartState
from heliograph.core.ports import Clock, Parts

Try = Callable[[str], Awaitable[Outcome]]  # one target, by name


class Groups:
    """Keeps which targets of a group have a message, so that a further try leaves them out."""

    def __init__(self, channel: str, parts: Parts, clock: Clock, *, resend_in_doubt: bool) -> None:
        self._channel = channel
        self._parts = parts
        self._clock = clock
        self._resend = resend_in_doubt

    async def send(self, letter: Letter, targets: Sequence[str], attempt: Try) -> Outcome:
        """Try every target that has not been told yet; several at once."""
        try:
            done = await self._done(letter, targets)
        except Unavailable as trouble:
            return Deferred(f"not sent: {trouble.detail}", retry_after=trouble.retry_after)
        left = [target for target in targets if target not in done]
        tried = await asyncio.gather(*(self._one(letter, targets, target, attempt) for target in left))
        outcomes = dict(zip(left, tried, strict=True))
        doubtful = [target for target, state in done.items() if state is PartState.DOUBT]
        return together(targets, outcomes, doubtful, resend=self._resend)

    async def _done(self, letter: Letter, targets: Sequence[str]) -> dict[str, PartState]:
        """The targets that are not tried again; parts of the group as it was before it was changed do not count."""
        known = [part for part in await self._parts.of(letter.delivery_id) if part.of == len(targets)]
        return {
            part.address: part.state
            for part in known
            if targets[part.number - 1] == part.address and (part.state is PartState.TAKEN or not self._resend)
        }

    async def _one(self, letter: Letter, targets: Sequence[str], target: str, attempt: Try) -> Outcome:
        outcome = await attempt(target)
        doubt = isinstance(outcome, Deferred) and outcome.in_doubt
        if not isinstance(outcome, Accepted) and not doubt:
            return outcome
        part = Part(
            delivery_id=letter.delivery_id,
            number=targets.index(target) + 1,
            of=len(targets),
            channel=self._channel,
            address=target,
            state=PartState.DOUBT if doubt else PartState.TAKEN,
            at=self._clock.now(),
        )
        try:
            await self._parts.put(part)
        except Unavailable:
            return Deferred("sent, and it could not be written down", in_doubt=True)
        return outcome


def together(targets: Sequence[str], outcomes: dict[str, Outcome], doubtful: Sequence[str], *, resend: bool) -> Outcome:
    """What the outcomes of some or all targets mean for the message; `doubtful` ones were lost in an earlier try.

    | of its targets                          | the message                                  |
    | one or more are to be tried again       | deferred; those that have it are left out    |
    | none of these, one or more are in doubt | in doubt                                     |
    | none of these, one or more refused      | refused                                      |
    | every one took it                       | accepted                                     |
    """
    lost = [name for name, each in outcomes.items() if isinstance(each, Deferred) and each.in_doubt]
    later = [name for name, each in outcomes.items() if isinstance(each, Deferred) and not each.in_doubt]
    refused = [name for name, each in outcomes.items() if isinstance(each, Refused)]
    missing = [*lost, *later, *refused, *doubtful]
    if not missing:
        return Accepted(detail=f"all {len(targets)} took it")
    head = f"{len(targets) - len(missing)} of {len(targets)} took it"
    first = (later or lost or refused or list(doubtful))[0]
    said = f"{head}; {first}: {outcomes[first].detail if first in outcomes else 'in doubt since an earlier try'}"
    again = [each for name in (*later, *(lost if resend else ())) if isinstance(each := outcomes[name], Deferred)]
    if again:
        waits = [each.retry_after for each in again if each.retry_after is not None]
        lane = all(each.lane for each in again)
        return Deferred(said, retry_after=max(waits, default=None), in_doubt=bool(lost) and resend, lane=lane)
    if lost or doubtful:
        return Deferred(said, in_doubt=True)
    return Refused(said)
