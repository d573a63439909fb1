"""The clients: what each needs to run, and the command that makes it tell its story."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
#: Where `make interop` puts what is not installed into the system.
INSTALLED = ROOT / ".local" / "interop"
NODE_MODULES = INSTALLED / "node_modules"


class Missing(Exception):
    """A part the client needs is not on this machine; `make interop` brings it."""


class SoapClient(msgspec.Struct, frozen=True):
    """`prepare` answers the command that runs the client, built for these WSDLs in this folder; it raises Missing."""

    name: str
    prepare: Callable[[Mapping[str, str], Path], list[str]]
    needs_a_build: bool = False  # takes tens of seconds: not in the quick run


def program(name: str) -> str:
    """The path of a program; raises Missing."""
    found = shutil.which(name)
    if found is None:
        raise Missing(f"{name} is not installed")
    return found


def module(name: str) -> None:
    """Raises Missing unless Python can import it."""
    if importlib.util.find_spec(name) is None:
        raise Missing(f"the Python package that provides {name!r} is not installed")


def asks(*command: str) -> None:
    """Raises Missing unless this command ends well: the way to ask another language for its libraries."""
    if subprocess.run(command, capture_output=True, timeout=60).returncode != 0:
        raise Missing(f"`{' '.join(command)}` fails")


def _zeep(story: Mapping[str, str], folder: Path) -> list[str]:
    module("zeep")
    return [sys.executable, str(HERE / "zeep" / "client.py")]


def _npm(package: str, directory: str) -> Callable[[Mapping[str, str], Path], list[str]]:
    def prepare(story: Mapping[str, str], folder: Path) -> list[str]:
        node = program("node")
        if not (NODE_MODULES / package).is_dir():
            raise Missing(f"the npm package {package!r} is not installed")
        return [node, str(HERE / directory / "client.js")]

    return prepare


def _php(story: Mapping[str, str], folder: Path) -> list[str]:
    php = program("php")
    asks(php, "-r", "exit((int) !extension_loaded('soap'));")
    return [php, str(HERE / "php" / "client.php")]


CLIENTS = [
    SoapClient("zeep", _zeep),
    SoapClient("npm-soap", _npm("soap", "node_soap")),
    SoapClient("php", _php),
]


def run(command: list[str], story: Mapping[str, str]) -> dict[str, str]:
    """What the client told, by name; what it complained of fails the test."""
    environment = os.environ | {"NODE_PATH": str(NODE_MODULES), "LC_ALL": "C.UTF-8"} | story
    ran = subprocess.run(command, env=environment, capture_output=True, timeout=120)
    assert ran.returncode == 0, f"{ran.stdout.decode()}\n{ran.stderr.decode()}"
    lines = ran.stdout.decode().splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line)
