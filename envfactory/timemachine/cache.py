"""Pages and files of the upstream on disk, shared by threads and processes.

Everything is written under another name and renamed; a file's name is its sha256, checked while it
is written.  Never deletes anything.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from envfactory.errors import StageError
from envfactory.timemachine.upstream import Answer

DAY = 86_400.0
DATED_PAGE_SECONDS = 30 * DAY
"""A page fetched after the cut-off already holds all that can be shown of it."""
CHUNK = 1 << 18


@dataclass(frozen=True)
class Page:
    """A project's page as the upstream gave it; ``status`` is 200 or 404."""

    status: int
    body: bytes
    etag: str
    url: str
    fetched: float

    def fresh(self, cutoff: float, now: float) -> bool:
        """Whether it need not be asked for again to show the world as of ``cutoff``."""
        age = now - self.fetched
        return age < DAY or (self.status == 200 and cutoff < self.fetched - DAY and age < DATED_PAGE_SECONDS)


class Cache:
    """One folder: ``pages/``, ``files/`` and the locks of both."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def page(
        self, project: str, cutoff: float, fetch: Callable[[str], Answer], *, offline: bool
    ) -> Page | None:
        """The page, from disk when fresh; ``None`` when offline and unknown.

        A stale page is better than none when the upstream does not answer.
        """
        path = self.root / "pages" / _shard(project) / project
        known = _read(path)
        if offline or (known and known.fresh(cutoff, time.time())):
            return known
        with self.locked(f"page-{project}"):
            known = _read(path)
            if known and known.fresh(cutoff, time.time()):
                return known
            try:
                answer = fetch(known.etag if known and known.status == 200 else "")
            except StageError:
                if known is None:
                    raise
                return known
            page = _merged(known, answer)
            _write(path, page)
            return page

    def file(self, sha256: str, filename: str) -> Path:
        """Where that file is, or will be."""
        return self.root / "files" / sha256[:2] / sha256 / filename

    def store(self, path: Path, sha256: str, chunks: Iterator[bytes]) -> Iterator[bytes]:
        """Pass ``chunks`` on while writing them to ``path``, which appears only if the hash is right.

        The last chunk is held back until then, so that nobody ends up with a whole wrong file.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        digest, held = hashlib.sha256(), b""
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".", suffix=".incomplete") as target:
            for chunk in chunks:
                digest.update(chunk)
                target.write(chunk)
                if held:
                    yield held
                held = chunk
            target.flush()
            if sha256 and digest.hexdigest() != sha256:
                raise StageError(
                    f"{path.name}: the index sent other bytes than it announced",
                    cause="index_hash_mismatch",
                    retryable=True,
                )
            Path(target.name).chmod(0o644)
            with suppress(FileExistsError):
                os.link(target.name, path)
        yield held

    @contextmanager
    def locked(self, name: str) -> Iterator[None]:
        """One thread of one process at a time for each name."""
        folder = self.root / "locks"
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / hashlib.sha256(name.encode()).hexdigest()[:32]):
            yield


def _shard(project: str) -> str:
    return hashlib.sha256(project.encode()).hexdigest()[:2]


def _merged(known: Page | None, answer: Answer) -> Page:
    if answer.status == 304 and known:
        return Page(known.status, known.body, known.etag, known.url, time.time())
    if answer.status in (404, 410):
        return Page(404, b"", "", answer.url, time.time())
    if answer.status != 200:
        raise StageError(f"{answer.url}: HTTP {answer.status}", cause="index_refused")
    return Page(200, answer.body, answer.etag, answer.url, time.time())


def _read(path: Path) -> Page | None:
    try:
        head, _, body = path.read_bytes().partition(b"\n")
        about = json.loads(head)
        return Page(about["status"], body, about["etag"], about["url"], about["fetched"])
    except (OSError, ValueError, KeyError):
        return None


def _write(path: Path, page: Page) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    about = {"status": page.status, "etag": page.etag, "url": page.url, "fetched": page.fetched}
    with tempfile.NamedTemporaryFile(
        dir=path.parent, prefix=".", suffix=".incomplete", delete=False
    ) as target:
        target.write(json.dumps(about).encode() + b"\n" + page.body)
    Path(target.name).replace(path)
