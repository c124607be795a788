"""How long an episode has taken, by three clocks; see ``records.Completion``.

Time in which work is being graded belongs to none of them.  Never starts or ends anything.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from envfactory.errors import StageError
from envfactory.records import Completion

if TYPE_CHECKING:
    from envfactory.engine import Container


class EpisodeClock:
    """Runs from when it is made; usable by several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = time.monotonic()
        self._active = self._paused = 0
        self._episode = self._environment = 0.0
        self._before: float | None = 0.0
        """Processor seconds of containers that the episode has left; ``None`` once one was not told."""

    @contextmanager
    def working(self) -> Iterator[None]:
        """The container is at work; calls at the same time count once."""
        self._move(active=1)
        try:
            yield
        finally:
            self._move(active=-1)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Nothing counts."""
        self._move(paused=1)
        try:
            yield
        finally:
            self._move(paused=-1)

    def leave(self, container: Container) -> None:
        """The episode goes on in another container: keep what this one has used."""
        used = _cpu(container)
        self._before = None if used is None or self._before is None else self._before + used

    def read(self, container: Container) -> Completion:
        """All clocks now; ``container`` is the one that the episode is in."""
        self._move()
        used = _cpu(container)
        cpu = None if used is None or self._before is None else round(self._before + used, 4)
        return Completion(episode=round(self._episode, 4), environment=round(self._environment, 4), cpu=cpu)

    def _move(self, *, active: int = 0, paused: int = 0) -> None:
        with self._lock:
            now = time.monotonic()
            passed, self._last = now - self._last, now
            if not self._paused:
                self._episode += passed
                self._environment += passed if self._active else 0.0
            self._active += active
            self._paused += paused


def _cpu(container: Container) -> float | None:
    """``None`` if the container has ended or nobody can be asked: it must not keep work from being judged."""
    try:
        state = container.stats()
    except StageError:
        return None
    return state.cpu_seconds if state.running else None
