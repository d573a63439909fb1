"""The ready profiles as a table of the channel's docs page."""

from __future__ import annotations

from heliograph.channels.http_sms.profile import Profile, load, ready


def tables() -> dict[str, tuple[tuple[str, ...], list[tuple[str, ...]]]]:
    """Further tables of the page by the names of their blocks: heads and rows."""
    rows = [_row(name, load(name)) for name in ready()]
    return {
        "profiles": (
            ("profile", "provider", "keys", "receipts", "from phones", "read in its documentation", "note"),
            rows,
        )
    }


def _row(name: str, profile: Profile) -> tuple[str, ...]:
    keys = ", ".join(f"`{key}`" for key in profile.options)
    checked = "all" if profile.verified else "in part"
    sources = ", ".join(f"[{number}]({source})" for number, source in enumerate(profile.sources, start=1))
    receipts = "yes" if profile.receipts else "no"
    inbound = "yes" if profile.inbound else "no"
    return (f"`{name}`", profile.name, keys, receipts, inbound, f"{checked}: {sources}", profile.note)
