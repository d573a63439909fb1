"""The clients: what each needs to run, and the command that makes it tell its story."""

from __future__ import annotations

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
PYTHON_PACKAGES = INSTALLED / "python"


class Missing(Exception):
    """A part the client needs is not on this machine; `make interop` brings it."""


class SoapClient(msgspec.Struct, frozen=True):
    """`prepare` answers the command that runs the client, built for these WSDLs in this folder; it raises Missing."""

    name: str
    prepare: Callable[[Mapping[str, str], Path], list[str]]
    versions: tuple[int, ...] = (86,)
    told: dict[str, str] = {}  # beside the story: how it is to speak
    needs_a_build: bool = False  # takes tens of seconds: not in the quick run


def program(name: str) -> str:
    """The path of a program; raises Missing."""
    found = shutil.which(name)
    if found is None:
        raise Missing(f"{name} is not installed")
    return found


def asks(*command: str) -> None:
    """Raises Missing unless this command ends well: the way to ask another language for its libraries."""
    if subprocess.run(command, capture_output=True, timeout=60).returncode != 0:
        raise Missing(f"`{' '.join(command)}` fails")


def _zeep(story: Mapping[str, str], folder: Path) -> list[str]:
    return [sys.executable, str(HERE / "zeep" / "client.py")]  # a development dependency: always there


def _suds(story: Mapping[str, str], folder: Path) -> list[str]:
    if not (PYTHON_PACKAGES / "suds").is_dir():
        raise Missing("the Python package 'suds-community' is not installed")
    return [sys.executable, str(HERE / "suds" / "client.py")]


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


def _perl(story: Mapping[str, str], folder: Path) -> list[str]:
    perl = program("perl")
    asks(perl, "-MSOAP::Lite", "-e", "1")
    return [perl, str(HERE / "perl" / "client.pl")]


def _ruby(story: Mapping[str, str], folder: Path) -> list[str]:
    ruby = program("ruby")
    asks(ruby, "-e", "require 'soap/wsdlDriver'")
    return [ruby, str(HERE / "ruby" / "client.rb")]


def _built(directory: str, needs: tuple[str, ...], *command: str) -> Callable[[Mapping[str, str], Path], list[str]]:
    """A client whose folder has a `build` that leaves the last word of the command in the folder it is given."""

    def prepare(story: Mapping[str, str], folder: Path) -> list[str]:
        for need in needs:
            program(need)
        build = [str(HERE / directory / "build"), str(folder)]
        built = subprocess.run(build, env=os.environ | story, capture_output=True, timeout=300)
        assert built.returncode == 0, f"{built.stdout.decode()[-4000:]}\n{built.stderr.decode()[-4000:]}"
        return [*command[:-1], str(folder / command[-1])]

    return prepare


CLIENTS = [
    SoapClient("zeep", _zeep, versions=(83, 86, 88)),
    SoapClient("suds", _suds),
    SoapClient("npm-soap", _npm("soap", "node_soap"), versions=(83, 86, 88)),
    SoapClient("npm-strong-soap", _npm("strong-soap", "strong_soap")),
    SoapClient("php", _php, versions=(83, 86, 88)),
    SoapClient("php-soap12", _php, told={"STORY_SOAP12": "yes"}),
    SoapClient("perl", _perl),
    SoapClient("ruby", _ruby),
    SoapClient("mono", _built("mono", ("wsdl2", "mcs", "mono"), "mono", "client.exe"), needs_a_build=True),
    SoapClient("gsoap", _built("gsoap", ("wsdl2h", "soapcpp2", "g++"), "client"), needs_a_build=True),
]


def run(command: list[str], story: Mapping[str, str]) -> dict[str, str]:
    """What the client told, by name; what it complained of fails the test."""
    places = {"NODE_PATH": str(NODE_MODULES), "PYTHONPATH": str(PYTHON_PACKAGES), "LC_ALL": "C.UTF-8"}
    environment = os.environ | places | story
    ran = subprocess.run(command, env=environment, capture_output=True, timeout=120)
    assert ran.returncode == 0, f"{ran.stdout.decode()}\n{ran.stderr.decode()}"
    lines = ran.stdout.decode().splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line)
