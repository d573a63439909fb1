"""A channel that answers from a list and remembers its letters: the smallest Channel there is."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from heliograph.core.delivery import Address, Letter
from heliograph.core.errors import InvalidArgument
from heliograph.core.outcome import Accepted, Outcome
from heliograph.core.ports import Check, Traits

#: An outcome to give, an exception to let escape, or something to do that ends in one of them.
Answer = Outcome | BaseException | Callable[[Letter], Awaitable[Outcome]]


class ScriptedChannel:
    """Port `Channel`. Gives its answers in order, then accepts everything."""

    def __init__(self, *answers: Answer, traits: Traits | None = None) -> None:
        self.traits = traits or Traits(formats=("text/plain",))
        self.letters: list[Letter] = []  # every letter it was handed, in order
        self.closed = False
        self._answers = list(answers)

    def answer(self, *answers: Answer) -> None:
        """Answer with these next."""
        self._answers.extend(answers)

    async def resolve(self, company_id: int, to: str, format: str) -> Address:
        """Any To is an address, except those that begin with `nobody`."""
        if to.startswith("nobody"):
            raise InvalidArgument(f"{to!r} is nobody.", field="To")
        return Address(value=to)

    async def send(self, letter: Letter) -> Outcome:
        """The next answer of the list."""
        self.letters.append(letter)
        answer = self._answers.pop(0) if self._answers else Accepted()
        if isinstance(answer, BaseException):
            raise answer
        if callable(answer):
            return await answer(letter)
        return answer

    async def check(self) -> Check:
        """Always well."""
        return Check(True, "It answers as it was told to.")

    async def close(self) -> None:
        """Remember that it was closed."""
        self.closed = True


async def never(letter: Letter) -> Outcome:
    """An answer that does not come."""
    await asyncio.Event().wait()
    raise AssertionError("nobody sets this event")


class Gate:
    """An answer that waits until the test opens the gate."""

    def __init__(self, then: Outcome | None = None) -> None:
        self._open = asyncio.Event()
        self._then = then or Accepted()

    def open(self) -> None:
        """Let everyone through, now and later."""
        self._open.set()

    async def __call__(self, letter: Letter) -> Outcome:
        """Wait, then give the outcome."""
        await self._open.wait()
        return self._then
