"""The reckoning after the kills: what was promised is waited for, and of what is missing the store's own account is given."""

from __future__ import annotations

import asyncio
import os
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Iterator
from pathlib import Path

import apsw

from .rig import Ledger

ROUNDS = int(os.environ.get("HELIOGRAPH_CRASH_ROUNDS", "10"))
#: Seconds in which nothing new comes until what is missing counts as lost. Only a test that fails waits for so long.
PATIENCE = 60.0


def kills(rounds: int, ledger: Ledger, least: int) -> Iterator[int]:
    """So many; on a slow machine up to five times as many, until `least` promises a round make them mean something."""
    for number in range(rounds * 5):
        if number >= rounds and len(ledger.promised) > rounds * least:
            return
        ledger.kills += 1
        yield number


async def arrival(promised: Collection[str], look: Callable[[], Awaitable[Counter[str]]]) -> Counter[str]:
    """How often each token arrived, once all promised ones have, or nothing new has come for a minute."""
    arrived, since = await look(), time.monotonic()
    while not arrived.keys() >= set(promised) and time.monotonic() - since < PATIENCE:
        await asyncio.sleep(0.2)
        seen, arrived = arrived, await look()
        if seen != arrived:
            since = time.monotonic()
    return arrived


def account(folder: Path, tokens: Collection[str]) -> str:
    """What the store has of the first few of these messages, and of all deliveries: states, reasons, and when each is due."""
    store = apsw.Connection(str(folder / "heliograph.db"), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        states = store.execute("SELECT channel, state, count(*) FROM delivery GROUP BY 1, 2").fetchall()
        lines = [f"{len(tokens)} missing; deliveries by channel and state: {states}"]
        for token in sorted(tokens)[:5]:
            lines += _of_message(store, token)
    finally:
        store.close()
    return "\n".join(lines)


def _of_message(store: apsw.Connection, token: str) -> Iterator[str]:
    found = store.execute("SELECT id, created_at FROM message WHERE instr(content, ?)", (token,)).fetchall()
    if not found:
        yield f"{token} is not in the store"
    for id, created_at in found:
        yield f"{token} is message {id}, accepted {_when(created_at)}"
        rows = "SELECT id, channel, state, attempts, due_at, lease_until, updated_at, detail FROM delivery WHERE message_id = ?"
        for row, channel, state, tries, due, lease, touched, detail in store.execute(rows, (id,)).fetchall():
            yield (
                f"  delivery {row} by {channel}: {state} {_when(touched)}, {tries} attempts, due {_when(due)}, "
                f"lease until {_when(lease)}: {detail}"
            )
            tried = (
                "SELECT number, started_at, took_ms, outcome, detail FROM attempt WHERE delivery_id = ? ORDER BY number"
            )
            for number, began, took, outcome, why in store.execute(tried, (row,)):
                yield f"    attempt {number} {_when(began)}, {took} ms: {outcome}, {why}"
        plans = "SELECT id, replaces, channel, due_at, ready, ready_at, made_at FROM standby WHERE message_id = ?"
        for row, replaces, channel, due, ready, ready_at, made_at in store.execute(plans, (id,)):
            yield (
                f"  second way {row} by {channel} for {replaces}: due {_when(due)}, ready {ready} {_when(ready_at)}, "
                f"made {_when(made_at)}"
            )


def _when(ms: int) -> str:
    """Beside now, which tells more than a moment does."""
    if not ms:
        return "never"
    seconds = ms / 1000 - time.time()
    return f"in {seconds:.1f} s" if seconds > 0 else f"{-seconds:.1f} s ago"
