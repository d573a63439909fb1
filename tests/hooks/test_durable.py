"""An AfterAsync event that is due runs, whatever becomes of the process that took the call."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import Any

import pytest
from tests.crash.rig import GatewayProcess

from heliograph.config.settings import ScriptSettings
from heliograph.intake.carriers import PocketNotificationMessage
from heliograph.testing.asking import ask
from heliograph.testing.running import a_town
from heliograph.testing.waiting import until

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

SLOW = """
import time
def before_send_push_notification(associate_ids, message, event):
    event.state = {"seen": message.title}
def after_send_push_notification(associate_ids, message, event):
    event.state["after"] = True
def after_send_push_notification_async(associate_ids, message, event):
    open(__file__ + ".begun", "a").write(f"{message.title}\\n")
    time.sleep(1.0)
    with open(__file__ + ".txt", "a") as file:
        file.write(f"{message.title} {event.state['seen']} {event.state.get('after')}\\n")
"""


async def push(ready: dict[str, Any], title: str) -> int:
    user = ready["users"][0]
    body = {
        "UserId": user["user_id"],
        "Title": title,
        "Body": "lit",
        "CompanyId": ready["company_id"],
        "IntegrationKey": ready["integration_key"],
    }
    headers = {"Content-Type": "application/json"}
    return (await ask(ready["url"], "POST", "/api/v2/push", headers, json.dumps(body).encode())).status


def text(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def test_after_a_kill_every_event_that_was_due_still_runs_with_its_state(tmp_path: Path) -> None:
    scripts = tmp_path / "scripts"
    scripts.mkdir()
    (scripts / "slow.py").write_text(SLOW)
    done = scripts / "slow.py.txt"
    gateway = GatewayProcess(tmp_path)
    ready = await gateway.start()
    assert ready["scripts_dir"] == str(scripts)
    assert [await push(ready, f"t{n}") for n in range(3)] == [200, 200, 200]
    await until(lambda: text(scripts / "slow.py.begun"))
    await gateway.kill()
    assert text(done) == ""
    await gateway.start()
    try:
        await until(lambda: len(set(text(done).splitlines())) == 3)
        assert {line.split()[0] for line in text(done).splitlines()} == {"t0", "t1", "t2"}
        assert all(line.split()[0] == line.split()[1] for line in text(done).splitlines())
    finally:
        assert await gateway.stop() == 0


async def test_a_killed_gateway_leaves_no_worker_behind_not_even_one_in_an_endless_loop(tmp_path: Path) -> None:
    scripts = tmp_path / "scripts"
    scripts.mkdir()
    (scripts / "loop.py").write_text(
        "import os\n"
        "def before_send_push_notification(associate_ids, message, event):\n"
        "    open(__file__ + '.pid', 'w').write(str(os.getpid()))\n"
        "    while True: pass\n"
    )
    gateway = GatewayProcess(tmp_path)
    ready = await gateway.start()
    call = asyncio.ensure_future(push(ready, "t"))
    await until(lambda: text(scripts / "loop.py.pid"))
    pid = int(text(scripts / "loop.py.pid"))
    assert alive(pid)
    os.kill(gateway.pid, 9)
    await until(lambda: not alive(pid))
    await gateway.kill()
    with pytest.raises((OSError, EOFError)):
        await call


async def test_a_stopped_gateway_hands_what_has_not_run_to_the_next_one(tmp_path: Path) -> None:
    folder = tmp_path / "data" / "scripts"
    folder.mkdir(parents=True)
    (folder / "slow.py").write_text(SLOW)
    settings = ScriptSettings(workers=1)
    async with a_town(tmp_path / "data", scripts=settings) as town:
        town_scripts = town.app.scripts
        for n in range(30):
            message = PocketNotificationMessage(title=f"t{n}", message="lit")
            await town.app.services.call(
                "SendPushNotification", {"associate_ids": [101], "message": message}, town.caller
            )
        assert town_scripts.waiting == 30
        await town_scripts.stop(0.1)
    (folder / "slow.py").write_text(SLOW.replace("time.sleep(1.0)", "pass"))
    async with a_town(tmp_path / "data", scripts=settings):
        await until(lambda: len(set(text(folder / "slow.py.txt").splitlines())) == 30)
    assert {line.split()[2] for line in text(folder / "slow.py.txt").splitlines()} == {"True"}


async def test_under_load_no_answered_call_loses_its_event_to_a_kill(tmp_path: Path) -> None:
    scripts = tmp_path / "scripts"
    scripts.mkdir()
    (scripts / "note.py").write_text(
        "def after_send_push_notification_async(associate_ids, message, event):\n"
        "    with open(__file__ + '.txt', 'a') as file:\n"
        "        file.write(message.title + '\\n')\n"
    )
    done, promised = scripts / "note.py.txt", set[str]()
    gateway = GatewayProcess(tmp_path)
    for round in range(3):
        ready = await gateway.start()

        async def caller(name: str, ready: dict[str, Any] = ready) -> None:
            for n in range(10_000):
                title = f"{name}.{n}"
                if await push(ready, title) == 200:
                    promised.add(title)

        callers = [asyncio.ensure_future(caller(f"{round}.{n}")) for n in range(8)]
        await asyncio.sleep(1.0)
        await until(lambda: len(promised), lambda count, least=40 * (round + 1): count > least)
        await gateway.kill()
        for each in await asyncio.gather(*callers, return_exceptions=True):
            assert isinstance(each, (OSError, EOFError))
    await gateway.start()
    try:
        assert len(promised) > 100
        await until(lambda: promised <= set(text(done).splitlines()))
    finally:
        assert await gateway.stop() == 0
