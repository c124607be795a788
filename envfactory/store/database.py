"""Opening the SQLite file: settings, schema, migrations, and records as compressed JSON.

Every statement that changes the schema is in ``MIGRATIONS``; a file's ``user_version`` says how many
of them it has.  WAL mode and short transactions make ``kill -9`` at any moment safe: what was
committed stays, what was not never happened.  This module knows tables, not what they mean.
"""

from __future__ import annotations

import sqlite3
import zlib
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from envfactory.errors import FactoryError, UsageError
from envfactory.records import Record, canonical_json

R = TypeVar("R", bound=Record)

MIGRATIONS = (
    """
    CREATE TABLE pull_requests (
        key TEXT PRIMARY KEY,
        instance_id TEXT NOT NULL,
        repo TEXT NOT NULL,
        source TEXT NOT NULL,
        digest TEXT NOT NULL,
        record BLOB                       -- NULL: the miner itself turned it down
    ) STRICT;
    CREATE INDEX pull_requests_instance ON pull_requests (instance_id);
    CREATE TABLE outcomes (
        stage TEXT NOT NULL CHECK (stage IN ('mine', 'build', 'extract')),
        key TEXT NOT NULL REFERENCES pull_requests (key) ON DELETE CASCADE,
        input_digest TEXT NOT NULL,
        status TEXT NOT NULL CHECK (status IN ('ok', 'rejected', 'failed')),
        reason TEXT NOT NULL DEFAULT '',  -- of a rejection, or the cause of a failure
        retryable INTEGER NOT NULL DEFAULT 0,
        digest TEXT NOT NULL,
        record BLOB NOT NULL,
        PRIMARY KEY (stage, key)          -- one way out per stage, so that the sums add up
    ) STRICT;
    CREATE TABLE attempts (
        id INTEGER PRIMARY KEY,
        stage TEXT NOT NULL,
        key TEXT NOT NULL REFERENCES pull_requests (key) ON DELETE CASCADE,
        input_digest TEXT NOT NULL,
        status TEXT NOT NULL CHECK (status IN ('started', 'ok', 'rejected', 'failed')),
        cause TEXT NOT NULL DEFAULT '',
        started TEXT NOT NULL,
        finished TEXT,                    -- NULL: running, or killed
        log TEXT NOT NULL DEFAULT ''
    ) STRICT;
    CREATE INDEX attempts_key ON attempts (key, stage);
    CREATE TABLE recipes (key TEXT PRIMARY KEY, created TEXT NOT NULL, record BLOB NOT NULL) STRICT;
    CREATE VIEW candidates AS SELECT * FROM outcomes WHERE stage = 'mine' AND status = 'ok';
    CREATE VIEW environments AS SELECT * FROM outcomes WHERE stage = 'build' AND status = 'ok';
    CREATE VIEW tasks AS SELECT * FROM outcomes WHERE stage = 'extract' AND status = 'ok';
    CREATE VIEW rejections AS SELECT stage, key, reason FROM outcomes WHERE status = 'rejected';
    CREATE VIEW failures AS SELECT stage, key, reason AS cause, retryable FROM outcomes
        WHERE status = 'failed';
    """,
)


def connect(path: Path, *, read_only: bool = False, any_thread: bool = False) -> sqlite3.Connection:
    """An open database with the present schema.  Raises ``UsageError`` when it cannot be used.

    ``read_only`` never creates the file nor migrates it.  ``any_thread``: the caller has a lock.
    """
    mode = _read_only_mode(path) if read_only else "mode=rwc"
    try:
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?{mode}",
            uri=True,
            timeout=60,
            isolation_level=None,
            check_same_thread=not any_thread,
        )
        try:
            _prepare(connection, path, read_only)
        except BaseException:
            connection.close()
            raise
    except sqlite3.Error as error:
        raise UsageError(
            f"cannot use the database {path}: {error}",
            hint="move the workspace aside, or name another one with -w/--workspace",
        ) from error
    return connection


def _read_only_mode(path: Path) -> str:
    """Reading a WAL file that nobody has open would leave two empty files behind, unless it is immutable."""
    in_use = path.with_name(f"{path.name}-wal").exists()
    return "mode=ro" if in_use else "mode=ro&immutable=1"


def _prepare(connection: sqlite3.Connection, path: Path, read_only: bool) -> None:
    connection.execute("PRAGMA foreign_keys = ON")
    if not read_only:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if version > len(MIGRATIONS):
        raise UsageError(
            f"{path} was written by a newer envfactory", hint="upgrade: pip install -U swe-envfactory"
        )
    if version == len(MIGRATIONS):
        return
    if read_only:
        raise UsageError(
            f"{path} was written by an older envfactory", hint="`envfactory run` brings it up to date"
        )
    migrate(connection)


def migrate(connection: sqlite3.Connection) -> None:
    """Apply what is missing, all of it or nothing; two processes may try at once."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        version = int(connection.execute("PRAGMA user_version").fetchone()[0])
        for script in MIGRATIONS[version:]:
            for statement in filter(str.strip, script.split(";")):
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def pack(record: Record) -> bytes:
    """Compressed JSON of all fields, measured ones included."""
    return zlib.compress(canonical_json(record.model_dump(mode="json")), 6)


def unpack(blob: bytes, model: type[R]) -> R:
    """The record again.  Raises ``FactoryError`` when this version cannot read it."""
    try:
        return model.model_validate_json(zlib.decompress(blob))
    except (ValidationError, zlib.error) as error:
        raise FactoryError(
            f"a stored {model.__name__} cannot be read by this version: {error}",
            hint="repeat its stage with `envfactory run --redo mine`",
        ) from error
