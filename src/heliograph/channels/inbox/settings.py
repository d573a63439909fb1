"""The inbox has no settings."""

from __future__ import annotations

from heliograph.config.settings import Area


class InboxSettings(Area):
    """Nothing to set: the inbox lives in the gateway's own store."""
