"""Pages and files of the upstream on disk, shared by threads and processes.

Everything is written under another name and renamed; a file lies under its announced hash, checked
while it is written.  Never deletes anything.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
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

    def holds(self, cutoff: float) -> bool:
        """Whether nothing of before ``cutoff`` can be missing; ``inf`` asks for whatever is known."""
        return math.isinf(cutoff) or cutoff < self.fetched + DAY


class Cache:
    """One folder: ``pages/``, ``files/`` and the locks of both."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def page(
        self, project: str, cutoff: float, fetch: Callable[[str], Answer] | None, *, volatile: bool = False
    ) -> Page | None:
        """The page, from disk when fresh (never when ``volatile``); ``None`` when unknown and offline.

        Offline is where ``fetch`` is ``None``.  When the upstream does not answer, a page will do that
        was fetched after ``cutoff`` (``inf``: the newest there is); an older one is an error.
        """
        path = self.root / "pages" / _shard(project) / project
        known = _read(path)
        if fetch is None:
            return _sufficient(known, project, cutoff)
        if known and not volatile and known.fresh(cutoff, time.time()):
            return known
        with self.locked(f"page-{project}"):
            known = _read(path)
            if known and not volatile and known.fresh(cutoff, time.time()):
                return known
            try:
                answer = fetch(known.etag if known and known.status == 200 else "")
            except StageError:
                if known is None or not known.holds(cutoff):
                    raise
                return known
            page = _merged(known, answer)
            _write(path, page)
            return page

    def file(self, place: str, filename: str) -> Path:
        """Where that file is, or will be; ``place`` is the hex digits of its announced hash."""
        return self.root / "files" / place[:2] / place / filename

    def store(self, path: Path, announced: tuple[str, str], chunks: Iterator[bytes]) -> Iterator[bytes]:
        """Pass ``chunks`` on while writing them to ``path``, which appears only if the hash is right.

        ``announced`` is algorithm and hex digits, both empty when there is nothing to compare with.  The
        last chunk is held back until then, so that nobody ends up with a whole wrong file.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        algorithm, expected = announced
        digest, held = hashlib.new(algorithm or "sha256"), b""
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".", suffix=".incomplete") as target:
            for chunk in chunks:
                digest.update(chunk)
                target.write(chunk)
                if held:
                    yield held
                held = chunk
            target.flush()
            if expected and digest.hexdigest() != expected:
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


def _sufficient(known: Page | None, project: str, cutoff: float) -> Page | None:
    if known is None or known.status != 200 or known.holds(cutoff):
        return known
    fetched, wanted = (datetime.fromtimestamp(moment, UTC) for moment in (known.fetched, cutoff))
    raise StageError(
        f"{project}: offline, and its page in the cache is of {fetched:%Y-%m-%d}: "
        f"what was uploaded until {wanted:%Y-%m-%d} is not known",
        cause="index_offline",
        hint="work online once, or with a date before that of the page",
    )


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
