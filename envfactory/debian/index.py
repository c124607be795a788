"""The files and packages of a system's archives in one SQLite file, made once and then only read.

Made under another name and renamed, so that a file which is there is whole; its name is the digest of
what it was made from.  Knows rows, not which of them anybody means.
"""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from envfactory.debian.contents import open_compressed, parse_contents
from envfactory.debian.packages import Package, Reader, stem
from envfactory.errors import StageError

LAYOUT = 1
"""Of the tables and of what is kept in them; part of the file's name."""
_TABLES = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA cache_size = -65536;
CREATE TABLE files (
    name TEXT NOT NULL, directory TEXT NOT NULL, package TEXT NOT NULL,
    PRIMARY KEY (name, directory, package)
) STRICT, WITHOUT ROWID;
CREATE TABLE packages (
    name TEXT PRIMARY KEY, stem TEXT NOT NULL, section TEXT NOT NULL, source TEXT NOT NULL,
    users INTEGER NOT NULL DEFAULT 0,     -- packages that depend on it
    standard INTEGER NOT NULL DEFAULT 0   -- its unversioned name stands for it
) STRICT, WITHOUT ROWID;
CREATE TABLE provided (
    name TEXT NOT NULL, package TEXT NOT NULL, PRIMARY KEY (name, package)
) STRICT, WITHOUT ROWID;
"""
_CANDIDATES = """
SELECT f.directory, f.package, coalesce(p.section, ''), coalesce(p.source, f.package),
    coalesce(p.users, 0), coalesce(p.standard, 0)
FROM files f LEFT JOIN packages p ON p.name = f.package WHERE f.name = ?
"""


class Candidate(NamedTuple):
    """A path and a package that brings it."""

    directory: str
    package: str
    section: str
    source: str
    users: int
    """Packages of the archive that depend on it."""
    standard: int = 0
    """1: of several versions the one that Debian's unversioned package stands for."""


@dataclass(frozen=True)
class Part:
    """A downloaded file and its path in the release, which says what it is."""

    file: Path
    path: str


def build(target: Path, parts: Iterable[Part]) -> None:
    """Write the index of ``parts`` to ``target``.  Raises ``StageError`` when a part is no such file."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".", suffix=".incomplete", dir=target.parent) as folder:
        made = Path(folder) / target.name
        try:
            with closing(sqlite3.connect(made)) as connection:
                connection.executescript(_TABLES)
                reader = Reader()
                for part in parts:
                    _add(connection, part, reader)
                connection.executemany(
                    "UPDATE packages SET users = ? WHERE name = ?",
                    ((count, name) for name, count in reader.users.items()),
                )
                connection.executemany(
                    "UPDATE packages SET standard = 1 WHERE name = ?",
                    ((name,) for name in sorted(reader.defaults)),
                )
                connection.execute("CREATE INDEX packages_stem ON packages (stem)")
                connection.commit()
        except (sqlite3.Error, OSError, EOFError) as error:
            raise StageError(
                f"cannot make the index of Debian's files: {error}", cause="archive_index_failed"
            ) from error
        made.replace(target)


def _add(connection: sqlite3.Connection, part: Part, reader: Reader) -> None:
    with open_compressed(part.file, part.path) as lines:
        if part.path.rpartition("/")[2].startswith("Contents-"):
            connection.executemany("INSERT OR IGNORE INTO files VALUES (?, ?, ?)", parse_contents(lines))
        else:
            for package in reader.read(lines):
                _add_package(connection, package)


def _add_package(connection: sqlite3.Connection, package: Package) -> None:
    connection.execute(
        "INSERT OR IGNORE INTO packages (name, stem, section, source) VALUES (?, ?, ?, ?)",
        (package.name, stem(package.name), package.section, package.source),
    )
    connection.executemany(
        "INSERT OR IGNORE INTO provided VALUES (?, ?)", ((name, package.name) for name in package.provides)
    )


class Index:
    """An index that is there; asked by any number of threads."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def candidates(self, name: str) -> list[Candidate]:
        """Every path that ends in the file name ``name``, with each package that brings it."""
        with self._open() as connection:
            return [Candidate(*row) for row in connection.execute(_CANDIDATES, (name,))]

    def exists(self, package: str) -> bool:
        """Whether there is a package of that name to install; a virtual one is none."""
        return bool(self._names("SELECT name FROM packages WHERE name = ?", package))

    def providers(self, virtual: str) -> list[str]:
        """Packages that provide ``virtual``, by name."""
        return self._names("SELECT package FROM provided WHERE name = ? ORDER BY package", virtual)

    def namesakes(self, package: str) -> list[str]:
        """Packages whose names differ from ``package`` in version numbers only, by name."""
        return self._names("SELECT name FROM packages WHERE stem = ? ORDER BY name", stem(package))

    def _names(self, query: str, value: str) -> list[str]:
        with self._open() as connection:
            return [row[0] for row in connection.execute(query, (value,))]

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(
                sqlite3.connect(f"{self.path.as_uri()}?mode=ro&immutable=1", uri=True)
            ) as connection:
                yield connection
        except sqlite3.Error as error:
            raise StageError(
                f"cannot read the index of Debian's files: {error}",
                cause="archive_index_broken",
                hint=f"remove {self.path}",
            ) from error
