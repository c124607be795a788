"""Where an episode runs and what it may use; plain values that ``Task.start`` and the pool fill in."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from envfactory.records import Limits

if TYPE_CHECKING:
    from envfactory.engine import Container, Engine
    from envfactory.trainer.snapshot import Snapshot
    from envfactory.trainer.trajectory import Trajectory


@dataclass(frozen=True)
class Setting:
    """All optional; the defaults are one episode by itself, with the task's own limits and no end."""

    engine: Engine | None = None
    """``None``: the episode connects by itself."""
    limits: Limits | None = None
    """Instead of the task's."""
    seconds: float | None = None
    """Wall-clock seconds after which the episode is over; ``None``: never."""
    snapshot: Snapshot | None = None
    """Begin from it instead of from the task's image."""
    trajectory: str | Path | None = None
    """File that events are appended to."""
    container: Container | None = None
    """Started already, of the right image; the episode closes it."""
    starting: AbstractContextManager[object] = field(default_factory=nullcontext)
    """Held while a container starts."""
    grading: AbstractContextManager[object] = field(default_factory=nullcontext)
    """Held while a patch is judged."""
    on_close: Callable[[], None] = lambda: None
    """Called once, when the episode is over."""

    def end(self, container: Container | None, engine: Engine, trajectory: Trajectory) -> None:
        """What the end of an episode consists of."""
        try:
            if container is not None:
                container.close()
            trajectory.close()
            if self.engine is None:
                engine.close()
        finally:
            self.on_close()


def semaphore(count: int) -> threading.BoundedSemaphore:
    """At most ``count`` at a time; a value for ``starting`` and ``grading``."""
    return threading.BoundedSemaphore(count)


def once(call: Callable[[], None]) -> Callable[[], None]:
    """``call``, but only the first time."""
    lock = threading.Lock()

    def first() -> None:
        if lock.acquire(blocking=False):
            call()

    return first
