"""Every implementation of the store ports, for the suite that each must pass. A new one is a row here."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Protocol

import pytest

from heliograph.config.settings import StoreSettings
from heliograph.core.fallback import Standbys
from heliograph.core.notes import Notes
from heliograph.core.operators import Sessions
from heliograph.core.parts import Parts
from heliograph.core.ports import Agenda, Answers, Clock, Directory, InboxStore, Keyring, Outbox, Queue, Replays
from heliograph.core.roster import Roster
from heliograph.core.suppression import Suppressions
from heliograph.core.threads import Threads
from heliograph.core.usage import Usage
from heliograph.core.webhooks import Webhooks
from heliograph.store.cached import CachedDirectory
from heliograph.store.memory import MemoryStore
from heliograph.store.sqlite import open_store
from heliograph.testing.clock import JumpingClock


class Store(Protocol):
    """What the suite needs of a store."""

    outbox: Outbox
    queue: Queue
    directory: Directory
    inbox: InboxStore
    agenda: Agenda
    answers: Answers
    replays: Replays
    roster: Roster
    threads: Threads
    suppressions: Suppressions
    keyring: Keyring
    sessions: Sessions
    standbys: Standbys
    usage: Usage
    parts: Parts
    notes: Notes
    webhooks: Webhooks

    async def close(self) -> None: ...


Opener = Callable[[Path, Clock], Awaitable[Store]]


async def in_memory(folder: Path, clock: Clock) -> Store:
    return MemoryStore(clock)


async def on_sqlite(folder: Path, clock: Clock) -> Store:
    return await open_store(folder / "data" / "heliograph.db", StoreSettings(), clock)


STORES: dict[str, Opener] = {"memory": in_memory, "sqlite": on_sqlite}


@pytest.fixture(params=STORES)
async def store(request: pytest.FixtureRequest, tmp_path: Path, clock: JumpingClock) -> AsyncIterator[Store]:
    """An empty store."""
    opened = await STORES[request.param](tmp_path, clock)
    yield opened
    await opened.close()


@pytest.fixture
def outbox(store: Store) -> Outbox:
    return store.outbox


@pytest.fixture
def queue(store: Store) -> Queue:
    return store.queue


@pytest.fixture
def inbox(store: Store) -> InboxStore:
    return store.inbox


@pytest.fixture
def threads(store: Store) -> Threads:
    return store.threads


@pytest.fixture
def suppressions(store: Store) -> Suppressions:
    return store.suppressions


@pytest.fixture
def answers(store: Store) -> Answers:
    return store.answers


@pytest.fixture
def agenda(store: Store) -> Agenda:
    return store.agenda


@pytest.fixture
def keyring(store: Store) -> Keyring:
    return store.keyring


@pytest.fixture
def sessions(store: Store) -> Sessions:
    return store.sessions


@pytest.fixture
def replays(store: Store) -> Replays:
    return store.replays


@pytest.fixture
def parts(store: Store) -> Parts:
    return store.parts


@pytest.fixture
def notes(store: Store) -> Notes:
    return store.notes


@pytest.fixture
def standbys(store: Store) -> Standbys:
    return store.standbys


@pytest.fixture
def usage(store: Store) -> Usage:
    return store.usage


@pytest.fixture
def roster(store: Store) -> Roster:
    return store.roster


@pytest.fixture(params=["plain", "cached"])
def directory(request: pytest.FixtureRequest, store: Store, clock: JumpingClock) -> Directory:
    """The store's directory, by itself and behind the cache, which nobody may notice."""
    if request.param == "cached":
        return CachedDirectory(store.directory, clock, seconds=60)
    return store.directory
