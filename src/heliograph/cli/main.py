"""The command tree, and how its failures are told."""

from __future__ import annotations

import os
import sys
from typing import Annotated, NoReturn

import typer

from heliograph.cli.common import NOTHING, WRONG
from heliograph.cli.output import complain
from heliograph.cli.tree import Tree
from heliograph.cli.version import print_version
from heliograph.core.errors import CallerError, Conflict, HeliographError, NotFound, OperatorError, Unavailable
from heliograph.system.collector import look_rarely

app = typer.Typer(
    name="heliograph",
    cls=Tree,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def every_command(
    version: Annotated[
        bool, typer.Option("--version", callback=print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """A self-hosted message and push gateway: SOAP, JSON and REST in; inbox, mail, webhooks and more out."""


def exit_code(error: HeliographError) -> int:
    """2 for wrong use or set-up, 1 for what is not there, is taken, or cannot be had right now."""
    if isinstance(error, NotFound | Conflict | Unavailable):
        return NOTHING
    return WRONG if isinstance(error, CallerError | OperatorError) else NOTHING


def main() -> NoReturn:
    """Run one command and exit. What the user or the set-up did wrong is one line on stderr, never a traceback."""
    look_rarely()
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
