"""One push, by the whole gateway: to the inbox, to Apple, to Apple's sandbox, and to FCM; dead tokens are used once."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from heliograph.config.settings import OutboundSettings, PushSettings
from heliograph.core.delivery import Delivery
from heliograph.core.lifecycle import SETTLED, State
from heliograph.testing.apns import KEY_ID, TEAM_ID, TOPIC, account, pem_of
from heliograph.testing.builders import DAY_MS, a_device
from heliograph.testing.certificates import Authority
from heliograph.testing.fcm import EMAIL, PROJECT, account_file, new_account_key
from heliograph.testing.running import KEY, Town, a_town
from heliograph.testing.servers.apns import ApnsServer, new_signing_key
from heliograph.testing.servers.fcm import FcmServer
from heliograph.testing.waiting import until

pytestmark = pytest.mark.anyio

PHONE, XCODE_PHONE = "a1" * 32, "b2" * 32
ANDROID = "cZ9-keeper_101:APA91b" + "x" * 120
YESTERDAY = int(time.time() * 1000) - DAY_MS  # the providers and the gateway read the real clock here
DONE = {*SETTLED, State.SENT}


class Stage:
    """The gateway and the providers that it can reach."""

    def __init__(self, town: Town, apple: ApnsServer, sandbox: ApnsServer, google: FcmServer) -> None:
        self.town, self.apple, self.sandbox, self.google = town, apple, sandbox, google

    async def push(self, **fields: Any) -> dict[str, Delivery]:
        """What became of one push to keeper101, by channel and address."""
        body = {
            "UserEmail": "keeper101@example.com",
            "Title": "Fog",
            "Body": "Horn",
            "CompanyId": 1,
            "IntegrationKey": KEY,
        }
        heard = await self.town.ask(
            "POST",
            "/api/v2/push?format=json",
            {"Content-Type": "application/json"},
            json.dumps(body | fields).encode(),
        )
        assert heard.status in (200, 202), heard.body
        outbox = self.town.app.store.outbox
        [message] = await outbox.messages(company_id=1, state=None, before_id=None, limit=1)
        deliveries = await until(
            lambda: outbox.deliveries([message.id]),
            lambda found: found and all(delivery.state in DONE for delivery in found),
        )
        return {delivery.channel: delivery for delivery in deliveries}


@asynccontextmanager
async def a_stage(folder: Path) -> AsyncIterator[Stage]:
    authority, key, account_key = Authority(), new_signing_key(), new_account_key()
    roots = folder / "ca.pem"
    roots.write_bytes(authority.pem)
    keys = {KEY_ID: account(key)}
    google = FcmServer(authority, email=EMAIL, project=PROJECT, public_key=account_key.public_key())
    apple = ApnsServer(authority, topics={TOPIC}, keys=keys)
    sandbox = ApnsServer(authority, topics={TOPIC}, keys=keys, environment="sandbox")
    async with apple, sandbox, google:
        proof = {"kind": "apns", "topic": TOPIC, "private_key": pem_of(key), "key_id": KEY_ID, "team_id": TEAM_ID}
        file = account_file(pem_of(account_key), google.token_uri)
        channels = {
            "inbox": {"kind": "inbox"},
            "apns": {**proof, "endpoint": apple.url},
            "apns-sandbox": {**proof, "environment": "sandbox", "endpoint": sandbox.url},
            "fcm": {"kind": "fcm", "service_account": file, "endpoint": google.url},
        }
        routes = {"Apple": "apns", "AppleDeveloper": "apns-sandbox", "Google": "fcm"}
        outbound = OutboundSettings(allow=[ip_network("127.0.0.0/8")], ca_file=roots)
        async with a_town(folder, channels=channels, push=PushSettings(routes=routes), outbound=outbound) as town:
            directory = town.app.directory
            for number, (platform, handle) in enumerate(
                [("Apple", PHONE), ("AppleDeveloper", XCODE_PHONE), ("Google", ANDROID), ("Microsoft", "w-1")]
            ):
                device = a_device(
                    0,
                    identifier=f"d{number}",
                    platform=platform,
                    handle=handle,
                    registered_at=YESTERDAY,
                    last_seen=YESTERDAY,
                )
                await directory.put_device(device)
            yield Stage(town, apple, sandbox, google)


async def test_a_push_reaches_every_device_by_its_platforms_provider_and_the_inbox(tmp_path: Path) -> None:
    async with a_stage(tmp_path) as stage:
        became = await stage.push()
        assert {channel: delivery.state for channel, delivery in became.items()} == {
            "inbox": State.SENT,
            "apns": State.SENT,
            "apns-sandbox": State.SENT,
            "fcm": State.SENT,
        }
        [to_apple], [to_sandbox], [to_google] = stage.apple.requests, stage.sandbox.requests, stage.google.sends
        assert to_apple.path == f"/3/device/{PHONE}"
        assert to_sandbox.path == f"/3/device/{XCODE_PHONE}"
        assert to_google.json["message"]["token"] == ANDROID
        assert became["apns"].provider_id == to_apple.header("apns-id")


async def test_dead_tokens_are_never_used_twice(tmp_path: Path) -> None:
    async with a_stage(tmp_path) as stage:
        stage.apple.dead[PHONE] = YESTERDAY + 1000
        stage.google.dead.add(ANDROID)
        first = await stage.push()
        assert first["apns"].detail == "Apple answered 410 Unregistered"
        assert first["fcm"].detail == "FCM answered 404 UNREGISTERED"

        await stage.push()
        assert len(stage.apple.requests) == len(stage.google.sends) == 1
        assert len(stage.sandbox.requests) == 2


async def test_a_device_that_registered_after_apple_lost_it_is_kept(tmp_path: Path) -> None:
    async with a_stage(tmp_path) as stage:
        stage.apple.dead[PHONE] = YESTERDAY - 1000
        await stage.push()
        stage.apple.dead.clear()
        became = await stage.push()
        assert became["apns"].state is State.SENT
