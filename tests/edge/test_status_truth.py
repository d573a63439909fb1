"""What became of a message, asked of every door: SendMessages at once, then GetDeliveryStatus, REST and the command line."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.cli.terminal import Terminal
from tests.edge.calls import agents

from heliograph.config.settings import MessagingSettings
from heliograph.core.lifecycle import State
from heliograph.testing.running import Town, a_town
from heliograph.testing.waiting import until

pytestmark = pytest.mark.anyio

#: The stub's script; Status and words of SendMessages; state, Status and words once that is reached.
CASES: tuple[tuple[str, int, str, State, int, str], ...] = (
    ("accepted", 1, "accepted as asked", State.SENT, 1, "accepted as asked"),
    ("delivered", 1, "delivered as asked", State.DELIVERED, 3, "delivered as asked"),
    ("refused", 0, "refused as asked", State.FAILED, 0, "refused as asked"),
    ("gone", 0, "gone as asked", State.FAILED, 0, "gone as asked"),
    ("deferred 600", 1, "Queued: deferred as asked", State.QUEUED, 1, "Queued: deferred as asked"),
    ("lost", 1, "Queued: the answer was lost, as asked", State.QUEUED, 1, "Queued: the answer was lost, as asked"),
    ("deferred 1, accepted", 1, "Queued: deferred as asked", State.SENT, 1, "accepted as asked"),
    ("deferred 1, refused", 1, "Queued: deferred as asked", State.FAILED, 0, "refused as asked"),
    ("accepted after 2", 1, "Queued: stored.", State.SENT, 1, "accepted as asked"),
)


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    channels = {"inbox": {"kind": "inbox"}, "stub": {"kind": "stub"}}
    async with a_town(tmp_path / "data", channels=channels, messaging=MessagingSettings(wait=1.0)) as town:
        yield town


async def ask(town: Town, method: str, **arguments: Any) -> Any:
    heard = await agents(town, f"Messaging/{method}", arguments, f"SOTicket {town.ticket}")
    assert heard.status in (200, 204), heard.text
    return json.loads(heard.body) if heard.body else None


async def send(town: Town, *scripts: str, to: str = "a") -> list[dict[str, Any]]:
    items = [{"To": f"{to}{n}", "Content": f"stub: {script}"} for n, script in enumerate(scripts)]
    statuses: list[dict[str, Any]] = await ask(town, "SendMessages", Plugin="stub", OutgoingMessages=items)
    return statuses


async def settled(town: Town, id: int, state: State) -> dict[str, Any]:
    """What REST tells once the delivery is in that state."""

    async def told() -> dict[str, Any]:
        view: dict[str, Any] = json.loads((await town.get(f"/api/v2/messages/{id}")).body)
        return view

    return await until(told, lambda view: view["status"] == state)


async def test_every_door_tells_the_same_truth(town: Town, tmp_path: Path) -> None:
    statuses = await send(town, *(case[0] for case in CASES))
    assert [(status["Status"], status["StatusDescription"]) for status in statuses] == [case[1:3] for case in CASES]
    ids = [status["MessagingId"] for status in statuses]
    views = [await settled(town, id, case[3]) for id, case in zip(ids, CASES, strict=True)]
    assert [view["status"] for view in views] == [case[3].value for case in CASES]

    asked = [*reversed(ids), 999_999, ids[0]]
    later = await ask(town, "GetDeliveryStatus", MessagingIds=asked)
    assert [status["MessagingId"] for status in later] == asked, "the same length and order, whatever is asked twice"
    expected = [*((case[4], case[5]) for case in reversed(CASES)), (0, "No such message."), CASES[0][4:]]
    assert [(status["Status"], status["StatusDescription"]) for status in later] == expected

    terminal = Terminal(tmp_path)
    for id, view, case in zip(ids, views, CASES, strict=True):
        [delivery] = view["deliveries"]
        assert delivery["detail"] == case[5].removeprefix("Queued: ")
        assert delivery["attempts"][-1]["detail"] == delivery["detail"], "the words of the try that counts"
        assert [attempt["number"] for attempt in delivery["attempts"]] == list(range(1, len(delivery["attempts"]) + 1))
        if id in ids[:3]:
            shown = await asyncio.to_thread(terminal.ok, "message", "show", str(id), "--json")
            [told] = shown.json["deliveries"]
            assert (told["state"], told["detail"]) == (delivery["state"], delivery["detail"])
            assert [one["outcome"] for one in told["tries"]] == [one["outcome"] for one in delivery["attempts"]]


@pytest.mark.parametrize(
    ("said", "state", "status", "receipts"),
    [
        ([3], State.DELIVERED, 3, ["arrived"]),
        ([2], State.UNDELIVERED, 2, ["bounced"]),
        ([0], State.UNDELIVERED, 2, ["bounced"]),
        ([4], State.REPLIED, 4, ["answered"]),
        ([3, 4], State.REPLIED, 4, ["arrived", "answered"]),
        ([3, 2], State.DELIVERED, 3, ["arrived", "bounced"]),
        ([3, 3], State.DELIVERED, 3, ["arrived"]),
        ([1], State.SENT, 1, []),
    ],
)
async def test_what_a_provider_says_later_is_a_receipt_with_its_words_and_time(
    town: Town, said: list[int], state: State, status: int, receipts: list[str]
) -> None:
    [sent] = await send(town, "accepted")
    for word in said:
        await ask(
            town,
            "SetDeliveryStatus",
            Plugin="stub",
            ExternalMessageId="stub",
            Status=word,
            StatusDescription=f"the provider said {word}",
        )
    view = await settled(town, sent["MessagingId"], state)
    [delivery] = view["deliveries"]
    assert (view["status"], delivery["state"]) == (state, state)
    assert [receipt["said"] for receipt in delivery["receipts"]] == receipts
    assert all(receipt["detail"].startswith("the provider said") and receipt["at"] for receipt in delivery["receipts"])
    [now] = await ask(town, "GetDeliveryStatus", MessagingIds=[sent["MessagingId"]])
    assert now["Status"] == status


async def test_what_an_operator_withdraws_is_an_error_and_what_waited_too_long_was_not_delivered(town: Town) -> None:
    [held, late] = [status["MessagingId"] for status in await send(town, "deferred 600", "deferred 600")]
    await town.app.actions.cancel(held)
    await town.app.store.outbox.sweep(now=town.app.clock.now() + 4 * 86_400_000, limit=9)
    later = await ask(town, "GetDeliveryStatus", MessagingIds=[held, late])
    assert [status["Status"] for status in later] == [0, 2]


async def test_another_companys_message_is_no_message(town: Town) -> None:
    [sent] = await send(town, "accepted")
    stranger = await town.app.directory.user(201)
    assert stranger is not None
    ticket = await town.app.sign_in.issue_ticket(stranger)
    body = {"MessagingIds": [sent["MessagingId"]]}
    heard = await agents(town, "Messaging/GetDeliveryStatus", body, f"SOTicket {ticket}", path="/Cust2")
    [told] = json.loads(heard.body)
    assert (told["Status"], told["StatusDescription"]) == (0, "No such message.")
