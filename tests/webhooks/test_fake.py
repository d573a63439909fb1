"""The endpoint that `heliograph.testing` ships believes what the specification's own library signs, and nothing else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import standardwebhooks

from heliograph.testing.asking import ask
from heliograph.testing.servers.webhook import WebhookServer

pytestmark = pytest.mark.anyio

SECRET = "whsec_" + "bmV3LW5ldy1uZXctbmV3LW5ldy1uZXctbmV3"
OTHER = "whsec_" + "b2xkLW9sZC1vbGQtb2xkLW9sZC1vbGQtb2xk"


@pytest.mark.parametrize(
    ("secret", "minutes", "changed", "status"),
    [(SECRET, 0, False, 204), (SECRET, 4, False, 204), (OTHER, 0, False, 401), (SECRET, 6, False, 401),
     (SECRET, -6, False, 401), (SECRET, 0, True, 401)],
)  # fmt: skip
async def test_the_fake_verifies_as_the_library_does(secret: str, minutes: int, changed: bool, status: int) -> None:
    at = datetime.now(UTC) + timedelta(minutes=minutes)
    body = '{"type": "message.accepted"}'
    headers = {
        "webhook-id": "evt_1",
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": standardwebhooks.Webhook(secret).sign("evt_1", at, body),
    }
    async with WebhookServer(secrets=[SECRET]) as endpoint:
        heard = await ask(endpoint.url, "POST", "/", headers, (body + (" " if changed else "")).encode())
    assert heard.status == status
