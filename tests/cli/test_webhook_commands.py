"""`webhooks`, run as an operator runs it, beside a gateway that serves."""

from __future__ import annotations

import asyncio
import base64
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from tests.cli.terminal import Terminal

from heliograph.testing.servers.webhook import Answer, WebhookServer

pytestmark = pytest.mark.slow

OWN = "whsec_" + base64.b64encode(b"o" * 32).decode()


@contextmanager
def an_endpoint(*answers: Answer) -> Iterator[WebhookServer]:
    """On a thread of its own: the commands block the one of the test."""
    loop, server, ready = asyncio.new_event_loop(), WebhookServer(), threading.Event()
    server.script(*answers)

    async def serve(stop: asyncio.Event) -> None:
        async with server:
            ready.set()
            await stop.wait()

    stop = asyncio.Event()
    thread = threading.Thread(target=loop.run_until_complete, args=(serve(stop),))
    thread.start()
    ready.wait(60)
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
        loop.close()


@pytest.fixture
def reachable(terminal: Terminal, company: dict[str, Any]) -> Terminal:
    """Settings that let events go to this machine."""
    (terminal.folder / "heliograph.toml").write_text(
        '[outbound]\nallow = ["127.0.0.0/8"]\n[webhooks]\nallow_http = true\n', encoding="utf-8"
    )
    return terminal


def test_an_endpoints_life(reachable: Terminal) -> None:
    with an_endpoint(Answer(), Answer(status=500, body=b"no tea")) as endpoint:
        shown = reachable.ok(
            "webhooks", "add", endpoint.url, "--event", "message.accepted", "--description", "desk"
        ).out
        secret = next(word for word in shown.split() if word.startswith("whsec_"))
        assert "cannot be shown again" in shown
        assert reachable.ok("webhooks", "test", "1").out == "taken: the endpoint answered 204\n"
        failed = reachable.run("webhooks", "test", "1", "--json")
        assert (failed.code, failed.json["status"], failed.json["answer"]) == (1, 500, "no tea")
        listed = reachable.ok("webhooks", "list", "--json")
        assert [(row["id"], row["events"], row["state"]) for row in listed.json] == [
            (1, ["message.accepted"], "enabled")
        ]
        assert secret not in listed.out + reachable.ok("webhooks", "show", "1").out
        for file in reachable.data.iterdir():
            if file.is_file():
                assert secret.encode() not in file.read_bytes()
        rotated = reachable.run("webhooks", "rotate", "1", "--ask-secret", "--json", given=f"{OWN}\n").json
        assert rotated["secret"] == OWN
        assert [each["expires_at"] is None for each in rotated["secrets"]] == [True, False]
        assert reachable.ok("webhooks", "disable", "1").out == "Endpoint 1 is disabled.\n"
        assert reachable.run("webhooks", "replay", "1").code == 2
        assert reachable.ok("webhooks", "enable", "1", "--json").json["state"] == "enabled"
        assert reachable.run("webhooks", "replay", "1").code == 1
        assert reachable.ok("webhooks", "remove", "1", "--json").json == {"id": 1, "removed": True}
        assert reachable.run("webhooks", "show", "1").code == 1
        assert reachable.run("webhooks", "add", "nonsense").code == 2
        assert reachable.run("webhooks", "add", endpoint.url, "--event", "everything").code == 2


def test_a_gateway_that_serves_tells_an_endpoint_added_beside_it(reachable: Terminal) -> None:
    reachable.ok("user", "add", "anna")
    with an_endpoint() as endpoint, reachable.running("serve", "--port", "0"):
        reachable.ok("webhooks", "add", endpoint.url)
        reachable.ok("send", "--user", "anna", "--title", "Lamp")
        rows: list[Any] = []
        for _ in range(300):
            rows = reachable.ok("webhooks", "deliveries", "1", "--json").json
            if [row["state"] for row in rows] == ["sent", "sent"]:
                break
            time.sleep(0.2)
        assert sorted(row["event"] for row in rows) == ["delivery.sent", "message.accepted"]
        assert [row["tries"][0]["outcome"] for row in rows] == ["accepted", "accepted"]
        assert "message.accepted" in reachable.ok("webhooks", "deliveries", "1", "--state", "sent").out
        assert len(endpoint.requests) == 2
