"""A call that never happens, run through scripts as a real one would: for `heliograph scripts check` and `run`."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from time import perf_counter_ns
from typing import Any

import msgspec

from heliograph.hooks.job import Job
from heliograph.hooks.librarian import Values
from heliograph.hooks.pool import Pool
from heliograph.hooks.process import LoadBroke
from heliograph.hooks.signatures import Signature, members
from heliograph.hooks.tracing import changed_members
from heliograph.hooks.trying import broken_while_loaded, tried
from heliograph.hooks.wire import AFTER, AFTER_ASYNC, BEFORE, Ask, Failed, Load, Report, Said, Source, Told, Who


class Rehearsed(msgspec.Struct, frozen=True):
    """What one event did."""

    event: str
    took_us: int
    changed: tuple[str, ...]
    failures: tuple[str, ...]
    rejected: str | None
    state: dict[str, Any]


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What a rehearsed call came to."""

    method: str
    events: tuple[Rehearsed, ...]
    arguments: Any  # as the method would have had them
    result: Any  # as the caller would have had it
    asked: tuple[Any, ...]  # what the scripts wanted of the gateway; nothing of it was done
    said: tuple[str, ...]


class Rehearsal:
    """One worker with some scripts, used as `async with`. What they send goes nowhere; `told` answers their questions."""

    def __init__(
        self,
        methods: Mapping[str, Signature],
        values: Values,
        told: Mapping[str, bytes],
        *,
        memory: int,
        time_limit: float,
        sandbox: bool,
    ) -> None:
        self._methods = methods
        self._values = dict(values)
        self._told = told  # the answer to each verb, as JSON
        self._memory, self._sandbox = memory, sandbox
        self._pool = Pool(
            1, 1, time_limit, answer=self._answer, said=self._heard, lost_script=lambda script, reason: None
        )
        self._asked: list[Any] = []
        self._said: list[str] = []
        self.reports: list[Report] = []

    async def __aenter__(self) -> Rehearsal:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._pool.close()

    async def load(self, paths: list[Path]) -> list[Report]:
        """What became of each file. Those that cannot serve are left out of what follows."""
        reports: dict[str, Report] = {}
        sources: dict[str, Source] = {}
        for path in paths:
            try:
                sources[path.name] = Source(path.name, str(path), path.read_text(encoding="utf-8"))
            except (OSError, UnicodeDecodeError) as error:
                reports[path.name] = Report(path.name, [], f"{path}: it cannot be read: {error}.")
        reports |= await self._tried(str(paths[0].absolute().parent), sources) if sources else {}
        self.reports = [reports[path.name] for path in paths]
        return self.reports

    async def _tried(self, folder: str, sources: dict[str, Source]) -> dict[str, Report]:
        reports: dict[str, Report] = {}

        def frame(wanted: list[Source]) -> Load:
            return Load(folder, wanted, self._values, self._memory, self._sandbox)

        def unfit(report: Report) -> None:
            reports[report.script] = report
            del sources[report.script]

        try:
            fit = await tried(self._pool, sources, frame, unfit)
        except LoadBroke as broke:
            return reports | {name: broken_while_loaded(each, broke.reason) for name, each in sources.items()}
        if fit is not None:
            await self._pool.change(fit.load, fit.worker)
            reports |= {report.script: report for report in fit.reports}
        return reports

    async def run(self, method: str, who: Who, arguments: bytes, result: bytes | None) -> Outcome:
        """All three events of one call. Raises msgspec.ValidationError for arguments that the method does not take."""
        members(self._methods[method], arguments)
        events: list[Rehearsed] = []
        states: dict[str, bytes] = {}
        for event in (BEFORE, AFTER, AFTER_ASYNC):
            scripts = tuple(report.script for report in self.reports if (event, method) in map(tuple, report.events))
            if not scripts:
                continue
            job = Job(event, method, scripts, who, arguments, None if event == BEFORE else result, states)
            began = perf_counter_ns()
            await self._pool.run(job)
            events.append(_rehearsed(job, perf_counter_ns() - began))
            states = job.states
            if event == BEFORE:
                arguments = job.arguments
            elif event == AFTER:
                result = job.result
            if job.rejected is not None:
                break
        await asyncio.sleep(0)  # what the last script asked for is noted in the next turn of the loop
        return Outcome(
            method=method,
            events=tuple(events),
            arguments=msgspec.json.decode(arguments),
            result=msgspec.json.decode(result) if result else None,
            asked=tuple(self._asked),
            said=tuple(self._said),
        )

    async def _answer(self, ask: Ask) -> Told:
        self._asked.append({"by": ask.script, "what": ask.verb, "with": msgspec.json.decode(ask.value)})
        answer = self._told.get(ask.verb)
        if answer is None:
            return Told(ask.id, error=f"{ask.verb} is nothing a script can ask for.")
        return Told(ask.id, answer)

    def _heard(self, said: Said) -> None:
        self._said.append(f"{said.script} {said.level}: {said.text}")


def _rehearsed(job: Job, took_ns: int) -> Rehearsed:
    failures: list[Failed] = job.failures
    return Rehearsed(
        job.event,
        took_ns // 1000,
        changed_members(job),
        tuple(failed.reason for failed in failures),
        job.rejected,
        {script: msgspec.msgpack.decode(state) for script, state in job.states.items()},
    )
