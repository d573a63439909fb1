"""The command tree, and how its failures are told."""

from __future__ import annotations

import os
import platform
import sys
from typing import Annotated, NoReturn

import typer

from heliograph import __version__
from heliograph.cli import (
    applications,
    channels,
    companies,
    console,
    demo,
    devices,
    doctor,
    fake,
    messages,
    quotas,
    scripts,
    send,
    serve,
    setting_commands,
    suppressions,
    tickets,
    tokens,
    users,
    webhooks,
)
from heliograph.cli.common import NOTHING, WRONG, JsonOption
from heliograph.cli.output import complain, print_json, say
from heliograph.core.errors import CallerError, Conflict, HeliographError, NotFound, OperatorError, Unavailable

app = typer.Typer(
    name="heliograph",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("serve")(serve.serve)
app.command("demo")(demo.demo)
app.command("send")(send.send)
app.add_typer(users.app, name="user")
app.add_typer(companies.app, name="company")
app.add_typer(devices.app, name="device")
app.add_typer(tickets.app, name="ticket")
app.add_typer(tokens.app, name="token")
app.add_typer(applications.app, name="application")
app.add_typer(messages.app, name="message")
app.add_typer(suppressions.app, name="suppression")
app.add_typer(channels.app, name="channel")
app.add_typer(console.app, name="console")
app.add_typer(setting_commands.app, name="settings")
app.add_typer(webhooks.app, name="webhooks")
app.add_typer(fake.app, name="fake")
app.add_typer(scripts.app, name="scripts")
app.command("quotas")(quotas.quotas)
app.command("doctor")(doctor.doctor)


def _print_version(wanted: bool) -> None:
    if wanted:
        say(f"heliograph {__version__}")
        raise typer.Exit


@app.callback()
def every_command(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """A self-hosted message and push gateway: SOAP, JSON and REST in; inbox, mail, webhooks and more out."""


@app.command("version")
def version(json: JsonOption = False) -> None:
    """Print the version."""
    if json:
        print_json({"version": __version__, "python": platform.python_version()})
    else:
        say(f"heliograph {__version__} (Python {platform.python_version()})")


def exit_code(error: HeliographError) -> int:
    """2 for wrong use or set-up, 1 for what is not there, is taken, or cannot be had right now."""
    if isinstance(error, NotFound | Conflict | Unavailable):
        return NOTHING
    return WRONG if isinstance(error, CallerError | OperatorError) else NOTHING


def main() -> NoReturn:
    """Run one command and exit. What the user or the set-up did wrong is one line on stderr, never a traceback."""
    try:
        app()
    except HeliographError as error:
        complain(error.detail)
        sys.exit(exit_code(error))
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:  # the reader went away, as `head` does; Python would complain once more while closing
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(NOTHING)
    sys.exit(0)


if __name__ == "__main__":
    main()
