"""Watches what a container writes: overlay2 has no quota of its own on most file systems.

Asking the engine for a container's size walks its files, so that is done only when the free space
of the engine's disk has fallen enough to matter (or, rarely, when time has passed).  One file alone
is bounded exactly by ``ulimit fsize``; this guard bounds the sum.  Never kills; says when to.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from envfactory.engine import wire

if TYPE_CHECKING:
    from docker import APIClient

LOOK_EVERY = 0.5
ASK_AT_LEAST_EVERY = 60.0
ASK_REMOTE_EVERY = 5.0
ASKING_SHARE = 20.0
"""At most a twentieth of the time goes into asking for sizes."""


def free_bytes(root: str) -> int | None:
    """Bytes free at ``root`` for anybody; ``None`` when it is not on this machine."""
    try:
        found = os.statvfs(root)
    except OSError:
        return None
    return found.f_bavail * found.f_frsize


class DiskGuard:
    """The writable layer of one container against its limit."""

    def __init__(self, api: APIClient, container: str, limit: int, root: str) -> None:
        self._api, self._container, self._limit, self._root = api, container, limit, root
        self._written = 0
        self._free = self._look()
        self._asked = self._looked = time.monotonic()
        self._pause = 0.0

    def exceeded(self) -> bool:
        """Whether the container wrote more than its limit; cheap, to be called often."""
        now = time.monotonic()
        if now - self._looked < LOOK_EVERY:
            return False
        self._looked = now
        if now - self._asked < self._pause or not self._worth_asking(now):
            return False
        self._written = wire.written_bytes(self._api, self._container)
        self._free, self._asked = self._look(), time.monotonic()
        self._pause = (self._asked - now) * ASKING_SHARE
        return self._written > self._limit

    def _worth_asking(self, now: float) -> bool:
        waited = now - self._asked
        free = self._look()
        if free is None or self._free is None:
            return waited >= ASK_REMOTE_EVERY
        lost = self._free - free
        return lost * 2 > self._limit - self._written or waited >= ASK_AT_LEAST_EVERY

    def _look(self) -> int | None:
        return free_bytes(self._root) if self._root else None


def free_or_unknown(root: str) -> int:
    """Like :func:`free_bytes`, with ``sys.maxsize`` for a disk of another machine."""
    free = free_bytes(root) if root and Path(root).exists() else None
    return sys.maxsize if free is None else free
