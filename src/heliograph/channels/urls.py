"""Settings of channels that are addresses: read strictly at the start, so that no message finds out."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator

from heliograph.channels.targets import Target, read_target
from heliograph.core.ports import AddressRefused


def _read(url: str) -> Target:
    try:
        return read_target(url)
    except AddressRefused as refusal:
        raise ValueError(str(refusal)) from None


def _url(url: str) -> str:
    if url:
        _read(url)
    return url


def _origin(url: str) -> str:
    if url:
        target = _read(url)
        if target.scheme != "https" or target.path != "/":
            raise ValueError("must be https://host or https://host:port, with nothing after it")
    return url.rstrip("/")


#: An http or https URL, or nothing.
Url = Annotated[str, AfterValidator(_url)]
#: https with a host, and a port where it is another, or nothing; without a slash at the end.
Origin = Annotated[str, AfterValidator(_origin)]
