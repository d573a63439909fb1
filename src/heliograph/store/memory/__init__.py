"""The store over dicts: a verified fake, held to the same contract suite as the one on disk."""

from __future__ import annotations

from heliograph.core.ports import Clock
from heliograph.store.memory.agenda import MemoryAgenda
from heliograph.store.memory.answers import MemoryAnswers
from heliograph.store.memory.directory import MemoryDirectory
from heliograph.store.memory.inbox import MemoryInbox
from heliograph.store.memory.keyring import MemoryKeyring
from heliograph.store.memory.notes import MemoryNotes
from heliograph.store.memory.outbox import MemoryOutbox
from heliograph.store.memory.parts import MemoryParts
from heliograph.store.memory.replays import MemoryReplays
from heliograph.store.memory.roster import MemoryRoster
from heliograph.store.memory.sessions import MemorySessions
from heliograph.store.memory.standbys import MemoryStandbys
from heliograph.store.memory.tables import Tables
from heliograph.store.memory.threads import MemorySuppressions, MemoryThreads
from heliograph.store.memory.usage import MemoryUsage
from heliograph.store.memory.webhooks import MemoryWebhooks
from heliograph.store.queue import TableQueue


class MemoryStore:
    """Everything the gateway keeps, for as long as the process lives: `outbox`, `queue`, `inbox` and their siblings."""

    def __init__(self, clock: Clock) -> None:
        self._tables = Tables()
        self.parts = MemoryParts(self._tables)
        self.notes = MemoryNotes(self._tables)
        self.outbox = MemoryOutbox(self._tables, self.parts)
        self.standbys = MemoryStandbys(self._tables)
        self.usage = MemoryUsage(self._tables)
        self.directory = MemoryDirectory(self._tables)
        self.inbox = MemoryInbox(self._tables)
        self.agenda = MemoryAgenda(self._tables)
        self.answers = MemoryAnswers(self._tables, self.outbox)
        self.keyring = MemoryKeyring(self._tables)
        self.replays = MemoryReplays(self._tables)
        self.roster = MemoryRoster(self._tables)
        self.sessions = MemorySessions(self._tables)
        self.threads = MemoryThreads(self._tables)
        self.suppressions = MemorySuppressions(self._tables)
        self.webhooks = MemoryWebhooks(self._tables, clock)
        self.queue = TableQueue(self.outbox.look, self.outbox.next_due, clock)

    def facts(self) -> dict[str, str]:
        """What an operator should see: that nothing outlives the process."""
        return {"path": "memory", "synchronous": "off"}

    async def close(self) -> None:
        """What is asked afterwards is answered Unavailable."""
        self._tables.close()


__all__ = [
    "MemoryAgenda",
    "MemoryAnswers",
    "MemoryDirectory",
    "MemoryInbox",
    "MemoryKeyring",
    "MemoryNotes",
    "MemoryOutbox",
    "MemoryParts",
    "MemoryReplays",
    "MemoryRoster",
    "MemorySessions",
    "MemoryStandbys",
    "MemoryStore",
    "MemorySuppressions",
    "MemoryThreads",
]
