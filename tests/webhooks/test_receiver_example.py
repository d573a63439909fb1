"""The receiver that the docs show: a process of its own, told by the channel itself."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.webhooks.conftest import Desk

from heliograph.channels.transport import GuardedTransport
from heliograph.core.outcome import Accepted
from heliograph.intake.webhooks import Change
from heliograph.system.clock import SystemClock
from heliograph.testing.asking import ask

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

EXAMPLE = Path(__file__).resolve().parents[2] / "examples/webhooks/receiver.py"
SECRET = "whsec_" + "bmV3LW5ldy1uZXctbmV3LW5ldy1uZXctbmV3"


@contextmanager
def running() -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """The example on a free port; its address."""
    process = subprocess.Popen(
        [sys.executable, str(EXAMPLE), "0"],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"WEBHOOK_SECRET": SECRET},
    )
    assert process.stdout is not None
    try:
        port = process.stdout.readline().split()[-1]
        yield f"http://127.0.0.1:{port}", process
    finally:
        process.terminate()
        process.wait(60)
        process.stdout.close()


async def test_the_example_believes_what_is_signed_and_acts_on_it_once(desk: Desk, transport: GuardedTransport) -> None:
    desk = Desk(desk.store, transport, SystemClock())  # type: ignore[arg-type]  # the receiver looks at the real clock
    with running() as (url, process):
        right = await desk.service.add(1, Change(url=url, types=["message.accepted"]), secret=SECRET)
        delivery = await desk.accept()
        letter = await desk.one()
        assert type(await desk.channel.send(letter)) is Accepted
        assert type(await desk.channel.send(letter)) is Accepted, "a repetition is answered like the first"
        second = await desk.accept()
        assert type(await desk.channel.send(await desk.one())) is Accepted
        changed = await desk.service.rotate(right.endpoint)
        assert (await desk.service.test(changed.endpoint)).ok, "the old secret signs beside the new one"
        wrong = await desk.service.add(1, Change(url=url))
        assert (await desk.service.test(wrong.endpoint)).status == 401
        unsigned = await ask(url, "POST", "/", {"Content-Type": "application/json"}, b"{}")
        assert unsigned.status == 401
        assert process.stdout is not None
        lines = [await asyncio.to_thread(process.stdout.readline) for _ in range(3)]
    assert [line.split()[1] for line in lines] == ["message.accepted", "message.accepted", "gateway.check"]
    assert f'"message_id": {delivery.message_id},' in lines[0]
    assert f'"message_id": {second.message_id},' in lines[1]
