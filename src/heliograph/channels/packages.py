"""Where each kind of channel comes from: the gateway itself or an installed package; and what is wrong with it."""

from __future__ import annotations

from importlib.metadata import EntryPoint

import msgspec

from heliograph import __version__
from heliograph.channels.registry import BUILT_IN, installed, kinds, load
from heliograph.core.errors import BrokenPlugin


class Offered(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of channel that a settings table may name."""

    kind: str
    package: str
    version: str
    built_in: bool
    description: str = ""
    trouble: str = ""  # why no channel can be made of it; empty when one can


def offered() -> list[Offered]:
    """Every kind, in alphabetical order. Loads all of them: what is broken is told, not raised."""
    return [_looked_at(kind) for kind in kinds()]


def _looked_at(kind: str) -> Offered:
    points = installed().get(kind, [])
    package, version = _origin(points)
    found = Offered(kind=kind, package=package, version=version, built_in=kind in BUILT_IN)
    try:
        return msgspec.structs.replace(found, description=load(kind).description)
    except BrokenPlugin as broken:
        return msgspec.structs.replace(found, trouble=broken.detail)


def _origin(points: list[EntryPoint]) -> tuple[str, str]:
    """Name and version of what offers it; of several packages, the names of all."""
    if not points:
        return "heliograph", __version__
    names = " and ".join(point.dist.name if point.dist is not None else point.module for point in points)
    [first, *others] = points
    return names, "" if others or first.dist is None else first.dist.version
