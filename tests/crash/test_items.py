"""Every item of every call is accounted for after kills: good ones and bad ones, each as its caller was told; and so are quotas."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import apsw
import pytest

from .reckoning import PATIENCE, ROUNDS
from .rig import Connection, GatewayProcess

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

HALF = ROUNDS // 2 or 1
#: To and Format of a call's items; every other one is bad, each in its own way.
ITEMS = (("{user}", ""), ("", ""), ("{user}", "text/plain"), ("nobody", ""), ("{user}", ""), ("{user}", "sms/mms"))
GOOD = frozenset({0, 2, 4})


@dataclass
class Told:
    """What callers know."""

    answered: dict[str, list[dict[str, Any]]] = field(default_factory=dict)  # statuses by the call's token
    asked: set[str] = field(default_factory=set)
    refused: list[str] = field(default_factory=list)


async def caller(number: int, ready: dict[str, Any], told: Told) -> None:
    """One call after the other, each with good and bad items, until the server goes away."""
    connection = Connection(int(ready["url"].rsplit(":", 1)[1]))
    user = ready["users"][0]["user_name"]
    try:
        while True:
            token = f"call {number}-{len(told.asked)}"
            told.asked.add(token)
            items = [
                {"To": to.format(user=user), "Format": kind, "Content": token, "From": str(place)}
                for place, (to, kind) in enumerate(ITEMS)
            ]
            body = json.dumps({"Plugin": "inbox", "OutgoingMessages": items})
            headers = {"Authorization": f"SOTicket {ready['ticket']}"}
            target = "/api/v1/Agents/Messaging/SendMessages"
            status, answer = await connection.post(target, "application/json", body, headers)
            if status == 200:
                told.answered[token] = json.loads(answer)
            else:
                told.refused.append(f"{status} {answer[:200]}")
    except (OSError, EOFError):
        return
    finally:
        connection.close()


def kept(folder: Path) -> tuple[dict[str, dict[int, tuple[int, str, str]]], int]:
    """By call and place: message id, state and words of what is in the store; and what is counted of the quota."""
    connection = apsw.Connection(str(folder / "heliograph.db"), flags=apsw.SQLITE_OPEN_READONLY)
    found: dict[str, dict[int, tuple[int, str, str]]] = {}
    rows = """
        SELECT m.id, m.content ->> 'body', m.content ->> 'sender', d.state, d.detail
        FROM message AS m JOIN delivery AS d ON d.message_id = m.id
        WHERE m.content ->> 'body' LIKE 'call %'
    """
    for id, token, place, state, detail in connection.execute(rows):
        assert int(place) not in found.setdefault(token, {}), "an item is there twice"
        found[token][int(place)] = (id, state, detail)
    counted = connection.execute("SELECT coalesce(sum(units), 0) FROM usage WHERE scope = 'company'").get
    connection.close()
    return found, int(counted)


async def test_each_item_is_kept_as_it_was_answered_or_its_call_is_not_kept_at_all(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    chance, told = random.Random(HALF), Told()
    quotas = {"HELIOGRAPH_QUOTAS__COMPANY__MONTH": "1000000"}
    gateway = GatewayProcess(tmp_path / "data", HELIOGRAPH_MESSAGING__WAIT="0.3", **quotas)
    async with gateway:
        for _ in range(HALF):
            ready = await gateway.start()
            callers = [asyncio.create_task(caller(number, ready, told)) for number in range(4)]
            await asyncio.sleep(chance.uniform(0.1, 1.2))
            await gateway.kill()
            await asyncio.gather(*callers)
        await gateway.start()
        for _ in range(int(PATIENCE / 0.2)):
            calls, _ = kept(tmp_path / "data")
            if all(
                state in ("sent", "delivered", "failed") for call in calls.values() for _, state, _ in call.values()
            ):
                break
            await asyncio.sleep(0.2)
        assert await gateway.stop() == 0
    calls, counted = kept(tmp_path / "data")
    summary = (
        f"{HALF} kills, {len(told.asked)} calls, {len(told.answered)} answered, {len(calls)} kept, "
        f"{len(calls) * len(ITEMS)} items, {counted} counted"
    )
    print(summary)
    record_property("crash", summary)
    assert not told.refused
    assert told.answered.keys() <= calls.keys() <= told.asked
    for token, call in calls.items():
        assert call.keys() == set(range(len(ITEMS))), f"{token} is kept in part"
        for place, (_, state, detail) in call.items():
            assert state == ("sent" if place in GOOD else "failed"), (token, place, state, detail)
    for token, statuses in told.answered.items():
        for place, status in enumerate(statuses):
            id, _, detail = calls[token][place]
            assert status["MessagingId"] == id
            assert status["Status"] == int(place in GOOD)
            if place not in GOOD:
                assert status["StatusDescription"] == detail
    assert counted == len(calls) * len(GOOD), "what is counted is what was accepted, whenever the end came"
