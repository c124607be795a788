"""Which images running work needs: told by locks that end with the stage, or with its process.

Every image that a stage names is held in common until the stage ends; who wants to remove one must
have it alone.  Seen by all threads, and by all processes with the same cache directory.  Knows names
of images, and asks no engine.
"""

from __future__ import annotations

import fcntl
import os
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FILES = 256
"""Names share so many lock files: a collision only makes an image look used that is not."""


class Uses:
    """The locks of one cache directory."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._local = threading.local()

    @contextmanager
    def stage(self) -> Iterator[None]:
        """What this thread names inside is in use until the end of the block."""
        outer, self._local.held = self._held(), {}
        try:
            yield
        finally:
            for handle in self._local.held.values():
                os.close(handle)
            self._local.held = outer

    def note(self, name: str) -> None:
        """The running stage needs this image; nothing happens outside a stage.

        Waits while somebody removes it, so that looking it up afterwards tells the truth.
        """
        held = self._held()
        path = self._path(name)
        if held is None or path in held:
            return
        handle = self._open(path)
        fcntl.flock(handle, fcntl.LOCK_SH)
        held[path] = handle

    @contextmanager
    def alone(self, name: str) -> Iterator[bool]:
        """True inside if nobody uses this image; nobody can begin to until the end of the block."""
        handle = self._open(self._path(name))
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
            else:
                yield True
        finally:
            os.close(handle)

    def _held(self) -> dict[Path, int] | None:
        held: dict[Path, int] | None = getattr(self._local, "held", None)
        return held

    def _path(self, name: str) -> Path:
        return self._folder / f"{zlib.crc32(name.encode()) % FILES:02x}.use"

    def _open(self, path: Path) -> int:
        self._folder.mkdir(parents=True, exist_ok=True)
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
