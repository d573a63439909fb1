"""Which scripts serve: the last good version of each file, what is wrong with newer ones, and who is disabled."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from heliograph.core.standing import ScriptState
from heliograph.hooks.wire import Report, Source

Handled = tuple[str, str]  # event, method
SERVING = "serving"


class Shelf:
    """Changed in one step when a load has succeeded, so that a call sees the old set or the new one."""

    def __init__(self, most_breaches: int) -> None:
        self._most_breaches = most_breaches
        self._good: dict[str, Source] = {}
        self._reports: dict[str, Report] = {}
        self._breaches: Counter[str] = Counter()
        self.broken: dict[str, str] = {}
        self.disabled: dict[str, str] = {}
        self._chains: dict[Handled, tuple[str, ...]] = {}
        self.methods: frozenset[str] = frozenset()

    def chain(self, event: str, method: str) -> tuple[str, ...]:
        """The scripts that handle this, in order of their names."""
        return self._chains.get((event, method), ())

    @property
    def incomplete(self) -> bool:
        """Whether a script that should serve does not."""
        return bool(self.broken or self.disabled)

    def old(self, name: str) -> Source | None:
        """The version that serves."""
        return self._good.get(name)

    def hears_errors(self, name: str) -> bool:
        """Whether the serving version has an on_error."""
        return name in self._reports and self._reports[name].hears_errors

    def put(self, sources: Iterable[Source], reports: Iterable[Report], broken: dict[str, str], *, anew: bool) -> None:
        """From now on these serve. `anew` forgives all; else only a changed script starts afresh."""
        fresh = {source.name: source for source in sources}
        for name in [*self._breaches, *self.disabled]:
            if anew or fresh.get(name) != self._good.get(name):
                self._breaches.pop(name, None)
                self.disabled.pop(name, None)
        self._good, self._reports = fresh, {report.script: report for report in reports}
        self.broken = broken
        self._arrange()

    def breach(self, name: str, reason: str) -> bool:
        """Count a broken limit; True when that was once too often and the script is disabled now."""
        if name not in self._good or name in self.disabled:
            return False
        self._breaches[name] += 1
        if self._breaches[name] < self._most_breaches:
            return False
        self.disabled[name] = f"disabled after {self._breaches[name]} breaches: {reason}"
        self._arrange()
        return True

    def states(self) -> list[ScriptState]:
        """Every script there is."""
        return [self._state(name) for name in sorted({*self._good, *self.broken})]

    def _state(self, name: str) -> ScriptState:
        report, problem = self._reports.get(name), self.broken.get(name, "")
        if name in self.disabled:
            state, problem = "disabled", problem or self.disabled[name]
        elif problem:
            state = "broken" if report is None else "old version serving"
        else:
            state = SERVING
        events = [f"{event} {method}" for event, method in report.events] if report is not None else []
        return ScriptState(name=name, state=state, events=events, problem=problem, breaches=self._breaches[name])

    def _arrange(self) -> None:
        chains: dict[Handled, list[str]] = {}
        for name in sorted(self._reports):
            if name not in self.disabled:
                for event, method in self._reports[name].events:
                    chains.setdefault((event, method), []).append(name)
        self._chains = {handled: tuple(names) for handled, names in chains.items()}
        self.methods = frozenset(method for _, method in chains)
