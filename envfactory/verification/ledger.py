"""The ledger of one verification: JSON lines, dated, complete only when its digest stands beside it.

    verification/2026-01-31T120000Z.jsonl.incomplete   while it is being written; continued by the next run
    verification/2026-01-31T120000Z.jsonl              finished
    verification/2026-01-31T120000Z.jsonl.sha256       its digest, as ``sha256sum -c`` reads it

The first line says what was verified with what.  A ledger that was begun for another dataset, other
checks or another grader is left alone.
"""

from __future__ import annotations

import fcntl
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import IO, Any, cast

from envfactory.records import canonical_json
from envfactory.verification.checks import Entry

GRADER = ("grader", "trials", "trials/collectors")
INCOMPLETE = ".incomplete"


class Ledger:
    """One verification's entries; ``with`` opens the file, ``finish`` closes and signs it."""

    def __init__(self, folder: Path, header: Mapping[str, Any]) -> None:
        self.folder = folder
        self.entries: list[Entry] = []
        self._header = {**header, "grader": grader_digest()}
        self._file: IO[bytes] | None = None
        self.path = folder / f"{datetime.now(UTC):%Y-%m-%dT%H%M%SZ}.jsonl"

    def __enter__(self) -> Ledger:
        self.folder.mkdir(parents=True, exist_ok=True)
        if not self._continues():
            first, number = self.path.stem, 1
            while self.path.exists() or not self._takes("xb"):
                number += 1
                self.path = self.folder / f"{first}-{number}.jsonl"
            self._write(self._header)
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    @property
    def _incomplete(self) -> Path:
        return self.path.with_name(self.path.name + INCOMPLETE)

    @property
    def done(self) -> frozenset[tuple[str, str, int, str]]:
        """Keys of the checks that have a verdict already; those without one are checked again."""
        return frozenset(
            (entry.task_digest, entry.check, entry.run, entry.patch_digest)
            for entry in self.entries
            if entry.fault is None
        )

    def add(self, entry: Entry) -> None:
        """Write one entry, at once; it takes the place of an earlier one of the same check."""
        key = (entry.task_digest, entry.check, entry.run)
        self.entries = [old for old in self.entries if (old.task_digest, old.check, old.run) != key]
        self.entries.append(entry)
        self._write(entry.model_dump(mode="json"))

    def finish(self) -> Path:
        """Sign the ledger and give it its name; returns its path."""
        self.__exit__()
        digest = hashlib.sha256(self._incomplete.read_bytes()).hexdigest()
        signature = self.path.with_name(self.path.name + ".sha256")
        signature.write_text(f"{digest}  {self.path.name}\n", encoding="ascii")
        return self._incomplete.rename(self.path)

    def _continues(self) -> bool:
        """Take over the newest unfinished ledger of the same verification that no other process writes."""
        for path in sorted(self.folder.glob(f"*.jsonl{INCOMPLETE}"), reverse=True):
            lines = path.read_bytes().split(b"\n")
            if lines[0] != canonical_json(self._header):
                continue
            self.path = path.with_suffix("")
            if self._takes("r+b") and self._file is not None:
                self.entries = _latest(lines[1:-1])
                self._file.seek(-len(lines[-1]), 2)  # a line that was cut
                self._file.truncate()
                return True
        return False

    def _takes(self, mode: str) -> bool:
        """Open the file for this process alone; whether that could be done."""
        try:
            self._file = cast("IO[bytes]", self._incomplete.open(mode))
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except FileExistsError:
            return False
        except BlockingIOError:
            self.__exit__()
            return False
        return True

    def _write(self, data: Mapping[str, Any]) -> None:
        if self._file is None:
            raise ValueError("the ledger is closed")
        self._file.write(canonical_json(data) + b"\n")
        self._file.flush()


def _latest(lines: Sequence[bytes]) -> list[Entry]:
    """Entries of a ledger; of several of one check the last."""
    entries = map(Entry.model_validate_json, lines)
    return list({(entry.task_digest, entry.check, entry.run): entry for entry in entries}.values())


@cache
def grader_digest() -> str:
    """sha256 of the code that judges: verdicts of another grader are not taken over."""
    root, digest = files("envfactory"), hashlib.sha256()
    for folder in GRADER:
        for entry in sorted(root.joinpath(folder).iterdir(), key=lambda entry: entry.name):
            if entry.name.endswith(".py"):
                digest.update(_framed(entry.name.encode(), entry.read_bytes()))
    return digest.hexdigest()


def _framed(*parts: bytes) -> bytes:
    return b"".join(len(part).to_bytes(8, "big") + part for part in parts)


def finished(folder: Path) -> Iterator[Path]:
    """Finished ledgers whose digest is right, oldest first."""
    for path in sorted(folder.glob("*.jsonl")):
        signature = path.with_name(path.name + ".sha256")
        if signature.is_file():
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            if signature.read_text(encoding="ascii").split()[:1] == [digest]:
                yield path
