"""Which addresses a host may be reached at: all of them public and on an open port, or none."""

from __future__ import annotations

import asyncio

from heliograph.channels.addresses import Address, opened, read_resolved, why_not_public
from heliograph.config.settings import OutboundSettings
from heliograph.core.ports import AddressRefused, Resolver, Unreachable

TRIED = 3  # addresses of a host that are tried, one after the other, when connecting fails
CONNECT_SHARE = 0.6  # of the time limit: so that connecting times out before the whole request does


class Vetting:
    """Asks the resolver and judges what it says."""

    def __init__(self, settings: OutboundSettings, resolver: Resolver) -> None:
        self._settings = settings
        self._resolver = resolver

    async def addresses(self, host: Address | str, port: int, limit: float) -> list[Address]:
        """All addresses of the host, when every one may be reached on that port. `limit` in seconds.

        Raises AddressRefused, and ConnectFailed when the name has none or does not resolve in time.
        """
        if isinstance(host, str):
            try:
                async with asyncio.timeout(limit * CONNECT_SHARE):
                    found = await self._resolver.resolve(host, port)
            except TimeoutError:
                raise Unreachable("the name was not resolved in time") from None
            addresses = [read_resolved(text) for text in dict.fromkeys(found)]
        else:
            addresses = [host]
        for address in addresses:
            self._vet(address, port)
        if not addresses:
            raise Unreachable("the name has no address")
        return addresses

    def _vet(self, address: Address, port: int) -> None:
        if opened(address, self._settings.allow):
            return
        reason = why_not_public(address)
        if reason:
            raise AddressRefused(f"the host's address is not public ({reason}); outbound.allow can open its network")
        if port not in self._settings.ports:
            raise AddressRefused(f"port {port} is not one of outbound.ports")
