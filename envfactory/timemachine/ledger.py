"""What was handed out, to whom: the list from which a build's lock is checked.

Kept in memory for the life of the process; each build has its own token.  Never writes a file.
"""

from __future__ import annotations

import threading

from envfactory.timemachine.facts import LedgerEntry


class Ledger:
    """Entries in the order in which they were first served, without repeats."""

    def __init__(self) -> None:
        self._entries: dict[LedgerEntry, None] = {}
        self._lock = threading.Lock()

    def add(self, entry: LedgerEntry) -> None:
        """Note one file."""
        with self._lock:
            self._entries.setdefault(entry)

    def entries(self, token: str | None = None) -> list[LedgerEntry]:
        """All entries, or those of one token."""
        with self._lock:
            return [entry for entry in self._entries if token is None or entry.token == token]
