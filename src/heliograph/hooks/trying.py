"""Tries scripts out in a worker, until what is left of them can serve; for the gateway and for rehearsals."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from heliograph.hooks.pool import Pool
from heliograph.hooks.process import LoadBroke, WorkerProcess
from heliograph.hooks.wire import Load, Report, Source


class Fit(msgspec.Struct, frozen=True):
    """Scripts that can serve, a worker that has loaded them, and what each of them is."""

    load: Load
    worker: WorkerProcess
    reports: list[Report]


async def tried(
    pool: Pool, wanted: dict[str, Source], frame: Callable[[list[Source]], Load], unfit: Callable[[Report], None]
) -> Fit | None:
    """What can serve of `wanted`, in order of names; None when nothing can.

    `unfit` is told of each script that cannot, and takes it out of `wanted` or puts another version in its place.
    Raises LoadBroke, without a script's name, when no worker can be started.
    """
    while wanted:
        load = frame([wanted[name] for name in sorted(wanted)])
        try:
            worker, reports = await pool.try_out(load)
        except LoadBroke as broke:
            if not broke.script:
                raise
            unfit(broken_while_loaded(wanted[broke.script], broke.reason))
            continue
        bad = [report for report in reports if report.error]
        if not bad:
            return Fit(load, worker, reports)
        worker.kill("its scripts are not fit to serve")
        for report in bad:
            unfit(report)
    return None


def broken_while_loaded(source: Source, reason: str) -> Report:
    """What is told of a script that took its worker with it before it served."""
    return Report(source.name, [], f"{source.path}:1: while it was loaded, {reason}.")
