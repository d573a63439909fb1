"""One event of one call on its way through the workers; it survives the worker that breaks under it."""

from __future__ import annotations

import asyncio
from itertools import count

from heliograph.hooks.wire import Began, Done, Failed, Run, Who

_ids = count(1)


class Job:
    """What is to run, what has become of it, and who waits for it."""

    __slots__ = (
        "_earlier", "_latest", "_sent", "all_scripts", "arguments", "event", "future", "given", "given_up", "id",
        "method", "place", "rejected", "rejected_by", "result", "scripts", "states", "who",
    )  # fmt: skip

    def __init__(
        self,
        event: str,
        method: str,
        scripts: tuple[str, ...],
        who: Who,
        arguments: bytes,
        result: bytes | None,
        states: dict[str, bytes],
    ) -> None:
        self.id = next(_ids)
        self.event, self.method, self.scripts, self.who = event, method, list(scripts), who
        self.arguments, self.result, self.states = arguments, result, states
        self.all_scripts = scripts
        self.given = self._sent = (arguments, result, states)
        self._earlier: list[Failed] = []  # of workers that were lost under it
        self._latest: list[Failed] = []  # of the worker that has it
        self.rejected: str | None = None
        self.rejected_by = ""
        self.given_up = False
        self.place = 0  # of the script that runs, among `scripts`
        self.future: asyncio.Future[Job] = asyncio.get_running_loop().create_future()

    @property
    def failures(self) -> list[Failed]:
        """What went wrong so far, in order."""
        return self._earlier + self._latest

    def run(self) -> Run:
        """As it is to run now."""
        self._sent = (self.arguments, self.result, self.states)
        return Run(self.id, self.event, self.method, self.scripts, self.who, self.arguments, self.result, self.states)

    def began(self, frame: Began) -> None:
        """The worker tells of a script's beginning. What came before is kept should the worker be lost."""
        self._take(frame)
        self.place = frame.place

    def done(self, frame: Done) -> None:
        """The worker is through."""
        self._take(frame)
        self.rejected, self.rejected_by = frame.rejected, frame.rejected_by
        self.finish()

    def broke(self, reason: str) -> str:
        """The worker was lost under the running script, whose name this gives; the scripts after it remain."""
        script = self.scripts[self.place]
        self._earlier = [*self.failures, Failed(script, f"{script}: {reason}")]
        self._latest = []
        self.scripts = self.scripts[self.place + 1 :]
        self.place = 0
        if not self.scripts:
            self.finish()
        return script

    def give_up(self, why: str) -> None:
        """Nothing can run what is left of it."""
        self._earlier = [*self.failures, *(Failed(script, f"{script} has not run: {why}") for script in self.scripts)]
        self._latest = []
        self.given_up = True
        self.finish()

    def finish(self) -> None:
        """Whoever waits goes on."""
        if not self.future.done():
            self.future.set_result(self)

    def _take(self, frame: Began | Done) -> None:
        arguments, result, states = self._sent
        self.arguments = arguments if frame.arguments is None else frame.arguments
        self.result = result if frame.result is None else frame.result
        self.states = states if frame.states is None else frame.states
        self._latest = frame.failures
