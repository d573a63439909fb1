"""`heliograph version`, and the option `--version`."""

from __future__ import annotations

import platform

import typer

from heliograph import __version__
from heliograph.cli.common import JsonOption
from heliograph.cli.output import print_json, say


def version(json: JsonOption = False) -> None:
    """Print the version."""
    if json:
        print_json({"version": __version__, "python": platform.python_version()})
    else:
        say(f"heliograph {__version__} (Python {platform.python_version()})")


def print_version(wanted: bool) -> None:
    """What `--version` does, in place of any command."""
    if wanted:
        say(f"heliograph {__version__}")
        raise typer.Exit
