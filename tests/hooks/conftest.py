"""A town with scripts in it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from textwrap import dedent
from typing import Any

import msgspec
import pytest

from heliograph.config.settings import ScriptSettings, ServerSettings
from heliograph.core.ports import Call
from heliograph.intake.carriers import PocketNotificationMessage
from heliograph.testing.asking import Heard
from heliograph.testing.running import KEY, Town, a_town


class Scripted:
    """A running gateway and the folder its scripts are in."""

    def __init__(self, town: Town, folder: Path) -> None:
        self.town = town
        self.folder = folder
        self.hooks = town.app.scripts

    def write(self, name: str, text: str) -> None:
        """Put a script there, as an operator does."""
        (self.folder / name).write_text(dedent(text), encoding="utf-8")

    def state(self, name: str) -> str:
        """How this script stands."""
        return next((each.state for each in self.hooks.states() if each.name == name), "absent")

    def problem(self, name: str) -> str:
        """What is wrong with it."""
        return next(each.problem for each in self.hooks.states() if each.name == name)

    async def push(self, title: str = "Lamp", to: tuple[int, ...] = (101,), **members: Any) -> Call:
        """SendPushNotification."""
        message = PocketNotificationMessage(title=title, message="The lamp is lit.", **members)
        arguments = {"associate_ids": list(to), "message": message}
        return await self.town.app.services.call("SendPushNotification", arguments, self.town.caller)

    async def rest(self, title: str = "Lamp") -> Heard:
        """POST /api/v2/push."""
        body = {"UserId": f"{101:032x}", "Title": title, "Body": "lit", "CompanyId": 1, "IntegrationKey": KEY}
        return await self.town.ask(
            "POST", "/api/v2/push", {"Content-Type": "application/json"}, msgspec.json.encode(body)
        )

    def read(self, name: str) -> str:
        """What scripts wrote into a file beside them."""
        path = self.folder / name
        return path.read_text(encoding="utf-8") if path.exists() else ""


@asynccontextmanager
async def a_scripted_town(
    tmp_path: Path,
    scripts: dict[str, str],
    channels: dict[str, Any] | None = None,
    drain: float = 10.0,
    **settings: Any,
) -> AsyncIterator[Scripted]:
    """A gateway that found these scripts when it started."""
    folder = tmp_path / "data" / "scripts"
    folder.mkdir(parents=True)
    for name, text in scripts.items():
        (folder / name).write_text(dedent(text), encoding="utf-8")
    area = ScriptSettings(**({"workers": 1} | settings))
    server = ServerSettings(port=0, drain=drain)
    areas: dict[str, Any] = {"scripts": area, "server": server} | (
        {"channels": channels} if channels is not None else {}
    )
    async with a_town(tmp_path / "data", **areas) as town:
        yield Scripted(town, folder)


Opener = Callable[..., Any]


@pytest.fixture
def scripted(tmp_path: Path) -> Opener:
    """`async with scripted({"a.py": text}, time_limit=1) as town`."""

    def opener(scripts: dict[str, str], channels: dict[str, Any] | None = None, **settings: Any) -> Any:
        return a_scripted_town(tmp_path, scripts, channels, **settings)

    return opener
