"""What every ecosystem works with: cache, ledger, upstream setting, and files handed out from them.

A file leaves this room whole only after its announced hash was verified and, when a ledger is
replayed, the ledger's.  Knows no ecosystem's addresses.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from envfactory.errors import StageError
from envfactory.timemachine.cache import CHUNK, Cache
from envfactory.timemachine.facts import File, LedgerEntry, Rule
from envfactory.timemachine.ledger import Ledger, Replay
from envfactory.timemachine.protocol import View
from envfactory.timemachine.upstream import Upstream


@dataclass(frozen=True)
class Stock:
    """What one ecosystem is opened with."""

    ecosystem: str
    cache: Cache
    ledger: Ledger = field(default_factory=Ledger)
    offline: bool = False
    upstream: str = ""
    """Instead of what the clients of this machine are configured for; its form is the ecosystem's."""
    replay: Replay | None = None

    def content(self, file: File, upstream: Upstream | None) -> Iterator[bytes]:
        """A file's bytes, from the cache or through it; ``upstream`` is ``None`` when offline."""
        path = self.path(file)
        if not path.exists():
            with self.cache.locked(f"file-{file.place}"):
                if not path.exists():
                    yield from self._fetched(file, path, upstream)
                    return
        with path.open("rb") as source:
            while chunk := source.read(CHUNK):
                yield chunk

    def kept(self, file: File, upstream: Upstream | None) -> Path:
        """The file in the cache, fetched whole if it was not there."""
        for _ in self.content(file, upstream):
            pass
        return self.path(file)

    def path(self, file: File) -> Path:
        """Where the cache has that file, or will."""
        return self.cache.file(file.place, file.filename)

    def served(self, file: File, upstream: Upstream | None, view: View, rule: Rule) -> Iterator[bytes]:
        """The file, noted in the ledger just before its last piece goes out."""
        held: bytes | None = None
        digest = hashlib.sha256()
        for piece in self.content(file, upstream):
            digest.update(piece)
            if held is not None:
                yield held
            held = piece
        if self.replay:
            self.replay.verify(self.ecosystem, file.project, file.filename, digest.hexdigest())
        self.ledger.add(
            LedgerEntry(
                ecosystem=self.ecosystem,
                name=file.project,
                version=file.version,
                filename=file.filename,
                sha256=digest.hexdigest(),
                upload_time=file.upload_time,
                cutoff=view.cutoff,
                token=view.token,
                rule=rule,
            )
        )
        yield held or b""

    def _fetched(self, file: File, path: Path, upstream: Upstream | None) -> Iterator[bytes]:
        if upstream is None or not file.url:
            gone = "no longer upstream" if upstream else "we are offline"
            raise StageError(
                f"{file.filename} is not in the cache, and {gone}",
                cause="index_offline",
                hint="work online once",
            )
        with upstream.download(file.url) as response:
            yield from self.cache.store(path, file.announced, response.iter_content(CHUNK))
