"""What was handed out, to whom: the list from which a build's lock is checked and the build replayed.

Kept in memory for the life of the process; each build has its own token.  ``write`` and ``read`` keep
it as JSON lines, one object per file.  A list that cannot be read whole is refused, never cut.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

from pydantic import ValidationError

from envfactory.errors import StageError, UsageError
from envfactory.timemachine.facts import File, LedgerEntry
from envfactory.workspace import write_atomic


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


def write(path: Path, entries: Iterable[LedgerEntry]) -> None:
    """One line of JSON per entry, in the order given; the file appears whole or not at all."""
    write_atomic(path, "".join(f"{entry.model_dump_json()}\n" for entry in entries))


def read(path: Path) -> list[LedgerEntry]:
    """The entries of a file that ``write`` made.  ``UsageError`` names the first line that is none."""
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as error:
        raise UsageError(f"cannot read the ledger {path}: {error.strerror}") from error
    found = []
    for number, line in enumerate(lines[:-1] if not lines[-1] else lines, 1):
        try:
            found.append(LedgerEntry.model_validate_json(line))
        except ValidationError as error:
            problem = error.errors()[0]
            place = ".".join(str(part) for part in problem["loc"])
            raise UsageError(f"{path}:{number}: not a ledger entry: {place} {problem['msg']}") from None
    return found


def contradictions(entries: Iterable[LedgerEntry]) -> list[str]:
    """What cannot be true of one honest index: two contents of a file, or a date after the cut-off."""
    contents: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    found = []
    for entry in entries:
        contents[entry.ecosystem, entry.name, entry.filename].add(entry.sha256)
        if entry.rule == "dated" and (entry.upload_time is None or entry.upload_time > entry.cutoff):
            found.append(f"{entry.filename}: uploaded {entry.upload_time}, served as of {entry.cutoff}")
    for (_, _, filename), sums in contents.items():
        if len(sums) > 1:
            found.append(f"{filename}: {len(sums)} contents under one name")
    return found


class Replay:
    """The view that shows what a ledger lists and nothing else, whatever the date asked for."""

    def __init__(self, entries: Iterable[LedgerEntry]) -> None:
        self._entries: dict[tuple[str, str], dict[tuple[str, str], LedgerEntry]] = defaultdict(dict)
        for entry in entries:
            self._entries[entry.ecosystem, entry.name][entry.filename, entry.sha256] = entry

    def entries(self, ecosystem: str, name: str) -> Mapping[str, LedgerEntry]:
        """File name -> entry of one project."""
        listed = self._entries.get((ecosystem, name), {})
        return {filename: entry for (filename, _), entry in listed.items()}

    def files(self, ecosystem: str, name: str, known: Iterable[File]) -> list[File]:
        """The listed files; what the index still knows of them, else what the ledger does."""
        alive = {(file.filename, file.sha256): file for file in known}
        listed = self._entries.get((ecosystem, name), {})
        return [alive.get(key) or _remembered(entry) for key, entry in listed.items()]

    def lists(self, ecosystem: str, name: str, filename: str) -> bool:
        """Whether a file of that name was handed out."""
        return filename in self.entries(ecosystem, name)

    def verify(self, ecosystem: str, name: str, filename: str, sha256: str) -> None:
        """Raise ``StageError`` unless a file of that name and content is listed."""
        if (filename, sha256) not in self._entries.get((ecosystem, name), {}):
            raise StageError(f"{filename}: other bytes than the ledger lists", cause="index_hash_mismatch")


def _remembered(entry: LedgerEntry) -> File:
    return File(entry.name, entry.version, entry.filename, "", entry.sha256, entry.upload_time)
