"""Port `Hooks` over the operator's scripts: which run around a call, what they change, and what their failures mean."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from time import perf_counter_ns
from typing import Any

import msgspec
import structlog

from heliograph.config.settings import ScriptErrors, ScriptSettings
from heliograph.core.errors import RejectedByHook, Unavailable
from heliograph.core.events import ScriptDisabled, ScriptFailed
from heliograph.core.ports import Agenda, Call, Clock, Observer, Sealer
from heliograph.core.scripting import DueEvent
from heliograph.core.standing import Mishap, ScriptState
from heliograph.hooks.answers import Answers
from heliograph.hooks.folder import ScriptFolder
from heliograph.hooks.holding import Payload
from heliograph.hooks.job import Job
from heliograph.hooks.later import AT_ONCE, Later
from heliograph.hooks.librarian import Librarian, Values
from heliograph.hooks.mishaps import Mishaps
from heliograph.hooks.pool import Pool
from heliograph.hooks.shelf import SERVING, Shelf
from heliograph.hooks.signatures import Signature, members
from heliograph.hooks.tracing import Tracing
from heliograph.hooks.wire import AFTER, AFTER_ASYNC, BEFORE, Failed, Said, Who

log = structlog.get_logger(__name__)

_DEPTH = 4  # Before and After jobs a worker may have at once
_encoder = msgspec.json.Encoder()


class Ongoing:
    """What is remembered of a call between its events."""

    __slots__ = ("arguments", "due", "joined", "result", "states", "who")

    def __init__(self, who: Who, arguments: bytes) -> None:
        self.who = who
        self.arguments = arguments
        self.result: bytes | None = None
        self.states: dict[str, bytes] = {}
        self.due: DueEvent | None = None
        self.joined = False  # After, or the result, added something to what `due` was made of

    def payload(self) -> Payload:
        """What AfterAsync is given."""
        return Payload(self.who, self.arguments, self.result, self.states)


class ScriptHooks:
    """The scripts of one folder around the methods of one gateway. Listens to nothing until it is started."""

    def __init__(
        self,
        methods: Mapping[str, Signature],
        settings: ScriptSettings,
        folder: Path,
        values: Values,
        *,
        agenda: Agenda,
        sealer: Sealer,
        clock: Clock,
        observer: Observer,
        answers: Answers,
    ) -> None:
        self._methods = methods
        self._settings = settings
        self._observer = observer
        self._mishaps = Mishaps(clock)
        self.ran: Counter[str] = Counter()  # events that ran, by kind, since the start
        self._shelf = Shelf(settings.max_breaches)
        self._folder = ScriptFolder(folder)
        self.tracing = Tracing(clock)
        self._now = self._pool(answers, settings.workers, _DEPTH, settings.time_limit)
        self._after = self._pool(answers, 1, AT_ONCE, settings.async_time_limit)
        self._librarian = Librarian(self._folder, self._shelf, self._now, self._after, settings, values, self._listen)
        self._later = Later(agenda, self._after, self._shelf, sealer, clock, self._has_run)
        self._wanted: frozenset[str] = frozenset()
        self._open = 0
        self._watching: asyncio.Task[None] | None = None

    def _pool(self, answers: Answers, size: int, depth: int, time_limit: float) -> Pool:
        return Pool(size, depth, time_limit, answer=answers.answer, said=self._said, lost_script=self._lost)

    # ---------------------------------------------------------------- life

    async def start(self, *, serving: bool, only_here: bool = False) -> None:
        """Load the scripts and listen. `serving`: also watch the folder and run AfterAsync events here.

        A process that does not serve leaves AfterAsync events to the one that does. `only_here`: no other serves.
        """
        if not self._settings.enabled:
            return
        if serving or self._folder.prints():
            await self._librarian.load()
        if serving:
            await self._later.start(only_here=only_here)
            self._watching = asyncio.create_task(self._librarian.watch())

    async def stop(self, within: float) -> None:
        """Finish what runs, within that many seconds, and end the workers. A second time does nothing."""
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)
            self._watching = None
        await self._later.stop(within)
        self._wanted = frozenset()
        await asyncio.gather(self._now.close(), self._after.close())

    async def reload(self) -> list[ScriptState]:
        """Read the folder now; what was disabled is enabled again."""
        await self._librarian.load(anew=True)
        return self.states()

    def states(self) -> list[ScriptState]:
        """Every script, for an operator."""
        return self._shelf.states()

    def trouble(self) -> dict[str, str]:
        """The scripts that do not serve as they stand in their files: broken, disabled, old version serving."""
        return {each.name: each.state for each in self.states() if each.state != SERVING}

    @property
    def pids(self) -> list[int]:
        """The worker processes that serve now."""
        return self._now.pids + self._after.pids

    @property
    def mishaps(self) -> list[Mishap]:
        """The latest failures, newest first."""
        return self._mishaps.latest()

    @property
    def waiting(self) -> int:
        """AfterAsync events that this process has taken up and not finished."""
        return self._later.waiting

    # ---------------------------------------------------------------- the port

    def wanted(self, method: str) -> bool:
        """Whether any script listens to this method."""
        return method in self._wanted

    async def before(self, call: Call) -> Ongoing:
        """Run the Before scripts. Raises RejectedByHook, and Unavailable when too many calls are under way."""
        if self._open >= self._settings.queue:
            raise Unavailable("Too many calls wait for scripts.")
        caller = call.caller
        who = Who(caller.company_id, caller.door.value, caller.associate_id, caller.administrator, call.dry_run)
        ongoing = Ongoing(who, _encoder.encode(call.arguments))
        self._open += 1
        try:
            if scripts := self._shelf.chain(BEFORE, call.method):
                await self._before(call, ongoing, scripts)
            if not call.dry_run and self._shelf.chain(AFTER_ASYNC, call.method):
                ongoing.due = call.due = self._later.due(call.method, caller.company_id, ongoing.payload())
        except BaseException:
            self._open -= 1
            raise
        return ongoing

    async def _before(self, call: Call, ongoing: Ongoing, scripts: tuple[str, ...]) -> None:
        job = await self._run(BEFORE, call.method, scripts, ongoing)
        if job.rejected is not None:
            raise RejectedByHook(job.rejected)
        failures = job.failures
        if failures and self._settings.on_error is ScriptErrors.REJECT:
            raise RejectedByHook("A script that must agree to this call has failed.")
        if job.arguments is not ongoing.arguments:
            call.arguments = members(self._methods[call.method], job.arguments)
            ongoing.arguments = job.arguments

    async def after(self, call: Call, state: Ongoing) -> Ongoing:
        """Run the After scripts, which may change the result."""
        signature = self._methods[call.method]
        scripts = self._shelf.chain(AFTER, call.method)
        if signature.returns is not None and (scripts or state.due is not None):
            state.result = _encoder.encode(call.result)
            state.joined = True
        if not scripts:
            return state
        result, states = state.result, state.states
        job = await self._run(AFTER, call.method, scripts, state)
        if job.result is not result and job.result is not None:
            call.result = signature.result.decode(job.result)
        state.result = job.result
        state.joined = state.joined or job.states is not states
        return state

    def after_async(self, call: Call, state: Ongoing) -> None:
        """Run the AfterAsync scripts without being waited for."""
        self._open -= 1
        if state.due is not None:
            self._later.put(state.due, state.payload(), kept=call.due is None, changed=state.joined)

    def given_up(self, call: Call, state: Ongoing) -> None:
        """No After. If the call was accepted all the same, its AfterAsync event is in the table and will run."""
        self._open -= 1
        if state.due is not None:
            self._later.let_go(state.due)

    # ---------------------------------------------------------------- running

    async def _run(self, event: str, method: str, scripts: tuple[str, ...], ongoing: Ongoing) -> Job:
        job = Job(event, method, scripts, ongoing.who, ongoing.arguments, ongoing.result, ongoing.states)
        began = perf_counter_ns()
        await self._now.run(job)
        ongoing.states = job.states
        self._has_run(job, perf_counter_ns() - began)
        return job

    def _has_run(self, job: Job, took_ns: int = 0) -> None:
        failures = job.failures
        self.ran[job.event] += 1
        for failed in failures:
            self._failed(job.event, job.method, failed)
        if self.tracing.on:
            self.tracing.ran(job, failures, took_ns)

    def _failed(self, event: str, method: str, failed: Failed) -> None:
        log.error(
            f"A script failed in {event} of {method}: {failed.reason}",
            action="script_failed",
            script=failed.script,
            exception=failed.trace or None,
        )
        self._mishaps.note(event, method, failed)
        self._observer.saw(ScriptFailed(failed.script, event))

    def _lost(self, script: str, reason: str) -> None:
        """This script took its worker with it."""
        if self._shelf.hears_errors(script):
            self._now.complain(script, f"{script}: {reason}")
        if self._shelf.breach(script, reason):
            log.error(
                f"The script {script} is disabled until it changes or is reloaded: {reason}, "
                f"{self._settings.max_breaches} times.",
                action="script_disabled",
                script=script,
            )
            self._observer.saw(ScriptDisabled(script))
            self._listen()

    def _listen(self) -> None:
        """To the methods that the scripts which serve now handle."""
        self._wanted = self._shelf.methods & frozenset(self._methods)

    def _said(self, said: Said) -> None:
        tell: Callable[..., Any] = getattr(log, said.level, log.info)
        tell(said.text[:2000], action="script_says", script=said.script)
        if self.tracing.on:
            self.tracing.said(said)
