"""Solved environments by the digest of what determines them, shared by all workers of a workspace.

A stored recipe must be a *function of its key*: whoever computes it for a key gets the same one.
Then reuse saves time but never changes a result, and a dataset does not depend on which pull request
was finished first, nor on where a run was interrupted.  For the same reason there is no look-up of
"what worked for a neighbour": its answer would depend on the order of completion.
"""

from __future__ import annotations

import sqlite3
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Generic, TypeVar

from envfactory.records import Record
from envfactory.store.database import connect, pack, unpack

R = TypeVar("R", bound=Record)


class Recipes(Generic[R]):
    """``get`` and ``put`` records of one class; safe to use from several threads."""

    def __init__(self, path: Path, model: type[R]) -> None:
        self._model = model
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection = connect(path, any_thread=True)

    def get(self, key: str) -> R | None:
        """The record stored under ``key``."""
        with self._lock:
            row = self._connection.execute("SELECT record FROM recipes WHERE key = ?", (key,)).fetchone()
        return unpack(row[0], self._model) if row else None

    def put(self, key: str, record: R) -> None:
        """Keep ``record``; the first one stored under a key stays."""
        values = (key, datetime.now(UTC).isoformat(), pack(record))
        with self._lock:
            self._connection.execute("INSERT OR IGNORE INTO recipes VALUES (?, ?, ?)", values)

    def close(self) -> None:
        """Close the connection; calling it twice is fine."""
        with self._lock:
            self._connection.close()
