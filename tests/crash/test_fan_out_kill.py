"""A fan-out over thousands is made in portions after its commit: killed between any two of them, everyone gets one delivery."""

from __future__ import annotations

import asyncio
import json
import os
import random
from collections import Counter
from collections.abc import Callable, Collection
from pathlib import Path

import pytest

from heliograph.app import Heliograph, open_app
from heliograph.config.settings import Settings
from heliograph.core.delivery import Delivery
from heliograph.core.lifecycle import State
from heliograph.intake.submit import AT_ONCE
from heliograph.testing.asking import ask
from heliograph.testing.builders import a_user

from .rig import GatewayProcess

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

ROUNDS = int(os.environ.get("HELIOGRAPH_CRASH_FAN_OUTS", "4"))
CROWD = range(5001, 5001 + 6 * AT_ONCE + 300)  # associate ids
LONGEST = 1.2  # seconds from the answer to a kill at random; the process looks for fan-outs once a second


async def test_everyone_of_thousands_has_one_delivery_whenever_the_process_is_killed(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    chance = random.Random(ROUNDS)
    gateway = GatewayProcess(tmp_path / "data", HELIOGRAPH_DISPATCH__LEASE="2")
    async with gateway:
        ready = await gateway.start()
        assert await gateway.stop() == 0
        async with open_app(Settings(data_dir=tmp_path / "data")) as app:
            company = ready["company_id"]
            await app.directory.add_users([a_user(id, company_id=company) for id in CROWD])
        accepted, left = [], []
        for number in range(ROUNDS * 5):  # on a busy machine some more, until one comes between two portions
            ready = await gateway.start()
            accepted.append(await push(ready["url"], ready["ticket"]))
            if number % 2:
                await asyncio.sleep(chance.uniform(0.0, LONGEST))
            else:
                await first_portion(tmp_path / "data", accepted[-1])
            await gateway.kill()
            async with open_app(Settings(data_dir=tmp_path / "data")) as app:
                left.append(len(CROWD) - len(await rows_of(app, accepted[-1])))
            if number + 1 >= ROUNDS and amid(left):
                break
        await gateway.start()
        made = await finished(tmp_path / "data", accepted)
        assert await gateway.stop() == 0

    summary = f"{len(left)} kills amid fan-outs over {len(CROWD):,}, when {left} deliveries were still to be made"
    print(summary)
    record_property("fan-out", summary)
    assert amid(left), "no kill came between two portions"
    for message_id in accepted:
        rows = made[message_id]
        assert Counter(row.associate_id for row in rows) == Counter(CROWD)
        assert len({row.id for row in rows}) == len(CROWD)
    async with open_app(Settings(data_dir=tmp_path / "data")) as app:
        for associate_id in chance.sample(list(CROWD), 50):
            items = await app.store.inbox.items(associate_id, before_id=None, limit=500)
            assert Counter(item.message_id for item in items) == Counter(accepted), associate_id


def amid(left: list[int]) -> bool:
    """Whether a kill came when some portions had been made and some had not."""
    return any(0 < count < len(CROWD) - AT_ONCE for count in left)


async def push(url: str, ticket: str) -> int:
    """Send to the whole crowd; the id of the message that was accepted."""
    body = json.dumps({"AssociateIds": list(CROWD), "Message": {"Title": "All hands"}}).encode()
    headers = {"Authorization": f"SOTicket {ticket}", "Content-Type": "application/json"}
    heard = await ask(url, "POST", "/api/v1/Agents/Pocket/SendPushNotification", headers, body)
    assert heard.status == 204, heard.text
    return int(heard.headers["heliograph-message-id"])


async def rows_of(app: Heliograph, message_id: int) -> list[Delivery]:
    return await app.store.outbox.deliveries([message_id])


async def first_portion(data: Path, message_id: int) -> None:
    """Returns as soon as there are more deliveries than the accepting transaction made."""
    async with open_app(Settings(data_dir=data)) as app:
        for _ in range(15_000):
            if len(await rows_of(app, message_id)) > AT_ONCE:
                return
            await asyncio.sleep(0.002)


async def finished(data: Path, accepted: Collection[int]) -> dict[int, list[Delivery]]:
    """The deliveries of each message, once all are made and taken, or a minute has passed."""
    made: dict[int, list[Delivery]] = {}
    async with open_app(Settings(data_dir=data)) as app:
        for _ in range(120):
            made = {id: await rows_of(app, id) for id in accepted}
            if all(len(rows) == len(CROWD) and {row.state for row in rows} == {State.SENT} for rows in made.values()):
                break
            await asyncio.sleep(0.5)
    return made
