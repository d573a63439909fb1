"""Tells whoever watches what scripts do to live calls: names of what changed, never what it says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from msgspec.structs import replace

from heliograph.core.differences import differences
from heliograph.core.ports import Clock
from heliograph.hooks.job import Job
from heliograph.hooks.wire import Failed, Said

_SECRET = frozenset({"password", "config", "authentication_data"})  # arguments that are written nowhere


class RecordedCall(msgspec.Struct, frozen=True, kw_only=True):
    """A call as `heliograph scripts run --call` takes it. Passwords and channel configuration are withheld."""

    method: str
    arguments: dict[str, Any]
    result: Any
    door: str
    company_id: int
    associate_id: int | None


class Trace(msgspec.Struct, frozen=True, kw_only=True):
    """One event of one call, or one line that a script logged."""

    time: int  # ms since the epoch
    event: str
    method: str = ""
    scripts: tuple[str, ...] = ()
    door: str = ""
    associate_id: int | None = None
    took_us: int = 0  # waiting included
    changed: tuple[str, ...] = ()
    rejected: str | None = None
    failures: tuple[str, ...] = ()
    text: str = ""
    call: RecordedCall | None = None  # for watchers who asked for contents


class Tracing:
    """Costs one question a call while nobody watches."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._watchers: dict[Callable[[Trace], None], bool] = {}  # whether each wants contents
        self.on = False

    def watch(self, watcher: Callable[[Trace], None], *, contents: bool = False) -> Callable[[], None]:
        """Tell this watcher, which must not wait; what is given back ends it."""
        self._watchers[watcher] = contents
        self.on = True

        def end() -> None:
            self._watchers.pop(watcher, None)
            self.on = bool(self._watchers)

        return end

    def ran(self, job: Job, failures: list[Failed], took_ns: int) -> None:
        """An event has run."""
        self._tell(
            job,
            Trace(
                time=self._clock.now(),
                event=job.event,
                method=job.method,
                scripts=job.all_scripts,
                door=job.who.door,
                associate_id=job.who.associate_id,
                took_us=took_ns // 1000,
                changed=changed_members(job),
                rejected=job.rejected,
                failures=tuple(failed.reason for failed in failures),
            ),
        )

    def said(self, said: Said) -> None:
        """A script logged."""
        text = f"{said.level}: {said.text}"
        self._tell(None, Trace(time=self._clock.now(), event="log", scripts=(said.script,), text=text))

    def _tell(self, job: Job | None, trace: Trace) -> None:
        for watcher, contents in list(self._watchers.items()):
            watcher(replace(trace, call=_recorded(job)) if contents and job is not None else trace)


def _recorded(job: Job) -> RecordedCall:
    """The call as it was before these scripts."""
    arguments, result, _ = job.given
    given = msgspec.json.decode(arguments)
    return RecordedCall(
        method=job.method,
        arguments=given | {name: type(given[name])() for name in _SECRET & given.keys()},
        result=None if _SECRET & given.keys() or result is None else msgspec.json.decode(result),
        door=job.who.door,
        company_id=job.who.company_id,
        associate_id=job.who.associate_id,
    )


def changed_members(job: Job) -> tuple[str, ...]:
    """`message.title`, `associate_ids`, `return_value`, `state of quiet.py`: where the scripts left something else."""
    arguments, result, states = job.given
    names: list[str] = []
    if job.arguments != arguments:
        names += differences(msgspec.json.decode(arguments), msgspec.json.decode(job.arguments))
    if job.result != result:
        names.append("return_value")
    for script in sorted({*states, *job.states}):
        if states.get(script) != job.states.get(script):
            names.append(f"state of {script}")
    return tuple(names)
