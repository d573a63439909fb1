"""Brings the folder's scripts into service: reads, tries out, swaps, and keeps the old version of what is broken."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

import structlog

from heliograph.config.settings import ScriptSettings
from heliograph.hooks.folder import Prints, ScriptFolder
from heliograph.hooks.pool import Pool
from heliograph.hooks.process import LoadBroke
from heliograph.hooks.shelf import Shelf
from heliograph.hooks.trying import tried
from heliograph.hooks.wire import AFTER_ASYNC, Load, Report, Source

log = structlog.get_logger(__name__)

Values = Mapping[str, bool | int | float | str | None]
POLL = 0.5  # seconds between looks at the folder
AGAIN = 5.0  # seconds until what could not be brought into service is tried once more


class Librarian:
    """One folder, one shelf, and the pools that serve from it."""

    def __init__(
        self,
        folder: ScriptFolder,
        shelf: Shelf,
        now: Pool,
        later: Pool,
        settings: ScriptSettings,
        values: Values,
        loaded: Callable[[], None],
    ) -> None:
        self._folder = folder
        self._shelf = shelf
        self._now, self._later = now, later
        self._settings = settings
        self._values = dict(values)
        self._loaded = loaded
        self._seen: Prints = {}
        self._lock = asyncio.Lock()

    async def load(self, *, anew: bool = False) -> None:
        """Read the folder and put what is good into service. `anew` enables what was disabled."""
        async with self._lock:
            found = await asyncio.to_thread(self._folder.prints)
            sources, complaints = await asyncio.to_thread(self._folder.read)
            told = dict(self._shelf.broken)
            if await self._serve(dict(sources), complaints, anew=anew):
                self._seen = found
            self._tell(told)
            self._loaded()

    async def watch(self, *, poll: float = POLL, again: float = AGAIN) -> None:
        """Load again whenever the folder has changed; for ever."""
        pause = poll
        while True:
            await asyncio.sleep(pause)
            pause = again
            try:
                found = await asyncio.to_thread(self._folder.prints)
                if found != self._seen:
                    await self.load()
                if found == self._seen:
                    pause = poll
            except Exception:
                log.exception("The scripts could not be read again; the old ones serve on.", action="scripts_bug")

    async def _serve(self, wanted: dict[str, Source], broken: dict[str, str], *, anew: bool) -> bool:
        """Whether what is wanted serves now, as far as it is fit to."""
        for name in broken:
            self._set_back(wanted, name)

        def unfit(report: Report) -> None:
            broken[report.script] = report.error
            self._set_back(wanted, report.script)

        try:
            fit = await tried(self._now, wanted, self._frame, unfit)
        except LoadBroke as broke:
            log.error("No script worker can be started.", action="script_worker", reason=broke.reason)
            return False
        if fit is None:
            self._shelf.put([], [], broken, anew=anew)
            await self._now.change(None)
            await self._later.change(None)
        else:
            asynchronous = any(event == AFTER_ASYNC for report in fit.reports for event, _ in report.events)
            try:
                await self._later.change(fit.load if asynchronous else None)
            except BaseException:
                fit.worker.kill("the others could not be started")
                raise
            await self._now.change(fit.load, fit.worker)
            self._shelf.put(fit.load.sources, fit.reports, broken, anew=anew)
        return True

    def _set_back(self, wanted: dict[str, Source], name: str) -> None:
        """The version that serves instead of the one that cannot; none where there is none."""
        old = self._shelf.old(name)
        if old is not None and wanted.get(name) != old:
            wanted[name] = old
        else:
            wanted.pop(name, None)

    def _frame(self, sources: list[Source]) -> Load:
        settings = self._settings
        return Load(str(self._folder.path), sources, self._values, settings.memory, settings.sandbox)

    def _tell(self, told: dict[str, str]) -> None:
        for name, problem in self._shelf.broken.items():
            if told.get(name) == problem:
                continue
            serving = self._shelf.old(name) is not None
            rest = "Its old version serves on." if serving else "It does not serve."
            log.error(f"A script cannot be taken: {problem} {rest}", action="script_broken", script=name)
            if serving and self._shelf.hears_errors(name):
                self._now.complain(name, problem)
