"""Many episodes at a time: so many and no more, in fair order, with containers that are ready before.

The pool owns one engine connection and every container that it starts.  An episode that is closed,
cancelled, crashes or outlives its time gives its seat back; closing the pool ends all that is left.
"""

from __future__ import annotations

import asyncio
import os
import threading
import weakref
from collections.abc import AsyncIterator, Callable, Iterable
from concurrent.futures import Future
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypedDict, Unpack

from envfactory.errors import EpisodeError, UsageError
from envfactory.records import Limits, Reward
from envfactory.trainer import snapshot as snapshots
from envfactory.trainer.asynchronous import AsyncEnvironment, Threads
from envfactory.trainer.environment import POOL_CLOSED, Environment
from envfactory.trainer.grading import GradeOptions
from envfactory.trainer.images import ensure_image
from envfactory.trainer.setting import Setting, once, semaphore
from envfactory.trainer.stock import Stock
from envfactory.trainer.task import Task
from envfactory.trainer.turnstile import Turnstile

if TYPE_CHECKING:
    from envfactory.engine import Container
    from envfactory.trainer.snapshot import Snapshot

SPARE_THREADS = 8
"""For closing and starting while every episode is in a command."""


class PoolState(NamedTuple):
    """How a pool is doing."""

    running: int
    waiting: int
    ready: int
    """Containers started ahead."""
    started: int
    """Episodes begun so far."""
    from_stock: int
    """Those of them that got a container that was ready."""


class Options(TypedDict, total=False):
    """What one episode may be told; as for ``Task.start``."""

    seconds: float | None
    snapshot: Snapshot | None
    trajectory: str | Path | None


class EnvironmentPool:
    """At most ``size`` episodes of ``tasks`` at a time; ``with`` or ``async with`` closes it.

    ``warm`` containers are kept ready on top of them (default: as many as ``size``, at most 8);
    ``grading`` patches are judged at a time (default: one per processor); of further requests
    ``max_waiting`` wait (default: all of them) and the others get ``EpisodeError``.  ``limits`` replaces
    the tasks' own, ``seconds`` is the wall-clock time of an episode.
    """

    def __init__(
        self,
        tasks: Iterable[Task],
        *,
        size: int = 8,
        warm: int | None = None,
        grading: int | None = None,
        max_waiting: int | None = None,
        limits: Limits | None = None,
        seconds: float | None = None,
    ) -> None:
        from envfactory.engine import connect

        if size < 1 or (warm is not None and warm < 0):
            raise UsageError("a pool has room for at least one episode", hint="size >= 1, warm >= 0")
        self.tasks = {task.instance_id: task for task in tasks}
        self.size = size
        self._limits, self._seconds = limits, seconds
        self._engine = connect()
        self._engine.sweep()
        snapshots.sweep(self._engine)
        processors = os.cpu_count() or 1
        self._starting, self._grading = semaphore(2 * processors), semaphore(grading or processors)
        self._known: set[str] = set()
        self._turnstile = Turnstile(size, max_waiting)
        self._stock = Stock(self._start_ahead, min(size, 8) if warm is None else warm)
        self._stock.expect(self.tasks)
        self.threads = Threads(size + SPARE_THREADS)
        self._open: weakref.WeakSet[Environment] = weakref.WeakSet()
        self._lock = threading.Lock()
        self._started = self._from_stock = 0
        self._closed = False

    def __enter__(self) -> EnvironmentPool:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    async def __aenter__(self) -> EnvironmentPool:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.threads.run(self.close)

    def start(
        self,
        task: Task | str,
        *,
        client: str = "",
        timeout: float | None = None,
        **options: Unpack[Options],
    ) -> Environment:
        """An episode, when it is its turn; a context manager.

        Clients take turns.  ``TimeoutError`` after ``timeout`` seconds of waiting; ``KeyError`` for a task
        that is not the pool's; ``EpisodeError`` when the pool is full or closed; else as ``Task.start``.
        """
        wanted = self.tasks[task] if isinstance(task, str) else task
        ticket = self._ask(wanted, client)
        try:
            ticket.result(timeout)
        except BaseException:
            self._abandon(wanted, ticket)
            raise
        return self._enter(wanted, options)

    async def begin_async(
        self, task: Task | str, *, client: str = "", **options: Unpack[Options]
    ) -> AsyncEnvironment:
        """As ``start``, for ``asyncio``; somebody has to close what it returns."""
        wanted = self.tasks[task] if isinstance(task, str) else task
        ticket = self._ask(wanted, client)
        try:
            await asyncio.wrap_future(ticket)
        except BaseException:
            self._abandon(wanted, ticket)
            raise
        return await AsyncEnvironment.begin(lambda: self._enter(wanted, options), self.threads)

    @asynccontextmanager
    async def start_async(
        self, task: Task | str, *, client: str = "", **options: Unpack[Options]
    ) -> AsyncIterator[AsyncEnvironment]:
        """As ``start``, for ``async with``; cancelling it ends the episode."""
        async with await self.begin_async(task, client=client, **options) as env:
            yield env

    def expect(self, tasks: Iterable[Task | str]) -> None:
        """The tasks that will be asked for next, in order, each as often as it will be.

        Containers are started ahead for the first of them.  Without this, a pool expects every task once.
        """
        self._stock.expect([task if isinstance(task, str) else task.instance_id for task in tasks])

    def grade(self, task: Task | str, patch: str, **options: Unpack[GradeOptions]) -> Reward:
        """As ``Task.grade``, with the pool's engine and as one of those that are judged at a time."""
        wanted = self.tasks[task] if isinstance(task, str) else task
        with self._grading:
            return wanted.grade(patch, engine=self._engine, **options)

    def state(self) -> PoolState:
        """Counts of now."""
        running, waiting = self._turnstile.counts()
        return PoolState(running, waiting, self._stock.ready(), self._started, self._from_stock)

    def close(self) -> None:
        """End every episode and remove every container and snapshot; closing twice is fine."""
        with self._lock:
            before, self._closed, left = self._closed, True, list(self._open)
        if before:
            return
        self._turnstile.close()
        for environment in left:
            environment.close(POOL_CLOSED)
        self._stock.close()
        snapshots.sweep(self._engine, own=True)
        self.threads.close()
        self._engine.close()

    def _ask(self, wanted: Task, client: str) -> Future[None]:
        ticket = self._turnstile.ask(client)
        self._stock.announce(wanted.instance_id)
        return ticket

    def _abandon(self, wanted: Task, ticket: Future[None]) -> None:
        self._stock.forget(wanted.instance_id)
        self._turnstile.abandon(ticket)

    def _enter(self, wanted: Task, options: Options) -> Environment:
        leave, begin = once(self._turnstile.leave), options.get("snapshot")
        container = self._stock.take(wanted.instance_id)
        if begin is not None and container is not None:
            container.close()
            container = None
        try:
            environment = Environment(wanted, self._setting(options, container, leave))
        except BaseException:
            if container is not None:
                container.close()
            leave()
            raise
        with self._lock:
            self._started += 1
            self._from_stock += container is not None
            self._open.add(environment)
            closed = self._closed
        if closed:
            environment.close()
            raise EpisodeError("the pool is closed", cause="pool_closed")
        return environment

    def _setting(self, options: Options, container: Container | None, leave: Callable[[], None]) -> Setting:
        seconds = options.get("seconds")
        return Setting(
            engine=self._engine,
            limits=self._limits,
            seconds=self._seconds if seconds is None else seconds,
            snapshot=options.get("snapshot"),
            trajectory=options.get("trajectory"),
            container=container,
            starting=self._starting,
            grading=self._grading,
            on_close=leave,
        )

    def _start_ahead(self, instance_id: str) -> Container:
        task = self.tasks[instance_id]
        image = task.image if instance_id in self._known else ensure_image(self._engine, task)
        self._known.add(instance_id)
        limits = self._limits or task.reward_spec.limits
        with self._starting:
            return self._engine.container(image, limits=limits, name_hint=instance_id.lower()).start()
