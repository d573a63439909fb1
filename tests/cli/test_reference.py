"""The committed page of the command line is the one the commands render, and every command explains itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from heliograph.cli.main import app, exit_code
from heliograph.cli.reference import cli_page
from heliograph.core.errors import CallerError, HeliographError, OperatorError

PAGE = Path(__file__).parents[2] / "docs/reference/cli.md"
#: Commands that print a document or run until they are stopped: nothing for --json.
WITHOUT_JSON = {
    "heliograph serve",
    "heliograph settings sample",
    "heliograph settings reference",
    "heliograph fake smsc",
}


def commands(command: Any, path: str = "heliograph") -> Iterator[tuple[str, Any]]:
    if not hasattr(command, "commands"):
        yield path, command
        return
    for name, inner in command.commands.items():
        yield from commands(inner, f"{path} {name}")


ALL = dict(commands(typer.main.get_command(app)))


def test_the_committed_page_is_fresh() -> None:
    assert PAGE.read_text(encoding="utf-8") == cli_page(), "stale: run make render"


def test_the_commands_are_those_that_operators_were_promised() -> None:
    promised = """serve demo send doctor version
        user add, user list, user password, user disable, user enable, user import
        company add, company list, company rotate-key
        message show, message list, message retry, message cancel
        channel list, channel kinds, channel check
        settings show, settings explain, settings sample, settings reference
        scripts new, scripts check, scripts run, scripts list, scripts reload, scripts trace
        device list, device remove, device key
        console link, console list, console sign-out, quotas
        webhooks add, webhooks list, webhooks show, webhooks test, webhooks rotate, webhooks enable, webhooks disable
        webhooks remove, webhooks deliveries, webhooks replay
        application add, application list, application grant, application revoke
        token add, token list, token revoke, ticket revoke
        fake apns, fake fcm, fake webpush, fake smsc, fake smtp
        suppression list, suppression lift, suppression add"""
    first, _, rest = promised.partition("\n")
    words = first.split() + [" ".join(part.split()) for part in rest.replace("\n", ",").split(",")]
    assert {f"heliograph {word}" for word in words} == set(ALL)


@pytest.mark.parametrize("path", ALL)
def test_every_command_and_option_says_what_it_is(path: str) -> None:
    command = ALL[path]
    assert command.help
    for parameter in command.params:
        assert parameter.name == "help" or parameter.help, parameter.name
    assert ("json" in {parameter.name for parameter in command.params}) is (path not in WITHOUT_JSON)


def test_every_error_ends_a_command_with_a_code_that_is_not_zero() -> None:
    def kinds(kind: type[HeliographError]) -> Iterator[type[HeliographError]]:
        yield kind
        for child in kind.__subclasses__():
            yield from kinds(child)

    for kind in kinds(HeliographError):
        assert exit_code(kind()) in (1, 2)
    assert all(exit_code(kind()) == 2 for kind in kinds(OperatorError))
    assert exit_code(CallerError()) == 2
