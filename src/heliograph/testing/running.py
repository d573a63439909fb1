"""A whole gateway on a real port and a real file, with a company and a few people in it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from heliograph.app import Heliograph, open_app
from heliograph.config.settings import ServerSettings, Settings
from heliograph.core.delivery import InboxItem
from heliograph.core.people import Caller, Door
from heliograph.edge.serve import Running
from heliograph.intake.sign_in import secret_hash
from heliograph.testing.asking import Heard, ask
from heliograph.testing.builders import a_company, a_user
from heliograph.testing.waiting import until

KEY = "key-of-the-lighthouse-keepers-0001"
OTHER_KEY = "key-of-the-harbour-masters-000002"
PASSWORD = "a lamp that turns"


class Town:
    """What a test knows of the gateway: its address, one user's ticket, the company's key, and the parts behind."""

    def __init__(self, app: Heliograph, running: Running, ticket: str) -> None:
        self.app = app
        self.running = running
        self.url = running.url
        self.ticket = ticket
        self.user = a_user(101)
        self.caller = Caller(company_id=1, door=Door.REST, associate_id=101)

    async def ask(self, method: str, target: str, headers: Mapping[str, str] | None = None, body: bytes = b"") -> Heard:
        """One request."""
        return await ask(self.url, method, target, headers, body)

    async def get(self, target: str, **headers: str) -> Heard:
        """A GET by the user with the ticket."""
        return await self.ask("GET", target, {"Authorization": f"SOTicket {self.ticket}", **headers})

    async def inbox(self, expected: int = 1, *, associate_id: int = 101) -> list[InboxItem]:
        """The user's items, oldest first, once there are that many."""
        items = await until(
            lambda: self.app.store.inbox.items(associate_id, before_id=None, limit=500),
            lambda items: len(items) >= expected,
        )
        return list(reversed(items))


@asynccontextmanager
async def a_town(folder: Path, **changes: Any) -> AsyncIterator[Town]:
    """Company 1 with keeper101 (who has a password), keeper102 (inactive) and keeper103; company 2 with keeper201.

    `changes` are areas of the settings.
    """
    changes.setdefault("server", ServerSettings(port=0))
    async with open_app(Settings(data_dir=folder, **changes)) as app:
        if await app.directory.company(1) is None:
            await _settle(app)
        user = await app.directory.user(101)
        assert user is not None
        ticket = await app.sign_in.issue_ticket(user)
        async with app.serving() as running:
            yield Town(app, running, ticket)


async def _settle(app: Heliograph) -> None:
    directory = app.directory
    await directory.add_company(a_company(key_hash=secret_hash(KEY)))
    await directory.add_company(a_company(id=2, name="Harbour Masters", key_hash=secret_hash(OTHER_KEY)))
    await directory.add_company(a_company(id=3, name="Closed", key_hash=secret_hash(KEY), active=False))
    keeper = await directory.add_user(a_user(101, external_id="K-101"))
    await directory.add_user(a_user(102, active=False))
    await directory.add_user(a_user(103, external_id="K-103"))
    await directory.add_user(a_user(201, company_id=2))
    await app.people.set_password(keeper, PASSWORD)
