"""What scripts cost a call: none, and no-op scripts in all three events, on the real store and real worker processes.

    python bench/hooks.py [--calls 2000] [--seconds 4] [--concurrency 64]

The calls go to the service method itself, so that the figures are the scripts' and not HTTP's. The median is of one call
at a time; the rate is of many at once, with the AfterAsync events of all of them run to the end.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import statistics
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path

import structlog
import uvloop

from heliograph.app import Heliograph, open_app
from heliograph.config.settings import DispatchSettings, ServerSettings, Settings
from heliograph.core.people import Caller, Door
from heliograph.intake.carriers import PocketNotificationMessage
from heliograph.testing.builders import a_company, a_user

NO_OP = """
def before_send_push_notification(associate_ids, message, event):
    event.state = 1


def after_send_push_notification(associate_ids, message, event):
    pass


def after_send_push_notification_async(associate_ids, message, event):
    pass
"""
CALLER = Caller(company_id=1, door=Door.REST, associate_id=101)
TARGETS = "targets: no script under 2 us; no-op scripts under 300 us at the median; 3,000 calls/s on 2 cores"


@contextlib.asynccontextmanager
async def gateway(scripts: dict[str, str]) -> AsyncIterator[Heliograph]:
    """A serving gateway with these scripts, its dispatch paused so that only the calls are measured."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        (data / "scripts").mkdir()
        for name, text in scripts.items():
            (data / "scripts" / name).write_text(text)
        settings = Settings(data_dir=data, server=ServerSettings(port=0), dispatch=DispatchSettings(enabled=False))
        async with open_app(settings) as app:
            await app.directory.add_company(a_company())
            await app.directory.add_user(a_user(101))
            async with app.serving():
                yield app


async def push(app: Heliograph, serial: int) -> None:
    """One call."""
    message = PocketNotificationMessage(title=f"Pump {serial}", message="Low pressure at site 14; look before noon.")
    await app.services.call("SendPushNotification", {"associate_ids": [101], "message": message}, CALLER)


async def alone(app: Heliograph, calls: int) -> float:
    """The median of one call at a time, in us."""
    took = []
    for serial in range(calls):
        began = time.perf_counter_ns()
        await push(app, serial)
        took.append(time.perf_counter_ns() - began)
    return statistics.median(took[calls // 10 :]) / 1000


async def together(app: Heliograph, concurrency: int, seconds: float) -> float:
    """Calls a second from that many callers."""
    end, done = time.perf_counter() + seconds, 0

    async def caller() -> None:
        nonlocal done
        while time.perf_counter() < end:
            await push(app, done)
            done += 1

    began = time.perf_counter()
    await asyncio.gather(*(caller() for _ in range(concurrency)))
    return done / (time.perf_counter() - began)


async def left(app: Heliograph) -> int:
    """How many AfterAsync events are still due after at most 30 seconds."""
    end = time.perf_counter() + 30
    while (waiting := app.scripts.waiting) and time.perf_counter() < end:
        await asyncio.sleep(0.05)
    return waiting


def question(app: Heliograph, times: int = 1_000_000) -> float:
    """What asking whether a script listens costs, in us: all that a call without scripts pays."""
    wanted = app.services._hooks.wanted
    began = time.perf_counter_ns()
    for _ in range(times):
        wanted("SendPushNotification")
    return (time.perf_counter_ns() - began) / times / 1000


async def main(options: argparse.Namespace) -> None:
    """Measure and print."""
    print(f"{os.cpu_count()} cores; {TARGETS}\n")
    async with gateway({}) as plain, gateway({"noop.py": NO_OP}) as scripted:
        print(f"no script for the event: {question(plain):8.3f} us a call")
        await alone(plain, 500)
        await alone(scripted, 500)
        rounds = [(await alone(plain, options.calls), await alone(scripted, options.calls)) for _ in range(3)]
        without = statistics.median(each[0] for each in rounds)
        added = statistics.median(each[1] - each[0] for each in rounds)
        print(f"median without scripts:  {without:8.0f} us")
        print(f"added by no-op scripts:  {added:8.0f} us at the median (Before, After, AfterAsync)")
        print(f"rate without scripts:    {await together(plain, options.concurrency, options.seconds):8.0f} calls/s")
        rate = await together(scripted, options.concurrency, options.seconds)
        began = time.perf_counter()
        behind = await left(scripted)
        print(f"rate with no-op scripts: {rate:8.0f} calls/s")
        print(f"AfterAsync caught up:    {time.perf_counter() - began:8.2f} s after the last call, {behind} left")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=2000)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--concurrency", type=int, default=64)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(30))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main(parser.parse_args()))
