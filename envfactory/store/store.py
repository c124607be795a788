"""What became of every pull request at every stage, and every attempt at it.

For each stage a pull request has at most one outcome: ``ok`` with the stage's record, ``rejected`` with
a ``Rejection``, ``failed`` with a ``Failure``.  Recording an outcome drops what later stages made from
an older one, so that ``in = out + rejections + failures`` holds at any moment.  Attempts are only ever
added; one without ``finished`` was killed, and its work is simply done again.

One thread of one process writes (``Workspace.lock``); this class decides nothing about what to run.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Literal, Self, TypeVar

from envfactory.records import STAGES, Failure, PullRequest, Record, Rejection, Stage
from envfactory.store.database import connect, pack, unpack

R = TypeVar("R", bound=Record)
Status = Literal["ok", "rejected", "failed"]
_ENTRY = "stage, o.key, instance_id, input_digest, status, reason, retryable, o.digest"


@dataclass(frozen=True)
class Entry:
    """The outcome of one stage for one pull request, without its record."""

    stage: Stage
    key: str
    instance_id: str
    input_digest: str
    status: Status
    reason: str
    retryable: bool
    digest: str


@dataclass(frozen=True)
class Attempt:
    """One try of one stage; ``finished`` is ``None`` while it runs and for ever when it was killed."""

    stage: Stage
    key: str
    input_digest: str
    status: str
    cause: str
    started: str
    finished: str | None
    log: str


@dataclass(frozen=True)
class Found:
    """A pull request as mined, and the SOURCE that it came from."""

    pull_request: PullRequest
    source: str


class Store:
    """All SQL about pull requests; a context manager."""

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self._connection: sqlite3.Connection = connect(path, read_only=read_only)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; what is recorded is safe without it."""
        self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All changes inside, or none; may be nested."""
        if self._connection.in_transaction:
            yield
            return
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    # -- pull requests

    def add_pull_request(self, pull: PullRequest, source: str) -> None:
        """Remember a mined pull request; a changed one replaces the old."""
        self._add(pull.key, pull.instance_id, pull.repo, source, pull.digest, pack(pull))

    def add_rejection(self, rejection: Rejection, source: str) -> None:
        """Remember one that the miner itself turned down, unless it is known as a pull request."""
        repo, _, number = rejection.key.rpartition("#")
        instance_id = f"{repo.replace('/', '__')}-{number}"
        with self.transaction():
            row = self._connection.execute(
                "SELECT record IS NULL FROM pull_requests WHERE key = ?", (rejection.key,)
            ).fetchone()
            if row and not row[0]:
                return
            self._add(rejection.key, instance_id, repo, source, rejection.digest, None)
            self._set("mine", rejection.key, rejection.digest, rejection)

    def _add(
        self, key: str, instance_id: str, repo: str, source: str, digest: str, record: bytes | None
    ) -> None:
        self._connection.execute(
            "INSERT INTO pull_requests VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO UPDATE SET"
            " source = excluded.source, digest = excluded.digest, record = excluded.record",
            (key, instance_id, repo, source, digest, record),
        )

    def found(self, key: str) -> Found | None:
        """The pull request and where it came from; ``None`` when the miner turned it down."""
        row = self._connection.execute(
            "SELECT record, source FROM pull_requests WHERE key = ? AND record IS NOT NULL", (key,)
        ).fetchone()
        return Found(unpack(row[0], PullRequest), row[1]) if row else None

    def found_digest(self, key: str) -> str | None:
        """Digest of the pull request; ``None`` when the miner turned it down."""
        row = self._connection.execute(
            "SELECT digest FROM pull_requests WHERE key = ? AND record IS NOT NULL", (key,)
        ).fetchone()
        return str(row[0]) if row else None

    def keys(self) -> list[tuple[str, str]]:
        """(key, instance id) of every known pull request, sorted by key."""
        return list(self._connection.execute("SELECT key, instance_id FROM pull_requests ORDER BY key"))

    # -- outcomes

    def begin(self, stage: Stage, key: str, input_digest: str) -> int:
        """Note that an attempt starts; returns its number for ``finish``."""
        cursor = self._connection.execute(
            "INSERT INTO attempts (stage, key, input_digest, status, started) VALUES (?, ?, ?, 'started', ?)",
            (stage, key, input_digest, _now()),
        )
        return int(cursor.lastrowid or 0)

    def finish(self, attempt: int, result: Record, *, log: str = "") -> None:
        """Record how an attempt ended and the outcome of its stage, in one step."""
        status, reason, _ = _way_out(result)
        with self.transaction():
            stage, key, digest = self._connection.execute(
                "SELECT stage, key, input_digest FROM attempts WHERE id = ?", (attempt,)
            ).fetchone()
            self._connection.execute(
                "UPDATE attempts SET status = ?, cause = ?, finished = ?, log = ? WHERE id = ?",
                (status, reason, _now(), log, attempt),
            )
            self._set(stage, key, digest, result)

    def _set(self, stage: Stage, key: str, input_digest: str, result: Record) -> None:
        status, reason, retryable = _way_out(result)
        digest = result.digest
        before = self.entry(stage, key)
        if before and (before.status, before.digest) != (status, digest):
            self.forget(key, after=stage)
        self._connection.execute(
            "INSERT OR REPLACE INTO outcomes VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (stage, key, input_digest, status, reason, int(retryable), digest, pack(result)),
        )

    def forget(self, key: str, *, after: Stage) -> None:
        """Drop the outcomes of the stages that follow ``after``."""
        for later in STAGES[STAGES.index(after) + 1 :]:
            self._connection.execute("DELETE FROM outcomes WHERE stage = ? AND key = ?", (later, key))

    def entry(self, stage: Stage, key: str) -> Entry | None:
        """The outcome of a stage for one pull request."""
        return next(self._entries("WHERE o.stage = ? AND o.key = ?", (stage, key)), None)

    def entries(self, stage: Stage | None = None) -> Iterator[Entry]:
        """All outcomes, of one stage or of all, sorted by key."""
        where, values = ("WHERE o.stage = ?", (stage,)) if stage else ("", ())
        return self._entries(f"{where} ORDER BY o.key", values)

    def _entries(self, clause: str, values: tuple[str, ...]) -> Iterator[Entry]:
        query = f"SELECT {_ENTRY} FROM outcomes o JOIN pull_requests USING (key) {clause}"
        for row in self._connection.execute(query, values):
            yield Entry(row[0], row[1], row[2], row[3], row[4], row[5], bool(row[6]), row[7])

    def record(self, stage: Stage, key: str, model: type[R]) -> R | None:
        """The record of a stage's outcome; ``model`` must fit its status."""
        row = self._connection.execute(
            "SELECT record FROM outcomes WHERE stage = ? AND key = ?", (stage, key)
        ).fetchone()
        return unpack(row[0], model) if row else None

    def attempts(self, key: str) -> list[Attempt]:
        """Every try at a pull request, oldest first."""
        return list(self._attempts("WHERE key = ?", (key,)))

    def unfinished(self) -> list[Attempt]:
        """Tries that are running now or were killed, of stages that have no outcome."""
        without = "NOT EXISTS (SELECT 1 FROM outcomes o WHERE o.stage = a.stage AND o.key = a.key)"
        return list(self._attempts(f"WHERE finished IS NULL AND {without}", ()))

    def _attempts(self, where: str, values: tuple[str, ...]) -> Iterator[Attempt]:
        names = "stage, key, input_digest, status, cause, started, finished, log"
        for row in self._connection.execute(f"SELECT {names} FROM attempts a {where} ORDER BY id", values):
            yield Attempt(*row)


def _way_out(result: Record) -> tuple[Status, str, bool]:
    if isinstance(result, Rejection):
        return "rejected", result.reason, False
    if isinstance(result, Failure):
        return "failed", result.cause, result.retryable
    return "ok", "", False


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
