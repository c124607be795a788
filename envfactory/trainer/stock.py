"""Containers that are started before anybody asks for them.

Which ones: those of requests that wait for their turn, then those of the tasks that are expected, in
order; never more than ``warm`` at a time.  One that is no longer wanted makes room for one that is.  Only
starts and ends containers; who gets them is the pool's business.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterable
from itertools import islice
from typing import TYPE_CHECKING

from envfactory.errors import FactoryError

if TYPE_CHECKING:
    from envfactory.engine import Container

FILLERS = 2
"""Threads that start containers ahead; starting is work of the engine, which gains little from more."""
PATIENCE = 5.0
"""Seconds to wait after a container could not be started."""

log = logging.getLogger(__name__)


class Stock:
    """At most ``warm`` containers, made by ``start(instance_id)``."""

    def __init__(self, start: Callable[[str], Container], warm: int) -> None:
        self._start = start
        self._warm = warm
        self._change = threading.Condition()
        self._coming: list[str] = []
        self._expected: deque[str] = deque()
        self._ready: list[tuple[str, Container]] = []
        self._starting: Counter[str] = Counter()
        self._closed = False
        fill = range(min(FILLERS, warm))
        self._threads = [threading.Thread(target=self._fill, daemon=True) for _ in fill]
        for thread in self._threads:
            thread.start()

    def expect(self, ids: Iterable[str]) -> None:
        """These tasks will be asked for next, in this order; an id as often as it will be asked for."""
        with self._change:
            self._expected = deque(ids)
            self._change.notify_all()

    def announce(self, instance_id: str) -> None:
        """Somebody has asked for this task; ``take`` or ``forget`` follows."""
        with self._change:
            self._coming.append(instance_id)
            self._change.notify_all()

    def take(self, instance_id: str) -> Container | None:
        """A running container of that task, now the caller's; ``None`` if none is ready."""
        with self._change:
            self._coming.remove(instance_id)
            if instance_id in self._expected:
                self._expected.remove(instance_id)
            self._change.notify_all()
            for index, (name, container) in enumerate(self._ready):
                if name == instance_id:
                    del self._ready[index]
                    return container
        return None

    def forget(self, instance_id: str) -> None:
        """Who asked for this task does not want it any more."""
        with self._change:
            self._coming.remove(instance_id)
            self._change.notify_all()

    def ready(self) -> int:
        """How many containers wait."""
        with self._change:
            return len(self._ready)

    def close(self) -> None:
        """Remove all of them; returns when no container is being started any more."""
        with self._change:
            self._closed = True
            rest, self._ready = self._ready, []
            self._change.notify_all()
        for _, container in rest:
            container.close()
        for thread in self._threads:
            thread.join()

    def _wanted(self) -> list[str]:
        # Whoever came first waits the least from now on; those far behind need nothing yet.
        return [*islice(self._coming, self._warm), *islice(self._expected, self._warm)][: self._warm]

    def _lacking(self) -> str | None:
        """The first task that is wanted and neither ready nor being started."""
        there = Counter(name for name, _ in self._ready) + self._starting
        for name in self._wanted():
            if there[name] <= 0:
                return name
            there[name] -= 1
        return None

    def _surplus(self) -> Container | None:
        """The oldest container that nobody wants, if there is no room for another one."""
        if len(self._ready) + sum(self._starting.values()) < self._warm:
            return None
        wanted = Counter(self._wanted())
        for index, (name, container) in enumerate(self._ready):
            if wanted[name] <= 0:
                del self._ready[index]
                return container
            wanted[name] -= 1
        return None

    def _next(self) -> tuple[str, Container | None] | None:
        """What to start, and what to end for it; waits for it.  ``None`` at the end."""
        with self._change:
            while not self._closed:
                name = self._lacking()
                if name is not None:
                    surplus = self._surplus()
                    if len(self._ready) + sum(self._starting.values()) < self._warm:
                        self._starting[name] += 1
                        return name, surplus
                self._change.wait()
        return None

    def _fill(self) -> None:
        while (found := self._next()) is not None:
            name, surplus = found
            if surplus is not None:
                surplus.close()
            self._put(name, self._made(name))

    def _made(self, name: str) -> Container | None:
        try:
            return self._start(name)
        except FactoryError as error:
            # The episode that needs it will say so; here it is only a chance that was missed.
            log.warning("cannot start a container of %s ahead: %s", name, error)
            with self._change:
                self._change.wait_for(lambda: self._closed, PATIENCE)
        return None

    def _put(self, name: str, container: Container | None) -> None:
        with self._change:
            self._starting[name] -= 1
            kept = container is not None and not self._closed
            if container is not None and kept:
                self._ready.append((name, container))
            self._change.notify_all()
        if container is not None and not kept:
            container.close()
