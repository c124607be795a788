"""The same episodes for ``asyncio``: each call runs in a worker thread, and cancelling it ends its work.

Adds no behaviour of its own: every method is the one of ``Environment``, with its arguments and errors.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

from envfactory.trainer.actions import perform
from envfactory.trainer.environment import Environment
from envfactory.trainer.stop import Stop
from envfactory.trainer.task_directory import TaskDirectory
from envfactory.trainer.trajectory import Trajectory

P = ParamSpec("P")
R = TypeVar("R")


class Threads:
    """At most ``count`` calls at a time; more of them wait for a thread."""

    def __init__(self, count: int) -> None:
        self._executor = ThreadPoolExecutor(count, thread_name_prefix="envfactory")

    async def run(self, call: Callable[[], R], stop: Stop | None = None) -> R:
        """Run ``call`` in a thread.

        A cancelled caller waits until the thread has ended its work (sooner if ``stop`` tells it to),
        so that nothing goes on behind its back.
        """
        future = asyncio.get_running_loop().run_in_executor(self._executor, call)
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            if stop is not None:
                stop.set()
            await settled(future)
            raise

    def close(self) -> None:
        """Take no more calls; those that run go on to their end."""
        self._executor.shutdown(wait=False)


async def settled(future: asyncio.Future[Any]) -> None:
    """Wait for the end of ``future`` however often the waiting task is cancelled."""
    while not future.done():
        try:
            await asyncio.wait([future])
        except asyncio.CancelledError:
            continue
    if not future.cancelled():
        future.exception()  # looked at, so that nobody warns of an error that nobody saw


def _threaded(
    method: Callable[Concatenate[Environment, P], R],
) -> Callable[Concatenate[AsyncEnvironment, P], Coroutine[Any, Any, R]]:
    @functools.wraps(method)
    async def call(self: AsyncEnvironment, /, *args: P.args, **options: P.kwargs) -> R:
        return await self.threads.run(lambda: method(self.environment, *args, **options))

    return call


def _stoppable(
    method: Callable[Concatenate[Environment, P], R],
) -> Callable[Concatenate[AsyncEnvironment, P], Coroutine[Any, Any, R]]:
    """For methods with a parameter ``stop``."""

    @functools.wraps(method)
    async def call(self: AsyncEnvironment, /, *args: P.args, **options: P.kwargs) -> R:
        stop = cast("Stop | None", options.get("stop")) or Stop()
        options["stop"] = stop
        return await self.threads.run(lambda: method(self.environment, *args, **options), stop)

    return call


class AsyncEnvironment:
    """A running container; ``async with`` closes it.  Made by ``start_async`` of tasks and pools."""

    def __init__(self, environment: Environment, threads: Threads) -> None:
        self.environment = environment
        self.threads = threads

    @classmethod
    async def begin(cls, start: Callable[[], Environment], threads: Threads) -> AsyncEnvironment:
        """Start one in a thread; if the caller is cancelled meanwhile, it is closed again."""
        began: list[Environment] = []
        try:
            await threads.run(lambda: began.append(start()))
        except asyncio.CancelledError:
            for environment in began:
                environment.close()
            raise
        return cls(began[0], threads)

    async def __aenter__(self) -> AsyncEnvironment:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    exec = _stoppable(Environment.exec)
    grade = _stoppable(Environment.grade)
    step = _stoppable(perform)
    read = _threaded(Environment.read)
    read_bytes = _threaded(Environment.read_bytes)
    write = _threaded(Environment.write)
    apply = _threaded(Environment.apply)
    diff = _threaded(Environment.diff)
    snapshot = _threaded(Environment.snapshot)
    restore = _threaded(Environment.restore)
    close = _threaded(Environment.close)

    @property
    def task(self) -> TaskDirectory:
        """The task of the episode."""
        return self.environment.task

    @property
    def trajectory(self) -> Trajectory:
        """Where its events are written."""
        return self.environment.trajectory

    def record(self, event: str, **fields: Any) -> None:
        """See ``Environment.record``; writes one line, so it needs no thread."""
        self.environment.record(event, **fields)
