"""`token`, `application` and `ticket`, run as an operator runs them."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from tests.cli.terminal import Terminal

from heliograph.app import open_app
from heliograph.config.settings import Settings
from heliograph.core.errors import NotAuthenticated
from heliograph.core.people import Door

pytestmark = pytest.mark.slow


def test_an_access_tokens_life(terminal: Terminal, company: dict[str, Any]) -> None:
    terminal.ok("user", "add", "anna")
    shown = terminal.ok("token", "add", "lamp timer", "--scope", "push", "--scope", "inbox", "--user", "anna").out
    token = next(word for word in shown.split() if word.startswith("8A:"))
    assert "cannot be shown again" in shown
    listed = terminal.ok("token", "list", "--json")
    assert [(row["name"], row["scopes"], row["associate_id"]) for row in listed.json] == [
        ("lamp timer", ["push", "inbox"], 1)
    ]
    assert token not in listed.out + terminal.ok("token", "list").out
    for file in terminal.data.iterdir():
        if file.is_file():
            assert token.encode() not in file.read_bytes()
    assert terminal.ok("token", "revoke", "1").out == "Access token 1 has ended.\n"
    assert terminal.run("token", "revoke", "1").code == 1
    assert terminal.run("token", "add", "x", "--scope", "everything").code == 2


def test_what_is_said_in_a_plain_line_is_not_written_as_markup(terminal: Terminal, company: dict[str, Any]) -> None:
    """Tables are drawn with markup, in which a bracket has to be escaped; a line is not."""
    for words in (("application", "add"), ("token", "add", "--scope", "push")):
        assert "beacon [test]" in terminal.ok(*words, "beacon [test]").out
    assert "beacon [test] may use Pocket" in terminal.ok("application", "grant", "beacon [test]", "messaging").out
    assert "beacon [test]" in terminal.ok("application", "list").out


def test_an_applications_life(terminal: Terminal, company: dict[str, Any]) -> None:
    made = terminal.ok("application", "add", "Beacon", "--json").json
    assert made["agents"] == ["Pocket", "SoPrincipal"]
    assert made["application_token"].startswith("ha_")
    granted = terminal.ok("application", "grant", "Beacon", "messaging").out
    assert granted == "Beacon may use Pocket, SoPrincipal, Messaging.\n"
    left = terminal.ok("application", "revoke", "Beacon", "Pocket", "SoPrincipal", "--json").json
    assert left["agents"] == ["Messaging"]
    assert made["application_token"] not in terminal.ok("application", "list", "--json").out
    assert terminal.run("application", "add", "Beacon").code == 1
    assert terminal.run("application", "grant", "Beacon", "Sales").code == 2
    terminal.ok("application", "revoke", "Beacon")
    assert terminal.ok("application", "list", "--json").json == []


async def signed_in(folder: Path, user_name: str) -> str:
    """A ticket of this user's."""
    async with open_app(Settings(data_dir=folder)) as app:
        user = await app.people.find(None, user_name)
        return await app.sign_in.issue_ticket(user)


async def is_let_in(folder: Path, ticket: str) -> bool:
    async with open_app(Settings(data_dir=folder)) as app:
        try:
            await app.sign_in.by_ticket(ticket, Door.REST)
        except NotAuthenticated:
            return False
        return True


def test_revoked_tickets_let_nobody_in(terminal: Terminal, company: dict[str, Any]) -> None:
    terminal.ok("user", "add", "anna")
    terminal.ok("user", "add", "berta")
    annas, bertas = (asyncio.run(signed_in(terminal.data, name)) for name in ("anna", "berta"))
    assert terminal.ok("ticket", "revoke", "--user", "anna").out == "1 ticket of anna ended.\n"
    assert not asyncio.run(is_let_in(terminal.data, annas))
    assert asyncio.run(is_let_in(terminal.data, bertas))


def test_tickets_that_are_not_there_cannot_be_revoked(terminal: Terminal, company: dict[str, Any]) -> None:
    terminal.ok("user", "add", "anna")
    none = terminal.run("ticket", "revoke", "--user", "anna")
    assert (none.code, none.out) == (1, "0 tickets of anna ended.\n")
