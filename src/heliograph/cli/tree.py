"""Which commands there are and where each lives; one is imported when it is named, and not before."""

from __future__ import annotations

from collections import UserDict
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup

#: In the order of the help page; each is a module here, and in it the command or the group of commands.
COMMANDS = {
    "serve": "serve:serve",
    "demo": "demo:demo",
    "send": "send:send",
    "quotas": "quotas:quotas",
    "doctor": "doctor:doctor",
    "version": "version:version",
    "user": "users:app",
    "company": "companies:app",
    "device": "devices:app",
    "ticket": "tickets:app",
    "token": "tokens:app",
    "application": "applications:app",
    "message": "messages:app",
    "suppression": "suppressions:app",
    "channel": "channels:app",
    "console": "console:app",
    "settings": "setting_commands:app",
    "webhooks": "webhooks:app",
    "fake": "fake:app",
    "scripts": "scripts:app",
}


class Tree(TyperGroup):
    """The group `heliograph`: whoever names one command need not wait for what all the others import."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.commands = _Named(COMMANDS)


class _Named(UserDict[str, Any]):
    """The commands by name, each made when it is first asked for."""

    def __getitem__(self, name: str) -> Any:
        found = self.data[name]
        if isinstance(found, str):
            found = self.data[name] = _made(name, found)
        return found


def _made(name: str, place: str) -> Any:
    module, _, attribute = place.partition(":")
    found = getattr(import_module(f"heliograph.cli.{module}"), attribute)
    alone = typer.Typer()
    if isinstance(found, typer.Typer):
        alone.add_typer(found, name=name)
    else:
        alone.command(name)(found)
    return typer.main.get_group(alone).commands[name]
