"""A request to end work that another thread is doing: set once, seen by all who were told of it.

Only asks; whoever does the work decides how it ends.
"""

from __future__ import annotations

import threading
from collections.abc import Callable


class Stop:
    """Pass it to a call that may take long; ``set()`` from any thread makes the call end early."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._set = False
        self._callbacks: list[Callable[[], None]] = []

    def is_set(self) -> bool:
        """Whether the work is to end."""
        return self._set

    def set(self) -> None:
        """Ask for the end; callbacks run in this thread.  Setting it twice is fine."""
        with self._lock:
            callbacks, self._callbacks, self._set = self._callbacks, [], True
        for callback in callbacks:
            callback()

    def on_set(self, callback: Callable[[], None]) -> None:
        """Call ``callback`` when it is set; at once if it is set already."""
        with self._lock:
            if not self._set:
                self._callbacks.append(callback)
                return
        callback()
