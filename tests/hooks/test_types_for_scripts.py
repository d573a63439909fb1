"""Every type that the table of events names is one that a script can import."""

from __future__ import annotations

import re

import heliograph.scripts
from heliograph.scripts.describe import events_table


def test_every_type_of_the_table_can_be_imported() -> None:
    named = set(re.findall(r"\b[A-Z]\w+", " ".join(re.findall(r"`([^`]*)`", events_table()))))
    assert {"IncomingMessage", "OutgoingMessage", "PocketNotificationMessage"} <= named
    assert named - {"None"} <= set(heliograph.scripts.__all__)
