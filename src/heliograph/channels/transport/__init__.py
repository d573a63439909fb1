"""All outgoing HTTP: vetted addresses, checked TLS, no redirects, no proxies, limits on time and size."""

from __future__ import annotations

from heliograph.channels.transport.guarded import GuardedTransport

__all__ = ["GuardedTransport"]
